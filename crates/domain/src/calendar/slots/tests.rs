use jiff::civil::Weekday;

use super::super::fixtures::*;
use super::super::{RuleSettings, open_intervals};
use super::*;

/// A practice in Berlin on Monday 2027-01-11 at 07:00Z (08:00 local time): every day 09:00–12:00, sessions of 50 minutes
/// with a buffer of 10, a step of half an hour.
struct Practice {
    hours: WeeklyHours,
    exceptions: ScheduleExceptions,
    settings: RuleSettings,
    busy: BusyTimes,
    length: AppointmentLength,
    now: &'static str,
}

impl Default for Practice {
    fn default() -> Self {
        Self {
            hours: daily("Europe/Berlin", "09:00-12:00"),
            exceptions: ScheduleExceptions::default(),
            settings: RuleSettings { step_minutes: 30, ..RuleSettings::default() },
            busy: BusyTimes::default(),
            length: AppointmentLength::new(50, 10).unwrap(),
            now: "2027-01-11T07:00:00Z",
        }
    }
}

impl Practice {
    fn with_calculator<T>(&self, query: impl FnOnce(SlotCalculator<'_>) -> T) -> T {
        query(SlotCalculator {
            hours: &self.hours,
            exceptions: &self.exceptions,
            rules: &BookingRules::new(self.settings).unwrap(),
            busy: &self.busy,
            length: self.length,
            now: at(self.now),
        })
    }

    fn availability(&self, query: &SlotQuery) -> Availability {
        self.with_calculator(|calculator| calculator.availability(query))
    }

    /// The local starts on one date of the practice.
    fn on(&self, day: &str) -> Vec<String> {
        let zone = self.hours.zone().clone();
        let found = self.availability(&SlotQuery::of_dates(date(day), date(day), zone.clone()).unwrap());
        assert!(found.slots.keys().all(|key| *key == date(day)));
        let slots = found.slots.values().flatten();
        slots.map(|slot| zone.to_datetime(slot.start).strftime("%H:%M").to_string()).collect()
    }

    fn check(&self, requested: &str) -> Result<Slot, SlotError> {
        self.with_calculator(|calculator| calculator.check_slot(at(requested), RuleOverride::None))
    }

    fn check_with_override(&self, requested: &str) -> Result<Slot, SlotError> {
        self.with_calculator(|calculator| calculator.check_slot(at(requested), RuleOverride::PracticeRules))
    }

    fn next(&self, after: &str) -> Option<String> {
        self.with_calculator(|calculator| calculator.first_free_after(at(after))).map(|instant| instant.to_string())
    }
}

const TUESDAY: &str = "2027-01-12";

#[test]
fn a_free_day_offers_every_slot_of_its_grid() {
    let all = ["09:00", "09:30", "10:00", "10:30", "11:00"];
    assert_eq!(Practice::default().on(TUESDAY), all, "11:10 would be the last start that fits");
    let exact = Practice { length: AppointmentLength::new(60, 60).unwrap(), ..Practice::default() };
    assert_eq!(exact.on(TUESDAY).last().unwrap(), "11:00", "the buffer may exceed the hours");
    let long = Practice { length: AppointmentLength::new(181, 0).unwrap(), ..Practice::default() };
    assert!(long.on(TUESDAY).is_empty());
    assert_eq!(long.next("2027-01-12T00:00:00Z"), None);
}

#[test]
fn slots_are_listed_by_the_dates_of_the_queried_zone() {
    let practice = Practice { hours: daily("Europe/Berlin", "00:00-01:00 09:00-10:00"), ..Practice::default() };
    let query = SlotQuery::of_dates(date("2027-01-12"), date("2027-01-13"), zone("America/New_York")).unwrap();
    let found = practice.availability(&query);
    let starts = |slots: &[Slot]| slots.iter().map(|slot| slot.start).collect::<Vec<_>>();
    let listed: Vec<_> = found.slots.iter().map(|(date, slots)| (*date, starts(slots))).collect();
    let expected = [
        ("2027-01-12", ["2027-01-12T08:00:00Z", "2027-01-12T23:00:00Z"]),
        ("2027-01-13", ["2027-01-13T08:00:00Z", "2027-01-13T23:00:00Z"]),
    ];
    assert_eq!(listed, expected.map(|(day, starts)| (date(day), starts.map(at).to_vec())));
    assert_eq!(found.next_available, Some(at("2027-01-12T08:00:00Z")));
}

#[test]
fn bookings_block_their_time_and_buffer() {
    let booked = |intervals: &str| Practice { busy: busy(intervals), ..Practice::default() };
    let table: [(&str, &str, &[&str]); 10] = [
        ("10:00 to 11:00", "2027-01-12T09:00/10:00", &["09:00", "11:00"]),
        ("to 11:05", "2027-01-12T09:00/10:05", &["09:00"]),
        ("from 09:59", "2027-01-12T08:59/10:00", &["11:00"]),
        ("one second of it", "2027-01-12T08:59:59/09:00", &["10:00", "10:30", "11:00"]),
        ("a fraction of a second", "2027-01-12T09:00/10:00:00.001", &["09:00"]),
        ("two adjacent ones", "2027-01-12T09:00/10:00 2027-01-12T08:00/09:00", &["11:00"]),
        ("one inside another", "2027-01-12T08:00/10:30 2027-01-12T08:30/09:00", &[]),
        ("after the hours, where the buffer would be", "2027-01-12T10:55/11:30", &["09:00", "09:30", "10:00", "10:30"]),
        ("until opening", "2027-01-12T07:00/08:00", &["09:00", "09:30", "10:00", "10:30", "11:00"]),
        ("from the day before", "2027-01-11T22:00/2027-01-12T08:01", &["09:30", "10:00", "10:30", "11:00"]),
    ];
    for (what, intervals, expected) in table {
        assert_eq!(booked(intervals).on(TUESDAY), expected, "{what}");
    }
}

#[test]
fn a_closure_does_not_move_the_grid() {
    let mut practice = Practice { settings: RuleSettings::default(), ..Practice::default() };
    practice.exceptions.close_hours(date(TUESDAY), local("08:00-10:20"));
    assert_eq!(practice.on(TUESDAY), ["10:30", "10:45", "11:00"], "the default step is a quarter of an hour");
    practice.exceptions.add_hours(date(TUESDAY), local("17:10-18:20"));
    assert_eq!(practice.on(TUESDAY), ["10:30", "10:45", "11:00", "17:10", "17:25"]);
}

#[test]
fn a_session_may_span_adjacent_hours() {
    let hours = daily("Europe/Berlin", "00:00-00:30 12:00-12:30 12:30-12:40 12:40-13:00 23:00-24:00");
    let practice = Practice { hours, ..Practice::default() };
    assert_eq!(practice.on(TUESDAY), ["12:00", "23:00", "23:30"]);
    let busy = busy("2027-01-12T23:00/23:01");
    assert_eq!(Practice { busy, ..practice }.on(TUESDAY), ["12:00", "23:00"]);
}

#[test]
fn sessions_follow_elapsed_time_across_transitions() {
    let practice =
        Practice { hours: daily("Europe/Berlin", "01:00-04:00"), now: "2027-03-01T00:00:00Z", ..Practice::default() };
    assert_eq!(practice.on("2027-03-28"), ["01:00", "01:30", "03:00"], "an hour is missing");
    let practice = Practice { now: "2027-10-01T00:00:00Z", ..practice };
    assert_eq!(practice.on("2027-10-31"), ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]);
    let query = SlotQuery::of_dates(date("2027-10-31"), date("2027-10-31"), zone("Europe/Berlin")).unwrap();
    for slot in practice.availability(&query).slots.into_values().flatten() {
        assert_eq!(slot.end.duration_since(slot.start), SignedDuration::from_mins(50));
    }
}

