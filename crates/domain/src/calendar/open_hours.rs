//! Open time as instants, derived from working hours in local time, correct across time zone transitions.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

use super::{EmptyRange, LocalTimeRange, ScheduleExceptions, WeeklyHours};

/// A range of instants: the start included, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// Errors: [`EmptyRange`] unless it ends after its start.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, EmptyRange> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyRange) }
    }

    /// The first instant in the interval.
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after the interval.
    pub fn end(self) -> Timestamp {
        self.end
    }
}

/// A period of open time that comes from one interval of the hours on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenInterval {
    /// The first open instant.
    pub start: Timestamp,
    /// The first instant after it; the next open interval may start here.
    pub end: Timestamp,
    /// The origin of the grid of slots: the first instant of the interval of the hours, even if that instant is
    /// closed.
    pub grid_from: Timestamp,
    /// Its local date in the time zone of the hours.
    pub date: Date,
}

/// The open intervals that overlap the time from `from` to `until`, in order and without overlaps. Bookings are not
/// considered.
///
/// Intervals are not cut at `from` and `until`, so that they do not depend on the query. The cost is proportional to the
/// number of days.
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

/// A non-empty interval in Unix seconds. Everything in a calendar happens at whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// [`OpenInterval`] in Unix seconds.
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

/// Adds the open time of one date; closures between instants are not applied yet.
fn open_day(
    hours: &WeeklyHours,
    exceptions: &ScheduleExceptions,
    stretches: &[Stretch],
    date: Date,
    open: &mut Vec<Opening>,
) {
    let mut intervals = [hours.on(date.weekday()), exceptions.extra_hours_on(date)].concat();
    intervals.sort_unstable();
    let mut day: Vec<Opening> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        let found = occurrences(stretches, date, interval, Until::FirstEnd);
        let Some(first) = found.first() else { continue };
        let grid_from = first.start;
        let found = found.into_iter().map(|time| Opening { time, grid_from, date }).collect();
        let covered = coalesce(day.iter().map(|opening| opening.time).collect());
        day.extend(subtract(found, &covered));
        day.sort_unstable_by_key(|opening| opening.time);
    }
    let closed = exceptions.closed_hours_on(date);
    let closed = closed.iter().flat_map(|interval| occurrences(stretches, date, *interval, Until::LastEnd)).collect();
    open.extend(subtract(day, &coalesce(closed)));
}

/// A period with a constant UTC offset, in seconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
}

fn offsets(stretches: &[Stretch]) -> impl Iterator<Item = i64> {
    stretches.iter().map(|stretch| stretch.offset)
}

/// The UTC offsets of the zone from `from` to `until`, and on every date that these instants can have in any zone.
fn stretches(zone: &TimeZone, from: i64, until: i64) -> Vec<Stretch> {
    // A date starts at most a day before any of its instants, and no transition ever exceeded a day.
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

/// Which occurrences of a local time range count if a transition repeats some of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Those before the first occurrence of its end.
    FirstEnd,
    /// All of them.
    LastEnd,
}

/// When the local time is within the range on the date, in order; adjacent pieces are joined.
fn occurrences(stretches: &[Stretch], date: Date, interval: LocalTimeRange, until: Until) -> Vec<Piece> {
    let Some(midnight) = as_if_utc(date) else { return Vec::new() };
    let start = midnight + i64::from(interval.start().minutes()) * MINUTE;
    let end = midnight + i64::from(interval.end().minutes()) * MINUTE;
    let mut found: Vec<Piece> = Vec::with_capacity(1);
    for stretch in stretches {
        let piece =
            Piece { start: stretch.start.max(start - stretch.offset), end: stretch.end.min(end - stretch.offset) };
        if piece.start < piece.end {
            match found.last_mut().filter(|last| last.end == piece.start) {
                Some(last) => last.end = piece.end,
                None => found.push(piece),
            }
        }
        if until == Until::FirstEnd && stretch.end.saturating_add(stretch.offset) > end {
            break;
        }
    }
    found
}

/// The first instant of the date, or of a later date if a transition skips the whole date.
pub(super) fn start_of(date: Date, zone: &TimeZone) -> Timestamp {
    let Some(midnight) = as_if_utc(date) else { return Timestamp::MAX };
    let reached = stretches(zone, midnight, midnight)
        .into_iter()
        .find(|stretch| stretch.end + stretch.offset > midnight)
        .map_or(midnight, |stretch| stretch.start.max(midnight - stretch.offset));
    instant(reached)
}

/// Sorts the pieces and joins overlapping and adjacent ones.
pub(super) fn coalesce(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_unstable();
    pieces.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
    pieces
}

/// Removes `closed` (coalesced) from `open` (in order, without overlaps), in one pass over both.
fn subtract(open: Vec<Opening>, closed: &[Piece]) -> Vec<Opening> {
    if closed.is_empty() {
        return open;
    }
    let mut remaining = Vec::with_capacity(open.len());
    let mut rest = closed;
    for opening in open {
        while rest.first().is_some_and(|block| block.end <= opening.time.start) {
            rest = &rest[1..];
        }
        let mut start = opening.time.start;
        for block in rest.iter().take_while(|block| block.start < opening.time.end) {
            if start < block.start {
                remaining.push(Opening { time: Piece { start, end: block.start }, ..opening });
            }
            start = block.end;
        }
        if start < opening.time.end {
            remaining.push(Opening { time: Piece { start, ..opening.time }, ..opening });
        }
    }
    remaining
}

impl From<Interval> for Piece {
    /// The whole seconds that overlap the interval.
    fn from(interval: Interval) -> Self {
        Self { start: second_not_after(interval.start), end: second_not_before(interval.end) }
    }
}

/// Limits to the range of a timestamp.
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

/// 00:00 of the date in UTC, in Unix seconds; `None` outside the range of a timestamp.
fn as_if_utc(date: Date) -> Option<i64> {
    Offset::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok().map(Timestamp::as_second)
}

fn date_of(second_as_if_utc: i64) -> Date {
    Offset::UTC.to_datetime(instant(second_as_if_utc)).date()
}

#[cfg(test)]
mod tests;
