//! What can be booked: slots to show, the next free one, and whether a wish can be granted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::open::{
    DAY, MINUTE, Opening, Piece, coalesce, instant, openings, second_not_after, second_not_before, start_of,
};
use super::{AppointmentLength, BookingRules, Interval, ScheduleExceptions, WeeklyHours};
use crate::Booking;

/// A time at which a session can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// When the session begins.
    pub start: Timestamp,
    /// When it ends, without the pause.
    pub end: Timestamp,
}

/// The time that one therapist's bookings take, each from its beginning to the end of the pause after it.
///
/// Made once for as many questions as there are. Bookings that do not block the calendar do not belong in here, and
/// neither does the one that is about to be moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusyTimes {
    /// In order, each as it came: the daily cap counts them.
    starts: Vec<i64>,
    /// In order and joined.
    blocks: Vec<Piece>,
}

impl BusyTimes {
    /// Takes the bookings in any order; they may even overlap. An interval is one booking for the daily cap.
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

/// What was asked for: slots that begin in a range of at most [`SlotQuery::MAX_DAYS`] days, on somebody's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotQuery {
    from: Timestamp,
    until: Timestamp,
    zone: TimeZone,
}

/// Why a range cannot be asked for.
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
    /// The longest range: any month fits.
    pub const MAX_DAYS: i32 = 31;

    /// From one instant to another, without the latter. `zone` is the asker's; slots are listed under its dates.
    ///
    /// Days are counted kindly: a range may last 31 times 24 hours or 31 days on the clock, whichever is longer, since a
    /// month in which the clock is put back lasts an hour more.
    pub fn new(from: Timestamp, until: Timestamp, zone: TimeZone) -> Result<Self, RangeError> {
        if until < from {
            return Err(RangeError::EndBeforeStart);
        }
        let most = SignedDuration::from_hours(i64::from(Self::MAX_DAYS) * 24);
        let on_the_clock = zone.to_datetime(until).duration_since(zone.to_datetime(from));
        if until.duration_since(from) > most && on_the_clock > most {
            return Err(RangeError::TooLong);
        }
        Ok(Self { from, until, zone })
    }

    /// Whole dates on the clock of `zone`, the last one included. A date that the zone skipped is simply empty.
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

    /// The first instant inside.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The first instant after it.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// The asker's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// The answer to an [`SlotQuery`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Availability {
    /// What can be booked, by the date that the asker's clock shows at its beginning, earliest first. Dates without a slot
    /// are not there.
    pub slots: BTreeMap<Date, Vec<Slot>>,
    /// The first beginning from the range's start on that can be booked: in the range if anything is free there, else
    /// after it, up to the horizon. None: nothing at all.
    pub next_available: Option<Timestamp>,
}

/// What a wish may step over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOverride {
    /// Nothing: the wish has to be one of the slots that are offered.
    None,
    /// The grid alone, which is how slots are offered, and nothing that anybody's work depends on.
    Grid,
    /// All that the practice decided for itself: hours, grid, notice, horizon and daily cap. What remains is what no
    /// booking can do: begin in the past, begin beyond [`Booking::HORIZON_DAYS`], or overlap another one.
    PracticeRules,
}

/// Why a session cannot begin at a wished time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SlotError {
    /// Now or earlier.
    #[error("the session would begin in the past")]
    InThePast,
    /// Inside the notice.
    #[error("the session would begin too soon")]
    InsufficientNotice,
    /// Beyond the horizon.
    #[error("the session would begin too far ahead")]
    BeyondBookingHorizon,
    /// The session does not lie wholly inside open time.
    #[error("the session would lie outside the practice's hours")]
    OutsideHours,
    /// Inside the hours, but beside the beginnings that are offered.
    #[error("no session begins at this minute")]
    OffGrid,
    /// The date has as many sessions as the therapist gives a day.
    #[error("the day is full")]
    DailyLimitReached,
    /// Another booking, or the pause after one, is in the way; or the pause after this one would be in another's way.
    #[error("the time is taken")]
    Taken,
}

