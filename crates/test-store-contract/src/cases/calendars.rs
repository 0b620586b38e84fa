//! Schedules, schedule exceptions, the policy, and busy time.

use attune_domain::ChangeTerms;
use attune_domain::calendar::{Interval, LocalTimeRange, RuleSettings, ScheduleException, WeeklySchedule};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, PaymentStatus, PracticePolicy, ScheduleExceptionId, UserId,
};
use attune_ports::{CalendarSettings, NewScheduleException, StoredScheduleException, Versioned};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{
    at, date, day_off, hours, in_state, legal_states, minutes_after, next_version, now, policy, restored,
    schedule_exception, slot, therapist, week, zone,
};

async fn settings(backend: &Backend, therapist: UserId) -> CalendarSettings {
    backend.queries.calendar_settings(therapist).await.unwrap()
}

async fn stored_week(backend: &Backend, therapist: UserId) -> Option<WeeklySchedule> {
    settings(backend, therapist).await.schedule.map(|stored| sorted(stored.value))
}

fn sorted(mut schedule: WeeklySchedule) -> WeeklySchedule {
    schedule.week.sort_by_key(|(day, hours)| (day.to_monday_one_offset(), *hours));
    schedule
}

async fn set_week(backend: &Backend, therapist: UserId, schedule: &WeeklySchedule) {
    backend.commit(async |work| work.set_schedule(therapist, schedule).await).await;
}

async fn add(backend: &Backend, new: &NewScheduleException) -> ScheduleExceptionId {
    backend.commit(async |work| work.add_schedule_exception(new).await).await
}

async fn remove(backend: &Backend, id: ScheduleExceptionId) -> bool {
    backend.commit(async |work| work.remove_schedule_exception(id).await).await
}

async fn entries(backend: &Backend, therapist: Option<UserId>) -> Vec<StoredScheduleException> {
    backend.queries.schedule_exceptions(therapist).await.unwrap()
}

fn stored(id: ScheduleExceptionId, new: &NewScheduleException) -> StoredScheduleException {
    StoredScheduleException {
        id,
        therapist: new.therapist,
        what: new.what,
        note: new.note.clone(),
        created_at: new.created_at,
    }
}

async fn busy(backend: &Backend, therapist: UserId, from: Timestamp, until: Timestamp) -> Vec<Interval> {
    backend.queries.busy_times(therapist, from, until, now()).await.unwrap()
}

fn blocked(booking: &Booking) -> Interval {
    Interval::new(booking.scheduled_at(), booking.blocked_until()).unwrap()
}

fn between(from: Timestamp, until: Timestamp) -> ScheduleException {
    ScheduleException::ClosedPeriod(Interval::new(from, until).unwrap())
}

fn all_days() -> impl Iterator<Item = Weekday> {
    Weekday::Monday.cycle_forward().take(7)
}

pub async fn a_new_practice_has_the_default_policy_only(backend: &Backend) {
    let practice = backend.practice().await;
    let nothing = CalendarSettings { schedule: None, exceptions: Vec::new(), policy: Versioned::default() };
    for user in [practice.therapist, practice.client, unknown()] {
        assert_eq!(settings(backend, user).await, nothing);
        assert!(entries(backend, Some(user)).await.is_empty());
        assert_eq!(busy(backend, user, slot(0), slot(9)).await, []);
    }
    assert!(entries(backend, None).await.is_empty());
    assert_eq!(backend.queries.policy().await.unwrap(), Versioned { value: PracticePolicy::default(), version: 0 });
}

pub async fn schedules_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    let in_pieces = |pieces: &[(&str, &str)]| {
        let pieces: Vec<_> = pieces.iter().map(|(from, until)| hours(from, until)).collect();
        all_days().flat_map(|day| pieces.iter().map(move |piece| (day, *piece)).collect::<Vec<_>>()).collect()
    };
    let whole: Vec<_> = all_days().map(|day| (day, LocalTimeRange::WHOLE_DAY)).collect();
    let minutes = in_pieces(&[("00:00", "00:01"), ("23:59", "24:00")]);
    let touching = in_pieces(&[("09:00", "12:00"), ("12:00", "15:00")]);
    let times = ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00", "24:00"];
    let many: Vec<_> = in_pieces(&times.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>());
    assert_eq!(many.len(), WeeklySchedule::MAX_INTERVALS);
    let backwards: Vec<_> = many.iter().rev().copied().collect();
    let one_each = |day: Weekday| vec![(day, hours("09:00", "17:30"))];
    for hours in [Vec::new(), whole, minutes, touching, many, backwards].into_iter().chain(all_days().map(one_each)) {
        for zone_name in ["UTC", "Asia/Kathmandu", "America/Argentina/ComodRivadavia"] {
            let schedule = WeeklySchedule { zone: zone(zone_name), week: hours.clone() };
            set_week(backend, practice.therapist, &schedule).await;
            assert_eq!(stored_week(backend, practice.therapist).await, Some(sorted(schedule)));
        }
    }
}

