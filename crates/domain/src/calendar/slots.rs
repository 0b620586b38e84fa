//! The slot query: which slots can be booked, and whether one slot can.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::open_hours::{
    DAY, MINUTE, Opening, Piece, coalesce, instant, openings, second_not_after, second_not_before, start_of,
};
use super::{AppointmentLength, BookingRules, Interval, ScheduleExceptions, WeeklyHours};
use crate::Booking;

/// A time at which a session can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// When the session starts.
    pub start: Timestamp,
    /// When it ends, without the buffer.
    pub end: Timestamp,
}

/// The bookings of one therapist that block the calendar, each from its start to the end of its buffer. A booking that
/// is about to be moved must not be included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusyTimes {
    /// In order, one for each booking: the daily limit counts them.
    starts: Vec<i64>,
    /// In order; overlapping and adjacent ones are joined.
    blocks: Vec<Piece>,
}

impl BusyTimes {
    /// Accepts the bookings in any order, even overlapping. Each interval counts as one booking for the daily limit.
    pub fn new(bookings: impl IntoIterator<Item = Interval>) -> Self {
        let pieces: Vec<Piece> = bookings.into_iter().map(Piece::from).collect();
        let mut starts: Vec<i64> = pieces.iter().map(|piece| piece.start).collect();
        starts.sort_unstable();
        Self { starts, blocks: coalesce(pieces) }
    }

    /// The blocks that end after an instant.
    fn after(&self, second: i64) -> &[Piece] {
        &self.blocks[self.blocks.partition_point(|block| block.end <= second)..]
    }
}

/// Asks for the slots that start in a range of at most [`SlotQuery::MAX_DAYS`] days, listed by local date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotQuery {
    from: Timestamp,
    until: Timestamp,
    zone: TimeZone,
}

/// Why the range of a query is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RangeError {
    /// It ends before it starts.
    #[error("the range ends before it starts")]
    EndBeforeStart,
    /// Longer than [`SlotQuery::MAX_DAYS`].
    #[error("the range is longer than 31 days")]
    TooLong,
}

impl SlotQuery {
    /// The longest range: any month.
    pub const MAX_DAYS: i32 = 31;

    /// From one instant to another, which is excluded. Slots are listed by their local date in `zone`.
    ///
    /// A range may last 31 times 24 hours or 31 local days, whichever is longer, because a month with a transition may
    /// last an hour more.
    pub fn new(from: Timestamp, until: Timestamp, zone: TimeZone) -> Result<Self, RangeError> {
        if until < from {
            return Err(RangeError::EndBeforeStart);
        }
        let longest = SignedDuration::from_hours(i64::from(Self::MAX_DAYS) * 24);
        let local = zone.to_datetime(until).duration_since(zone.to_datetime(from));
        if until.duration_since(from) > longest && local > longest {
            return Err(RangeError::TooLong);
        }
        Ok(Self { from, until, zone })
    }

    /// The local dates from `first` to `last` in `zone`, both included. A date that the zone skipped has no slots.
    pub fn of_dates(first: Date, last: Date, zone: TimeZone) -> Result<Self, RangeError> {
        if last < first {
            return Err(RangeError::EndBeforeStart);
        }
        if first.saturating_add(jiff::Span::new().days(Self::MAX_DAYS - 1)) < last {
            return Err(RangeError::TooLong);
        }
        let until = last.tomorrow().map_or(Timestamp::MAX, |next| start_of(next, &zone));
        Ok(Self { from: start_of(first, &zone), until, zone })
    }

    /// The first instant in the range.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The first instant after the range.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// The time zone by whose dates slots are listed.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// The result of a [`SlotQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Availability {
    /// The free slots by the local date of their start, in order. Dates without one are left out.
    pub slots: BTreeMap<Date, Vec<Slot>>,
    /// The first free slot from the start of the range to the booking horizon, even if it is after the range.
    pub next_available: Option<Timestamp>,
}

/// Which rules a request may override.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOverride {
    /// None: the time must be one of the offered slots.
    None,
    /// The grid, which only decides how slots are offered.
    Grid,
    /// What concerns the time that was agreed already: grid, notice, horizon, and whether the session has begun. Hours and
    /// daily limit apply.
    AgreedTime,
    /// All rules of the practice: hours, grid, notice, horizon and daily limit. A booking in the past, beyond
    /// [`Booking::HORIZON_DAYS`] or overlapping another one is still refused.
    PracticeRules,
}

