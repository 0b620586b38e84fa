//! When a therapist can be booked: working hours on a wall clock, exceptions from them, the practice's rules, and what
//! follows from them as instants.
//!
//! People agree on wall-clock times, sessions happen at instants, and twice a year the two disagree. These are the
//! rules that hold then, in every zone of the world:
//!
//! - **Hours follow the clock.** An instant is open when the clock in the zone of the hours shows a time within a written
//!   interval, until the clock has reached the interval's end for the first time. Times that the clock skips are not
//!   offered, and an interval that loses some of them is shorter that day. Where the clock shows an end twice, the first
//!   time closes; where it shows a beginning twice, the first time opens, and the repeated times before the beginning
//!   stay closed, because nobody may be asked to come at a reading that is not in the hours.
//! - **A session follows elapsed time.** Fifty minutes are fifty minutes, whatever the clock does meanwhile.
//! - **The session has to fit into the hours, the pause after it does not.** The therapist ends a working day with the
//!   last session; the pause only keeps the next client from the door.
//! - **Beginnings lie on a grid** that starts anew with each written interval and counts elapsed minutes. A closure cuts
//!   out of the grid and does not move it: with steps of 15 minutes and a visit to the dentist until 10:20, the next
//!   beginning is 10:30.
//! - **Closed wins.** What an exception closes stays closed, whatever the week or another exception opens.
//! - **Touching is not overlapping**: intervals hold their start and not their end. Hours that touch (09:00–12:00 and
//!   12:00–15:00, or one day's 24:00 and the next day's 00:00) can hold one session across.
//!
//! Zones come in as values: which rules a name stands for is looked up by whoever asks, at the time of asking.

mod exceptions;
mod hours;
mod local_time;
mod open;
mod rules;
mod schedule;
mod series;
mod slots;
#[cfg(test)]
mod testkit;

pub use exceptions::{InvalidDateRange, ScheduleExceptions};
pub use hours::{OverlappingHours, WeeklyHours};
pub use local_time::{EmptyRange, InvalidLocalTime, LocalTime, LocalTimeRange};
pub use open::{Interval, OpenInterval, open_intervals};
pub use rules::{AppointmentLength, BookingRules, LengthError, RuleError, RuleSettings};
pub use schedule::{ScheduleException, ScheduleExceptionError, WeeklySchedule};
pub use series::{Occurrence, SeriesError, weekly_series};
pub use slots::{Availability, BusyTimes, RangeError, RuleOverride, Slot, SlotCalculator, SlotError, SlotQuery};
