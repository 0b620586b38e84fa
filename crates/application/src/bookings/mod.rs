//! Bookings: what can be booked, making bookings, changing them, and letting go of those that nobody paid.

mod agree;
mod availability;
mod book_session;
mod change;
mod complete;
mod rules;
mod series;
mod sweep_holds;

pub use agree::Practice;
pub(crate) use agree::{AgreeError, Agreement, By, close_checkouts};
pub use availability::{AvailabilityError, ShowAvailability};
pub use book_session::{AskedPayment, BookSession, BookSessionCommand, BookSessionError, Placed};
pub use change::{Change, ChangeBooking, ChangeBookingCommand, ChangeBookingError};
pub use complete::CompleteSessions;
pub use rules::CalendarRules;
pub use series::{BookSeries, BookSeriesCommand, BookSeriesError, SeriesOutcome, Unbookable};
pub use sweep_holds::SweepHolds;

#[cfg(test)]
mod tests;
