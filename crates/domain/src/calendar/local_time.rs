//! Local times in whole minutes.

use std::fmt;

use thiserror::Error;

/// A local time from 00:00 to 24:00. The latter is the end of the day, for hours until midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(u16);

/// The text or number is not a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a local time from 00:00 to 24:00, such as 13:30")]
pub struct InvalidLocalTime;

impl LocalTime {
    /// 00:00.
    pub const START_OF_DAY: Self = Self(0);
    /// 24:00, which is 00:00 of the next day.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// Accepts minutes since 00:00, at most 1,440.
    pub fn from_minutes(minutes: u16) -> Result<Self, InvalidLocalTime> {
        if minutes <= Self::END_OF_DAY.0 { Ok(Self(minutes)) } else { Err(InvalidLocalTime) }
    }

    /// Reads `HH:MM` with two digits each, up to `24:00`.
    pub fn parse(raw: &str) -> Result<Self, InvalidLocalTime> {
        let &[h1, h2, b':', m1, m2] = raw.as_bytes() else { return Err(InvalidLocalTime) };
        let digit = |byte: u8| if byte.is_ascii_digit() { Ok(u16::from(byte - b'0')) } else { Err(InvalidLocalTime) };
        let minute = digit(m1)? * 10 + digit(m2)?;
        if minute > 59 {
            return Err(InvalidLocalTime);
        }
        Self::from_minutes((digit(h1)? * 10 + digit(h2)?) * 60 + minute)
    }

    /// Minutes since 00:00.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl_from_str!(LocalTime: InvalidLocalTime);

/// The format of [`LocalTime::parse`].
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A range of local times of one day: the start included, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTimeRange {
    start: LocalTime,
    end: LocalTime,
}

/// The range does not end after its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the range does not end after its start")]
pub struct EmptyRange;

impl LocalTimeRange {
    /// 00:00–24:00.
    pub const WHOLE_DAY: Self = Self { start: LocalTime::START_OF_DAY, end: LocalTime::END_OF_DAY };

    /// Hours across midnight are two ranges: until 24:00, and from 00:00 of the next day.
    pub fn new(start: LocalTime, end: LocalTime) -> Result<Self, EmptyRange> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyRange) }
    }

    /// The first local time in the range.
    pub fn start(self) -> LocalTime {
        self.start
    }

    /// The first local time after the range.
    pub fn end(self) -> LocalTime {
        self.end
    }
}

#[cfg(test)]
mod tests;