#[test]
fn notice_and_horizon_are_counted_to_the_second() {
    let settings = RuleSettings { notice_minutes: 25 * 60, horizon_days: 2, step_minutes: 30, daily_limit: None };
    let practice = |now| Practice { settings, now, ..Practice::default() };
    // 25 hours after 07:00Z it is 09:00 on Tuesday in local time; two days after, 08:00 on Wednesday.
    assert_eq!(practice("2027-01-11T07:00:00Z").on(TUESDAY)[0], "09:00");
    assert_eq!(practice("2027-01-11T07:00:00.001Z").on(TUESDAY)[0], "09:30");
    assert_eq!(practice("2027-01-11T07:00:00.001Z").check("2027-01-12T08:00:00Z"), Err(SlotError::InsufficientNotice));
    assert!(practice("2027-01-11T07:00:00Z").on("2027-01-13").is_empty());
    assert_eq!(practice("2027-01-11T09:00:00Z").on("2027-01-13"), ["09:00", "09:30", "10:00"]);
    assert!(practice("2027-01-11T09:00:00Z").check("2027-01-13T09:00:00Z").is_ok());
    assert_eq!(practice("2027-01-11T08:59:59.9Z").on("2027-01-13"), ["09:00", "09:30"]);
    assert_eq!(practice("2027-01-11T08:59:59.9Z").check("2027-01-13T09:00:00Z"), Err(SlotError::BeyondBookingHorizon));
}