pub async fn a_schedule_is_replaced_as_a_whole(backend: &Backend) {
    let practice = backend.practice().await;
    let before = week(&[(Weekday::Monday, hours("09:00", "12:00")), (Weekday::Friday, hours("09:00", "12:00"))]);
    let after = WeeklySchedule {
        zone: zone("Pacific/Auckland"),
        ..week(&[(Weekday::Monday, hours("09:00", "11:00")), (Weekday::Tuesday, hours("13:00", "14:00"))])
    };
    set_week(backend, practice.therapist, &before).await;
    set_week(backend, practice.therapist, &after).await;
    assert_eq!(stored_week(backend, practice.therapist).await, Some(after.clone()));
    let twice = backend.commit(async |work| {
        work.set_schedule(practice.therapist, &after).await?;
        work.set_schedule(practice.therapist, &before).await
    });
    assert_eq!(twice.await, 4, "each change counts");
    assert_eq!(settings(backend, practice.therapist).await.schedule.unwrap().version, 4);
    assert_eq!(stored_week(backend, practice.therapist).await, Some(before));
    let none = week(&[]);
    set_week(backend, practice.therapist, &none).await;
    assert_eq!(stored_week(backend, practice.therapist).await, Some(none));
}

pub async fn each_therapist_has_a_calendar(backend: &Backend) {
    let practice = backend.practice().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let (mine, theirs) = (week(&[(Weekday::Monday, hours("09:00", "12:00"))]), week(&[]));
    set_week(backend, practice.therapist, &mine).await;
    assert_eq!(stored_week(backend, colleague).await, None);
    set_week(backend, colleague, &theirs).await;
    let off = day_off(colleague, "2027-05-01");
    add(backend, &off).await;
    let booking = backend.book(practice, 0).await;

    let CalendarSettings { schedule, exceptions, .. } = settings(backend, practice.therapist).await;
    assert_eq!((schedule, exceptions), (Some(Versioned { value: mine, version: 1 }), Vec::new()));
    let CalendarSettings { schedule, exceptions, .. } = settings(backend, colleague).await;
    assert_eq!((schedule, exceptions), (Some(Versioned { value: theirs, version: 1 }), vec![off.what]));
    assert_eq!(busy(backend, practice.therapist, slot(0), slot(9)).await, [blocked(&booking)]);
    assert_eq!(busy(backend, colleague, slot(0), slot(9)).await, []);
}

pub async fn a_schedule_needs_its_therapist(backend: &Backend) {
    for schedule in [week(&[]), week(&[(Weekday::Monday, hours("09:00", "12:00"))])] {
        let result = backend.uncommitted(async |work| work.set_schedule(unknown(), &schedule).await).await;
        assert_failed(result, "a schedule of an unknown user");
    }
    assert_eq!(stored_week(backend, unknown()).await, None);
}

