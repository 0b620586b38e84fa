//! The practice's own rules about when a session may begin, and how long it takes.

use thiserror::Error;

use crate::{Booking, Service};

/// The rules as numbers, before anybody has looked whether they make sense.
///
/// The defaults restrict nothing beyond what every booking must obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSettings {
    /// How long before its beginning a session must be booked, in minutes.
    pub notice_minutes: u32,
    /// How far ahead a session can be booked, in days of 24 hours, as [`Booking::HORIZON_DAYS`] counts them.
    pub horizon_days: u32,
    /// How many sessions of one therapist may begin on one date in the zone of the hours. None: any number.
    pub daily_limit: Option<u32>,
    /// Minutes from one possible beginning to the next; see [`BookingRules::DEFAULT_STEP_MINUTES`].
    pub step_minutes: u32,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            notice_minutes: 0,
            horizon_days: 366,
            daily_limit: None,
            step_minutes: BookingRules::DEFAULT_STEP_MINUTES,
        }
    }
}

/// Rules that make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingRules(RuleSettings);

/// Why settings make no rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RuleError {
    /// Outside 1 to [`Booking::HORIZON_DAYS`].
    #[error("the horizon is not between 1 and 366 days")]
    Horizon,
    /// Nothing could ever be booked.
    #[error("the notice is not shorter than the horizon")]
    Notice,
    /// Outside [`BookingRules::MIN_STEP_MINUTES`] to a day.
    #[error("the step between two beginnings is not between 5 minutes and a day")]
    Step,
    /// No session a day: closing the calendar is what exceptions are for.
    #[error("the daily cap is zero")]
    DailyLimit,
}

impl BookingRules {
    /// What [`RuleSettings`] step by if nobody says otherwise.
    ///
    /// A quarter of an hour and not the length of a session with its pause: 50 and 10 minutes still begin on the hour, but
    /// services of other lengths, early closings and moved sessions leave gaps, and a coarse grid would lose them. It
    /// is also the finest step that people speak of, and zones differ by whole quarters, so it looks round everywhere.
    pub const DEFAULT_STEP_MINUTES: u32 = 15;
    /// The finest grid. It bounds how many slots an answer can have.
    pub const MIN_STEP_MINUTES: u32 = 5;

    /// Checks the settings.
    pub fn new(settings: RuleSettings) -> Result<Self, RuleError> {
        if !(1..=Booking::HORIZON_DAYS).contains(&i64::from(settings.horizon_days)) {
            return Err(RuleError::Horizon);
        }
        if settings.notice_minutes >= settings.horizon_days * 24 * 60 {
            return Err(RuleError::Notice);
        }
        if !(Self::MIN_STEP_MINUTES..=24 * 60).contains(&settings.step_minutes) {
            return Err(RuleError::Step);
        }
        if settings.daily_limit == Some(0) {
            return Err(RuleError::DailyLimit);
        }
        Ok(Self(settings))
    }

    /// The settings that were checked.
    pub fn settings(&self) -> &RuleSettings {
        &self.0
    }
}

/// How much of the calendar a session takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppointmentLength {
    minutes: u32,
    buffer_minutes: u32,
}

/// A length that [`Booking::book`] would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the session's length is not between 1 minute and 12 hours, or the pause is longer than that")]
pub struct LengthError;

impl AppointmentLength {
    /// Minutes of the session, 1 to [`Booking::MAX_MINUTES`], and of the pause after it, up to the same.
    pub fn new(minutes: u32, buffer_minutes: u32) -> Result<Self, LengthError> {
        if (1..=Booking::MAX_MINUTES).contains(&minutes) && buffer_minutes <= Booking::MAX_MINUTES {
            Ok(Self { minutes, buffer_minutes })
        } else {
            Err(LengthError)
        }
    }

    /// Minutes of the session itself.
    pub fn minutes(self) -> u32 {
        self.minutes
    }

    /// Minutes of the pause after it.
    pub fn buffer_minutes(self) -> u32 {
        self.buffer_minutes
    }
}

impl TryFrom<&Service> for AppointmentLength {
    type Error = LengthError;

    fn try_from(service: &Service) -> Result<Self, LengthError> {
        Self::new(service.minutes, service.buffer_minutes)
    }
}

#[cfg(test)]
mod tests;