#[test]
fn past_slots_are_not_offered() {
    let practice = |now| Practice { now, ..Practice::default() };
    assert_eq!(practice("2027-01-12T07:59:59Z").on(TUESDAY)[0], "09:00");
    assert_eq!(practice("2027-01-12T08:00:00Z").on(TUESDAY)[0], "09:30");
    assert!(practice("2027-01-13T00:00:00Z").on(TUESDAY).is_empty());
    assert_eq!(practice("2027-01-12T08:00:00Z").check("2027-01-12T08:00:00.9Z"), Err(SlotError::InThePast));
}

#[test]
fn a_day_at_its_limit_offers_no_slots() {
    let settings = |limit| RuleSettings { daily_limit: Some(limit), step_minutes: 30, ..RuleSettings::default() };
    // Three bookings on Tuesday in local time, one of which is on Monday in UTC; and one on Monday.
    let busy = busy("2027-01-11T22:59/23:30 2027-01-11T23:30/23:59 2027-01-12T08:00/09:00 2027-01-12T20:00/21:00");
    let practice = |limit| Practice { settings: settings(limit), busy: busy.clone(), ..Practice::default() };
    assert!(practice(3).on(TUESDAY).is_empty());
    assert_eq!(practice(3).check("2027-01-12T09:00:00Z"), Err(SlotError::DailyLimitReached));
    let error = practice(3).check("2027-01-12T08:00:00Z");
    assert_eq!(error, Err(SlotError::DailyLimitReached), "reported before an overlap");
    assert!(practice(3).check_with_override("2027-01-12T09:00:00Z").is_ok());
    assert_eq!(practice(3).next("2027-01-12T00:00:00Z").unwrap(), "2027-01-13T08:00:00Z");
    assert_eq!(practice(4).on(TUESDAY), ["10:00", "10:30", "11:00"]);
    assert_eq!(practice(4).check("2027-01-12T08:00:00Z"), Err(SlotError::Taken));
    assert!(practice(2).check("2027-01-11T08:00:00Z").is_ok(), "Monday has only one");
    assert_eq!(practice(1).check("2027-01-11T08:00:00Z"), Err(SlotError::DailyLimitReached));
}

#[test]
fn requested_times_are_accepted_or_refused_with_a_reason() {
    let mut practice = Practice {
        hours: on_days("Europe/Berlin", &[Weekday::Monday, Weekday::Tuesday], "09:00-12:00"),
        settings: RuleSettings { notice_minutes: 120, horizon_days: 30, step_minutes: 30, daily_limit: None },
        busy: busy("2027-01-12T09:00/10:00"),
        ..Practice::default()
    };
    practice.exceptions.close_dates(date("2027-01-18"), date("2027-01-18")).unwrap();
    let slot = |start: &str| Ok(Slot { start: at(start), end: at(start) + SignedDuration::from_mins(50) });
    let table = [
        ("2027-01-12T08:00:00Z", slot("2027-01-12T08:00:00Z"), "free, and adjacent to the next"),
        ("2027-01-12T08:00:00.7Z", slot("2027-01-12T08:00:00Z"), "truncated to the second"),
        ("2027-01-12T10:00:00Z", slot("2027-01-12T10:00:00Z"), "right after another"),
        ("2027-01-11T07:00:00Z", Err(SlotError::InThePast), "now"),
        ("2020-01-01T00:00:00Z", Err(SlotError::InThePast), "long ago"),
        ("2027-01-11T08:30:00Z", Err(SlotError::InsufficientNotice), "within the hours, within the notice"),
        ("2027-01-11T09:00:00Z", slot("2027-01-11T09:00:00Z"), "at the end of the notice"),
        ("2027-02-10T07:00:01Z", Err(SlotError::BeyondBookingHorizon), "a second beyond the horizon"),
        ("9999-12-30T22:00:00Z", Err(SlotError::BeyondBookingHorizon), "the latest timestamp"),
        ("2027-01-12T07:30:00Z", Err(SlotError::OutsideHours), "before opening"),
        ("2027-01-12T10:30:00Z", Err(SlotError::OutsideHours), "ends after the hours"),
        ("2027-01-13T08:00:00Z", Err(SlotError::OutsideHours), "a Wednesday"),
        ("2027-01-18T08:00:00Z", Err(SlotError::OutsideHours), "a closed Monday"),
        ("2027-01-12T08:07:00Z", Err(SlotError::OffGrid), "off the grid"),
        ("2027-01-12T10:07:00Z", Err(SlotError::OffGrid), "off the grid, otherwise free"),
        ("2027-01-12T08:00:01Z", Err(SlotError::OffGrid), "a second off the grid"),
        ("2027-01-12T08:30:00Z", Err(SlotError::Taken), "overlaps the next"),
        ("2027-01-12T09:30:00Z", Err(SlotError::Taken), "starts during another"),
    ];
    for (requested, expected, what) in table {
        assert_eq!(practice.check(requested), expected, "{what}");
        let off_grid = practice.with_calculator(|calculator| calculator.check_slot(at(requested), RuleOverride::Grid));
        let reason = match requested {
            "2027-01-12T10:07:00Z" => slot(requested),
            "2027-01-12T08:07:00Z" | "2027-01-12T08:00:01Z" => Err(SlotError::Taken),
            _ => expected,
        };
        assert_eq!(off_grid, reason, "{what}: only the grid is overridden");
    }
}

