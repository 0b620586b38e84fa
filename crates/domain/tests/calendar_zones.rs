//! Compares the calendar with a naive one that examines each minute, around every transition in the time zone database
//! from 2024 to 2040, and with random hours, exceptions and bookings.
#![allow(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

use std::collections::{BTreeMap, BTreeSet};

use attune_domain::TimeZoneName;
use attune_domain::calendar::{
    AppointmentLength, BookingRules, BusyTimes, Interval, LocalTime, LocalTimeRange, RuleOverride, RuleSettings,
    ScheduleExceptions, Slot, SlotCalculator, SlotQuery, WeeklyHours, open_intervals,
};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY_MINUTES: i64 = 1_440;
/// The compared range around a transition: the night before it and the working day after it.
const BEFORE: i64 = 4 * HOUR;
const AFTER: i64 = 15 * HOUR;
/// The range of the naive calendar: includes the dates of all compared starts and the ends of their sessions.
const WATCHED_BEFORE: i64 = BEFORE + 27 * HOUR;
const WATCHED_AFTER: i64 = AFTER + 6 * HOUR;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A local time range in minutes of the day.
type MinuteRange = (i64, i64);

/// Hours and exceptions in a form that both calendars can use.
#[derive(Debug, Clone, Default)]
struct Plan {
    /// From Monday on, without overlaps.
    week: [Vec<MinuteRange>; 7],
    extra: Vec<(Date, MinuteRange)>,
    closed_hours: Vec<(Date, MinuteRange)>,
    closed_dates: Vec<(Date, Date)>,
    /// In Unix seconds, on whole minutes.
    closed_between: Vec<(i64, i64)>,
    /// In Unix seconds, on whole minutes.
    busy: Vec<(i64, i64)>,
    minutes: u32,
    buffer_minutes: u32,
    step_minutes: u32,
}

fn local((start, end): MinuteRange) -> LocalTimeRange {
    let time = |minutes: i64| LocalTime::from_minutes(u16::try_from(minutes).unwrap()).unwrap();
    LocalTimeRange::new(time(start), time(end)).unwrap()
}

fn interval((start, end): (i64, i64)) -> Interval {
    Interval::new(at(start), at(end)).unwrap()
}

impl Plan {
    fn hours(&self, zone: &TimeZone) -> WeeklyHours {
        let week = self.week.iter().zip(Weekday::Monday.cycle_forward());
        let week = week.flat_map(|(day, weekday)| day.iter().map(move |interval| (weekday, local(*interval))));
        WeeklyHours::new(TimeZoneName::parse("Test/Zone").unwrap(), zone.clone(), week).unwrap()
    }

    fn exceptions(&self) -> ScheduleExceptions {
        let mut exceptions = ScheduleExceptions::default();
        for (date, interval) in &self.extra {
            exceptions.add_hours(*date, local(*interval));
        }
        for (date, interval) in &self.closed_hours {
            exceptions.close_hours(*date, local(*interval));
        }
        for (first, last) in &self.closed_dates {
            exceptions.close_dates(*first, *last).unwrap();
        }
        for between in &self.closed_between {
            exceptions.close_between(interval(*between));
        }
        exceptions
    }

    /// All hours of a date, in the order in which their grids take precedence.
    fn hours_on(&self, date: Date) -> Vec<MinuteRange> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap();
        let mut hours = self.week[weekday].clone();
        hours.extend(self.extra.iter().filter(|(extra, _)| *extra == date).map(|(_, interval)| *interval));
        hours.sort_unstable();
        hours
    }
}

/// The local time of a zone in each minute around a centre.
struct Clock {
    start: i64,
    /// Date, minute of the day, and both as a number of minutes.
    local_minutes: Vec<(Date, i64, i64)>,
}

impl Clock {
    fn around(zone: &TimeZone, centre: i64) -> Self {
        let epoch = jiff::civil::date(1970, 1, 1);
        let mut last = (epoch, 0);
        let start = centre - WATCHED_BEFORE;
        let local_minutes = (0..(WATCHED_BEFORE + WATCHED_AFTER) / MINUTE)
            .map(|minute| {
                let local = zone.to_datetime(at(start + minute * MINUTE));
                let (date, of_day) = (local.date(), i64::from(local.hour()) * 60 + i64::from(local.minute()));
                assert_eq!(local.second(), 0, "the zone's offset has seconds");
                if last.0 != date {
                    last = (date, date.duration_since(epoch).as_hours() / 24);
                }
                (date, of_day, last.1 * DAY_MINUTES + of_day)
            })
            .collect();
        Self { start, local_minutes }
    }
}

