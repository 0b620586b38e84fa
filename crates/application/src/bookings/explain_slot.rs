//! Why a time is not offered: what each rule of the practice says about it, and the bookings in its way.

use std::sync::Arc;

use attune_domain::calendar::{
    AppointmentLength, BookingRules, BusyTimes, LocalTimeRange, RuleOverride, RuleSettings, SlotCalculator, SlotError,
    WeeklySchedule,
};
use attune_domain::{Booking, Interval, ServiceId, UserId};
use attune_ports::{
    BookingFilter, BookingOrder, BookingPageRequest, Clock, PageStart, Queries, StoreError, StoredScheduleException,
};
use jiff::{SignedDuration, Timestamp};

use super::availability::AvailabilityError;
use super::new_slot::length;
use super::therapist_calendar::{CalendarLoader, DAY_MARGIN, TherapistCalendar};

/// A rule about when sessions can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotRule {
    /// Sessions start in the future.
    Future,
    /// The minimum notice.
    Notice,
    /// The booking horizon.
    Horizon,
    /// Working hours and schedule exceptions.
    Hours,
    /// The grid of start times.
    Grid,
    /// The daily limit.
    DailyLimit,
    /// Nothing else is booked.
    OtherBookings,
}

impl SlotRule {
    /// In the order in which they are checked.
    pub const ALL: [Self; 7] =
        [Self::Future, Self::Notice, Self::Horizon, Self::Hours, Self::Grid, Self::DailyLimit, Self::OtherBookings];
}

/// What the rules say about one time.
#[derive(Debug, Clone)]
pub struct SlotExplanation {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// The rules that stop it, in the order of [`SlotRule::ALL`]; empty for a time that is offered.
    pub stopped_by: Vec<SlotRule>,
    /// Whether a therapist who ignores the rules of the practice can book it.
    pub can_override: bool,
    /// The bookings in the way, by start.
    pub conflicts: Vec<Booking>,
    /// The schedule exceptions that close it.
    pub closed_by: Vec<StoredScheduleException>,
    /// The weekly hours of that day, where the therapist works.
    pub hours: Vec<LocalTimeRange>,
}

impl SlotExplanation {
    /// Whether clients can book it.
    pub fn is_offered(&self) -> bool {
        self.stopped_by.is_empty()
    }
}

/// The explanations of several times, and the rules that they are about.
#[derive(Debug, Clone)]
pub struct SlotExplanations {
    pub rules: RuleSettings,
    /// In the order of the times.
    pub slots: Vec<SlotExplanation>,
}

#[derive(Clone)]
pub struct ExplainSlot {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub calendars: CalendarLoader,
}

/// More than a therapist can have in a year.
const MAX_BOOKINGS: u32 = 5_000;

impl ExplainSlot {
    /// Explains whether sessions of this service, active or not, can start at these times.
    pub async fn run(
        &self,
        service: ServiceId,
        therapist: UserId,
        starts: &[Timestamp],
    ) -> Result<SlotExplanations, AvailabilityError> {
        let services = self.queries.all_services().await?;
        let service = services.iter().find(|s| s.id == service).ok_or(AvailabilityError::UnknownService)?;
        let user = self.queries.user(therapist).await?.filter(|user| user.is_admin() && !user.disabled);
        user.ok_or(AvailabilityError::UnknownTherapist)?;
        let length = AppointmentLength::try_from(service)?;
        let calendar = self.calendars.load(therapist).await?;
        let exceptions = self.queries.schedule_exceptions(Some(therapist)).await?;
        let now = self.clock.now();
        let others = match (starts.iter().min(), starts.iter().max()) {
            (Some(first), Some(last)) => {
                let from = first.saturating_sub(DAY_MARGIN).unwrap_or(Timestamp::MIN);
                let to = last.saturating_add(DAY_MARGIN).unwrap_or(Timestamp::MAX);
                self.blocking(therapist, from, to, now).await?
            }
            _ => Vec::new(),
        };
        let explain = |starts_at: &Timestamp| {
            Question { calendar: &calendar, length, starts_at: *starts_at }.explain(&others, &exceptions, now)
        };
        Ok(SlotExplanations { rules: *calendar.rules.settings(), slots: starts.iter().map(explain).collect() })
    }

