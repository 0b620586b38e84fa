//! Bookings: what can be booked, making bookings, changing them, and letting go of those that nobody paid.

mod availability;
mod change;
mod complete_ended;
mod create_booking;
mod create_series;
mod expire_holds;
mod therapist_calendar;

pub use availability::{AvailabilityError, ShowAvailability};
pub use change::{Change, ChangeBooking, ChangeBookingCommand, ChangeBookingError};
pub use complete_ended::CompleteEndedBookings;
pub use create_booking::{CreateBooking, CreateBookingCommand, CreateBookingError, CreatedBooking, PaymentChoice};
pub use create_series::{CreateSeries, CreateSeriesCommand, CreateSeriesError, SeriesConflict, SeriesOutcome};
pub use expire_holds::ExpireHolds;
pub use therapist_calendar::CalendarLoader;

#[cfg(test)]
mod tests;