/// The naive calendar: which minutes are open, and on which grid.
fn open_minutes(plan: &Plan, clock: &Clock) -> Vec<Option<i64>> {
    let mut latest = i64::MIN;
    // The hours of each date, and the first occurrence of each start.
    let mut hours: BTreeMap<Date, Vec<(MinuteRange, Option<i64>)>> = BTreeMap::new();
    let mut open = Vec::with_capacity(clock.local_minutes.len());
    for (&(date, of_day, local_minute), minute) in clock.local_minutes.iter().zip(0..) {
        let instant = clock.start + minute * MINUTE;
        let day = local_minute - of_day;
        let mut grid = None;
        let today =
            hours.entry(date).or_insert_with(|| plan.hours_on(date).into_iter().map(|range| (range, None)).collect());
        for ((start, end), first_occurrence) in today {
            if *start <= of_day && of_day < *end && latest < day + *end {
                let first = *first_occurrence.get_or_insert(instant);
                grid = grid.or(Some(first));
            }
        }
        latest = latest.max(local_minute);
        let closed = plan.closed_dates.iter().any(|(first, last)| (*first..=*last).contains(&date))
            || plan.closed_hours.iter().any(|(on, (start, end))| *on == date && (*start..*end).contains(&of_day))
            || plan.closed_between.iter().any(|(start, end)| (*start..*end).contains(&instant));
        open.push(grid.filter(|_| !closed));
    }
    open
}

/// The compared minutes, as indexes of `local_minutes`.
fn compared() -> std::ops::Range<usize> {
    let minute = |seconds: i64| usize::try_from(seconds / MINUTE).unwrap();
    minute(WATCHED_BEFORE - BEFORE)..minute(WATCHED_BEFORE + AFTER)
}

/// The starts that the naive calendar offers.
fn naive_slots(plan: &Plan, clock: &Clock, open: &[Option<i64>], centre: i64) -> Vec<i64> {
    let mut busy = vec![false; open.len()];
    for (start, end) in &plan.busy {
        for instant in (*start..*end).step_by(60) {
            if let Some(minute) = usize::try_from((instant - clock.start) / MINUTE).ok().filter(|m| *m < busy.len()) {
                busy[minute] = true;
            }
        }
    }
    let length = usize::try_from(plan.minutes).unwrap();
    let occupied = length + usize::try_from(plan.buffer_minutes).unwrap();
    let step = i64::from(plan.step_minutes) * MINUTE;
    compared()
        .zip((centre - BEFORE..).step_by(60))
        .filter(|(minute, instant)| {
            open[*minute].is_some_and(|grid| (instant - grid) % step == 0)
                && open[*minute..*minute + length].iter().all(Option::is_some)
                && !busy[*minute..*minute + occupied].contains(&true)
        })
        .map(|(_, instant)| instant)
        .collect()
}

/// Compares both calendars around an instant and returns the number of slots.
fn compare(zone: &TimeZone, plan: &Plan, clock: &Clock, centre: i64, what: &str) -> usize {
    let (hours, exceptions) = (plan.hours(zone), plan.exceptions());
    let expected = open_minutes(plan, clock);

    let open = open_intervals(&hours, &exceptions, at(centre - BEFORE), at(centre + AFTER));
    assert!(
        open.windows(2).all(|pair| pair[0].end <= pair[1].start),
        "{what}: in order and without overlaps: {open:?}"
    );
    let mut found = vec![None; expected.len()];
    for interval in &open {
        assert!(interval.start < interval.end, "{what}: {interval:?} is empty");
        for instant in (interval.start.as_second()..interval.end.as_second()).step_by(60) {
            let minute = usize::try_from((instant - clock.start) / MINUTE).unwrap();
            if let Some(local_minute) = clock.local_minutes.get(minute) {
                assert_eq!(local_minute.0, interval.date, "{what}: the date of {interval:?}");
                found[minute] = Some(interval.grid_from.as_second());
            }
        }
    }
    if found[compared()] != expected[compared()] {
        let minute = compared().find(|minute| found[*minute] != expected[*minute]).unwrap();
        let instant = at(clock.start + i64::try_from(minute).unwrap() * MINUTE);
        let local_minute = clock.local_minutes[minute];
        panic!(
            "{what}: at {instant}, {local_minute:?}, open on the grid of {:?} instead of {:?}: {plan:?}",
            found[minute], expected[minute]
        );
    }

    let rules = RuleSettings { step_minutes: plan.step_minutes, ..RuleSettings::default() };
    let calendar = SlotCalculator {
        hours: &hours,
        exceptions: &exceptions,
        rules: &BookingRules::new(rules).unwrap(),
        busy: &BusyTimes::new(plan.busy.iter().map(|booking| interval(*booking))),
        length: AppointmentLength::new(plan.minutes, plan.buffer_minutes).unwrap(),
        now: at(centre - 3 * 24 * HOUR),
    };
    let query = SlotQuery::new(at(centre - BEFORE), at(centre + AFTER), zone.clone()).unwrap();
    let availability = calendar.availability(&query);
    let mut offered: Vec<Slot> = Vec::new();
    for (date, slots) in &availability.slots {
        for slot in slots {
            assert_eq!(zone.to_datetime(slot.start).date(), *date, "{what}: {slot:?} is under its date");
            assert_eq!(
                slot.end.duration_since(slot.start),
                SignedDuration::from_mins(i64::from(plan.minutes)),
                "{what}"
            );
        }
        for slot in slots.first().into_iter().chain(slots.last()) {
            assert_eq!(calendar.check_slot(slot.start, RuleOverride::None), Ok(*slot), "{what}: offered and accepted");
        }
        offered.extend(slots);
    }
    // A fold across midnight repeats the earlier date.
    offered.sort_unstable();
    let offered: Vec<i64> = offered.into_iter().map(|slot| slot.start.as_second()).collect();
    assert_eq!(offered, naive_slots(plan, clock, &expected, centre), "{what}: {plan:?}");
    if let Some(first) = offered.first() {
        assert_eq!(availability.next_available, Some(at(*first)), "{what}");
        assert_eq!(calendar.first_free_after(query.from()), Some(at(*first)), "{what}");
    }
    offered.len()
}

