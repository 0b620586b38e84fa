//! Short constructors for the tests of the calendar.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::*;
use crate::TimeZoneName;

pub(super) const EVERY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

#[expect(clippy::disallowed_methods, reason = "tests use the database that the product reads through its port")]
pub(super) fn zone(name: &str) -> TimeZone {
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
    on_days(zone_name, &EVERY_DAY, intervals)
}

pub(super) fn on_days(zone_name: &str, days: &[Weekday], intervals: &str) -> WeeklyHours {
    let week = days
        .iter()
        .flat_map(|day| intervals.split_whitespace().map(|interval| (*day, local(interval))))
        .collect::<Vec<_>>();
    WeeklyHours::new(TimeZoneName::parse(zone_name).unwrap(), zone(zone_name), week).unwrap()
}

/// `2027-03-28T00:00:00Z/2027-03-28T01:00:00Z`
pub(super) fn interval(text: &str) -> Interval {
    let (start, end) = text.split_once('/').unwrap();
    Interval::new(at(start), at(end)).unwrap()
}

pub(super) fn busy(intervals: &[&str]) -> BusyTimes {
    BusyTimes::new(intervals.iter().map(|text| interval(text)))
}
