use jiff::SignedDuration;

use super::super::fixtures::*;
use super::*;

/// The open intervals on one local date.
fn on(hours: &WeeklyHours, exceptions: &ScheduleExceptions, day: &str) -> Vec<OpenInterval> {
    let day = date(day);
    let until = start_of(day.tomorrow().unwrap(), hours.zone());
    let mut open = open_intervals(hours, exceptions, start_of(day, hours.zone()), until);
    open.retain(|interval| interval.date == day);
    open
}

fn plain(hours: &WeeklyHours, day: &str) -> String {
    texts(&on(hours, &ScheduleExceptions::default(), day))
}

#[test]
fn hours_become_instants() {
    const BERLIN: &str = "Europe/Berlin";
    let table = [
        ("a day without transition", BERLIN, "2027-01-11", "09:00-17:00", "2027-01-11T08:00/16:00"),
        ("a summer's day", BERLIN, "2027-07-12", "09:00-17:00", "2027-07-12T07:00/15:00"),
        (
            "two intervals",
            BERLIN,
            "2027-01-11",
            "13:00-17:00 09:00-12:00",
            "2027-01-11T08:00/11:00 2027-01-11T12:00/16:00",
        ),
        ("until midnight", BERLIN, "2027-01-11", "20:00-24:00", "2027-01-11T19:00/23:00"),
        ("a whole day", BERLIN, "2027-01-11", "00:00-24:00", "2027-01-10T23:00/2027-01-11T23:00"),
        ("a day of 23 hours", BERLIN, "2027-03-28", "00:00-24:00", "2027-03-27T23:00/2027-03-28T22:00"),
        ("a day of 25 hours", BERLIN, "2027-10-31", "00:00-24:00", "2027-10-30T22:00/2027-10-31T23:00"),
        ("across a gap", BERLIN, "2027-03-28", "01:00-04:00", "2027-03-28T00:00/02:00"),
        ("inside a gap", BERLIN, "2027-03-28", "02:00-03:00", ""),
        ("from inside a gap", BERLIN, "2027-03-28", "02:30-06:00", "2027-03-28T01:00/04:00"),
        ("into a gap", BERLIN, "2027-03-28", "01:00-02:30", "2027-03-28T00:00/01:00"),
        ("across a fold", BERLIN, "2027-10-31", "01:00-04:00", "2027-10-30T23:00/2027-10-31T03:00"),
        ("all of a fold", BERLIN, "2027-10-31", "02:00-03:00", "2027-10-31T00:00/02:00"),
        ("inside a fold", BERLIN, "2027-10-31", "02:10-02:30", "2027-10-31T00:10/00:30"),
        ("into a fold", BERLIN, "2027-10-31", "01:00-02:30", "2027-10-30T23:00/2027-10-31T00:30"),
        ("from inside a fold", BERLIN, "2027-10-31", "02:30-06:00", "2027-10-31T00:30/01:00 2027-10-31T01:30/05:00"),
        ("New York on the first day of DST", "America/New_York", "2026-03-08", "13:00-18:00", "2026-03-08T17:00/22:00"),
        ("and a week before", "America/New_York", "2026-03-01", "13:00-18:00", "2026-03-01T18:00/23:00"),
        ("Lord Howe skips half an hour", "Australia/Lord_Howe", "2026-10-04", "01:00-03:00", "2026-10-03T14:30/16:00"),
        (
            "Lord Howe repeats half an hour",
            "Australia/Lord_Howe",
            "2027-04-04",
            "01:00-03:00",
            "2027-04-03T14:00/16:30",
        ),
        ("Kathmandu", "Asia/Kathmandu", "2027-01-11", "09:00-17:00", "2027-01-11T03:15/11:15"),
        (
            "Apia before it skipped a day",
            "Pacific/Apia",
            "2011-12-29",
            "09:00-24:00",
            "2011-12-29T19:00/2011-12-30T10:00",
        ),
        ("the day that was skipped", "Pacific/Apia", "2011-12-30", "09:00-17:00", ""),
        ("and the day after", "Pacific/Apia", "2011-12-31", "00:00-17:00", "2011-12-30T10:00/2011-12-31T03:00"),
        ("a fold across midnight", "America/Nuuk", "2026-10-24", "22:30-24:00", "2026-10-24T23:30/2026-10-25T02:00"),
        ("a gap across midnight", "America/Nuuk", "2026-03-28", "21:00-24:00", "2026-03-28T23:00/2026-03-29T01:00"),
    ];
    for (what, zone, day, intervals, expected) in table {
        assert_eq!(plain(&daily(zone, intervals), day), expected, "{what}");
    }
}