pub async fn schedule_exceptions_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    let dates = |first: Date, last: Date| ScheduleException::closed_dates(first, last).unwrap();
    let extra =
        |on: &str, from: &str, until: &str| ScheduleException::ExtraHours { date: date(on), hours: hours(from, until) };
    let mut all = vec![
        dates(date("2027-05-01"), date("2027-05-01")),
        dates(date("2027-12-24"), date("2028-01-06")),
        dates(date("2028-02-29"), date("2028-02-29")),
        dates(Date::MIN, Date::MAX),
        dates(Date::MIN, date("-000001-12-31")),
        dates(date("-000001-12-31"), date("0000-01-01")),
        dates(date("0999-12-31"), date("1000-01-01")),
        dates(Date::MAX, Date::MAX),
        extra("2027-05-02", "09:00", "12:30"),
        extra("2027-05-02", "00:00", "24:00"),
        extra("2028-02-29", "23:59", "24:00"),
        extra("9999-12-31", "00:00", "00:01"),
        ScheduleException::ExtraHours { date: Date::MIN, hours: LocalTimeRange::WHOLE_DAY },
        between(at("1900-01-01T00:00:00Z"), at("9999-12-30T20:00:00.999Z")),
    ];
    all.extend(INSTANTS.map(|start| between(at(start), at(start) + SignedDuration::from_millis(1))));
    let mut expected = Vec::new();
    for (what, minutes) in all.into_iter().zip(0..) {
        let new = NewScheduleException {
            created_at: minutes_after(now(), minutes),
            ..schedule_exception(practice.therapist, what)
        };
        expected.push(stored(add(backend, &new).await, &new));
    }
    for instant in INSTANTS.map(at) {
        let new = NewScheduleException { created_at: instant, ..day_off(practice.therapist, "2027-05-01") };
        expected.push(stored(add(backend, &new).await, &new));
    }
    assert_eq!(entries(backend, Some(practice.therapist)).await, expected);
    assert_eq!(entries(backend, None).await, expected);
    let stored = settings(backend, practice.therapist).await.exceptions;
    assert_eq!(stored.len(), expected.len());
    assert!(expected.iter().all(|entry| stored.contains(&entry.what)));
}

pub async fn schedule_exceptions_are_dated_to_the_millisecond(backend: &Backend) {
    let practice = backend.practice().await;
    let new = NewScheduleException {
        created_at: finer(now()),
        ..schedule_exception(practice.therapist, between(finer(slot(0)), finer(slot(1))))
    };
    let id = add(backend, &new).await;
    let truncated = schedule_exception(practice.therapist, between(slot(0), slot(1)));
    assert_eq!(entries(backend, None).await, [stored(id, &truncated)]);
}

pub async fn schedule_exceptions_are_listed_by_id(backend: &Backend) {
    let practice = backend.practice().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let mut all = Vec::new();
    for (therapist, on) in [
        (practice.therapist, "2027-05-03"),
        (colleague, "2027-05-01"),
        (practice.therapist, "2027-05-01"),
        (colleague, "2027-05-01"),
        (practice.therapist, "2027-05-03"),
    ] {
        let new = day_off(therapist, on);
        all.push(stored(add(backend, &new).await, &new));
    }
    assert!(all.is_sorted_by_key(|entry| entry.id));
    assert_eq!(entries(backend, None).await, all);
    for therapist in [practice.therapist, colleague] {
        let theirs: Vec<_> = all.iter().filter(|entry| entry.therapist == therapist).cloned().collect();
        assert_eq!(entries(backend, Some(therapist)).await, theirs);
    }
    assert!(entries(backend, Some(practice.client)).await.is_empty());
    assert!(entries(backend, Some(unknown())).await.is_empty());
}

pub async fn a_schedule_exception_is_removed_once(backend: &Backend) {
    let practice = backend.practice().await;
    assert!(!remove(backend, unknown()).await);
    let new = day_off(practice.therapist, "2027-05-01");
    let (first, second) = (add(backend, &new).await, add(backend, &new).await);
    assert!(!remove(backend, unknown()).await);
    assert!(remove(backend, first).await);
    assert_eq!(entries(backend, None).await, [stored(second, &new)]);
    assert!(!remove(backend, first).await);
    assert!(remove(backend, second).await);
    assert!(entries(backend, None).await.is_empty());
    let within = backend.commit(async |work| {
        let id = work.add_schedule_exception(&new).await?;
        Ok((work.remove_schedule_exception(id).await?, work.remove_schedule_exception(id).await?))
    });
    assert_eq!(within.await, (true, false));
    assert!(entries(backend, None).await.is_empty());
}

pub async fn a_schedule_exception_needs_its_therapist(backend: &Backend) {
    let new = day_off(unknown(), "2027-05-01");
    let result = backend.uncommitted(async |work| work.add_schedule_exception(&new).await).await;
    assert_failed(result, "an exception of an unknown user");
    assert!(entries(backend, None).await.is_empty());
}

