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

#[test]
fn closed_dates_last_from_midnight_to_midnight_in_the_zone_of_the_hours() {
    let berlin = zone("Europe/Berlin");
    let closed = |first: &str, last: &str| {
        let what = ScheduleException::closed_dates(first.parse().unwrap(), last.parse().unwrap()).unwrap();
        what.closed_interval(&berlin).map(|closed| (closed.start().to_string(), closed.end().to_string()))
    };
    let expected = |from: &str, until: &str| Some((from.to_owned(), until.to_owned()));
    assert_eq!(closed("2024-01-15", "2024-01-15"), expected("2024-01-14T23:00:00Z", "2024-01-15T23:00:00Z"));
    assert_eq!(closed("2024-03-31", "2024-04-01"), expected("2024-03-30T23:00:00Z", "2024-04-01T22:00:00Z"));
}

#[test]
fn a_changed_exception_keeps_its_kind_and_its_order() {
    use ScheduleExceptionChangeError::{Backwards, OtherKind};
    let date = |text: &str| Some(text.parse().unwrap());
    let dates = ScheduleException::closed_dates("2024-01-15".parse().unwrap(), "2024-01-16".parse().unwrap()).unwrap();
    let change = ScheduleExceptionChange { last: date("2024-01-20"), ..ScheduleExceptionChange::default() };
    let longer = ScheduleException::closed_dates("2024-01-15".parse().unwrap(), "2024-01-20".parse().unwrap()).unwrap();
    assert_eq!(change.apply(dates), Ok(longer));
    let back = ScheduleExceptionChange { first: date("2024-01-17"), ..ScheduleExceptionChange::default() };
    assert_eq!(back.apply(dates), Err(Backwards(ScheduleExceptionField::Last)));
    let other = ScheduleExceptionChange { start: Some(LocalTime::START_OF_DAY), ..change };
    assert_eq!(other.apply(dates), Err(OtherKind(ScheduleExceptionField::Start)));
    let hours = ScheduleException::ExtraHours { date: "2024-01-20".parse().unwrap(), hours: LocalTimeRange::WHOLE_DAY };
    let late = ScheduleExceptionChange { start: Some(LocalTime::END_OF_DAY), ..ScheduleExceptionChange::default() };
    assert_eq!(late.apply(hours), Err(Backwards(ScheduleExceptionField::End)));
    assert_eq!(ScheduleExceptionChange::default().apply(hours), Ok(hours));
}
