//! From hours on a wall to open time as instants, right through every change of the clock.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

use super::{EmptyRange, LocalTimeRange, ScheduleExceptions, WeeklyHours};

/// From one instant to a later one, without the latter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// An interval has to end after its start.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, EmptyRange> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyRange) }
    }

    /// The first instant inside.
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        self.end
    }
}

/// A stretch of open time that comes from one written interval of one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenInterval {
    /// The first open instant.
    pub start: Timestamp,
    /// The first instant after it; the next open interval may begin right here.
    pub end: Timestamp,
    /// From where the beginnings of sessions are counted: the first instant of the written interval, also where
    /// something closed covers it.
    pub grid_from: Timestamp,
    /// The date that the clock of the hours shows during all of it.
    pub date: Date,
}

/// The open time that touches the instants from `from` to `until`, in order and without overlap.
///
/// Intervals come whole, not cut at the ends of what was asked, so that nothing in them depends on the asking.
/// The work grows with the days between the two; bookings are not looked at.
pub fn open_intervals(
    hours: &WeeklyHours,
    exceptions: &ScheduleExceptions,
    from: Timestamp,
    until: Timestamp,
) -> Vec<OpenInterval> {
    openings(hours, exceptions, from.as_second(), second_not_before(until))
        .into_iter()
        .map(|opening| OpenInterval {
            start: instant(opening.time.start),
            end: instant(opening.time.end),
            grid_from: instant(opening.grid_from),
            date: opening.date,
        })
        .collect()
}

pub(super) const MINUTE: i64 = 60;
pub(super) const DAY: i64 = 86_400;

/// An interval in seconds of Unix time, not empty. Everything in a calendar happens at whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// [`OpenInterval`] in seconds of Unix time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub(super) time: Piece,
    pub(super) grid_from: i64,
    pub(super) date: Date,
}

pub(super) fn openings(hours: &WeeklyHours, exceptions: &ScheduleExceptions, from: i64, until: i64) -> Vec<Opening> {
    let mut open = Vec::new();
    if from >= until {
        return open;
    }
    let stretches = stretches(hours.zone(), from, until);
    let last = date_of(until.saturating_add(offsets(&stretches).max().unwrap_or(0)));
    let mut next = Some(date_of(from.saturating_add(offsets(&stretches).min().unwrap_or(0))));
    while let Some(date) = next.filter(|date| *date <= last) {
        if !exceptions.is_closed_on(date) {
            open_day(hours, exceptions, &stretches, date, &mut open);
        }
        next = date.tomorrow().ok();
    }
    let mut open = subtract(open, &coalesce(exceptions.closed_between().iter().map(|i| (*i).into()).collect()));
    open.retain(|opening| opening.time.start < until && opening.time.end > from);
    open
}

/// Adds one date's open time, without what is closed between instants.
fn open_day(
    hours: &WeeklyHours,
    exceptions: &ScheduleExceptions,
    stretches: &[Stretch],
    date: Date,
    open: &mut Vec<Opening>,
) {
    let mut written = [hours.on(date.weekday()), exceptions.extra_hours_on(date)].concat();
    written.sort_unstable();
    let mut day: Vec<Opening> = Vec::with_capacity(written.len());
    for interval in written {
        let shown = shown_at(stretches, date, interval, Until::FirstEnd);
        let Some(first) = shown.first() else { continue };
        let grid_from = first.start;
        let found = shown.into_iter().map(|time| Opening { time, grid_from, date }).collect();
        let covered = coalesce(day.iter().map(|opening| opening.time).collect());
        day.extend(subtract(found, &covered));
        day.sort_unstable_by_key(|opening| opening.time);
    }
    let closed = exceptions.closed_hours_on(date);
    let closed = closed.iter().flat_map(|interval| shown_at(stretches, date, *interval, Until::LastEnd)).collect();
    open.extend(subtract(day, &coalesce(closed)));
}

/// A time in which the zone's distance to UTC does not change, in seconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
}

fn offsets(stretches: &[Stretch]) -> impl Iterator<Item = i64> {
    stretches.iter().map(|stretch| stretch.offset)
}

