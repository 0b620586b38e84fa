//! Small conversions between what columns hold and what the domain means.

use attune_ports::StoreError;
use jiff::Timestamp;

/// An instant as a column holds it: whole milliseconds since 1970-01-01T00:00:00Z.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A minute in the milliseconds of columns.
pub const MINUTE: i64 = 60_000;

/// The longest time that a booking takes up, session and pause. The tables hold no longer one.
const LONGEST: i64 = 24 * 60 * MINUTE;

/// The instant, as a column holds it, after which whatever is in the way at `from` or later has begun: who looks for it need
/// not look at anything earlier.
pub fn begins_after(from: Timestamp) -> i64 {
    millis(from).saturating_sub(LONGEST)
}

/// Reads what [`millis`] gives. Errors: [`StoreError::Corrupt`] for a year no calendar has.
pub fn from_millis(value: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(value).map_err(|e| StoreError::Corrupt(e.into()))
}

/// A count as the domain has it. Errors: [`StoreError::Corrupt`] when negative or too large.
pub fn number(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|e| StoreError::Corrupt(e.into()))
}

/// `Corrupt`, naming the column at fault.
pub(crate) fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt(format!("column {column} holds a value that makes no sense").into())
}

/// Gives a parsed value, or `Corrupt` naming its column.
pub(crate) fn sound<T>(value: Option<T>, column: &'static str) -> Result<T, StoreError> {
    value.ok_or_else(|| corrupt(column))
}
