//! Dates and times.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::Phrases;

/// An instant in a time zone, here in English. The offset distinguishes the two instants of a repeated hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    /// `Monday, 15 January 2024`
    pub date: String,
    /// `15 January`
    pub short_date: String,
    /// `Monday, 15 January`
    pub day: String,
    /// `10:00`
    pub time: String,
    /// `Europe/Berlin`, or the offset where the zone has no name.
    pub zone: String,
    /// `UTC+01:00`
    pub offset: String,
    /// `Europe/Berlin, UTC+01:00`
    pub place: String,
    /// `Monday, 15 January 2024 at 10:00`
    pub date_and_time: String,
    /// `Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)`
    pub full: String,
}

impl Phrases<'_> {
    /// An instant as people in this time zone read it.
    pub fn local_time(&self, instant: Timestamp, zone: &TimeZone) -> LocalTime {
        let local = instant.to_zoned(zone.clone());
        // A number, because French has a word of its own for the first of a month.
        let day = u32::from(local.day().unsigned_abs());
        let year = local.year().to_string();
        let (weekday, month) = (self.weekday(local.weekday()), self.month_name(local.month()));
        let parts =
            [("weekday", (&weekday).into()), ("day", day.into()), ("month", (&month).into()), ("year", (&year).into())];
        let date = self.text_with("date", &parts);
        let short_date = self.text_with("short-date", &parts[1..3]);
        let day = self.text_with("weekday-and-date", &[parts[0], ("date", (&short_date).into())]);
        let time = local.strftime("%H:%M").to_string();
        let offset = format!("UTC{}", local.strftime("%:z"));
        let name = zone.iana_name().filter(|_| !zone.is_unknown());
        let place = match name {
            Some("UTC") | None => offset.clone(),
            Some(name) => format!("{name}, {offset}"),
        };
        let zone = name.unwrap_or(&offset).to_owned();
        let date_and_time = self.text_with("date-and-time", &[("date", (&date).into()), ("time", (&time).into())]);
        let full = format!("{date_and_time} ({place})");
        LocalTime { date, short_date, day, time, zone, offset, place, date_and_time, full }
    }

    /// `Monday`
    pub fn weekday(&self, weekday: Weekday) -> String {
        self.text(WEEKDAYS[usize::from(weekday.to_monday_zero_offset().unsigned_abs())])
    }

    /// `January 2024`
    pub fn month(&self, date: Date) -> String {
        let (month, year) = (self.month_name(date.month()), date.year().to_string());
        self.text_with("month-and-year", &[("month", (&month).into()), ("year", (&year).into())])
    }

    fn month_name(&self, month: i8) -> String {
        self.text(MONTHS[usize::from((month - 1).unsigned_abs())])
    }
}

const WEEKDAYS: [&str; 7] = [
    "weekdays.monday",
    "weekdays.tuesday",
    "weekdays.wednesday",
    "weekdays.thursday",
    "weekdays.friday",
    "weekdays.saturday",
    "weekdays.sunday",
];

const MONTHS: [&str; 12] = [
    "months.january",
    "months.february",
    "months.march",
    "months.april",
    "months.may",
    "months.june",
    "months.july",
    "months.august",
    "months.september",
    "months.october",
    "months.november",
    "months.december",
];
