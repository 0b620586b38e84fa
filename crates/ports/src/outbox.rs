//! Mails that are content: written with the change that owes them, taken up by workers one lease at a time.

use std::fmt;

use async_trait::async_trait;
use attune_domain::NotificationId;
use attune_domain::notification::{NewNotification, Notification, NotificationState};
use jiff::Timestamp;

use crate::StoreError;

/// Proves that a worker is still the one a mail was leased to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub [u8; 16]);

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(***)")
    }
}

/// A worker's claim on mails.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// Random, new for each claim.
    pub token: LeaseToken,
    /// When others may take the mail up again. Longer than sending can ever take.
    pub until: Timestamp,
}

/// What became of a leased mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryResult {
    /// Its state from now on; `Pending` means another attempt.
    pub state: NotificationState,
    /// When another attempt is due.
    pub next_at: Timestamp,
    /// When it left.
    pub sent_at: Option<Timestamp>,
    /// What went wrong, as a stable word without personal data.
    pub last_error: Option<String>,
}

/// Mails that are owed, inside a unit of work.
#[async_trait]
pub trait Outbox {
    /// Owes mails. A mail whose [`NewNotification::dedupe_key`] is known already is left as it is. Returns how many are new.
    async fn enqueue(&mut self, notices: &[NewNotification]) -> Result<u64, StoreError>;

    /// Takes up to `limit` pending mails that are due at `now` and not leased (or whose lease ran out), earliest first:
    /// counts the attempt and leases them. Two claims at the same moment never get the same mail.
    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError>;

    /// Writes what became of a leased mail and gives the lease back. `false`, and nothing written, when the lease was
    /// lost in the meantime.
    async fn ack_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        settlement: &DeliveryResult,
    ) -> Result<bool, StoreError>;

    /// Gives leased mails back that nobody began to send, as if they had not been claimed: the attempt does not count.
    /// Returns how many those were; whatever is not leased with this token any more stays as it is.
    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError>;
}
