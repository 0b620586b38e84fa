//! Small conversions between what columns hold and what the domain means.

use attune_ports::StoreError;
use jiff::Timestamp;

/// An instant as a column holds it: whole milliseconds since 1970-01-01T00:00:00Z.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
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
