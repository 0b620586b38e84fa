//! Conversions between the values of columns and those of the domain.

use attune_ports::{LoginHistory, StoreError};
use jiff::Timestamp;

/// An instant in a column: whole milliseconds since 1970-01-01T00:00:00Z.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;

/// The longest time that a booking blocks, with its buffer. The tables accept no longer one.
const LONGEST: i64 = 24 * 60 * MINUTE;

/// A booking that blocks time after `from` starts after this instant, so a search need not look at earlier ones.
pub(crate) fn begins_after(from: Timestamp) -> i64 {
    millis(from).saturating_sub(LONGEST)
}

/// The reverse of [`millis`]. Errors: [`StoreError::Corrupt`] for a year outside the calendar.
pub fn from_millis(value: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(value).map_err(|e| StoreError::Corrupt(e.into()))
}

/// Errors: [`StoreError::Corrupt`] when negative or too large.
pub fn number(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|e| StoreError::Corrupt(e.into()))
}

/// A number of rows. Errors: [`StoreError::Corrupt`] when negative.
pub fn count(rows: i64) -> Result<u64, StoreError> {
    u64::try_from(rows).map_err(|e| StoreError::Corrupt(e.into()))
}

/// From whether the user ever logged in, and lately from the same network or with the same device.
pub fn login_history((ever, network, device): (bool, bool, bool)) -> LoginHistory {
    match (ever, network || device) {
        (_, true) => LoginHistory::Known,
        (true, false) => LoginHistory::Unknown,
        (false, false) => LoginHistory::Empty,
    }
}

pub(crate) fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt(format!("column {column} holds an invalid value").into())
}

pub(crate) fn sound<T>(value: Option<T>, column: &'static str) -> Result<T, StoreError> {
    value.ok_or_else(|| corrupt(column))
}
