//! Working hours and schedule exceptions as they are stored: with the name of a time zone, without its rules.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{
    EmptyRange, Interval, InvalidDateRange, LocalTimeRange, OverlappingHours, ScheduleExceptions, WeeklyHours,
};
use crate::TimeZoneName;

/// The weekly working hours of a therapist, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklySchedule {
    /// The time zone of the hours.
    pub zone: TimeZoneName,
    /// The intervals of each weekday, in any order.
    pub week: Vec<(Weekday, LocalTimeRange)>,
}

impl WeeklySchedule {
    /// Largest number of intervals in a week: six a day.
    pub const MAX_INTERVALS: usize = 42;

    /// The same hours on every day of the week: the default for a therapist who has not set any.
    pub fn every_day(zone: TimeZoneName, hours: LocalTimeRange) -> Self {
        Self { zone, week: Weekday::Monday.cycle_forward().take(7).map(|weekday| (weekday, hours)).collect() }
    }

    /// The hours with the current rules of their time zone.
    pub fn hours(&self, zone: TimeZone) -> Result<WeeklyHours, OverlappingHours> {
        WeeklyHours::new(self.zone.clone(), zone, self.week.iter().copied())
    }
}

/// An exception from the weekly hours, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleException {
    /// The therapist is not available on these dates.
    ClosedDates {
        /// The first date.
        first: Date,
        /// The last date, included.
        last: Date,
    },
    /// The therapist is not available between these instants.
    ClosedPeriod(Interval),
    /// Hours in addition to the weekly ones.
    ExtraHours {
        /// The local date in the time zone of the hours.
        date: Date,
        /// The extra hours.
        hours: LocalTimeRange,
    },
}

/// Why a schedule exception is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScheduleExceptionError {
    /// The last date is before the first.
    #[error(transparent)]
    Dates(#[from] InvalidDateRange),
    /// The period does not end after its start.
    #[error(transparent)]
    Empty(#[from] EmptyRange),
}

impl ScheduleException {
    /// Closes the dates from `first` to `last`, both included.
    pub fn closed_dates(first: Date, last: Date) -> Result<Self, ScheduleExceptionError> {
        if last < first { Err(InvalidDateRange.into()) } else { Ok(Self::ClosedDates { first, last }) }
    }

    /// Closes the time from `from` until `until`.
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
