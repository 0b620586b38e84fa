//! The outbox: emails are enqueued in the unit of work that causes them, and workers lease them to send them.

use std::fmt;

use async_trait::async_trait;
use attune_domain::NotificationId;
use attune_domain::notification::{NewNotification, Notification, NotificationState};
use jiff::Timestamp;

use crate::StoreError;

/// Identifies the current lease of an email, so that only the worker that holds it can acknowledge or return the email.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub [u8; 16]);

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(***)")
    }
}

/// A worker's temporary claim on emails.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// Random, and different for each lease.
    pub token: LeaseToken,
    /// When other workers may lease the email again. Must be after the latest time at which sending it can end.
    pub until: Timestamp,
}

/// The result of an attempt to send a leased email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryResult {
    /// The new state; `Pending` means that another attempt follows.
    pub state: NotificationState,
    /// When the next attempt is due.
    pub next_at: Timestamp,
    /// When the email was sent.
    pub sent_at: Option<Timestamp>,
    /// The cause of a failure, as a stable identifier without personal data.
    pub last_error: Option<String>,
}

/// The outbox, inside a unit of work.
#[async_trait]
pub trait Outbox {
    /// Enqueues emails. An email whose [`NewNotification::dedupe_key`] is already stored is left unchanged. Returns how
    /// many were new.
    async fn enqueue(&mut self, notices: &[NewNotification]) -> Result<u64, StoreError>;

    /// Leases up to `limit` pending emails that are due at `now` and have no lease, or an expired one, earliest first,
    /// and counts an attempt for each. Concurrent calls never lease the same email.
    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError>;

    /// Stores the result for a leased email and releases the lease. Returns `false` and stores nothing when the lease
    /// was lost in the meantime.
    async fn ack_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        settlement: &DeliveryResult,
    ) -> Result<bool, StoreError>;

    /// Releases leases of emails that the worker did not begin to send, as if they had not been leased: the attempt
    /// does not count. Returns how many were released; emails that are no longer leased with this token are left
    /// unchanged.
    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError>;
}
