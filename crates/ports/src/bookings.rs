//! Bookings, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{Booking, BookingId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// Bookings, inside a unit of work.
#[async_trait]
pub trait Bookings {
    /// An identity that no booking has had or will have. Ids grow, with gaps where a unit of work was undone.
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError>;

    /// Waits until no other unit of work holds this therapist's calendar, and holds it until this one ends. To be
    /// called before the first reading that a decision rests on. Errors: [`StoreError::Contended`] after about two
    /// seconds.
    async fn lock_calendar(&mut self, therapist: UserId) -> Result<(), StoreError>;

    /// The bookings that take the therapist's time between `from` and `until` (touching ends do not count), by start.
    async fn blocking_bookings(
        &mut self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Booking>, StoreError>;

    /// Keeps a new booking. Errors: [`crate::Conflict::SlotTaken`] when it would overlap another one that blocks the
    /// same therapist's calendar; this holds also for a caller that forgot the lock.
    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError>;

    /// The booking; nobody else can change the row until this unit of work ends.
    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError>;

    /// Writes a changed booking, if the stored version is the one just before it. Errors: [`crate::Conflict::Stale`]
    /// otherwise, [`crate::Conflict::SlotTaken`] as with [`Bookings::add_booking`].
    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError>;

    /// Agreed bookings whose session ended at or before `until`, earliest first, at most `limit`. Rows that another unit
    /// of work holds may be left out.
    async fn ended_bookings(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;

    /// Unpaid bookings whose hold ended at or before `now`, oldest hold first, at most `limit`. Those whose payment the
    /// provider is working on (`processing`) are not among them: they end when the provider says so. Rows that another
    /// unit of work holds may be left out.
    async fn expired_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;
}
