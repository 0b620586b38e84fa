//! When therapists work, what the practice decided, and which of their time is taken.

use attune_domain::ChangeTerms;
use attune_domain::calendar::{Interval, LocalTimeRange, RuleSettings, ScheduleException, WeeklySchedule};
use attune_domain::{
    BookingId, BookingRecord, BookingStatus, PaymentStatus, PracticePolicy, ScheduleExceptionId, UserId,
};
use attune_ports::{CalendarSettings, NewScheduleException, StoreError, StoredScheduleException};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use super::unknown_user;
use super::values::INSTANTS;
use crate::Backend;
use crate::fixtures::{
    at, date, day_off, hours, in_state, legal_states, minutes_after, next_version, now, policy, restored, slot,
    therapist, time_off, week, zone,
};

async fn settings(backend: &Backend, therapist: UserId) -> CalendarSettings {
    backend.queries.calendar_settings(therapist).await.unwrap()
}

/// The week, its intervals in the order of the week.
async fn stored_week(backend: &Backend, therapist: UserId) -> Option<WeeklySchedule> {
    settings(backend, therapist).await.schedule.map(sorted)
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
    backend.queries.time_off(therapist).await.unwrap()
}

/// The entry as it should come back.
fn kept(id: ScheduleExceptionId, new: &NewScheduleException) -> StoredScheduleException {
    StoredScheduleException { id, therapist: new.therapist, what: new.what, created_at: new.created_at }
}

fn all_days() -> impl Iterator<Item = Weekday> {
    Weekday::Monday.cycle_forward().take(7)
}

/// Anyone who never said anything has no week and no time off, and the practice that never decided has the default policy;
/// so has someone whom no one knows.
pub async fn a_new_practice_has_nothing_but_the_default(backend: &Backend) {
    let practice = backend.practice().await;
    let nothing = CalendarSettings { schedule: None, time_off: Vec::new(), policy: PracticePolicy::default() };
    for someone in [practice.therapist, practice.client, unknown_user()] {
        assert_eq!(settings(backend, someone).await, nothing);
        assert!(entries(backend, Some(someone)).await.is_empty());
        assert!(backend.queries.taken(someone, slot(0), slot(9), now()).await.unwrap().is_empty());
    }
    assert!(entries(backend, None).await.is_empty());
    assert_eq!(backend.queries.policy().await.unwrap(), PracticePolicy::default());
}

/// A week comes back as it went in, on every weekday, from midnight to midnight, with no hours and with very many.
pub async fn a_week_comes_back_as_it_went_in(backend: &Backend) {
    let practice = backend.practice().await;
    let in_pieces = |pieces: &[(&str, &str)]| {
        let pieces: Vec<_> = pieces.iter().map(|(from, until)| hours(from, until)).collect();
        all_days().flat_map(|day| pieces.iter().map(move |piece| (day, *piece)).collect::<Vec<_>>()).collect()
    };
    let whole: Vec<_> = all_days().map(|day| (day, LocalTimeRange::WHOLE_DAY)).collect();
    let minutes = in_pieces(&[("00:00", "00:01"), ("23:59", "24:00")]);
    let touching = in_pieces(&[("09:00", "12:00"), ("12:00", "15:00")]);
    let many: Vec<_> = in_pieces(&[
        ("00:00", "04:00"),
        ("04:00", "08:00"),
        ("08:00", "12:00"),
        ("12:00", "16:00"),
        ("16:00", "20:00"),
        ("20:00", "24:00"),
    ]);
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

/// A week is replaced as a whole, also within one unit of work; a week without hours is not the same as none.
pub async fn a_week_is_replaced_as_a_whole(backend: &Backend) {
    let practice = backend.practice().await;
    let before = week(&[(Weekday::Monday, hours("09:00", "12:00")), (Weekday::Friday, hours("09:00", "12:00"))]);
    let after = WeeklySchedule {
        zone: zone("Pacific/Auckland"),
        ..week(&[(Weekday::Monday, hours("09:00", "11:00")), (Weekday::Tuesday, hours("13:00", "14:00"))])
    };
    set_week(backend, practice.therapist, &before).await;
    set_week(backend, practice.therapist, &after).await;
    assert_eq!(stored_week(backend, practice.therapist).await, Some(after.clone()));
    backend
        .commit(async |work| {
            work.set_schedule(practice.therapist, &after).await?;
            work.set_schedule(practice.therapist, &before).await
        })
        .await;
    assert_eq!(stored_week(backend, practice.therapist).await, Some(before));
    let none = week(&[]);
    set_week(backend, practice.therapist, &none).await;
    assert_eq!(stored_week(backend, practice.therapist).await, Some(none));
}

/// Each therapist has a week, exceptions and taken time of their own.
pub async fn calendars_are_their_therapists_own(backend: &Backend) {
    let practice = backend.practice().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let (mine, theirs) = (week(&[(Weekday::Monday, hours("09:00", "12:00"))]), week(&[]));
    set_week(backend, practice.therapist, &mine).await;
    assert_eq!(stored_week(backend, colleague).await, None);
    set_week(backend, colleague, &theirs).await;
    let off = day_off(colleague, "2027-05-01");
    add(backend, &off).await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;

    let CalendarSettings { schedule, time_off, .. } = settings(backend, practice.therapist).await;
    assert_eq!((schedule, time_off), (Some(mine), Vec::new()));
    let CalendarSettings { schedule, time_off, .. } = settings(backend, colleague).await;
    assert_eq!((schedule, time_off), (Some(theirs), vec![off.what]));
    let taken = async |whose| backend.queries.taken(whose, slot(0), slot(9), now()).await.unwrap();
    let time = Interval::new(booking.scheduled_at(), booking.blocked_until()).unwrap();
    assert_eq!(taken(practice.therapist).await, [time]);
    assert!(taken(colleague).await.is_empty());
}

/// A week needs its therapist.
pub async fn a_week_needs_its_therapist(backend: &Backend) {
    for schedule in [week(&[]), week(&[(Weekday::Monday, hours("09:00", "12:00"))])] {
        let refused = backend.uncommitted(async |work| work.set_schedule(unknown_user(), &schedule).await).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "a week of no one: {refused:?}");
    }
    assert_eq!(stored_week(backend, unknown_user()).await, None);
}

