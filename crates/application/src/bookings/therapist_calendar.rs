//! When a therapist can be booked: working hours, schedule exceptions and the practice's rules.

use std::sync::Arc;

use attune_domain::calendar::{
    AppointmentLength, BookingRules, BusyTimes, RuleOverride, ScheduleExceptions, SlotCalculator, SlotError,
    WeeklyHours, WeeklySchedule,
};
use attune_domain::{Booking, BookingId, ChangeTerms, Interval, UserId};
use attune_ports::{CalendarSettings, Queries, StoreError, TimeZones, UnitOfWork};
use jiff::{SignedDuration, Timestamp};

use crate::practice::CurrentPractice;

#[derive(Clone)]
pub struct CalendarLoader {
    pub queries: Arc<dyn Queries>,
    pub zones: Arc<dyn TimeZones>,
    pub practice: CurrentPractice,
    /// For therapists who have not set working hours, in the practice's time zone, whatever theirs is.
    pub default_hours: WeeklySchedule,
}

/// A therapist's calendar without the bookings.
pub(crate) struct TherapistCalendar {
    pub(crate) hours: WeeklyHours,
    pub(crate) exceptions: ScheduleExceptions,
    pub(crate) rules: BookingRules,
    pub(crate) terms: ChangeTerms,
}

/// Covers a calendar day in any time zone, a clock change and the longest appointment.
pub(crate) const DAY_MARGIN: SignedDuration = SignedDuration::from_hours(60);

impl CalendarLoader {
    /// The working hours of therapists who set none.
    pub async fn usual_hours(&self) -> Result<WeeklySchedule, StoreError> {
        let zone = self.practice.load().await?.time_zone.clone();
        Ok(WeeklySchedule { zone, ..self.default_hours.clone() })
    }

    /// Errors: [`StoreError::Corrupt`] if the stored time zone is unknown to this machine, or the stored rules are invalid.
    pub(crate) async fn load(&self, therapist: UserId) -> Result<TherapistCalendar, StoreError> {
        let CalendarSettings { schedule, exceptions, policy } = self.queries.calendar_settings(therapist).await?;
        let schedule = match schedule {
            Some(schedule) => schedule.value,
            None => self.usual_hours().await?,
        };
        let zone =
            self.zones.find(&schedule.zone).ok_or_else(|| corrupt("the time zone of the working hours is unknown"))?;
        Ok(TherapistCalendar {
            hours: schedule.hours(zone).map_err(corrupt)?,
            exceptions: exceptions.into_iter().collect(),
            rules: policy.checked().map_err(corrupt)?,
            terms: policy.terms,
        })
    }
}

fn corrupt(error: impl Into<attune_ports::BoxError>) -> StoreError {
    StoreError::Corrupt(error.into())
}

impl TherapistCalendar {
    pub(crate) fn slots<'a>(
        &'a self,
        busy: &'a BusyTimes,
        length: AppointmentLength,
        now: Timestamp,
    ) -> SlotCalculator<'a> {
        let Self { hours, exceptions, rules, .. } = self;
        SlotCalculator { hours, exceptions, rules, busy, length, now }
    }

    /// Whether working hours and rules allow an appointment to start at this time. Other bookings count for the daily limit
    /// alone; whether the slot is free is checked by `claim_slot`, under the calendar lock.
    pub(crate) async fn check(
        &self,
        work: &mut dyn UnitOfWork,
        request: &SlotRequest,
        rules: RuleOverride,
    ) -> Result<Result<(), SlotError>, StoreError> {
        let busy = match (self.rules.settings().daily_limit, rules) {
            (Some(_), RuleOverride::None | RuleOverride::Grid | RuleOverride::AgreedTime) => {
                let from = request.starts_at.saturating_sub(DAY_MARGIN).unwrap_or(Timestamp::MIN);
                let until = request.starts_at.saturating_add(DAY_MARGIN).unwrap_or(Timestamp::MAX);
                let others = work.blocking_bookings(request.therapist, from, until).await?;
                let counts = |booking: &&Booking| {
                    Some(booking.id()) != request.rescheduled
                        && !request.overlaps(booking)
                        && !booking.hold_has_expired(request.now)
                };
                let counted = others.iter().filter(counts);
                BusyTimes::new(counted.filter_map(|b| Interval::new(b.scheduled_at(), b.blocked_until()).ok()))
            }
            (None, _) | (Some(_), RuleOverride::PracticeRules) => BusyTimes::default(),
        };
        Ok(self.slots(&busy, request.length, request.now).check_slot(request.starts_at, rules).map(|_| ()))
    }
}

pub(crate) struct SlotRequest {
    pub(crate) therapist: UserId,
    pub(crate) starts_at: Timestamp,
    pub(crate) length: AppointmentLength,
    /// The booking that is rescheduled to this slot, if any; it does not block itself.
    pub(crate) rescheduled: Option<BookingId>,
    pub(crate) now: Timestamp,
}

impl SlotRequest {
    /// Bookings that overlap are reported as a taken slot, not as the daily limit.
    fn overlaps(&self, booking: &Booking) -> bool {
        let minutes = i64::from(self.length.minutes()) + i64::from(self.length.buffer_minutes());
        let until = self.starts_at.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        booking.scheduled_at() < until && booking.blocked_until() > self.starts_at
    }
}