pub async fn policies_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    const DAYS: u32 = 366;
    const MOST: u32 = ChangeTerms::MAX_MINUTES;
    const GRACE: u32 = ChangeTerms::MAX_GRACE_MINUTES;
    let least = PracticePolicy {
        rules: RuleSettings { notice_minutes: 0, horizon_days: 1, daily_limit: Some(1), step_minutes: 5 },
        terms: ChangeTerms { free_minutes: 0, grace_minutes: 0, late_refund_percent: 0, reschedule_minutes: 0 },
        auto_complete: false,
    };
    let most = PracticePolicy {
        rules: RuleSettings {
            notice_minutes: DAYS * 1_440 - 1,
            horizon_days: DAYS,
            daily_limit: Some(u32::MAX),
            step_minutes: 1_440,
        },
        terms: ChangeTerms {
            free_minutes: MOST,
            grace_minutes: GRACE,
            late_refund_percent: 100,
            reschedule_minutes: MOST,
        },
        auto_complete: true,
    };
    let unlimited = PracticePolicy { rules: RuleSettings { daily_limit: None, ..most.rules }, ..most };
    let policies = [policy(), least, most, unlimited, PracticePolicy::default(), least];
    for (version, policy) in (1..).zip(policies) {
        policy.checked().expect("a valid policy");
        assert_eq!(backend.commit(async |work| work.set_policy(&policy).await).await, version);
        let policy = Versioned { value: policy, version };
        assert_eq!(backend.queries.policy().await.unwrap(), policy);
        for user in [practice.therapist, unknown()] {
            assert_eq!(settings(backend, user).await.policy, policy);
        }
    }
}

pub async fn changing_a_calendar_changes_no_booking(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let whole_year = ScheduleException::closed_dates(date("2027-01-01"), date("2027-12-31")).unwrap();
    let changes = backend.commit(async |work| {
        work.set_schedule(practice.therapist, &week(&[])).await?;
        work.add_schedule_exception(&schedule_exception(practice.therapist, whole_year)).await?;
        work.set_policy(&policy()).await
    });
    changes.await;
    assert_eq!(backend.read_booking(booking.id()).await, Some(booking));
    // The store does not decide whether the therapist works then.
    backend.book(practice, 1).await;
}

pub async fn a_dropped_unit_of_work_changes_no_calendar(backend: &Backend) {
    let practice = backend.practice().await;
    let before = week(&[(Weekday::Monday, hours("09:00", "12:00"))]);
    let first = day_off(practice.therapist, "2027-05-01");
    set_week(backend, practice.therapist, &before).await;
    let id = add(backend, &first).await;
    backend.commit(async |work| work.set_policy(&policy()).await).await;
    let old = settings(backend, practice.therapist).await;

    for committed in [false, true] {
        let mut work = backend.begin().await;
        work.set_schedule(practice.therapist, &week(&[(Weekday::Sunday, hours("00:00", "24:00"))])).await.unwrap();
        assert!(work.remove_schedule_exception(id).await.unwrap());
        work.add_schedule_exception(&day_off(practice.therapist, "2027-06-01")).await.unwrap();
        work.set_policy(&PracticePolicy::default()).await.unwrap();
        assert_eq!(settings(backend, practice.therapist).await, old);
        assert_eq!(entries(backend, None).await, [stored(id, &first)]);
        assert_eq!(*backend.queries.policy().await.unwrap(), policy());
        if committed {
            work.commit().await.unwrap();
        } else {
            drop(work);
            assert_eq!(settings(backend, practice.therapist).await, old);
        }
    }
    let new = settings(backend, practice.therapist).await;
    assert_eq!(new.schedule.unwrap().value.week, [(Weekday::Sunday, LocalTimeRange::WHOLE_DAY)]);
    assert_eq!(new.exceptions, [day_off(practice.therapist, "2027-06-01").what]);
    assert_eq!(*new.policy, PracticePolicy::default());
}

pub async fn busy_time_is_what_bookings_block(backend: &Backend) {
    let practice = backend.practice().await;
    let free = [BookingStatus::Cancelled, BookingStatus::Expired];
    let mut expected = Vec::new();
    for (hour, (status, paid)) in (0..).map(|n| n * 2).zip(legal_states()).collect::<Vec<_>>().into_iter().rev() {
        let booking = backend.add_booking(|id| {
            let record = in_state(practice.record(id, slot(hour)), status, paid);
            let hold_expires_at = record.hold_expires_at.map(|_| slot(hour));
            restored(BookingRecord { hold_expires_at, ..record })
        });
        let booking = booking.await;
        if !free.contains(&status) {
            expected.push(blocked(&booking));
        }
    }
    expected.reverse();
    let busy = async |from, until| busy(backend, practice.therapist, from, until).await;
    assert_eq!(busy(slot(0), slot(1_000)).await, expected);
    assert!(expected.is_sorted() && expected.len() > 10);

    let ms = SignedDuration::from_millis(1);
    let (one, two) = (expected[0], expected[1]);
    assert_eq!(busy(one.start(), one.end()).await, [one]);
    assert_eq!(busy(one.end() - ms, two.start() + ms).await, [one, two]);
    assert!(busy(one.end(), two.start()).await.is_empty(), "adjacent times do not count");
    assert_eq!(busy(one.end() - ms, two.start()).await, [one]);
    assert_eq!(busy(one.end(), two.start() + ms).await, [two]);
    assert_eq!(busy(one.start() + ms, one.start() + ms + ms).await, [one], "in the middle of it");
    assert!(busy(slot(-9), one.start()).await.is_empty());
    assert!(busy(slot(900), slot(1_000)).await.is_empty());

    // The longest possible session with the longest possible buffer.
    let blocked_until = minutes_after(slot(200), 1_440);
    let longest = |id| restored(BookingRecord { minutes: 720, blocked_until, ..practice.record(id, slot(200)) });
    let longest = backend.add_booking(longest).await;
    assert_eq!(busy(blocked_until - ms, slot(1_000)).await, [blocked(&longest)]);
}

