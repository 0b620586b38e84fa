//! When a therapist can be booked: working hours in local time, schedule exceptions, the practice's rules, and the slots
//! that follow from them.
//!
//! Working hours are local times, sessions start at instants, and twice a year the two disagree. These rules hold in
//! every time zone:
//!
//! - **Working hours follow the local time.** An instant is open when the local time is within an interval of the hours,
//!   until the interval's end is reached for the first time. Local times that a transition skips are not offered, which
//!   makes the interval shorter on that day. If the end occurs twice, the first occurrence closes; if the start occurs
//!   twice, the first occurrence opens, and repeated times before the start stay closed, because a client must not be
//!   given a local time that is not in the hours.
//! - **Sessions follow elapsed time.** Fifty minutes are fifty minutes, also across a transition.
//! - **The session must fit into the hours, its buffer need not.** The working day ends with the last session; the buffer
//!   only separates it from the next one.
//! - **Slots start on a grid** that begins with each interval of the hours and counts elapsed minutes. A closure does not
//!   move the grid: with steps of 15 minutes and a closure until 10:20, the next slot starts at 10:30.
//! - **Closures take precedence.** What one exception closes is closed, whatever the hours or another exception open.
//! - **Adjacent is not overlapping**: intervals include their start and exclude their end. Adjacent hours (09:00–12:00
//!   and 12:00–15:00, or 24:00 and 00:00 of the next day) can hold one session across the boundary.
//!
//! Time zones are passed in as values; the caller looks up what a zone name currently means.
//!
//! ```
//! use attune_domain::calendar::{
//!     AppointmentLength, BookingRules, BusyTimes, LocalTimeRange, RuleOverride, RuleSettings,
//!     ScheduleExceptions, SlotCalculator, SlotQuery, WeeklySchedule,
//! };
//! use attune_domain::{SlotError, TimeZoneName};
//! use jiff::civil::date;
//! use jiff::tz::TimeZone;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hours = LocalTimeRange::new("09:00".parse()?, "12:00".parse()?)?;
//! let schedule = WeeklySchedule::every_day(TimeZoneName::parse("UTC")?, hours);
//! let mut exceptions = ScheduleExceptions::default();
//! exceptions.close_dates(date(2024, 1, 16), date(2024, 1, 17))?;
//!
//! let calculator = SlotCalculator {
//!     hours: &schedule.hours(TimeZone::UTC)?,
//!     exceptions: &exceptions,
//!     rules: &BookingRules::new(RuleSettings { step_minutes: 60, ..RuleSettings::default() })?,
//!     busy: &BusyTimes::default(),
//!     length: AppointmentLength::new(50, 10)?,
//!     now: "2024-01-15T09:30:00Z".parse()?,
//! };
//! let query = SlotQuery::of_dates(date(2024, 1, 15), date(2024, 1, 16), TimeZone::UTC)?;
//! let availability = calculator.availability(&query);
//! assert_eq!(availability.slots[&date(2024, 1, 15)].len(), 2);
//! assert!(!availability.slots.contains_key(&date(2024, 1, 16)));
//! assert_eq!(
//!     calculator.check_slot("2024-01-15T12:00:00Z".parse()?, RuleOverride::None),
//!     Err(SlotError::OutsideHours),
//! );
//! # Ok(())
//! # }
//! ```

mod booking_rules;
mod exceptions;
#[cfg(test)]
pub(crate) mod fixtures;
mod local_time;
mod open_hours;
mod schedule;
mod series;
mod slots;
mod weekly_hours;

pub use booking_rules::{AppointmentLength, BookingRules, LengthError, RuleError, RuleSettings};
pub use exceptions::{InvalidDateRange, ScheduleExceptions};
pub use local_time::{EmptyRange, InvalidLocalTime, LocalTime, LocalTimeRange};
pub use open_hours::{Interval, OpenInterval, open_intervals};
pub use schedule::{
    ScheduleException, ScheduleExceptionChange, ScheduleExceptionChangeError, ScheduleExceptionError,
    ScheduleExceptionField, WeeklySchedule,
};
pub use series::{Occurrence, SeriesError, weekly_series};
pub use slots::{Availability, BusyTimes, RangeError, RuleOverride, Slot, SlotCalculator, SlotError, SlotQuery};
pub use weekly_hours::{OverlappingHours, WeeklyHours};