/// Plans for a transition: long hours, office hours, and hours that start and end within the skipped or repeated time.
fn plans_around(change: i64, before: i64, after: i64) -> Vec<Plan> {
    let middle = ((change + (before + after) / 2) / MINUTE).rem_euclid(DAY_MINUTES);
    let weeks: [&[MinuteRange]; 6] = [
        &[(0, DAY_MINUTES)],
        &[(9 * 60, 12 * 60), (13 * 60, 17 * 60)],
        &[(middle - 200, middle), (middle, middle + 200)],
        &[(middle - 7, middle + 131)],
        &[(middle - 131, middle + 7)],
        &[(middle - 20, middle + 10), (middle + 15, middle + 30)],
    ];
    let lengths = [(50, 10, 15), (25, 5, 10), (60, 0, 60)];
    let busy = vec![
        (change - 120 * MINUTE, change - 75 * MINUTE),
        (change - 20 * MINUTE, change + 15 * MINUTE),
        (change + 75 * MINUTE, change + 130 * MINUTE),
        (change + 130 * MINUTE, change + 131 * MINUTE),
    ];
    weeks
        .iter()
        .zip(lengths.iter().cycle())
        .enumerate()
        .map(|(index, (week, (minutes, buffer_minutes, step_minutes)))| {
            let clamped = week.iter().map(|(start, end)| ((*start).max(0), (*end).min(DAY_MINUTES)));
            let day: Vec<MinuteRange> = clamped.filter(|(start, end)| start < end).collect();
            Plan {
                week: std::array::from_fn(|_| day.clone()),
                busy: if index % 2 == 0 { Vec::new() } else { busy.clone() },
                minutes: *minutes,
                buffer_minutes: *buffer_minutes,
                step_minutes: *step_minutes,
                ..Plan::default()
            }
        })
        .collect()
}

/// Every zone of the database.
fn zones() -> Vec<(String, TimeZone)> {
    let names = jiff::tz::db().available().map(|name| name.to_string());
    let zones: Vec<_> = names.filter_map(|name| Some((name.clone(), jiff::tz::db().get(&name).ok()?))).collect();
    assert!(zones.len() > 400, "only {} zones: is there a time zone database?", zones.len());
    zones
}

/// Instant, offset before and offset after of each transition of a zone from 2024 to 2040.
fn changes(zone: &TimeZone) -> Vec<(i64, i64, i64)> {
    let (from, until): (Timestamp, Timestamp) =
        ("2024-01-01T00:00:00Z".parse().unwrap(), "2041-01-01T00:00:00Z".parse().unwrap());
    let mut before = i64::from(zone.to_offset(from).seconds());
    let mut found = Vec::new();
    for change in zone.following(from).take_while(|change| change.timestamp() < until) {
        let after = i64::from(change.offset().seconds());
        if after != before {
            found.push((change.timestamp().as_second(), before, after));
        }
        before = after;
    }
    found
}

