//! The store and its unit of work: one transaction that implements all repository traits.

use async_trait::async_trait;

use crate::{
    Attempts, AuditTrail, Bookings, CalendarFeeds, Calendars, IdempotencyStore, LoginSessions, OneTimeTokens, Outbox,
    Participants, Payments, PracticeData, Rooms, SecondFactors, Services, StoreActivity, StoreError, Users,
};

/// The store of all data.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a unit of work.
    ///
    /// Errors: [`StoreError::Unavailable`] when no connection becomes free within about two seconds.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// What the store is doing right now; empty if there is nothing to wait for in it.
    fn activity(&self) -> StoreActivity {
        StoreActivity::default()
    }
}

/// One transaction. Its repository traits see each other's writes immediately; no one else sees any of them before the
/// commit.
///
/// Dropping it rolls everything back, even while a call is running. After its first error it is spent: see
/// [`StoreError`].
#[async_trait]
pub trait UnitOfWork:
    Users
    + LoginSessions
    + Attempts
    + OneTimeTokens
    + SecondFactors
    + CalendarFeeds
    + Services
    + Calendars
    + Bookings
    + Participants
    + Rooms
    + Payments
    + PracticeData
    + Outbox
    + IdempotencyStore
    + AuditTrail
    + Send
{
    /// Commits everything that was written. Once this returns `Ok`, it is durable: no crash can undo it.
    ///
    /// Errors: [`StoreError::Failed`] when the unit of work is spent. After [`StoreError::Unavailable`] it is unknown
    /// whether the writes were committed.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