/// Every kind of entry comes back as it went in, by every way of reading, at the edges of what there is.
pub async fn time_off_comes_back_as_it_went_in(backend: &Backend) {
    let practice = backend.practice().await;
    let dates = |first: Date, last: Date| ScheduleException::closed_dates(first, last).unwrap();
    let extra =
        |on: &str, from: &str, until: &str| ScheduleException::ExtraHours { date: date(on), hours: hours(from, until) };
    let between = |from, until| ScheduleException::ClosedPeriod(Interval::new(from, until).unwrap());
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
        let new =
            NewScheduleException { created_at: minutes_after(now(), minutes), ..time_off(practice.therapist, what) };
        expected.push(kept(add(backend, &new).await, &new));
    }
    for instant in INSTANTS.map(at) {
        let new = NewScheduleException { created_at: instant, ..day_off(practice.therapist, "2027-05-01") };
        expected.push(kept(add(backend, &new).await, &new));
    }
    assert_eq!(entries(backend, Some(practice.therapist)).await, expected);
    assert_eq!(entries(backend, None).await, expected);
    let stored = settings(backend, practice.therapist).await.time_off;
    assert_eq!(stored.len(), expected.len());
    assert!(expected.iter().all(|entry| stored.contains(&entry.what)));
}

/// What is finer than a millisecond is cut off.
pub async fn time_off_is_cut_to_milliseconds(backend: &Backend) {
    let practice = backend.practice().await;
    let finer = |at: Timestamp| at.checked_add(SignedDuration::from_nanos(456_789)).unwrap();
    let between = |from, until| ScheduleException::ClosedPeriod(Interval::new(from, until).unwrap());
    let new = NewScheduleException {
        created_at: finer(now()),
        ..time_off(practice.therapist, between(finer(slot(0)), finer(slot(1))))
    };
    let id = add(backend, &new).await;
    let cut = time_off(practice.therapist, between(slot(0), slot(1)));
    assert_eq!(entries(backend, None).await, [kept(id, &cut)]);
}

/// Entries are listed by id, of one therapist or of all, however they overlap.
pub async fn time_off_is_listed_by_id(backend: &Backend) {
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
        all.push(kept(add(backend, &new).await, &new));
    }
    assert!(all.is_sorted_by_key(|entry| entry.id));
    assert_eq!(entries(backend, None).await, all);
    for therapist in [practice.therapist, colleague] {
        let theirs: Vec<_> = all.iter().filter(|entry| entry.therapist == therapist).copied().collect();
        assert_eq!(entries(backend, Some(therapist)).await, theirs);
    }
    assert!(entries(backend, Some(practice.client)).await.is_empty());
    assert!(entries(backend, Some(unknown_user())).await.is_empty());
}

