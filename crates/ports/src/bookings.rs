//! Bookings, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{Booking, BookingId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// Bookings, inside a unit of work.
#[async_trait]
pub trait Bookings {
    /// A booking id that was never assigned before and never will be again. Ids increase, with gaps where a unit of
    /// work was rolled back.
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError>;

    /// Takes the calendar lock of this therapist, which is held until the unit of work ends; waits while another unit
    /// of work holds it. Must be called before the first read that a decision about a slot is based on. Errors:
    /// [`StoreError::Contended`] after about two seconds.
    async fn lock_calendar(&mut self, therapist: UserId) -> Result<(), StoreError>;

    /// The bookings that block the therapist's calendar at some time between `from` and `until`, by start. A booking
    /// that only touches an end of this range is not included.
    async fn blocking_bookings(
        &mut self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Booking>, StoreError>;

    /// Stores a new booking. Errors: [`crate::Conflict::SlotTaken`] when it overlaps another booking that blocks the
    /// same therapist's calendar, even if the caller did not take the calendar lock.
    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError>;

    /// The booking with this id. Its row is locked: no other unit of work can change it until this one ends.
    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError>;

    /// Stores a changed booking. Errors: [`crate::Conflict::Stale`] unless the stored version is the one directly
    /// before the given version; [`crate::Conflict::SlotTaken`] as for [`Bookings::add_booking`].
    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError>;

    /// Stores why a booking was changed into a version.
    async fn add_change_reason(&mut self, booking: BookingId, version: u32, reason: &str) -> Result<(), StoreError>;

    /// Scheduled bookings whose session ended at or before `until`, earliest first, at most `limit`. Rows locked by
    /// another unit of work may be left out.
    async fn ended_bookings(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;

    /// Unpaid bookings whose hold expired at or before `now`, oldest hold first, at most `limit`. Bookings whose
    /// payment the provider is processing (`processing`) are not included: they end when the provider reports the
    /// result. Rows locked by another unit of work may be left out.
    async fn expired_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;
}