#[test]
fn every_transition_of_every_zone() {
    // Zones with the same transitions are compared once.
    let mut seen: BTreeSet<Vec<(i64, i64, i64)>> = BTreeSet::new();
    let mut steady: BTreeSet<i64> = BTreeSet::new();
    let (mut compared_transitions, mut slots) = (0, 0);
    for (name, zone) in zones() {
        let changes = changes(&zone);
        if changes.is_empty() {
            let centre = 1_806_192_000;
            let offset = i64::from(zone.to_offset(at(centre)).seconds());
            if steady.insert(offset) {
                let clock = Clock::around(&zone, centre);
                for plan in plans_around(centre, offset, offset) {
                    slots += compare(&zone, &plan, &clock, centre, &name);
                }
            }
        }
        for (change, before, after) in &changes {
            let near = changes.iter().filter(|(other, ..)| (other - change).abs() < 4 * 24 * HOUR).copied().collect();
            if seen.insert(near) {
                compared_transitions += 1;
                let clock = Clock::around(&zone, *change);
                let what = format!("{name} at {}", at(*change));
                for plan in plans_around(*change, *before, *after) {
                    slots += compare(&zone, &plan, &clock, *change, &what);
                }
            }
        }
    }
    assert!(
        compared_transitions > 300 && slots > 20_000,
        "only {compared_transitions} changes with {slots} slots were compared"
    );
}

#[test]
fn skipped_days_and_transitions_at_midnight() {
    for (name, change) in [
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("America/Havana", "2026-11-01T05:00:00Z"),
        ("Asia/Beirut", "2026-10-24T21:00:00Z"),
        ("America/Nuuk", "2026-03-29T01:00:00Z"),
        ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ] {
        let zone = jiff::tz::db().get(name).unwrap();
        let change = change.parse::<Timestamp>().unwrap().as_second();
        let offset = |second| i64::from(zone.to_offset(at(second)).seconds());
        assert_ne!(offset(change - 1), offset(change), "{name} has a transition then");
        let clock = Clock::around(&zone, change);
        for plan in plans_around(change, offset(change - 1), offset(change)) {
            compare(&zone, &plan, &clock, change, name);
        }
    }
}

fn any_range() -> impl Strategy<Value = MinuteRange> {
    (0..DAY_MINUTES, 1..=400_i64).prop_map(|(start, minutes)| (start, (start + minutes).min(DAY_MINUTES)))
}

fn any_day() -> impl Strategy<Value = Vec<MinuteRange>> {
    prop_oneof![
        1 => Just(vec![(0, DAY_MINUTES)]),
        4 => prop::collection::btree_set(0..=DAY_MINUTES, 0..8).prop_map(|marks| {
            let marks: Vec<i64> = marks.into_iter().collect();
            marks.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
        }),
        2 => prop::collection::btree_set(0..=DAY_MINUTES, 0..6).prop_map(|marks| {
            let marks: Vec<i64> = marks.into_iter().collect();
            marks.windows(2).map(|pair| (pair[0], pair[1])).collect()
        }),
    ]
}

/// A range in minutes from the centre.
fn any_between() -> impl Strategy<Value = (i64, i64)> {
    (-1_000..1_000_i64, 1..=180_i64).prop_map(|(start, minutes)| (start, start + minutes))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_calendars(
        zone in prop::sample::select(zones()),
        which in any::<prop::sample::Index>(),
        shift in -20 * 60..20 * 60_i64,
        week in prop::array::uniform7(any_day()),
        extra in prop::collection::vec((-1..=1_i32, any_range()), 0..4),
        closed_hours in prop::collection::vec((-1..=1_i32, any_range()), 0..4),
        closed_dates in prop::collection::vec((-1..=1_i32, 0..=1_i32), 0..2),
        closed_between in prop::collection::vec(any_between(), 0..3),
        busy in prop::collection::vec(any_between(), 0..8),
        (minutes, buffer_minutes, step_minutes) in (1..=240_u32, 0..=60_u32, 5..=120_u32),
    ) {
        let (name, zone) = zone;
        let changes = changes(&zone);
        let change = if changes.is_empty() { 1_806_192_000 } else { which.get(&changes).0 };
        let centre = change + shift * MINUTE;
        let today = zone.to_datetime(at(centre)).date();
        let day = |days: i32| today.saturating_add(jiff::Span::new().days(days));
        let instants = |(start, end): (i64, i64)| (centre + start * MINUTE, centre + end * MINUTE);
        let plan = Plan {
            week,
            extra: extra.into_iter().map(|(days, range)| (day(days), range)).collect(),
            closed_hours: closed_hours.into_iter().map(|(days, range)| (day(days), range)).collect(),
                closed_dates: closed_dates.into_iter().map(|(first, more)| (day(2 * first + 1), day(2 * first + 1 + more))).collect(),
            closed_between: closed_between.into_iter().map(instants).collect(),
            busy: busy.into_iter().map(instants).collect(),
            minutes,
            buffer_minutes,
            step_minutes,
        };
        compare(&zone, &plan, &Clock::around(&zone, centre), centre, &name);
    }
}