/// Why a session cannot start at the requested time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SlotError {
    /// Now or earlier.
    #[error("the session would start in the past")]
    InThePast,
    /// Within [`super::RuleSettings::notice_minutes`] from now.
    #[error("the session would start too soon")]
    InsufficientNotice,
    /// Beyond [`super::RuleSettings::horizon_days`].
    #[error("the session would start too far in the future")]
    BeyondBookingHorizon,
    /// Not entirely within the working hours.
    #[error("the session would be outside the working hours")]
    OutsideHours,
    /// Within the working hours, but not on the grid.
    #[error("no slot starts at this time")]
    OffGrid,
    /// The date has [`super::RuleSettings::daily_limit`] sessions.
    #[error("the daily limit is reached")]
    DailyLimitReached,
    /// The session or its buffer would overlap another booking or its buffer.
    #[error("the slot is taken")]
    Taken,
}

/// Calculates when a therapist can be booked for one kind of session, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct SlotCalculator<'a> {
    /// The weekly working hours.
    pub hours: &'a WeeklyHours,
    /// The schedule exceptions.
    pub exceptions: &'a ScheduleExceptions,
    /// The rules of the practice.
    pub rules: &'a BookingRules,
    /// The therapist's bookings: at least those that end after now and start before the horizon and, for the daily limit,
    /// the earlier ones of today.
    pub busy: &'a BusyTimes,
    /// The length of the session and of its buffer.
    pub length: AppointmentLength,
    /// The current instant.
    pub now: Timestamp,
}

