//! The practice's rules for when sessions can start, and the length of an appointment.

use thiserror::Error;

use crate::{Booking, Service};

/// Booking rules that are not validated yet. The defaults add no restriction to those of every booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSettings {
    /// How long before its start a session must be booked, in minutes.
    pub notice_minutes: u32,
    /// How far ahead a session can be booked, in days of 24 hours, as [`Booking::HORIZON_DAYS`] counts them.
    pub horizon_days: u32,
    /// How many sessions of a therapist may start on one date, in the time zone of the hours; `None` is unlimited.
    pub daily_limit: Option<u32>,
    /// Minutes from one slot of the grid to the next; see [`BookingRules::DEFAULT_STEP_MINUTES`].
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

/// Validated booking rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingRules(RuleSettings);

/// Why booking rules are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RuleError {
    /// Outside 1 to [`Booking::HORIZON_DAYS`].
    #[error("the horizon is not between 1 and 366 days")]
    Horizon,
    /// Not shorter than the horizon, so that nothing could be booked.
    #[error("the notice is not shorter than the horizon")]
    Notice,
    /// Outside [`BookingRules::MIN_STEP_MINUTES`] to a day.
    #[error("the step between slots is not between 5 minutes and a day")]
    Step,
    /// Zero. Use schedule exceptions to close a calendar.
    #[error("the daily limit is zero")]
    DailyLimit,
}

impl BookingRules {
    /// The default of [`RuleSettings::step_minutes`].
    ///
    /// A quarter of an hour rather than the length of an appointment: services of other lengths, closures and moved
    /// sessions leave gaps that a coarser grid would miss. UTC offsets are multiples of a quarter of an hour, so slots
    /// start at round times in every zone.
    pub const DEFAULT_STEP_MINUTES: u32 = 15;
    /// The finest grid, which limits the size of an [`super::Availability`].
    pub const MIN_STEP_MINUTES: u32 = 5;

    /// Validates the settings.
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

    /// The same grid and daily limit, without the practice's notice and horizon.
    pub fn without_timing(&self) -> Self {
        let RuleSettings { notice_minutes, horizon_days, .. } = RuleSettings::default();
        Self(RuleSettings { notice_minutes, horizon_days, ..self.0 })
    }

    /// The validated settings.
    pub fn settings(&self) -> &RuleSettings {
        &self.0
    }
}

/// The length of a session and of the buffer after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppointmentLength {
    minutes: u32,
    buffer_minutes: u32,
}

/// A length that [`Booking::book`] would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the session's length is not between 1 minute and 12 hours, or the buffer is longer than that")]
pub struct LengthError;

impl AppointmentLength {
    /// Accepts 1 to [`Booking::MAX_MINUTES`] minutes for the session and at most as many for the buffer.
    pub fn new(minutes: u32, buffer_minutes: u32) -> Result<Self, LengthError> {
        if (1..=Booking::MAX_MINUTES).contains(&minutes) && buffer_minutes <= Booking::MAX_MINUTES {
            Ok(Self { minutes, buffer_minutes })
        } else {
            Err(LengthError)
        }
    }

    /// Minutes of the session, without the buffer.
    pub fn minutes(self) -> u32 {
        self.minutes
    }

    /// Minutes of the buffer.
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
