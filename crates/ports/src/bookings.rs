//! Services and bookings, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{Booking, BookingId, Money, Service, ServiceId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// A service to be offered.
#[derive(Debug, Clone)]
pub struct NewService {
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Length in minutes.
    pub minutes: u32,
    /// Pause after it, in minutes.
    pub pause_minutes: u32,
    /// What it costs.
    pub price: Money,
}

/// Services, inside a unit of work.
#[async_trait]
pub trait Services {
    /// Offers a service.
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError>;

    /// A service, active or not.
    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Like [`Services::service`]; nobody else can change the row until this unit of work ends.
    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Writes a service. Bookings keep what they were made with. Errors: [`crate::Conflict::Stale`] when there is no such
    /// row.
    async fn save_service(&mut self, service: &Service) -> Result<(), StoreError>;

    /// What is booked when no service was named: the active one of lowest id.
    async fn default_service(&mut self) -> Result<Option<Service>, StoreError>;
}

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
    async fn ended_sessions(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;

    /// Unpaid bookings whose hold ended at or before `now`, oldest hold first, at most `limit`. Those whose payment the
    /// provider is working on (`processing`) are not among them: they end when the provider says so. Rows that another
    /// unit of work holds may be left out.
    async fn lapsed_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;
}
