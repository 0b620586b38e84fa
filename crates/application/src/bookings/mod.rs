//! Creates and changes bookings, shows free slots, and expires unpaid holds.

mod access;
mod availability;
mod calendar_feed;
mod cancel;
mod change;
mod change_error;
mod change_series;
mod complete_ended;
mod create_booking;
mod create_series;
mod edit_booking;
mod expire_holds;
mod explain_slot;
mod new_slot;
mod read_all;
mod reassign;
mod reschedule;
mod therapist_calendar;
mod upcoming;

pub(crate) use access::may_see;
pub use access::{BookingAccessError, ViewBooking};
pub use availability::{AvailabilityError, ShowAvailability};
pub use calendar_feed::{CalendarFeedUrl, CalendarFeedUrls, FeedEntry, ManageCalendarFeed, ReadCalendarFeed};
pub use change::{Change, ChangeBooking, ChangeBookingCommand};
pub use change_error::ChangeBookingError;
pub use change_series::{ChangeSeries, ChangeSeriesCommand, ChangeSeriesError, SeriesChange, SeriesQuote};
pub use complete_ended::CompleteEndedBookings;
pub use create_booking::{CreateBooking, CreateBookingCommand, CreateBookingError, CreatedBooking, PaymentChoice};
pub use create_series::{CreateSeries, CreateSeriesCommand, CreateSeriesError, SeriesConflict, SeriesOutcome};
pub use edit_booking::{EditBooking, EditBookingCommand, EditBookingError};
pub use expire_holds::ExpireHolds;
pub use explain_slot::{ExplainSlot, SlotExplanation, SlotExplanations, SlotRule};
pub use therapist_calendar::CalendarLoader;
pub use upcoming::{CancelledUpcoming, UpcomingBookings};

#[cfg(test)]
mod tests;
