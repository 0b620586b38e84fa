//! When a therapist can be booked: their hours, what differs from them, and what the practice decided, put together from
//! the store and the machine's time zones.

use std::sync::Arc;

use attune_domain::calendar::{
    AppointmentLength, BookingRules, BusyTimes, RuleOverride, ScheduleExceptions, SlotCalculator, SlotError,
    WeeklyHours, WeeklySchedule,
};
use attune_domain::{Booking, ChangeTerms, Interval, UserId};
use attune_ports::{CalendarSettings, Queries, StoreError, TimeZones, UnitOfWork};
use jiff::{SignedDuration, Timestamp};

/// Puts calendars together.
#[derive(Clone)]
pub struct CalendarLoader {
    pub queries: Arc<dyn Queries>,
    pub zones: Arc<dyn TimeZones>,
    /// The working hours of therapists who set none.
    pub usual: WeeklySchedule,
}

/// A therapist's calendar without the bookings.
pub(crate) struct TherapistCalendar {
    pub(crate) hours: WeeklyHours,
    pub(crate) exceptions: ScheduleExceptions,
    pub(crate) rules: BookingRules,
    pub(crate) terms: ChangeTerms,
}

/// A day on any clock, with a change of the clock and the longest session to spare.
const AROUND: SignedDuration = SignedDuration::from_hours(60);

impl CalendarLoader {
    /// The calendar of a therapist as it is written down now. Errors: [`StoreError::Corrupt`] for a zone that this machine
    /// does not know any more, or rules that no version of this service can have kept.
    pub(crate) async fn of(&self, therapist: UserId) -> Result<TherapistCalendar, StoreError> {
        let CalendarSettings { schedule, time_off, policy } = self.queries.calendar_settings(therapist).await?;
        let schedule = schedule.unwrap_or_else(|| self.usual.clone());
        let zone =
            self.zones.find(&schedule.zone).ok_or_else(|| corrupt("this machine does not know the hours' zone"))?;
        Ok(TherapistCalendar {
            hours: schedule.hours(zone).map_err(corrupt)?,
            exceptions: time_off.into_iter().collect(),
            rules: policy.checked().map_err(corrupt)?,
            terms: policy.terms,
        })
    }
}

fn corrupt(why: impl Into<attune_ports::BoxError>) -> StoreError {
    StoreError::Corrupt(why.into())
}

impl TherapistCalendar {
    /// The calendar as it is asked at one moment for one kind of session.
    pub(crate) fn calendar<'a>(
        &'a self,
        taken: &'a BusyTimes,
        session: AppointmentLength,
        now: Timestamp,
    ) -> SlotCalculator<'a> {
        let Self { hours, exceptions, rules, .. } = self;
        SlotCalculator { hours, exceptions, rules, busy: taken, length: session, now }
    }

    /// Whether a session may begin at this time, as far as hours and rules say. Whether the time is free is asked of the
    /// store, under the calendar's lock; other bookings are looked at here for the daily cap alone.
    pub(crate) async fn check(
        &self,
        work: &mut dyn UnitOfWork,
        wish: &Wish,
        overrule: RuleOverride,
    ) -> Result<Result<(), SlotError>, StoreError> {
        let taken = match (self.rules.settings().daily_limit, overrule) {
            (Some(_), RuleOverride::None | RuleOverride::Grid) => {
                let from = wish.starts_at.saturating_sub(AROUND).unwrap_or(Timestamp::MIN);
                let until = wish.starts_at.saturating_add(AROUND).unwrap_or(Timestamp::MAX);
                let others = work.blocking_bookings(wish.therapist, from, until).await?;
                let beside = |booking: &&Booking| Some(booking.id()) != wish.but && !wish.overlaps(booking);
                let counted = others.iter().filter(|b| !b.hold_has_expired(wish.now)).filter(beside);
                BusyTimes::new(counted.filter_map(|b| Interval::new(b.scheduled_at(), b.blocked_until()).ok()))
            }
            (None, _) | (Some(_), RuleOverride::PracticeRules) => BusyTimes::default(),
        };
        Ok(self.calendar(&taken, wish.session, wish.now).check_slot(wish.starts_at, overrule).map(|_| ()))
    }
}

/// A time that somebody wishes for.
pub(crate) struct Wish {
    pub(crate) therapist: UserId,
    pub(crate) starts_at: Timestamp,
    pub(crate) session: AppointmentLength,
    /// The booking that is to be moved there, which is not in its own way.
    pub(crate) but: Option<attune_domain::BookingId>,
    pub(crate) now: Timestamp,
}

impl Wish {
    /// Whether the booking is in the way. Those are told as a taken time, by the store.
    fn overlaps(&self, booking: &Booking) -> bool {
        let minutes = i64::from(self.session.minutes()) + i64::from(self.session.buffer_minutes());
        let until = self.starts_at.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        booking.scheduled_at() < until && booking.blocked_until() > self.starts_at
    }
}
