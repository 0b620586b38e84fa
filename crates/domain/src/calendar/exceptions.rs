//! Exceptions from the working hours: closures and extra hours.

use std::collections::BTreeMap;

use jiff::civil::Date;
use thiserror::Error;

use super::{Interval, LocalTimeRange};

/// All schedule exceptions of a therapist. Dates and local times are in the time zone of the working hours.
///
/// Exceptions may overlap each other and the working hours. Closures take precedence, because a session that cannot be
/// held is worse than one that was not offered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleExceptions {
    closed_dates: Vec<(Date, Date)>,
    closed_hours: BTreeMap<Date, Vec<LocalTimeRange>>,
    closed_between: Vec<Interval>,
    extra_hours: BTreeMap<Date, Vec<LocalTimeRange>>,
}

/// The last date is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the last date is before the first")]
pub struct InvalidDateRange;

impl ScheduleExceptions {
    /// Closes the dates from `first` to `last`, both included.
    pub fn close_dates(&mut self, first: Date, last: Date) -> Result<(), InvalidDateRange> {
        if last < first {
            return Err(InvalidDateRange);
        }
        self.closed_dates.push((first, last));
        Ok(())
    }

    /// Closes part of a date. A local time that occurs twice is closed both times.
    pub fn close_hours(&mut self, date: Date, hours: LocalTimeRange) {
        self.closed_hours.entry(date).or_default().push(hours);
    }

    /// Closes the time between two instants.
    pub fn close_between(&mut self, interval: Interval) {
        self.closed_between.push(interval);
    }

    /// Adds extra hours to a date. Where they overlap the weekly hours, the interval that starts earlier sets the grid.
    pub fn add_hours(&mut self, date: Date, hours: LocalTimeRange) {
        self.extra_hours.entry(date).or_default().push(hours);
    }

    pub(super) fn is_closed_on(&self, date: Date) -> bool {
        self.closed_dates.iter().any(|(first, last)| (first..=last).contains(&&date))
    }

    pub(super) fn closed_hours_on(&self, date: Date) -> &[LocalTimeRange] {
        self.closed_hours.get(&date).map_or(&[], Vec::as_slice)
    }

    pub(super) fn extra_hours_on(&self, date: Date) -> &[LocalTimeRange] {
        self.extra_hours.get(&date).map_or(&[], Vec::as_slice)
    }

    pub(super) fn closed_between(&self) -> &[Interval] {
        &self.closed_between
    }
}

#[cfg(test)]
mod tests;