/// An entry is forgotten once, and no other with it.
pub async fn an_entry_is_forgotten_once(backend: &Backend) {
    let practice = backend.practice().await;
    let unknown = ScheduleExceptionId::new(987_654).unwrap();
    assert!(!remove(backend, unknown).await);
    let new = day_off(practice.therapist, "2027-05-01");
    let (first, second) = (add(backend, &new).await, add(backend, &new).await);
    assert!(!remove(backend, unknown).await);
    assert!(remove(backend, first).await);
    assert_eq!(entries(backend, None).await, [kept(second, &new)]);
    assert!(!remove(backend, first).await);
    assert!(remove(backend, second).await);
    assert!(entries(backend, None).await.is_empty());
    backend
        .commit(async |work| {
            let id = work.add_schedule_exception(&new).await?;
            assert!(work.remove_schedule_exception(id).await?);
            assert!(!work.remove_schedule_exception(id).await?);
            Ok(())
        })
        .await;
    assert!(entries(backend, None).await.is_empty());
}

/// Time off needs its therapist.
pub async fn time_off_needs_its_therapist(backend: &Backend) {
    let refused = backend
        .uncommitted(async |work| work.add_schedule_exception(&day_off(unknown_user(), "2027-05-01")).await)
        .await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "time off of no one: {refused:?}");
    assert!(entries(backend, None).await.is_empty());
}

/// A policy comes back as it went in, at the edges of what makes sense, each written over the one before it.
pub async fn a_policy_comes_back_as_it_went_in(backend: &Backend) {
    let practice = backend.practice().await;
    const DAYS: u32 = 366;
    const MOST: u32 = ChangeTerms::MAX_MINUTES;
    let least = PracticePolicy {
        rules: RuleSettings { notice_minutes: 0, horizon_days: 1, daily_limit: Some(1), step_minutes: 5 },
        terms: ChangeTerms { free_minutes: 0, late_refund_percent: 0, reschedule_minutes: 0 },
        auto_complete: false,
    };
    let most = PracticePolicy {
        rules: RuleSettings {
            notice_minutes: DAYS * 1_440 - 1,
            horizon_days: DAYS,
            daily_limit: Some(u32::MAX),
            step_minutes: 1_440,
        },
        terms: ChangeTerms { free_minutes: MOST, late_refund_percent: 100, reschedule_minutes: MOST },
        auto_complete: true,
    };
    let uncapped = PracticePolicy { rules: RuleSettings { daily_limit: None, ..most.rules }, ..most };
    for decided in [policy(), least, most, uncapped, PracticePolicy::default(), least] {
        decided.checked().expect("it makes sense");
        backend.commit(async |work| work.set_policy(&decided).await).await;
        assert_eq!(backend.queries.policy().await.unwrap(), decided);
        for someone in [practice.therapist, unknown_user()] {
            assert_eq!(settings(backend, someone).await.policy, decided);
        }
    }
}

/// Changing a calendar never touches a booking: neither its time nor its terms.
pub async fn changing_a_calendar_touches_no_booking(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let whole_year = ScheduleException::closed_dates(date("2027-01-01"), date("2027-12-31")).unwrap();
    backend
        .commit(async |work| {
            work.set_schedule(practice.therapist, &week(&[])).await?;
            work.add_schedule_exception(&time_off(practice.therapist, whole_year)).await?;
            work.set_policy(&policy()).await
        })
        .await;
    assert_eq!(backend.read_booking(booking.id()).await, Some(booking));
    // Whether someone may work then is not the store's to decide.
    backend.add_booking(|id| practice.booking(id, slot(1))).await;
}

/// A unit of work that is dropped changes no calendar, and readers see nothing of it before its commit.
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
        assert_eq!(entries(backend, None).await, [kept(id, &first)]);
        assert_eq!(backend.queries.policy().await.unwrap(), policy());
        if committed {
            work.commit().await.unwrap();
        } else {
            drop(work);
            assert_eq!(settings(backend, practice.therapist).await, old);
        }
    }
    let new = settings(backend, practice.therapist).await;
    assert_eq!(new.schedule.unwrap().week, [(Weekday::Sunday, LocalTimeRange::WHOLE_DAY)]);
    assert_eq!(new.time_off, [day_off(practice.therapist, "2027-06-01").what]);
    assert_eq!(new.policy, PracticePolicy::default());
}