#[test]
fn hours_follow_the_time_zone_database_at_hand() {
    // British Columbia stays on -07:00 from November 2026 on, which older databases do not know.
    let hours = daily("America/Vancouver", "09:00-17:00");
    let open = on(&hours, &ScheduleExceptions::default(), "2026-12-15");
    assert_eq!(open.len(), 1);
    assert_eq!(hours.zone().to_datetime(open[0].start), date("2026-12-15").at(9, 0, 0, 0));
    assert_eq!(hours.zone().to_datetime(open[0].end), date("2026-12-15").at(17, 0, 0, 0));
    let offset = hours.zone().to_offset(at("2026-12-15T12:00:00Z"));
    let expected = if offset == jiff::tz::offset(-7) {
        "2026-12-15T16:00/2026-12-16T00:00"
    } else {
        "2026-12-15T17:00/2026-12-16T01:00"
    };
    assert_eq!(texts(&open), expected);
}

#[test]
fn hours_until_midnight_are_adjacent_to_the_next_day() {
    let hours = daily("Europe/Berlin", "00:00-02:00 22:00-24:00");
    let open =
        open_intervals(&hours, &ScheduleExceptions::default(), at("2027-01-11T20:00:00Z"), at("2027-01-12T01:00:00Z"));
    assert_eq!(texts(&open), "2027-01-11T21:00/23:00 2027-01-11T23:00/2027-01-12T01:00");
    assert_eq!(open.iter().map(|interval| interval.date.to_string()).collect::<Vec<_>>(), ["2027-01-11", "2027-01-12"]);
}

#[test]
fn intervals_are_not_cut_at_the_queried_range() {
    let hours = daily("Europe/Berlin", "09:00-12:00");
    let whole = "2027-01-11T08:00/11:00";
    let open = |from, until| texts(&open_intervals(&hours, &ScheduleExceptions::default(), at(from), at(until)));
    assert_eq!(open("2027-01-11T09:07:00Z", "2027-01-11T09:08:00Z"), whole);
    assert_eq!(open("2027-01-11T10:59:59.5Z", "2027-01-11T11:00:00Z"), whole);
    assert_eq!(open("2027-01-11T07:00:00Z", "2027-01-11T08:00:00.001Z"), whole);
    assert!(open("2027-01-11T11:00:00Z", "2027-01-12T08:00:00Z").is_empty(), "between two days");
    assert!(open("2027-01-11T09:00:00Z", "2027-01-11T09:00:00Z").is_empty(), "an empty range");
    assert!(open("2027-01-11T10:00:00Z", "2027-01-11T09:00:00Z").is_empty(), "backwards");
}

#[test]
fn exceptions_close_and_add_hours() {
    let hours = daily("Europe/Berlin", "09:00-12:00");
    let mut exceptions = ScheduleExceptions::default();
    exceptions.close_dates(date("2027-01-11"), date("2027-01-12")).unwrap();
    exceptions.close_hours(date("2027-01-13"), local("10:00-10:20"));
    exceptions.close_hours(date("2027-01-13"), local("08:00-09:10"));
    exceptions.close_between(interval("2027-01-14T09:30/2027-01-15T09:00"));
    exceptions.close_between(interval("2027-01-14T10:30/10:40"));
    exceptions.add_hours(date("2027-01-16"), local("14:00-16:00"));
    exceptions.add_hours(date("2027-01-17"), local("08:30-09:30"));
    exceptions.add_hours(date("2027-01-17"), local("11:30-13:00"));
    exceptions.add_hours(date("2027-01-12"), local("14:00-16:00"));
    let table = [
        ("2027-01-10", "nothing special", "2027-01-10T08:00/11:00"),
        ("2027-01-11", "closed", ""),
        ("2027-01-12", "a closed date stays closed despite extra hours", ""),
        ("2027-01-13", "closed hours split the day", "2027-01-13T08:10/09:00 2027-01-13T09:20/11:00"),
        ("2027-01-14", "closed from an instant", "2027-01-14T08:00/09:30"),
        ("2027-01-15", "until another", "2027-01-15T09:00/11:00"),
        ("2027-01-16", "extra hours", "2027-01-16T08:00/11:00 2027-01-16T13:00/15:00"),
        (
            "2027-01-17",
            "extra hours that overlap the weekly hours",
            "2027-01-17T07:30/08:30 2027-01-17T08:30/11:00 2027-01-17T11:00/12:00",
        ),
    ];
    for (day, what, expected) in table {
        assert_eq!(texts(&on(&hours, &exceptions, day)), expected, "{what}");
    }
    let grid = |day| on(&hours, &exceptions, day).iter().map(|i| i.grid_from.to_string()).collect::<Vec<_>>();
    assert_eq!(grid("2027-01-13"), ["2027-01-13T08:00:00Z"; 2], "a closure does not move the grid");
    assert_eq!(grid("2027-01-17"), ["2027-01-17T07:30:00Z", "2027-01-17T08:00:00Z", "2027-01-17T10:30:00Z"]);
}

