use super::*;
use crate::calendar::fixtures::{at, date, local, texts, zone};
use crate::calendar::open_intervals;

fn open(exceptions: &[ScheduleException], from: &str, until: &str) -> String {
    let name = TimeZoneName::parse("Europe/Berlin").unwrap();
    let hours = WeeklySchedule::every_day(name, local("07:00-21:00")).hours(zone("Europe/Berlin")).unwrap();
    let exceptions: ScheduleExceptions = exceptions.iter().copied().collect();
    texts(&open_intervals(&hours, &exceptions, at(from), at(until)))
}

#[test]
fn the_same_hours_on_every_day() {
    let week = open(&[], "2024-01-15T00:00:00Z", "2024-01-22T00:00:00Z");
    let days: Vec<String> = (15..22).map(|day| format!("2024-01-{day}T06:00/20:00")).collect();
    assert_eq!(week, days.join(" "));
}

#[test]
fn exceptions_close_and_add_hours() {
    let exceptions = [
        ScheduleException::closed_dates(date("2024-01-15"), date("2024-01-16")).unwrap(),
        ScheduleException::closed_period(at("2024-01-17T00:00:00Z"), at("2024-01-17T12:00:00Z")).unwrap(),
        ScheduleException::ExtraHours { date: date("2024-01-18"), hours: local("22:00-23:00") },
    ];
    assert_eq!(
        open(&exceptions, "2024-01-15T00:00:00Z", "2024-01-19T00:00:00Z"),
        "2024-01-17T12:00/20:00 2024-01-18T06:00/20:00 2024-01-18T21:00/22:00"
    );
}

#[test]
fn exceptions_that_end_before_their_start_are_refused() {
    assert_eq!(
        ScheduleException::closed_dates(date("2024-01-16"), date("2024-01-15")),
        Err(ScheduleExceptionError::Dates(InvalidDateRange))
    );
    let now = at("2024-01-15T00:00:00Z");
    assert_eq!(ScheduleException::closed_period(now, now), Err(ScheduleExceptionError::Empty(EmptyRange)));
}