/// What the zone's clock does from `from` to `until` and on all dates that these instants can have anywhere.
fn stretches(zone: &TimeZone, from: i64, until: i64) -> Vec<Stretch> {
    // A date begins at most a day before any of its instants, and a clock was never moved by more than a day.
    let (from, until) = (from.saturating_sub(3 * DAY), until.saturating_add(3 * DAY));
    let mut found = Vec::with_capacity(4);
    let mut current = Stretch { start: from, end: until, offset: seconds_of(zone.to_offset(instant(from))) };
    for change in zone.following(instant(from)) {
        let at = change.timestamp().as_second();
        if at >= until {
            break;
        }
        let offset = seconds_of(change.offset());
        if offset != current.offset {
            found.push(Stretch { end: at, ..current });
            current = Stretch { start: at, end: until, offset };
        }
    }
    found.push(current);
    found
}

/// Which showings of an interval count when the clock is put back in or after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Those before the interval's end is reached for the first time.
    FirstEnd,
    /// All.
    LastEnd,
}

/// When the clock shows a time of the interval on the date, in order; pieces that touch are joined.
fn shown_at(stretches: &[Stretch], date: Date, interval: LocalTimeRange, until: Until) -> Vec<Piece> {
    let Some(midnight) = as_if_utc(date) else { return Vec::new() };
    let start = midnight + i64::from(interval.start().minutes()) * MINUTE;
    let end = midnight + i64::from(interval.end().minutes()) * MINUTE;
    let mut shown: Vec<Piece> = Vec::with_capacity(1);
    for stretch in stretches {
        let piece =
            Piece { start: stretch.start.max(start - stretch.offset), end: stretch.end.min(end - stretch.offset) };
        if piece.start < piece.end {
            match shown.last_mut().filter(|last| last.end == piece.start) {
                Some(last) => last.end = piece.end,
                None => shown.push(piece),
            }
        }
        if until == Until::FirstEnd && stretch.end.saturating_add(stretch.offset) > end {
            break;
        }
    }
    shown
}

/// The first instant at which the zone's clock shows the date's 00:00 or later.
pub(super) fn start_of(date: Date, zone: &TimeZone) -> Timestamp {
    let Some(midnight) = as_if_utc(date) else { return Timestamp::MAX };
    let reached = stretches(zone, midnight, midnight)
        .into_iter()
        .find(|stretch| stretch.end + stretch.offset > midnight)
        .map_or(midnight, |stretch| stretch.start.max(midnight - stretch.offset));
    instant(reached)
}

/// Sorts and joins what overlaps or touches.
pub(super) fn coalesce(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_unstable();
    pieces.dedup_by(|next, kept| {
        let joins = next.start <= kept.end;
        if joins {
            kept.end = kept.end.max(next.end);
        }
        joins
    });
    pieces
}

/// What is left of `open` (in order, no overlap) without `closed` (coalesced). One pass over both.
fn subtract(open: Vec<Opening>, closed: &[Piece]) -> Vec<Opening> {
    if closed.is_empty() {
        return open;
    }
    let mut left = Vec::with_capacity(open.len());
    let mut rest = closed;
    for opening in open {
        while rest.first().is_some_and(|block| block.end <= opening.time.start) {
            rest = &rest[1..];
        }
        let mut start = opening.time.start;
        for block in rest.iter().take_while(|block| block.start < opening.time.end) {
            if start < block.start {
                left.push(Opening { time: Piece { start, end: block.start }, ..opening });
            }
            start = block.end;
        }
        if start < opening.time.end {
            left.push(Opening { time: Piece { start, ..opening.time }, ..opening });
        }
    }
    left
}

impl From<Interval> for Piece {
    /// The whole seconds that the interval touches.
    fn from(interval: Interval) -> Self {
        Self { start: second_not_after(interval.start), end: second_not_before(interval.end) }
    }
}

/// Cuts to what a timestamp can hold.
pub(super) fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

pub(super) fn second_not_after(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

pub(super) fn second_not_before(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

fn seconds_of(offset: Offset) -> i64 {
    i64::from(offset.seconds())
}

/// The second at which a clock in UTC would show the date's 00:00; none on the very last date there is.
fn as_if_utc(date: Date) -> Option<i64> {
    Offset::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok().map(Timestamp::as_second)
}

fn date_of(second_as_if_utc: i64) -> Date {
    Offset::UTC.to_datetime(instant(second_as_if_utc)).date()
}

#[cfg(test)]
mod tests;
