//! A therapist's hours as they are written down, before a zone's rules are known.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{
    EmptyRange, Interval, InvalidDateRange, LocalTimeRange, OverlappingHours, ScheduleExceptions, WeeklyHours,
};
use crate::TimeZoneName;

/// The working week of a therapist, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklySchedule {
    /// The zone whose clock the hours are read on.
    pub zone: TimeZoneName,
    /// The intervals of each weekday, in any order.
    pub week: Vec<(Weekday, LocalTimeRange)>,
}

impl WeeklySchedule {
    /// Most intervals in a week: six a day.
    pub const MAX_INTERVALS: usize = 42;

    /// The same hours on every day of the week: what a therapist works who never said. Meant to be wide, so that a new
    /// practice can be booked at once; the first thing a therapist sets is their hours.
    pub fn every_day(zone: TimeZoneName, hours: LocalTimeRange) -> Self {
        Self { zone, week: Weekday::Monday.cycle_forward().take(7).map(|weekday| (weekday, hours)).collect() }
    }

    /// The hours on the clock of a zone, which is what the name stands for now.
    pub fn hours(&self, zone: TimeZone) -> Result<WeeklyHours, OverlappingHours> {
        WeeklyHours::new(self.zone.clone(), zone, self.week.iter().copied())
    }
}

/// What differs from the week, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleException {
    /// Nothing on these dates, the last one included.
    ClosedDates {
        /// The first date.
        first: Date,
        /// The last date.
        last: Date,
    },
    /// Nothing between these instants.
    ClosedPeriod(Interval),
    /// Work on this date besides the week's hours.
    ExtraHours {
        /// Which date.
        date: Date,
        /// From when until when.
        hours: LocalTimeRange,
    },
}

/// Why time off makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScheduleExceptionError {
    /// The last date lies before the first.
    #[error(transparent)]
    Dates(#[from] InvalidDateRange),
    /// It ends before it begins.
    #[error(transparent)]
    Empty(#[from] EmptyRange),
}

impl ScheduleException {
    /// Whole dates, the last one included.
    pub fn closed_dates(first: Date, last: Date) -> Result<Self, ScheduleExceptionError> {
        if last < first { Err(InvalidDateRange.into()) } else { Ok(Self::ClosedDates { first, last }) }
    }

    /// From one instant to another.
    pub fn closed_period(from: Timestamp, until: Timestamp) -> Result<Self, ScheduleExceptionError> {
        Ok(Self::ClosedPeriod(Interval::new(from, until)?))
    }
}

impl FromIterator<ScheduleException> for ScheduleExceptions {
    fn from_iter<I: IntoIterator<Item = ScheduleException>>(all: I) -> Self {
        let mut exceptions = Self::default();
        for exception in all {
            match exception {
                // The constructors refuse a reversed range; one that was built by hand closes nothing.
                ScheduleException::ClosedDates { first, last } => _ = exceptions.close_dates(first, last),
                ScheduleException::ClosedPeriod(interval) => exceptions.close_between(interval),
                ScheduleException::ExtraHours { date, hours } => exceptions.add_hours(date, hours),
            }
        }
        exceptions
    }
}

#[cfg(test)]
mod tests;
