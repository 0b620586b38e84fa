//! Sessions that repeat every week or every few weeks at the same local time.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use thiserror::Error;

/// One session of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Starts at this instant; for a local time that occurs twice on the date, at the first occurrence.
    At(Timestamp),
    /// A transition skips the local time on this date. It is not replaced with another time: the client has to choose one.
    Nonexistent(DateTime),
}

/// Why a series is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SeriesError {
    /// Outside 1 to 53.
    #[error("a series has between 1 and 53 occurrences")]
    Count,
    /// Outside 1 to 52.
    #[error("a series repeats every 1 to 52 weeks")]
    Weeks,
    /// A date outside the range of a timestamp.
    #[error("the series is outside the range of the calendar")]
    OutOfRange,
}

/// The starts of `count` sessions (1 to 53, which covers the booking horizon), every `every_weeks` weeks (1 to 52) from
/// `first` on, all at the same local time.
///
/// Across a time zone transition the local time stays the same and the elapsed time changes. Whether the slots are free
/// is not checked.
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
        .map(|index| {
            let local =
                first.checked_add(Span::new().weeks(index * every_weeks)).map_err(|_| SeriesError::OutOfRange)?;
            Occurrence::of(local, zone)
        })
        .collect()
}

impl Occurrence {
    /// The session that starts at this local time. Errors: [`SeriesError::OutOfRange`].
    pub fn of(local: DateTime, zone: &TimeZone) -> Result<Self, SeriesError> {
        let offset = match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Gap { .. } => return Ok(Self::Nonexistent(local)),
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset,
        };
        offset.to_timestamp(local).map(Self::At).map_err(|_| SeriesError::OutOfRange)
    }
}

#[cfg(test)]
mod tests;