#[test]
fn closed_hours_are_closed_at_both_occurrences() {
    let hours = daily("Europe/Berlin", "01:00-04:00");
    let mut exceptions = ScheduleExceptions::default();
    exceptions.close_hours(date("2027-10-31"), local("02:15-02:30"));
    assert_eq!(
        texts(&on(&hours, &exceptions, "2027-10-31")),
        "2027-10-30T23:00/2027-10-31T00:15 2027-10-31T00:30/01:15 2027-10-31T01:30/03:00"
    );
}

#[test]
fn closed_dates_are_dates_of_the_hours_zone() {
    let hours = daily("Pacific/Auckland", "00:00-24:00");
    let mut exceptions = ScheduleExceptions::default();
    exceptions.close_dates(date("2027-06-15"), date("2027-06-15")).unwrap();
    let open = open_intervals(&hours, &exceptions, at("2027-06-13T12:00:00Z"), at("2027-06-16T12:00:00Z"));
    assert_eq!(texts(&open), "2027-06-13T12:00/2027-06-14T12:00 2027-06-15T12:00/2027-06-16T12:00");
}

#[test]
fn a_date_starts_at_its_first_instant() {
    let start = |day, name| start_of(date(day), &zone(name)).to_string();
    assert_eq!(start("2027-01-11", "Europe/Berlin"), "2027-01-10T23:00:00Z");
    assert_eq!(start("2026-03-29", "America/Nuuk"), "2026-03-29T01:00:00Z", "a gap that ends at 00:00");
    assert_eq!(start("2026-10-25", "America/Nuuk"), "2026-10-25T02:00:00Z", "a fold just before 00:00");
    assert_eq!(start("2018-11-04", "America/Sao_Paulo"), "2018-11-04T03:00:00Z", "a gap across 00:00");
    assert_eq!(start("2011-12-30", "Pacific/Apia"), "2011-12-30T10:00:00Z", "the skipped date");
    assert_eq!(start("2011-12-31", "Pacific/Apia"), "2011-12-30T10:00:00Z");
}

#[test]
fn extreme_instants_do_not_panic() {
    let hours = daily("Pacific/Apia", "00:00-24:00");
    let mut exceptions = ScheduleExceptions::default();
    exceptions.close_between(Interval::new(Timestamp::MIN, Timestamp::MAX).unwrap());
    let day = SignedDuration::from_hours(24);
    for (from, until) in [
        (Timestamp::MIN, Timestamp::MIN + day),
        (Timestamp::MAX - day, Timestamp::MAX),
        (Timestamp::MIN, Timestamp::MIN),
    ] {
        assert!(open_intervals(&hours, &exceptions, from, until).is_empty());
        for interval in open_intervals(&hours, &ScheduleExceptions::default(), from, until) {
            assert!(interval.start < interval.end);
        }
    }
}

#[test]
fn pieces_are_joined_and_subtracted() {
    let piece = |start, end| Piece { start, end };
    let joined = coalesce(vec![piece(5, 7), piece(1, 3), piece(2, 4), piece(7, 9), piece(1, 2), piece(10, 11)]);
    assert_eq!(joined, [piece(1, 4), piece(5, 9), piece(10, 11)]);
    let day = date("2027-01-11");
    let open = |pieces: &[(i64, i64)]| {
        pieces
            .iter()
            .map(|(start, end)| Opening { time: piece(*start, *end), grid_from: 0, date: day })
            .collect::<Vec<_>>()
    };
    let remaining = subtract(open(&[(0, 2), (2, 5), (6, 9), (12, 14), (14, 15)]), &joined);
    assert_eq!(
        remaining.iter().map(|o| o.time).collect::<Vec<_>>(),
        [piece(0, 1), piece(4, 5), piece(12, 14), piece(14, 15)]
    );
}