impl SlotCalculator<'_> {
    /// The slots in a range: exactly those that [`Self::check_slot`] accepts without an override.
    ///
    /// The cost is proportional to the number of days, slots and bookings in the range.
    pub fn availability(&self, query: &SlotQuery) -> Availability {
        let mut found = Availability::default();
        self.scan(second_not_before(query.from), second_not_before(query.until), |slot| {
            found.next_available.get_or_insert(slot.start);
            found.slots.entry(query.zone.to_datetime(slot.start).date()).or_default().push(slot);
            ControlFlow::Continue(())
        });
        if found.next_available.is_none() {
            found.next_available = self.first_free_after(query.until);
        }
        found
    }

    /// The start of the first free slot at this instant or later, up to the booking horizon.
    pub fn first_free_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = second_not_before(after).max(self.earliest());
        let mut found = None;
        while found.is_none() && from <= self.latest() {
            let until = from + 31 * DAY;
            self.scan(from, until, |slot| {
                found = Some(slot.start);
                ControlFlow::Break(())
            });
            from = until;
        }
        found
    }

    /// Whether a session can start at the requested time, truncated to a whole second as [`Booking::book`] does it.
    ///
    /// If several errors apply, the one that helps most to choose another time is returned: the daily limit before a taken
    /// slot. The result holds for the bookings in [`Self::busy`]; concurrent bookings are detected by the store.
    pub fn check_slot(&self, requested: Timestamp, rule_override: RuleOverride) -> Result<Slot, SlotError> {
        let start = requested.as_second();
        if start <= second_not_after(self.now) && rule_override != RuleOverride::AgreedTime {
            return Err(SlotError::InThePast);
        }
        match rule_override {
            RuleOverride::None | RuleOverride::Grid if start < self.earliest() => {
                return Err(SlotError::InsufficientNotice);
            }
            RuleOverride::None | RuleOverride::Grid if start > self.latest() => {
                return Err(SlotError::BeyondBookingHorizon);
            }
            RuleOverride::None => self.check_hours(start, true)?,
            RuleOverride::Grid | RuleOverride::AgreedTime => self.check_hours(start, false)?,
            RuleOverride::PracticeRules if start > self.days_ahead(Booking::HORIZON_DAYS) => {
                return Err(SlotError::BeyondBookingHorizon);
            }
            RuleOverride::PracticeRules => {}
        }
        match self.busy.after(start).first() {
            Some(block) if block.start < start + self.occupied() => Err(SlotError::Taken),
            _ => Ok(self.slot(start)),
        }
    }

    fn check_hours(&self, start: i64, on_grid: bool) -> Result<(), SlotError> {
        let open = openings(self.hours, self.exceptions, start, start + self.seconds());
        let opening = open.first().filter(|opening| opening.time.start <= start).ok_or(SlotError::OutsideHours)?;
        if chain_ends(&open).first().is_none_or(|end| *end < start + self.seconds()) {
            return Err(SlotError::OutsideHours);
        }
        if on_grid && (start - opening.grid_from) % self.step() != 0 {
            return Err(SlotError::OffGrid);
        }
        if self.full_days(start, start + 1).contains(&opening.date) {
            return Err(SlotError::DailyLimitReached);
        }
        Ok(())
    }

    /// Visits every slot that starts in a range, in order, in one pass over hours, grid and bookings.
    fn scan(&self, from: i64, until: i64, mut visit: impl FnMut(Slot) -> ControlFlow<()>) {
        let (from, until) = (from.max(self.earliest()), until.min(self.latest() + 1));
        if from >= until {
            return;
        }
        // The open time after the range decides whether its last sessions fit.
        let open = openings(self.hours, self.exceptions, from, until + self.seconds());
        let full = self.full_days(from, until);
        let mut blocks = self.busy.after(from);
        for (opening, chain_end) in open.iter().zip(chain_ends(&open)) {
            if full.binary_search(&opening.date).is_ok() {
                continue;
            }
            let beyond = opening.time.end.min(until).min(chain_end - self.seconds() + 1);
            let mut start = self.on_grid(opening, from.max(opening.time.start));
            while start < beyond {
                while blocks.first().is_some_and(|block| block.end <= start) {
                    blocks = &blocks[1..];
                }
                start = match blocks.first() {
                    Some(block) if block.start < start + self.occupied() => self.on_grid(opening, block.end),
                    _ => {
                        if visit(self.slot(start)).is_break() {
                            return;
                        }
                        start + self.step()
                    }
                };
            }
        }
    }

    /// The dates, in order, that have reached the daily limit, among those of sessions that start in the range.
    fn full_days(&self, from: i64, until: i64) -> Vec<Date> {
        let Some(limit) = self.rules.settings().daily_limit else { return Vec::new() };
        // No local date lasts two days, so these include all bookings of the dates in question.
        let first = self.busy.starts.partition_point(|start| *start < from - 2 * DAY);
        let mut sessions: BTreeMap<Date, u32> = BTreeMap::new();
        for start in self.busy.starts[first..].iter().take_while(|start| **start < until + 2 * DAY) {
            *sessions.entry(self.hours.zone().to_datetime(instant(*start)).date()).or_default() += 1;
        }
        sessions.into_iter().filter(|(_, count)| *count >= limit).map(|(date, _)| date).collect()
    }

    /// The first start on the opening's grid that is not before `second`.
    fn on_grid(&self, opening: &Opening, second: i64) -> i64 {
        second + (opening.grid_from - second).rem_euclid(self.step())
    }

    /// The first second at which a session may start: after now and after the notice.
    fn earliest(&self) -> i64 {
        let notice = i64::from(self.rules.settings().notice_minutes) * MINUTE;
        (second_not_after(self.now) + 1).max(second_not_before(self.now) + notice)
    }

    /// The last second at which a session may start.
    fn latest(&self) -> i64 {
        self.days_ahead(i64::from(self.rules.settings().horizon_days))
    }

    fn days_ahead(&self, days: i64) -> i64 {
        second_not_after(self.now) + days * DAY
    }

    fn slot(&self, start: i64) -> Slot {
        Slot { start: instant(start), end: instant(start + self.seconds()) }
    }

    fn seconds(&self) -> i64 {
        i64::from(self.length.minutes()) * MINUTE
    }

    fn occupied(&self) -> i64 {
        self.seconds() + i64::from(self.length.buffer_minutes()) * MINUTE
    }

    fn step(&self) -> i64 {
        i64::from(self.rules.settings().step_minutes) * MINUTE
    }
}

/// For each opening, the end of the last one that follows without a break.
fn chain_ends(open: &[Opening]) -> Vec<i64> {
    let mut ends: Vec<i64> = open.iter().map(|opening| opening.time.end).collect();
    for here in (1..open.len()).rev() {
        if open[here - 1].time.end == open[here].time.start {
            ends[here - 1] = ends[here];
        }
    }
    ends
}

#[cfg(test)]
mod tests;