/// All that decides when one therapist can be booked for one kind of session, seen at one moment.
#[derive(Debug, Clone, Copy)]
pub struct SlotCalculator<'a> {
    /// The therapist's week.
    pub hours: &'a WeeklyHours,
    /// What differs from it.
    pub exceptions: &'a ScheduleExceptions,
    /// The practice's rules.
    pub rules: &'a BookingRules,
    /// The therapist's bookings, at least those that end after now and begin before the horizon, and for the daily cap
    /// today's earlier ones; whatever is missing looks free.
    pub busy: &'a BusyTimes,
    /// How long the session and its pause are.
    pub length: AppointmentLength,
    /// The moment of asking.
    pub now: Timestamp,
}

impl SlotCalculator<'_> {
    /// What can be booked in a range: every [`Slot`] in it would be accepted by [`Self::check_slot`], and no other.
    ///
    /// The work grows with the days, slots and bookings in the range, each looked at once.
    pub fn availability(&self, asked: &SlotQuery) -> Availability {
        let mut found = Availability::default();
        self.scan(second_not_before(asked.from), second_not_before(asked.until), |slot| {
            found.next_available.get_or_insert(slot.start);
            found.slots.entry(asked.zone.to_datetime(slot.start).date()).or_default().push(slot);
            ControlFlow::Continue(())
        });
        if found.next_available.is_none() {
            found.next_available = self.first_free_after(asked.until);
        }
        found
    }

    /// The first beginning at this instant or later that can be booked. Looks month by month and stops at the first hit;
    /// none up to the horizon is None.
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

    /// Whether a session can begin at the wished time, which is cut to a whole second as [`Booking::book`] does it.
    ///
    /// Several reasons may hold; the one told is the one that helps most to find another time, so a full day comes
    /// before a taken time. The answer is true for the bookings it was given: that nobody else is faster, the store
    /// decides.
    pub fn check_slot(&self, wished: Timestamp, overrule: RuleOverride) -> Result<Slot, SlotError> {
        let start = wished.as_second();
        if start <= second_not_after(self.now) {
            return Err(SlotError::InThePast);
        }
        match overrule {
            RuleOverride::None => self.check_rules(start, true)?,
            RuleOverride::Grid => self.check_rules(start, false)?,
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

    fn check_rules(&self, start: i64, on_grid: bool) -> Result<(), SlotError> {
        if start < self.earliest() {
            return Err(SlotError::InsufficientNotice);
        }
        if start > self.latest() {
            return Err(SlotError::BeyondBookingHorizon);
        }
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

    /// Visits, in order, every slot that begins in a range. One pass over hours, grid and bookings.
    fn scan(&self, from: i64, until: i64, mut visit: impl FnMut(Slot) -> ControlFlow<()>) {
        let (from, until) = (from.max(self.earliest()), until.min(self.latest() + 1));
        if from >= until {
            return;
        }
        // Open time right after the range decides whether its last sessions fit.
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

    /// The dates, in order, that have reached the daily cap, among those a session beginning in the range can have.
    fn full_days(&self, from: i64, until: i64) -> Vec<Date> {
        let Some(cap) = self.rules.settings().daily_limit else { return Vec::new() };
        // No date lasts two days, so these are all bookings of all dates in question.
        let first = self.busy.starts.partition_point(|start| *start < from - 2 * DAY);
        let mut sessions: BTreeMap<Date, u32> = BTreeMap::new();
        for start in self.busy.starts[first..].iter().take_while(|start| **start < until + 2 * DAY) {
            *sessions.entry(self.hours.zone().to_datetime(instant(*start)).date()).or_default() += 1;
        }
        sessions.into_iter().filter(|(_, count)| *count >= cap).map(|(date, _)| date).collect()
    }

    /// The first beginning on the opening's grid that is not before `second`.
    fn on_grid(&self, opening: &Opening, second: i64) -> i64 {
        second + (opening.grid_from - second).rem_euclid(self.step())
    }

    /// The first second at which a session may begin: in the future, and not inside the notice.
    fn earliest(&self) -> i64 {
        let notice = i64::from(self.rules.settings().notice_minutes) * MINUTE;
        (second_not_after(self.now) + 1).max(second_not_before(self.now) + notice)
    }

    /// The last second at which a session may begin.
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

/// For each opening, until when one can work on without a break.
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
