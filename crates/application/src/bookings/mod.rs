//! Bookings: making them, and letting go of those that nobody paid.

mod agree;
mod book_session;
mod sweep_holds;

pub use agree::Practice;
pub(crate) use agree::{AgreeError, Agreement, By, close_checkouts};
pub use book_session::{BookSession, BookSessionCommand, BookSessionError, Placed};
pub use sweep_holds::SweepHolds;

#[cfg(test)]
mod tests;
