use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::booking::{BookingRecord, BookingRequest, PaymentPlan};
use crate::meeting::NewRoom;
use crate::{Cancellation, Currency, MeetingBaseUrl, Money, PaymentStatus, Role, RoomTail, ServiceId};

/// 2024-01-15T10:00:00Z, 50 minutes.
const START: i64 = 1_705_312_800;
const END: i64 = START + 50 * 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// Agreed five days ahead, client 7 with therapist 1.
fn booking() -> Booking {
    let base_url = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
    Booking::book(
        BookingRequest {
            id: BookingId::new(12).unwrap(),
            client: user(7),
            therapist: user(1),
            service: ServiceId::new(1).unwrap(),
            scheduled_at: at(START),
            minutes: 50,
            pause_minutes: 10,
            price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
            note: None,
            payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, tail: RoomTail::from_bytes([7; 16]) }),
        },
        at(START - 5 * DAY),
    )
    .unwrap()
    .0
}

/// The usual reminders: a day and an hour before.
fn plan() -> ReminderPlan {
    ReminderPlan::new(vec![60, 1_440]).unwrap()
}

fn reminder(minutes_before: u32) -> OwedNotice {
    OwedNotice {
        kind: NoticeKind::Reminder { minutes_before },
        booking: BookingId::new(12).unwrap(),
        recipient: user(7),
        starts_at: at(START),
        booking_version: 1,
        send_after: at(START - i64::from(minutes_before) * 60),
    }
}

fn info(send_after: i64) -> OwedNotice {
    OwedNotice { kind: NoticeKind::MeetingInfo, send_after: at(send_after), ..reminder(0) }
}

#[test]
fn a_new_booking_owes_the_information_at_once_and_the_reminders_later() {
    let now = START - 5 * DAY;
    let notices = owed(&booking(), BookingEvent::Scheduled, &plan(), at(now));
    assert_eq!(notices, [info(now), reminder(1_440), reminder(60)]);
}

#[test]
fn what_each_event_owes() {
    let now = at(START - 5 * DAY);
    for (event, expected) in [
        (BookingEvent::Scheduled, vec![info(START - 5 * DAY), reminder(1_440), reminder(60)]),
        (BookingEvent::Rescheduled, vec![reminder(1_440), reminder(60)]),
        (BookingEvent::Reopened, vec![reminder(1_440), reminder(60)]),
        (BookingEvent::Held, vec![]),
        (BookingEvent::Cancelled, vec![]),
        (BookingEvent::Expired, vec![]),
        (BookingEvent::Completed, vec![]),
        (BookingEvent::MarkedNoShow, vec![]),
        (BookingEvent::PaymentChanged, vec![]),
    ] {
        assert_eq!(owed(&booking(), event, &plan(), now), expected, "{event:?}");
    }
    let none = ReminderPlan::new(Vec::new()).unwrap();
    assert_eq!(owed(&booking(), BookingEvent::Scheduled, &none, now), [info(START - 5 * DAY)]);
    assert_eq!(owed(&booking(), BookingEvent::Rescheduled, &none, now), []);
}

#[test]
fn reminders_that_are_past_or_due_within_a_minute_are_not_planned() {
    for (seconds_before, offsets) in [
        (DAY + 61, vec![1_440, 60]),
        // Due in exactly a minute: it would come together with the information mail.
        (DAY + 60, vec![60]),
        (DAY + 1, vec![60]),
        (DAY, vec![60]),
        (DAY - 1, vec![60]),
        (HOUR + 61, vec![60]),
        (HOUR + 60, vec![]),
        (HOUR, vec![]),
        (600, vec![]),
        (0, vec![]),
        (-600, vec![]),
    ] {
        let now = at(START - seconds_before);
        let planned: Vec<u32> = owed(&booking(), BookingEvent::Rescheduled, &plan(), now)
            .iter()
            .map(|notice| notice.kind.offset_minutes())
            .collect();
        assert_eq!(planned, offsets, "{seconds_before} s before the session");
    }
}

