//! One transaction, seen through several faces.

use async_trait::async_trait;

use crate::{
    AuditTrail, Bookings, Calendars, IdempotencyStore, LoginFailures, LoginSessions, Outbox, Participants, Payments,
    Rooms, Services, StoreError, Users,
};

/// Where everything is kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens a unit of work.
    ///
    /// Errors: [`StoreError::Unavailable`] when no connection is free within about two seconds.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// One attempt of a use case. All faces see each other's writes at once; nobody else sees any before the commit.
///
/// Dropping it undoes everything, also in the middle of a call. It is spent at its first error.
#[async_trait]
pub trait UnitOfWork:
    Users
    + LoginSessions
    + LoginFailures
    + Services
    + Calendars
    + Bookings
    + Participants
    + Rooms
    + Payments
    + Outbox
    + IdempotencyStore
    + AuditTrail
    + Send
{
    /// Keeps everything, for good: once this returns `Ok`, no crash takes it back.
    ///
    /// Errors: [`StoreError::Failed`] when the unit of work is spent. After [`StoreError::Unavailable`] it is not known
    /// whether it was kept.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
