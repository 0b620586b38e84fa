//! Short constructors for the tests of the calendar.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::*;
use crate::TimeZoneName;

pub(super) fn every_day() -> Vec<Weekday> {
    Weekday::Monday.cycle_forward().take(7).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests use the database that the product reads through its port")]
pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

pub(super) fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

pub(super) fn date(date: &str) -> Date {
    date.parse().unwrap()
}

/// `09:00-12:00`
pub(super) fn local(interval: &str) -> LocalTimeRange {
    let (start, end) = interval.split_once('-').unwrap();
    LocalTimeRange::new(LocalTime::parse(start).unwrap(), LocalTime::parse(end).unwrap()).unwrap()
}

/// The intervals, separated by blanks, on every day of the week.
pub(super) fn daily(zone_name: &str, intervals: &str) -> WeeklyHours {
    on_days(zone_name, &every_day(), intervals)
}

pub(super) fn on_days(zone_name: &str, days: &[Weekday], intervals: &str) -> WeeklyHours {
    let week = days.iter().flat_map(|day| intervals.split_whitespace().map(|interval| (*day, local(interval))));
    WeeklyHours::new(TimeZoneName::parse(zone_name).unwrap(), zone(zone_name), week).unwrap()
}

/// Reads `2027-03-28T00:00/01:00` or `2027-03-28T23:00/2027-03-29T01:00`, in UTC.
pub(super) fn interval(text: &str) -> Interval {
    let (start, end) = text.split_once('/').unwrap();
    let (date, _) = start.split_once('T').unwrap();
    let end = if end.contains('T') { end.to_owned() } else { format!("{date}T{end}") };
    Interval::new(at(&format!("{start}Z")), at(&format!("{end}Z"))).unwrap()
}

/// The intervals in the format of [`interval`], separated by blanks.
pub(super) fn texts(open: &[OpenInterval]) -> String {
    let short = |instant: Timestamp| {
        let text = instant.to_string();
        text.strip_suffix(":00Z").or(text.strip_suffix('Z')).unwrap().to_owned()
    };
    let text = |interval: &OpenInterval| {
        let (start, end) = (short(interval.start), short(interval.end));
        let (date, _) = start.split_at(start.find('T').unwrap() + 1);
        format!("{start}/{}", end.strip_prefix(date).unwrap_or(&end))
    };
    open.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// Bookings in the format of [`interval`], separated by blanks.
pub(super) fn busy(intervals: &str) -> BusyTimes {
    BusyTimes::new(intervals.split_whitespace().map(interval))
}
