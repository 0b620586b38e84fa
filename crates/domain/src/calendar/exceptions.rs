//! What differs from the ordinary week: time off and extra hours.

use std::collections::BTreeMap;

use jiff::civil::Date;
use thiserror::Error;

use super::{Interval, LocalTimeRange};

/// Everything that closes or opens a therapist's calendar besides the week. Dates and times of day are those of the
/// zone of the hours.
///
/// ScheduleExceptions may overlap each other and the week in any way: they come from different people at different times.
/// Where one closes and another opens, closed wins, since a session that nobody gives is worse than one not sold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleExceptions {
    closed_dates: Vec<(Date, Date)>,
    closed_hours: BTreeMap<Date, Vec<LocalTimeRange>>,
    closed_between: Vec<Interval>,
    extra_hours: BTreeMap<Date, Vec<LocalTimeRange>>,
}

/// The last date lies before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the last date lies before the first")]
pub struct InvalidDateRange;

impl ScheduleExceptions {
    /// Nothing on these dates, the last one included: holidays, leave.
    pub fn close_dates(&mut self, first: Date, last: Date) -> Result<(), InvalidDateRange> {
        if last < first {
            return Err(InvalidDateRange);
        }
        self.closed_dates.push((first, last));
        Ok(())
    }

    /// Nothing on this date while the clock shows a time of the interval, each time it shows it.
    pub fn close_hours(&mut self, date: Date, hours: LocalTimeRange) {
        self.closed_hours.entry(date).or_default().push(hours);
    }

    /// Nothing between two instants.
    pub fn close_between(&mut self, interval: Interval) {
        self.closed_between.push(interval);
    }

    /// Work on this date besides the week's hours. Where both overlap, the one that begins earlier sets the grid.
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
