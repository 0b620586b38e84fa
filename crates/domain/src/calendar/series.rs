//! LoginSessions that repeat every week or every few weeks at the same time of day.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use thiserror::Error;

/// One date of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Begins at this instant. Where the clock shows the time twice that day, it is the first of the two.
    At(Timestamp),
    /// The clock skips this time on this date, so people have to agree on another one. Nothing is moved silently.
    Nonexistent(DateTime),
}

/// Why there is no such series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SeriesError {
    /// None, or more than [`weekly_series`] makes.
    #[error("a series has between 1 and 53 occurrences")]
    Count,
    /// Not a distance in weeks that a year has room for.
    #[error("a series repeats every 1 to 52 weeks")]
    Weeks,
    /// It would leave the range of the calendar.
    #[error("the series leaves the range of the calendar")]
    OutOfRange,
}

/// `count` beginnings (1 to 53, which is a year of weeks and as far as anything can be booked) from `first` on, every
/// `every_weeks` weeks (1 to 52), all at the same time on the wall clock of the zone.
///
/// The time of day stays when the clock changes; the elapsed time between two beginnings does not. Whether the
/// calendar has room for them is another question, asked for each one.
pub fn weekly_series(
    first: DateTime,
    zone: &TimeZone,
    count: u32,
    every_weeks: u32,
) -> Result<Vec<Occurrence>, SeriesError> {
    if !(1..=53).contains(&count) {
        return Err(SeriesError::Count);
    }
    if !(1..=52).contains(&every_weeks) {
        return Err(SeriesError::Weeks);
    }
    (0..count)
        .map(|turn| {
            let reading =
                first.checked_add(Span::new().weeks(turn * every_weeks)).map_err(|_| SeriesError::OutOfRange)?;
            let offset = match zone.to_ambiguous_timestamp(reading).offset() {
                AmbiguousOffset::Gap { .. } => return Ok(Occurrence::Nonexistent(reading)),
                AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset,
            };
            offset.to_timestamp(reading).map(Occurrence::At).map_err(|_| SeriesError::OutOfRange)
        })
        .collect()
}

#[cfg(test)]
mod tests;