/// Unless the provider is processing their payment.
pub async fn expired_holds_are_not_busy(backend: &Backend) {
    let practice = backend.practice().await;
    let expiry = minutes_after(now(), 15);
    let until_expiry = |record| restored(BookingRecord { hold_expires_at: Some(expiry), ..record });
    let unpaid = |id: BookingId, hour, paid| {
        until_expiry(in_state(practice.record(id, slot(hour)), BookingStatus::PendingPayment, paid))
    };
    let pending = backend.add_booking(|id| unpaid(id, 0, PaymentStatus::Pending)).await;
    let failed = backend.add_booking(|id| unpaid(id, 1, PaymentStatus::Failed)).await;
    let processing = backend.add_booking(|id| unpaid(id, 2, PaymentStatus::Processing)).await;
    // A scheduled booking does not expire, even with an expiry.
    let scheduled = backend.add_booking(|id| until_expiry(practice.record(id, slot(3)))).await;
    let busy = async |now| {
        let found = backend.queries.busy_times(practice.therapist, slot(0), slot(9), now).await.unwrap();
        found.iter().map(|time| time.start()).collect::<Vec<_>>()
    };
    let all = [&pending, &failed, &processing, &scheduled].map(|booking| booking.scheduled_at());
    assert_eq!(busy(now()).await, all);
    assert_eq!(busy(expiry - SignedDuration::from_millis(1)).await, all);
    assert_eq!(busy(expiry).await, all[2..]);
    assert_eq!(busy(slot(1_000)).await, all[2..]);

    // Reading changed nothing, and a late payment makes the time busy again.
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(9)).await.unwrap().len(), 4);
    let paid = in_state(next_version(&pending), BookingStatus::Scheduled, PaymentStatus::Succeeded);
    work.save_booking(&restored(paid)).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(busy(expiry).await, [all[0], all[2], all[3]]);
}

pub async fn the_times_and_the_note_of_an_exception_are_replaced(backend: &Backend) {
    let practice = backend.practice().await;
    let new = NewScheduleException {
        note: Some("Zahnarzt\n\u{2615}".to_owned()),
        ..day_off(practice.therapist, "2027-05-01")
    };
    let id = add(backend, &new).await;
    let other = add(backend, &day_off(practice.therapist, "2027-06-01")).await;
    let before = entries(backend, None).await;
    assert_eq!(before[0], stored(id, &new));
    let mut work = backend.begin().await;
    assert_eq!(work.schedule_exception(id).await.unwrap(), Some(before[0].clone()));
    assert_eq!(work.schedule_exception(unknown()).await.unwrap(), None);
    drop(work);
    for (what, note) in [
        (between(slot(0), slot(1)), None),
        (ScheduleException::ExtraHours { date: date("2027-05-02"), hours: hours("09:00", "12:00") }, Some("more")),
        (new.what, Some("as before")),
    ] {
        let changed = StoredScheduleException { what, note: note.map(str::to_owned), ..before[0].clone() };
        backend.commit(async |work| work.save_schedule_exception(&changed).await).await;
        assert_eq!(entries(backend, None).await, [changed, before[1].clone()]);
    }
    assert_eq!(before[1].id, other);
    let gone = StoredScheduleException { id: unknown(), ..before[0].clone() };
    assert_conflict!(backend.uncommitted(async |work| work.save_schedule_exception(&gone).await).await, Stale);
}
