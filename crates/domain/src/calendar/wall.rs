//! Times of day as a clock on the wall shows them, in whole minutes.

use std::fmt;

use thiserror::Error;

/// A time of day from 00:00 to 24:00. The latter is the end of a day, so that hours can last until midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u16);

/// The text or number is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a time of day from 00:00 to 24:00, such as 13:30")]
pub struct NotAWallTime;

impl WallTime {
    /// 00:00.
    pub const START_OF_DAY: Self = Self(0);
    /// 24:00, which is the next day's 00:00.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// Takes minutes since 00:00, at most 1,440.
    pub fn from_minutes(minutes: u16) -> Result<Self, NotAWallTime> {
        if minutes <= Self::END_OF_DAY.0 { Ok(Self(minutes)) } else { Err(NotAWallTime) }
    }

    /// Reads `HH:MM`, two digits each, up to `24:00`.
    pub fn parse(raw: &str) -> Result<Self, NotAWallTime> {
        let &[h1, h2, b':', m1, m2] = raw.as_bytes() else { return Err(NotAWallTime) };
        let digit = |byte: u8| if byte.is_ascii_digit() { Ok(u16::from(byte - b'0')) } else { Err(NotAWallTime) };
        let minute = digit(m1)? * 10 + digit(m2)?;
        if minute > 59 {
            return Err(NotAWallTime);
        }
        Self::from_minutes((digit(h1)? * 10 + digit(h2)?) * 60 + minute)
    }

    /// Minutes since 00:00.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

/// The form that [`WallTime::parse`] reads.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// From one time of day to a later one, without the latter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallInterval {
    start: WallTime,
    end: WallTime,
}

/// An interval that does not end after its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an interval has to end after its start")]
pub struct EmptyInterval;

impl WallInterval {
    /// 00:00–24:00.
    pub const WHOLE_DAY: Self = Self { start: WallTime::START_OF_DAY, end: WallTime::END_OF_DAY };

    /// Both ends belong to one day; hours across midnight are written as two intervals that touch.
    pub fn new(start: WallTime, end: WallTime) -> Result<Self, EmptyInterval> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyInterval) }
    }

    /// The first time inside.
    pub fn start(self) -> WallTime {
        self.start
    }

    /// The first time after it.
    pub fn end(self) -> WallTime {
        self.end
    }
}

#[cfg(test)]
mod tests;
