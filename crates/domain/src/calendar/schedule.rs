//! Working hours and schedule exceptions as they are stored: with the name of a time zone, without its rules.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{
    EmptyRange, Interval, InvalidDateRange, LocalTime, LocalTimeRange, OverlappingHours, ScheduleExceptions,
    WeeklyHours,
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

impl ScheduleException {
    /// The time that it closes, with the dates in the time zone of the hours; `None` for extra hours.
    pub fn closed_interval(self, zone: &TimeZone) -> Option<Interval> {
        match self {
            Self::ClosedDates { first, last } => {
                let midnight = |date: Date| date.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
                let end = last.tomorrow().ok().and_then(midnight).unwrap_or(Timestamp::MAX);
                Interval::new(midnight(first)?, end).ok()
            }
            Self::ClosedPeriod(interval) => Some(interval),
            Self::ExtraHours { .. } => None,
        }
    }
}

/// Other times for a schedule exception, which keeps its kind. `None` keeps a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScheduleExceptionChange {
    /// Of closed dates.
    pub first: Option<Date>,
    /// Of closed dates.
    pub last: Option<Date>,
    /// Of a closed period.
    pub from: Option<Timestamp>,
    /// Of a closed period.
    pub until: Option<Timestamp>,
    /// Of extra hours.
    pub date: Option<Date>,
    /// Of extra hours.
    pub start: Option<LocalTime>,
    /// Of extra hours.
    pub end: Option<LocalTime>,
}

/// Why a schedule exception cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScheduleExceptionChangeError {
    /// A field that this kind of exception does not have.
    #[error("this kind of schedule exception has no such field")]
    OtherKind(ScheduleExceptionField),
    /// It would end before it starts.
    #[error("the schedule exception would end before it starts")]
    Backwards(ScheduleExceptionField),
}

text_enum! {
    /// A time of a schedule exception, by its name in the API.
    pub enum ScheduleExceptionField {
        /// [`ScheduleExceptionChange::first`]
        First => "first_date",
        /// [`ScheduleExceptionChange::last`]
        Last => "last_date",
        /// [`ScheduleExceptionChange::from`]
        From => "from",
        /// [`ScheduleExceptionChange::until`]
        Until => "to",
        /// [`ScheduleExceptionChange::date`]
        Date => "date",
        /// [`ScheduleExceptionChange::start`]
        Start => "start",
        /// [`ScheduleExceptionChange::end`]
        End => "end",
    }
}

impl ScheduleExceptionChange {
    /// The exception with these times.
    pub fn apply(self, to: ScheduleException) -> Result<ScheduleException, ScheduleExceptionChangeError> {
        use ScheduleExceptionField as F;
        let Self { first, last, from, until, date, start, end } = self;
        let dates = [(first.is_some(), F::First), (last.is_some(), F::Last)];
        let period = [(from.is_some(), F::From), (until.is_some(), F::Until)];
        let hours = [(date.is_some(), F::Date), (start.is_some(), F::Start), (end.is_some(), F::End)];
        let (others, changed, last_field) = match to {
            ScheduleException::ClosedDates { first: old_first, last: old_last } => {
                let changed =
                    ScheduleException::closed_dates(first.unwrap_or(old_first), last.unwrap_or(old_last)).ok();
                ([&period[..], &hours[..]], changed, F::Last)
            }
            ScheduleException::ClosedPeriod(old) => {
                let changed =
                    ScheduleException::closed_period(from.unwrap_or(old.start()), until.unwrap_or(old.end())).ok();
                ([&dates[..], &hours[..]], changed, F::Until)
            }
            ScheduleException::ExtraHours { date: old_date, hours: old } => {
                let hours = LocalTimeRange::new(start.unwrap_or(old.start()), end.unwrap_or(old.end())).ok();
                let date = date.unwrap_or(old_date);
                let changed = hours.map(|hours| ScheduleException::ExtraHours { date, hours });
                ([&dates[..], &period[..]], changed, F::End)
            }
        };
        if let Some((_, other)) = others.into_iter().flatten().find(|(given, _)| *given) {
            return Err(ScheduleExceptionChangeError::OtherKind(*other));
        }
        changed.ok_or(ScheduleExceptionChangeError::Backwards(last_field))
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
