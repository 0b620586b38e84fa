//! The availability of 31 days among 500 bookings. Upper limit: 2 ms.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use attune_domain::TimeZoneName;
use attune_domain::calendar::{
    AppointmentLength, BookingRules, BusyTimes, Interval, LocalTime, LocalTimeRange, RuleOverride, RuleSettings,
    ScheduleExceptions, SlotCalculator, SlotQuery, WeeklyHours,
};
use criterion::Criterion;
use jiff::civil::{Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

fn hours(intervals: &[(&str, &str)]) -> WeeklyHours {
    #[expect(clippy::disallowed_methods, reason = "a benchmark needs a zone with real rules")]
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let week = Weekday::Monday.cycle_forward().take(7).flat_map(|weekday| {
        intervals.iter().map(move |(start, end)| {
            (weekday, LocalTimeRange::new(LocalTime::parse(start).unwrap(), LocalTime::parse(end).unwrap()).unwrap())
        })
    });
    WeeklyHours::new(TimeZoneName::parse("Europe/Berlin").unwrap(), zone, week).unwrap()
}

/// Bookings of 60 minutes with their buffer, spread evenly over the range.
fn bookings(query: &SlotQuery, count: i32) -> Vec<Interval> {
    let distance = query.until().duration_since(query.from()) / count;
    let hour = SignedDuration::from_hours(1);
    (0..count)
        .map(|index| {
            let start = query.from() + distance * index;
            Interval::new(start, start + hour).unwrap()
        })
        .collect()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    #[expect(clippy::disallowed_methods, reason = "a benchmark needs a zone with real rules")]
    let zone = TimeZone::get("America/New_York").unwrap();
    // A month with a transition in both zones.
    let query = SlotQuery::of_dates(date(2027, 10, 15), date(2027, 11, 14), zone).unwrap();
    let bookings = bookings(&query, 500);
    let mut exceptions = ScheduleExceptions::default();
    exceptions.close_dates(date(2027, 10, 25), date(2027, 10, 26)).unwrap();
    let office = hours(&[("09:00", "12:00"), ("13:00", "18:00")]);
    let always = hours(&[("00:00", "24:00")]);
    let usual = BookingRules::new(RuleSettings { daily_limit: Some(20), ..RuleSettings::default() }).unwrap();
    let finest = BookingRules::new(RuleSettings { step_minutes: 5, ..RuleSettings::default() }).unwrap();
    let no_bookings = BusyTimes::default();
    let busy = BusyTimes::new(bookings.iter().copied());
    let office = SlotCalculator {
        hours: &office,
        exceptions: &exceptions,
        rules: &usual,
        busy: &busy,
        length: AppointmentLength::new(50, 10).unwrap(),
        now: at("2027-10-01T00:00:00Z"),
    };
    let widest = SlotCalculator { hours: &always, rules: &finest, busy: &no_bookings, ..office };
    let closed_for_ever = {
        let mut closed = ScheduleExceptions::default();
        closed.close_dates(date(2027, 1, 1), date(2030, 1, 1)).unwrap();
        closed
    };
    let closed = SlotCalculator { exceptions: &closed_for_ever, ..office };

    let mut group = criterion.benchmark_group("calendar");
    group.bench_function("31 days, 500 bookings", |bench| {
        bench.iter(|| {
            let busy = BusyTimes::new(black_box(&bookings).iter().copied());
            SlotCalculator { busy: &busy, ..office }.availability(black_box(&query))
        });
    });
    group.bench_function("31 days open all day, every 5 minutes, without bookings", |bench| {
        bench.iter(|| widest.availability(black_box(&query)));
    });
    group.bench_function("no free slot for a year", |bench| {
        bench.iter(|| closed.first_free_after(black_box(query.from())));
    });
    group.bench_function("one requested time", |bench| {
        bench.iter(|| office.check_slot(black_box(at("2027-11-02T09:00:00Z")), RuleOverride::None));
    });
    group.finish();
    criterion.final_summary();
}
