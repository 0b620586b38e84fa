//! The outbox: emails are enqueued in the unit of work that causes them, and workers lease them to send them.

use async_trait::async_trait;
use attune_domain::notification::{NewNotification, Notification, NotificationState};
use attune_domain::{BookingId, NotificationId};
use jiff::Timestamp;

use crate::StoreError;

/// Identifies the current lease of an email, so that only the worker that holds it can acknowledge or return the email.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("LeaseToken(***)")]
pub struct LeaseToken(pub [u8; 16]);

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
    async fn enqueue(&mut self, notifications: &[NewNotification]) -> Result<u64, StoreError>;

    /// Makes emails one that is led by `lead`: they are leased together, and the result of sending it is stored for each of
    /// them. See [`attune_domain::notification::combined`].
    async fn combine_notifications(
        &mut self,
        lead: NotificationId,
        others: &[NotificationId],
    ) -> Result<(), StoreError>;

    /// The emails about a booking, in the order in which they were enqueued.
    async fn notifications_of(&mut self, booking: BookingId) -> Result<Vec<Notification>, StoreError>;

    /// Leases up to `limit` pending emails that are due at `now` and have no lease, or an expired one, earliest first,
    /// and counts an attempt for each. Concurrent calls never lease the same email. What is sent together with one of them
    /// is leased with it and does not count towards the limit.
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
        result: &DeliveryResult,
    ) -> Result<bool, StoreError>;

    /// Releases leases of emails that the worker did not begin to send, as if they had not been leased: the attempt
    /// does not count. Returns how many were released; emails that are no longer leased with this token are left
    /// unchanged.
    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError>;

    /// Like [`Outbox::nack_notifications`], but the email is due at `until`. Returns whether the lease was still held.
    async fn postpone_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// An email, locked until this unit of work ends.
    async fn notification(&mut self, id: NotificationId) -> Result<Option<Notification>, StoreError>;

    /// Makes an email pending and due at `now`, with no attempt counted, and so all that are sent together with it. What was
    /// sent counts as sent again ([`Notification::resends`]). An email that another one leads is sent on its own from now on.
    async fn retry_notification(&mut self, id: NotificationId, now: Timestamp) -> Result<(), StoreError>;

    /// Cancels a pending or held email, and those that it leads. Returns whether it was one and no worker may be sending it
    /// at `now`.
    async fn cancel_notification(&mut self, id: NotificationId, now: Timestamp) -> Result<bool, StoreError>;

    /// Cancels the pending reminders of a booking, except those that a worker may be sending at `now`. Returns how many.
    async fn cancel_reminders(&mut self, booking: BookingId, now: Timestamp) -> Result<u64, StoreError>;

    /// Corrects what a clock that was ahead left behind: emails for which [`Notification::corrected`] has another time
    /// become pending and due at that time, with no attempt counted, and leases that last longer than any worker takes
    /// ([`attune_domain::notification::IMPLAUSIBLE_DELAY`]) are released. Returns how many emails became due at another time.
    async fn correct_notifications(&mut self, now: Timestamp) -> Result<u64, StoreError>;
}