    /// The upcoming bookings of a therapist that would be outside these working hours, by start.
    pub async fn outside(&self, therapist: UserId, schedule: &WeeklySchedule) -> Result<Vec<Booking>, StoreError> {
        let hours = self.calendars.zones.find(&schedule.zone).and_then(|zone| schedule.hours(zone).ok());
        // Saving them is refused for another reason.
        let Some(hours) = hours else { return Ok(Vec::new()) };
        let calendar = TherapistCalendar { hours, ..self.calendars.load(therapist).await? };
        let now = self.clock.now();
        let horizon = SignedDuration::from_hours(24 * Booking::HORIZON_DAYS);
        let until = now.saturating_add(horizon).unwrap_or(Timestamp::MAX);
        let mut outside = Vec::new();
        for booking in self.blocking(therapist, now, until, now).await? {
            let length = length(&booking)?;
            let question = Question { calendar: &calendar, length, starts_at: booking.scheduled_at() };
            if question.is_outside_hours() {
                outside.push(booking);
            }
        }
        Ok(outside)
    }

    /// The bookings that begin in this time and block the calendar, by start.
    async fn blocking(
        &self,
        therapist: UserId,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Booking>, StoreError> {
        let filter = BookingFilter {
            therapist: Some(therapist),
            from: Some(from),
            to: Some(to),
            order: BookingOrder::Earliest,
            ..BookingFilter::default()
        };
        let page = BookingPageRequest { limit: MAX_BOOKINGS, start: PageStart::Offset(0) };
        let found = self.queries.bookings(&filter, page).await?;
        Ok(found.items.iter().filter(|booking| booking.takes_up_time(now)).cloned().collect())
    }
}

/// Whether a session can start at one time.
struct Question<'a> {
    calendar: &'a TherapistCalendar,
    length: AppointmentLength,
    starts_at: Timestamp,
}

impl Question<'_> {
    fn explain(&self, others: &[Booking], exceptions: &[StoredScheduleException], now: Timestamp) -> SlotExplanation {
        let ends_at = self.after(self.starts_at, self.length.minutes());
        let blocked_until = self.after(ends_at, self.length.buffer_minutes());
        let overlaps =
            |booking: &&Booking| booking.scheduled_at() < blocked_until && booking.blocked_until() > self.starts_at;
        let (conflicts, rest): (Vec<&Booking>, Vec<&Booking>) = others.iter().partition(overlaps);
        let rest = BusyTimes::new(rest.iter().filter_map(|b| Interval::new(b.scheduled_at(), b.blocked_until()).ok()));
        let nothing = BusyTimes::default();
        let rules = &self.calendar.rules;
        let timing = self.ask(rules, &nothing, now, RuleOverride::Grid);
        let stops = |rule: &SlotRule| match rule {
            SlotRule::Future => timing == Some(SlotError::InThePast),
            SlotRule::Notice => timing == Some(SlotError::InsufficientNotice),
            SlotRule::Horizon => timing == Some(SlotError::BeyondBookingHorizon),
            SlotRule::Hours => self.is_outside_hours(),
            SlotRule::Grid => self.ask_alone(&nothing, RuleOverride::None) == Some(SlotError::OffGrid),
            SlotRule::DailyLimit => self.ask_alone(&rest, RuleOverride::Grid) == Some(SlotError::DailyLimitReached),
            SlotRule::OtherBookings => !conflicts.is_empty(),
        };
        let zone = self.calendar.hours.zone();
        let closes = |exception: &&StoredScheduleException| {
            let closed = exception.what.closed_interval(zone);
            closed.is_some_and(|closed| closed.start() < ends_at && closed.end() > self.starts_at)
        };
        let is_refused = self.ask(rules, &nothing, now, RuleOverride::PracticeRules).is_some();
        SlotExplanation {
            starts_at: self.starts_at,
            ends_at,
            stopped_by: SlotRule::ALL.into_iter().filter(stops).collect(),
            can_override: !is_refused && conflicts.is_empty(),
            closed_by: exceptions.iter().filter(closes).cloned().collect(),
            hours: self.calendar.hours.on(zone.to_datetime(self.starts_at).weekday()).to_vec(),
            conflicts: conflicts.into_iter().cloned().collect(),
        }
    }

    fn after(&self, at: Timestamp, minutes: u32) -> Timestamp {
        at.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
    }

    fn is_outside_hours(&self) -> bool {
        self.ask_alone(&BusyTimes::default(), RuleOverride::Grid) == Some(SlotError::OutsideHours)
    }

    /// Asks as if it were just before the session, so that neither notice nor horizon say anything.
    fn ask_alone(&self, busy: &BusyTimes, rule_override: RuleOverride) -> Option<SlotError> {
        let before = self.starts_at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
        self.ask(&self.calendar.rules.without_timing(), busy, before, rule_override)
    }

    fn ask(&self, rules: &BookingRules, busy: &BusyTimes, now: Timestamp, skip: RuleOverride) -> Option<SlotError> {
        let TherapistCalendar { hours, exceptions, .. } = self.calendar;
        SlotCalculator { hours, exceptions, rules, busy, length: self.length, now }
            .check_slot(self.starts_at, skip)
            .err()
    }
}