#[test]
fn only_the_rules_of_the_practice_can_be_overridden() {
    let practice = Practice {
        settings: RuleSettings { notice_minutes: 120, horizon_days: 30, step_minutes: 30, daily_limit: Some(1) },
        busy: busy("2027-01-12T09:00/10:00"),
        ..Practice::default()
    };
    for requested in [
        "2027-01-11T07:00:01Z",
        "2027-01-11T20:13:00Z",
        "2027-01-12T10:00:00Z",
        "2027-01-12T08:00:00Z",
        "2028-01-12T07:00:00Z",
    ] {
        assert_eq!(practice.check_with_override(requested).map(|slot| slot.start), Ok(at(requested)));
    }
    let refused = [
        ("2027-01-11T07:00:00Z", SlotError::InThePast),
        ("2028-01-12T07:00:01Z", SlotError::BeyondBookingHorizon),
        ("2027-01-12T08:00:01Z", SlotError::Taken),
        ("2027-01-12T09:59:59Z", SlotError::Taken),
    ];
    for (requested, refusal) in refused {
        assert_eq!(practice.check_with_override(requested), Err(refusal), "{requested}");
    }
}

#[test]
fn the_next_free_slot_may_be_after_the_range() {
    let mut practice = Practice::default();
    practice.exceptions.close_dates(date("2027-01-11"), date("2027-05-02")).unwrap();
    let query = |first, last| SlotQuery::of_dates(date(first), date(last), zone("Europe/Berlin")).unwrap();
    let found = practice.availability(&query("2027-01-11", "2027-01-31"));
    assert!(found.slots.is_empty());
    assert_eq!(found.next_available, Some(at("2027-05-03T07:00:00Z")), "months later");
    let found = practice.availability(&query("2027-05-01", "2027-05-04"));
    assert_eq!(found.slots.len(), 2);
    assert_eq!(found.next_available, Some(at("2027-05-03T07:00:00Z")), "the first in the range");
    practice.settings.horizon_days = 111;
    assert_eq!(practice.next("2027-01-11T07:00:00Z"), None, "the horizon ends on May 2");
    practice.settings.horizon_days = 112;
    assert_eq!(practice.next("2027-01-11T07:00:00Z").unwrap(), "2027-05-03T07:00:00Z");
    assert_eq!(practice.next("2027-05-03T07:00:01Z"), None);
    let beyond_the_horizon = practice.availability(&query("2040-01-01", "2040-01-31"));
    assert_eq!(beyond_the_horizon, Availability::default());
    assert_eq!(practice.availability(&query("2020-01-01", "2020-01-31")).slots.len(), 0);
}