/// Busy times reach from the start of each blocking booking to the end of its buffer, sorted by start; adjacent ranges are
/// left out.
pub async fn taken_time_is_what_bookings_block(backend: &Backend) {
    let practice = backend.practice().await;
    let free = [BookingStatus::Cancelled, BookingStatus::Expired];
    let mut expected = Vec::new();
    for (hour, (status, paid)) in (0..).map(|n| n * 2).zip(legal_states()).collect::<Vec<_>>().into_iter().rev() {
        let booking = backend
            .add_booking(|id| {
                let record = in_state(practice.record(id, slot(hour)), status, paid);
                let hold = record.hold_expires_at.map(|_| slot(hour));
                restored(BookingRecord { hold_expires_at: hold, ..record })
            })
            .await;
        if !free.contains(&status) {
            expected.push(Interval::new(booking.scheduled_at(), booking.blocked_until()).unwrap());
        }
    }
    expected.reverse();
    let taken = async |from, until| backend.queries.taken(practice.therapist, from, until, now()).await.unwrap();
    assert_eq!(taken(slot(0), slot(1_000)).await, expected);
    assert!(expected.is_sorted() && expected.len() > 10);

    let ms = SignedDuration::from_millis(1);
    let (one, two) = (expected[0], expected[1]);
    assert_eq!(taken(one.start(), one.end()).await, [one]);
    assert_eq!(taken(one.end() - ms, two.start() + ms).await, [one, two]);
    assert!(taken(one.end(), two.start()).await.is_empty(), "touching ends do not count");
    assert_eq!(taken(one.end() - ms, two.start()).await, [one]);
    assert_eq!(taken(one.end(), two.start() + ms).await, [two]);
    assert_eq!(taken(one.start() + ms, one.start() + ms + ms).await, [one], "in the middle of it");
    assert!(taken(slot(-9), one.start()).await.is_empty());
    assert!(taken(slot(900), slot(1_000)).await.is_empty());

    // The pause counts also where it is as long as it can be.
    let long = backend
        .add_booking(|id| {
            let blocked_until = minutes_after(slot(200), 1_440);
            restored(BookingRecord { minutes: 720, blocked_until, ..practice.record(id, slot(200)) })
        })
        .await;
    let time = Interval::new(long.scheduled_at(), long.blocked_until()).unwrap();
    assert_eq!(taken(long.blocked_until() - ms, slot(1_000)).await, [time]);
}

/// Unpaid bookings take no time any more once their hold is over, unless the provider is working on their payment.
pub async fn holds_that_are_over_take_no_time(backend: &Backend) {
    let practice = backend.practice().await;
    let over = minutes_after(now(), 15);
    let unpaid = |id: BookingId, hour, paid| {
        let record = in_state(practice.record(id, slot(hour)), BookingStatus::PendingPayment, paid);
        restored(BookingRecord { hold_expires_at: Some(over), ..record })
    };
    let pending = backend.add_booking(|id| unpaid(id, 0, PaymentStatus::Pending)).await;
    let failed = backend.add_booking(|id| unpaid(id, 1, PaymentStatus::Failed)).await;
    let processing = backend.add_booking(|id| unpaid(id, 2, PaymentStatus::Processing)).await;
    // What is agreed has no hold to lose, whatever is written there.
    let agreed = backend
        .add_booking(|id| restored(BookingRecord { hold_expires_at: Some(over), ..practice.record(id, slot(3)) }))
        .await;
    let taken = async |now| {
        let found = backend.queries.taken(practice.therapist, slot(0), slot(9), now).await.unwrap();
        found.iter().map(|time| time.start()).collect::<Vec<_>>()
    };
    let all = [&pending, &failed, &processing, &agreed].map(|booking| booking.scheduled_at());
    assert_eq!(taken(now()).await, all);
    assert_eq!(taken(over - SignedDuration::from_millis(1)).await, all);
    assert_eq!(taken(over).await, all[2..]);
    assert_eq!(taken(slot(1_000)).await, all[2..]);

    // Nothing was changed by looking, and the time is taken again when someone pays after all.
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(9)).await.unwrap().len(), 4);
    let paid = in_state(next_version(&pending), BookingStatus::Scheduled, PaymentStatus::Succeeded);
    work.save_booking(&restored(paid)).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(taken(over).await, [all[0], all[2], all[3]]);
}