#[test]
fn a_moved_session_owes_reminders_of_its_new_time() {
    let now = at(START - 5 * DAY);
    let (moved, event) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let notices = owed(&moved, event, &plan(), now);
    assert_eq!(notices.iter().map(|n| n.send_after).collect::<Vec<_>>(), [at(START), at(START + DAY - HOUR)]);
    assert!(notices.iter().all(|n| n.starts_at == at(START + DAY) && n.booking_version == 2 && n.recipient == user(7)));
}

#[test]
fn dedupe_keys() {
    assert_eq!(info(0).dedupe_key(), "meeting_info:12:0:1705312800");
    assert_eq!(reminder(60).dedupe_key(), "reminder:12:60:1705312800");
    assert_eq!(reminder(1_440).dedupe_key(), "reminder:12:1440:1705312800");
    let other_booking = OwedNotice { booking: BookingId::new(13).unwrap(), ..reminder(60) };
    let other_start = OwedNotice { starts_at: at(START + 60), ..reminder(60) };
    let all = [info(0), reminder(60), reminder(1_440), other_booking, other_start];
    assert_eq!(all.iter().map(OwedNotice::dedupe_key).collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn a_session_that_is_moved_away_and_back_is_announced_once() {
    let now = at(START - 5 * DAY);
    let (away, left) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let (back, returned) = away.clone().reschedule(at(START), Role::Client, now).unwrap();
    let keys = |notices: Vec<OwedNotice>| notices.iter().map(OwedNotice::dedupe_key).collect::<Vec<_>>();
    let first = keys(owed(&booking(), BookingEvent::Rescheduled, &plan(), now));
    assert_eq!(keys(owed(&back, returned, &plan(), now)), first, "the mails that wait already are the right ones");
    assert!(keys(owed(&away, left, &plan(), now)).iter().all(|key| !first.contains(key)));
}

fn with_status(status: BookingStatus) -> Booking {
    let agreed = booking().record().clone();
    let cancellation =
        Cancellation { at: at(START - DAY), by: user(7), late: false, reason: None, refund: agreed.price };
    Booking::restore(match status {
        BookingStatus::PendingPayment => BookingRecord {
            status,
            payment_status: PaymentStatus::Pending,
            room: None,
            hold_expires_at: Some(at(START)),
            ..agreed
        },
        BookingStatus::Expired => {
            BookingRecord { status, payment_status: PaymentStatus::Cancelled, room: None, ..agreed }
        }
        BookingStatus::Cancelled => BookingRecord { status, cancellation: Some(cancellation), ..agreed },
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
            BookingRecord { status, ..agreed }
        }
    })
    .unwrap()
}

#[test]
fn only_a_scheduled_session_is_announced() {
    let now = at(START - HOUR);
    for status in BookingStatus::ALL {
        let expected = if status == BookingStatus::Scheduled { Verdict::Send } else { Verdict::Skip };
        for notice in [info(START - 5 * DAY), reminder(60), reminder(1_440)] {
            assert_eq!(verdict(&notice, &with_status(status), now), expected, "{status:?}");
        }
    }
}

#[test]
fn a_moved_session_never_mails_its_old_time() {
    let now = at(START - 5 * DAY);
    for to in [START + 60, START - 60, START + DAY] {
        let (moved, _) = booking().reschedule(at(to), Role::Client, now).unwrap();
        assert_eq!(verdict(&reminder(60), &moved, now), Verdict::Skip);
        assert_eq!(verdict(&info(START - 5 * DAY), &moved, now), Verdict::Skip);
        let (back, _) = moved.reschedule(at(START), Role::Client, now).unwrap();
        assert_eq!(verdict(&reminder(60), &back, now), Verdict::Send, "the old time is the right one again");
    }
}

#[test]
fn a_payment_that_moves_keeps_the_mails() {
    let paid = BookingRecord { payment_status: PaymentStatus::Succeeded, ..booking().record().clone() };
    let (refunding, event) = Booking::restore(paid).unwrap().refund_requested(at(START - DAY)).unwrap();
    assert_eq!(owed(&refunding, event, &plan(), at(START - DAY)), []);
    assert_eq!(verdict(&reminder(60), &refunding, at(START - HOUR)), Verdict::Send);
}

#[test]
fn late_is_late_to_the_second() {
    for (now, expected) in [
        (START - DAY, Verdict::Send),
        (START - 301, Verdict::Send),
        (START - 300, Verdict::Expired),
        (START, Verdict::Expired),
        (END, Verdict::Expired),
    ] {
        assert_eq!(verdict(&reminder(60), &booking(), at(now)), expected, "{} s", now - START);
    }
    for (now, expected) in [
        (START - 300, Verdict::Send),
        // Somebody who booked at the last minute still needs the link.
        (START + 60, Verdict::Send),
        (END - 1, Verdict::Send),
        (END, Verdict::Expired),
        (END + DAY, Verdict::Expired),
    ] {
        assert_eq!(verdict(&info(START - DAY), &booking(), at(now)), expected, "{} s", now - START);
    }
}

#[test]
fn skipped_says_more_than_expired() {
    // A cancelled session whose time has passed was not missed; it was called off.
    for now in [START, END + DAY] {
        assert_eq!(verdict(&reminder(60), &with_status(BookingStatus::Cancelled), at(now)), Verdict::Skip);
    }
}

#[test]
fn expiry_of_each_kind() {
    assert_eq!(info(0).expires_at(), None);
    assert_eq!(reminder(60).expires_at(), Some(at(START - 300)));
}

/// The middle of the spread: the pause itself.
const MIDDLE: f64 = 0.5;

fn pause_after(notice: &OwedNotice, attempts: u32, jitter: f64, now: i64) -> f64 {
    match RetryPolicy::default().after_failure(notice, attempts, jitter, at(now)) {
        NextStep::RetryAt(next) => next.duration_since(at(now)).as_secs_f64(),
        step @ (NextStep::Expire | NextStep::GiveUp) => panic!("attempt {attempts}: {step:?}"),
    }
}

#[test]
fn pauses_double_up_to_an_hour() {
    let now = START - 5 * DAY;
    let pauses: Vec<f64> = (1..12).map(|attempts| pause_after(&info(now), attempts, MIDDLE, now)).collect();
    let expected = [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1_920.0, 3_600.0, 3_600.0, 3_600.0, 3_600.0];
    for (pause, expected) in pauses.iter().zip(expected) {
        assert!((pause - expected).abs() < 0.001, "{pauses:?}");
    }
}

#[test]
fn jitter_spreads_by_a_fifth_both_ways_and_by_no_more() {
    let now = START - 5 * DAY;
    for (jitter, factor) in
        [(0.0, 0.8), (0.25, 0.9), (1.0, 1.2), (-5.0, 0.8), (7.0, 1.2), (f64::INFINITY, 1.2), (f64::NEG_INFINITY, 0.8)]
    {
        for (attempts, pause) in [(1, 30.0), (3, 120.0), (11, 3_600.0)] {
            let found = pause_after(&info(now), attempts, jitter, now);
            assert!((found - pause * factor).abs() < 0.001, "jitter {jitter}, attempt {attempts}: {found}");
        }
    }
    assert!(pause_after(&info(now), 1, f64::NAN, now) > 0.0, "a jitter that is no number is no panic");
}

#[test]
fn the_information_is_given_up_after_twelve_attempts() {
    let now = at(START - 5 * DAY);
    let policy = RetryPolicy::default();
    for attempts in [12, 13, u32::MAX] {
        assert_eq!(policy.after_failure(&info(0), attempts, MIDDLE, now), NextStep::GiveUp, "{attempts}");
    }
    assert!(matches!(policy.after_failure(&info(0), 11, MIDDLE, now), NextStep::RetryAt(_)));
}

#[test]
fn a_reminder_is_tried_until_its_time_is_over_however_often() {
    for attempts in [12, 100, u32::MAX] {
        assert!((pause_after(&reminder(1_440), attempts, MIDDLE, START - DAY) - 3_600.0).abs() < 0.001);
    }
}

#[test]
fn a_reminder_gets_one_last_call_and_no_call_after_it() {
    let last = START - 300;
    for (now, expected) in [
        // The next regular try is in an hour, which would be too late: half a minute before the end instead.
        (last - 3_599, NextStep::RetryAt(at(last - 30))),
        (last - 60, NextStep::RetryAt(at(last - 30))),
        (last - 35, NextStep::RetryAt(at(last - 30))),
        // Not at once, though: a server that just failed gets five seconds.
        (last - 34, NextStep::RetryAt(at(last - 29))),
        (last - 6, NextStep::RetryAt(at(last - 1))),
        (last - 5, NextStep::Expire),
        (last - 1, NextStep::Expire),
        (last, NextStep::Expire),
        (last + 1, NextStep::Expire),
        (START + DAY, NextStep::Expire),
    ] {
        let step = RetryPolicy::default().after_failure(&reminder(60), 9, MIDDLE, at(now));
        assert_eq!(step, expected, "{} s before the last call", last - now);
    }
}

#[test]
fn plans_are_sorted_and_bounded() {
    assert_eq!(ReminderPlan::new(vec![60, 1_440, 6]).unwrap().offsets_minutes(), [1_440, 60, 6]);
    assert_eq!(ReminderPlan::new(vec![]).unwrap().offsets_minutes(), [0_u32; 0]);
    assert_eq!(ReminderPlan::new(vec![43_200]).unwrap().offsets_minutes(), [43_200]);
    assert_eq!(ReminderPlan::new((6..16).collect()).unwrap().offsets_minutes().len(), 10);
    for bad in [vec![60, 60], vec![60, 1_440, 60], vec![5], vec![0], vec![43_201], vec![u32::MAX], (6..17).collect()] {
        assert_eq!(ReminderPlan::new(bad.clone()), Err(BadReminderPlan), "{bad:?}");
    }
}

#[test]
fn names_round_trip() {
    for kind in [NoticeKind::MeetingInfo, NoticeKind::Reminder { minutes_before: 1_440 }] {
        assert_eq!(NoticeKind::parse(kind.as_str(), kind.offset_minutes()), Some(kind));
    }
    assert_eq!(NoticeKind::parse("newsletter", 0), None);
    for state in NoticeState::ALL {
        assert_eq!(NoticeState::parse(state.as_str()), Some(state));
        assert_eq!(state.to_string(), state.as_str());
    }
    assert_eq!(NoticeState::parse("Sent"), None);
}

proptest! {
    /// Whatever fails and whenever: a next try lies ahead, in time, and not too far ahead.
    #[test]
    fn every_next_try_is_ahead_and_in_time(
        is_reminder: bool,
        minutes_before in 6_u32..=43_200,
        attempts in 1_u32..40,
        jitter in 0.0..=1.0,
        before in -7_200_i64..40 * DAY,
    ) {
        let notice = if is_reminder { reminder(minutes_before) } else { info(START - DAY) };
        let now = at(START - before);
        match RetryPolicy::default().after_failure(&notice, attempts, jitter, now) {
            NextStep::RetryAt(next) => {
                prop_assert!(next >= now.saturating_add(SignedDuration::from_secs(5)).unwrap());
                prop_assert!(next <= now.saturating_add(SignedDuration::from_secs(4_320)).unwrap());
                prop_assert!(notice.expires_at().is_none_or(|last| next < last));
            }
            NextStep::Expire => prop_assert!(is_reminder && before <= 305),
            NextStep::GiveUp => prop_assert!(!is_reminder && attempts >= 12),
        }
    }

    /// No plan, time or event makes two equal keys, a reminder in the past, or one that is over before it is due.
    #[test]
    fn owed_mails_are_distinct_and_ahead(offsets in proptest::collection::hash_set(6_u32..=43_200, 0..=10), before in 1_i64..60 * DAY) {
        let now = at(START - before);
        let plan = ReminderPlan::new(offsets.into_iter().collect()).unwrap();
        let notices = owed(&booking(), BookingEvent::Scheduled, &plan, now);
        let keys: HashSet<_> = notices.iter().map(OwedNotice::dedupe_key).collect();
        prop_assert_eq!(keys.len(), notices.len());
        prop_assert_eq!(notices.iter().filter(|n| n.kind == NoticeKind::MeetingInfo).count(), 1);
        for notice in &notices {
            prop_assert!(notice.send_after >= now);
            prop_assert!(notice.expires_at().is_none_or(|last| notice.send_after < last));
            prop_assert_eq!(verdict(notice, &booking(), notice.send_after), Verdict::Send);
        }
    }
}