#[test]
fn a_range_has_at_most_31_days() {
    let berlin = zone("Europe/Berlin");
    let dates = |first, last| SlotQuery::of_dates(date(first), date(last), berlin.clone());
    let march = dates("2027-03-01", "2027-03-31").unwrap();
    assert_eq!((march.from(), march.until()), (at("2027-02-28T23:00:00Z"), at("2027-03-31T22:00:00Z")));
    let october = dates("2027-10-01", "2027-10-31").unwrap();
    assert_eq!((october.from(), october.until()), (at("2027-09-30T22:00:00Z"), at("2027-10-31T23:00:00Z")));
    assert_eq!(dates("2027-10-01", "2027-11-01"), Err(RangeError::TooLong));
    assert_eq!(dates("2027-10-02", "2027-10-01"), Err(RangeError::EndBeforeStart));
    assert!(dates("9999-12-31", "9999-12-31").is_ok());
    let missing = SlotQuery::of_dates(date("2011-12-30"), date("2011-12-30"), zone("Pacific/Apia")).unwrap();
    assert_eq!(missing.from(), missing.until(), "a skipped date is empty");

    let between = |from, until| SlotQuery::new(at(from), at(until), berlin.clone());
    assert_eq!(between("2027-09-30T22:00:00Z", "2027-10-31T23:00:00Z"), Ok(october), "a month with an extra hour");
    assert_eq!(between("2027-09-30T22:00:00Z", "2027-10-31T23:00:00.001Z"), Err(RangeError::TooLong));
    assert!(between("2027-02-28T23:00:00Z", "2027-03-31T23:00:00Z").is_ok(), "31 times 24 hours");
    assert_eq!(between("2027-02-28T23:00:00Z", "2027-03-31T23:00:00.001Z"), Err(RangeError::TooLong));
    assert_eq!(between("2027-02-28T23:00:00Z", "2027-02-28T22:59:59Z"), Err(RangeError::EndBeforeStart));
    assert!(between("2027-02-28T23:00:00Z", "2027-02-28T23:00:00Z").is_ok(), "empty");
    assert_eq!(SlotQuery::new(Timestamp::MIN, Timestamp::MAX, berlin.clone()), Err(RangeError::TooLong));
}

#[test]
fn a_range_limits_the_starts_only() {
    let practice = Practice::default();
    let starts = |from, until| {
        let query = SlotQuery::new(at(from), at(until), TimeZone::UTC).unwrap();
        let slots = practice.availability(&query).slots;
        slots.into_values().flatten().map(|slot| slot.start.to_string()).collect::<Vec<_>>()
    };
    // Sessions may end after the range, and the grid does not depend on it.
    assert_eq!(starts("2027-01-12T08:00:00.5Z", "2027-01-12T09:00:00Z"), ["2027-01-12T08:30:00Z"]);
    let both = ["2027-01-12T08:30:00Z", "2027-01-12T09:00:00Z"];
    assert_eq!(starts("2027-01-12T08:07:00Z", "2027-01-12T09:00:00.1Z"), both);
}

#[test]
fn exactly_the_offered_slots_are_accepted() {
    let mut practice = Practice {
        hours: daily("Europe/Berlin", "00:00-02:30 02:45-05:00 22:00-24:00"),
        settings: RuleSettings { notice_minutes: 300, horizon_days: 4, step_minutes: 20, daily_limit: Some(3) },
        busy: busy(
            "2027-10-30T22:10/23:10 2027-10-31T01:10/02:10 2027-11-01T21:00/21:30 2027-11-01T21:30/22:00 2027-11-01T22:00/22:30",
        ),
        now: "2027-10-29T20:00:30Z",
        ..Practice::default()
    };
    practice.exceptions.close_hours(date("2027-10-31"), local("02:10-02:20"));
    practice.exceptions.add_hours(date("2027-10-31"), local("04:30-07:00"));
    let query = SlotQuery::new(at("2027-10-29T00:00:00Z"), at("2027-11-04T00:00:00Z"), TimeZone::UTC).unwrap();
    let offered: Vec<Slot> = practice.availability(&query).slots.into_values().flatten().collect();
    assert!(offered.len() > 20, "{}", offered.len());
    let step = SignedDuration::from_mins(1);
    let mut accepted = Vec::new();
    let mut requested = query.from();
    while requested < query.until() {
        accepted.extend(practice.with_calculator(|calculator| calculator.check_slot(requested, RuleOverride::None)));
        requested += step;
    }
    assert_eq!(offered, accepted);
    let open = open_intervals(&practice.hours, &practice.exceptions, query.from(), query.until());
    assert!(open.windows(2).all(|pair| pair[0].end <= pair[1].start), "in order, without overlap");
}
