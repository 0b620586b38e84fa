//! Tests of which mails are owed, and until when.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::booking::BookingRecord;
use crate::meeting::fixtures::{END, START, at, booking as with_status, lasting, user};
use crate::{PaymentStatus, Role};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Agreed five days ahead, client 7 with therapist 1.
fn booking() -> Booking {
    lasting(50)
}

fn client() -> ViewerId {
    ViewerId::Account(user(7))
}

/// Has the client's number, and is somebody else.
fn relative() -> ParticipantId {
    ParticipantId::new(7).unwrap()
}

/// The usual reminders: a day and an hour before.
fn plan() -> ReminderPlan {
    ReminderPlan::new(vec![60, 1_440]).unwrap()
}

fn reminder(minutes_before: u32) -> NewNotification {
    NewNotification {
        kind: NotificationKind::Reminder { minutes_before },
        booking: BookingId::new(12).unwrap(),
        recipient: client(),
        starts_at: at(START),
        booking_version: 1,
        send_after: at(START - i64::from(minutes_before) * 60),
    }
}

fn info(send_after: i64) -> NewNotification {
    NewNotification { kind: NotificationKind::MeetingInfo, send_after: at(send_after), ..reminder(0) }
}

fn moved(send_after: i64) -> NewNotification {
    NewNotification { kind: NotificationKind::Rescheduled, ..info(send_after) }
}

fn called_off(send_after: i64) -> NewNotification {
    NewNotification { kind: NotificationKind::Cancelled, ..info(send_after) }
}

fn link(send_after: i64) -> NewNotification {
    NewNotification { kind: NotificationKind::MeetingLink, ..info(send_after) }
}

/// The same mail to the one who is invited.
fn to_relative(notice: NewNotification) -> NewNotification {
    NewNotification { recipient: ViewerId::Participant(relative()), ..notice }
}

fn invitation(send_after: i64) -> NewNotification {
    to_relative(NewNotification { kind: NotificationKind::Invitation, ..info(send_after) })
}

fn keys(notices: &[NewNotification]) -> Vec<String> {
    notices.iter().map(NewNotification::dedupe_key).collect()
}

#[test]
fn a_new_booking_owes_the_information_at_once_and_the_reminders_later() {
    let now = START - 5 * DAY;
    let notices = notifications_for(&booking(), BookingEvent::Scheduled, &[], &plan(), at(now));
    assert_eq!(notices, [info(now), reminder(1_440), reminder(60)]);
}

#[test]
fn what_each_event_owes() {
    let now = at(START - 5 * DAY);
    for (event, expected) in [
        (BookingEvent::Scheduled, vec![info(START - 5 * DAY), reminder(1_440), reminder(60)]),
        (BookingEvent::Rescheduled, vec![moved(START - 5 * DAY), reminder(1_440), reminder(60)]),
        (BookingEvent::Reopened, vec![reminder(1_440), reminder(60)]),
        (BookingEvent::Held, vec![]),
        (BookingEvent::Cancelled, vec![called_off(START - 5 * DAY)]),
        (BookingEvent::Expired, vec![]),
        (BookingEvent::Completed, vec![]),
        (BookingEvent::MarkedNoShow, vec![]),
        (BookingEvent::LinksRevoked, vec![link(START - 5 * DAY)]),
        (BookingEvent::PaymentChanged, vec![]),
    ] {
        assert_eq!(notifications_for(&booking(), event, &[], &plan(), now), expected, "{event:?}");
    }
    let none = ReminderPlan::new(Vec::new()).unwrap();
    assert_eq!(notifications_for(&booking(), BookingEvent::Scheduled, &[], &none, now), [info(START - 5 * DAY)]);
    assert_eq!(notifications_for(&booking(), BookingEvent::Rescheduled, &[], &none, now), [moved(START - 5 * DAY)]);
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
        let planned: Vec<u32> = notifications_for(&booking(), BookingEvent::Rescheduled, &[], &plan(), now)
            .iter()
            .filter(|notice| notice.kind != NotificationKind::Rescheduled)
            .map(|notice| notice.kind.offset_minutes())
            .collect();
        assert_eq!(planned, offsets, "{seconds_before} s before the session");
    }
}

#[test]
fn a_moved_session_owes_reminders_of_its_new_time() {
    let now = at(START - 5 * DAY);
    let (moved, event) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let notices = notifications_for(&moved, event, &[], &plan(), now);
    assert_eq!(notices.iter().map(|n| n.send_after).collect::<Vec<_>>(), [now, at(START), at(START + DAY - HOUR)]);
    assert!(
        notices.iter().all(|n| n.starts_at == at(START + DAY) && n.booking_version == 2 && n.recipient == client())
    );
}

#[test]
fn everybody_who_takes_part_is_told_of_a_change() {
    let now = at(START - 600);
    let invited = [relative(), ParticipantId::new(8).unwrap()];
    let readers = [client(), ViewerId::Participant(invited[0]), ViewerId::Participant(invited[1])];
    for (event, kind) in [
        (BookingEvent::Rescheduled, NotificationKind::Rescheduled),
        (BookingEvent::Cancelled, NotificationKind::Cancelled),
        (BookingEvent::LinksRevoked, NotificationKind::MeetingLink),
    ] {
        let notices = notifications_for(&booking(), event, &invited, &plan(), now);
        assert_eq!(notices.iter().map(|n| (n.kind, n.recipient)).collect::<Vec<_>>(), readers.map(|r| (kind, r)));
        assert_eq!(keys(&notices).iter().collect::<HashSet<_>>().len(), 3, "each has a mail of their own");
    }
}

#[test]
fn nobody_is_told_of_a_session_that_was_never_agreed() {
    let unpaid = with_status(BookingStatus::PendingPayment);
    assert_eq!(notifications_for(&unpaid, BookingEvent::Cancelled, &[], &plan(), at(START - DAY)), []);
}

#[test]
fn a_session_that_is_moved_away_and_back_is_told_each_time() {
    let now = at(START - 5 * DAY);
    let (away, event) = booking().reschedule(at(START + DAY), Role::Admin, now).unwrap();
    let first = notifications_for(&away, event, &[], &plan(), now);
    let (back, event) = away.reschedule(at(START), Role::Admin, now).unwrap();
    let second = notifications_for(&back, event, &[], &plan(), now);
    assert_eq!(send_decision(&first[0], &back, now), SendDecision::Skip, "the time it tells is not the time any more");
    assert_eq!(send_decision(&second[0], &back, now), SendDecision::Send);
    let (again, event) = back.reschedule(at(START + DAY), Role::Admin, now).unwrap();
    let third = notifications_for(&again, event, &[], &plan(), now);
    assert_ne!(first[0].dedupe_key(), third[0].dedupe_key());
    assert_eq!(keys(&first[1..]), keys(&third[1..]), "reminders once");
}

#[test]
fn an_invitation_owes_itself_and_the_reminders_of_the_client() {
    let now = START - 5 * DAY;
    let notices = notifications_for_participant(&booking(), relative(), &plan(), at(now));
    assert_eq!(notices, [invitation(now), to_relative(reminder(1_440)), to_relative(reminder(60))]);
    // Whoever is invited at the last minute is told once, and not reminded of what they just read.
    for seconds_before in [HOUR + 60, 600, 0] {
        let now = START - seconds_before;
        assert_eq!(notifications_for_participant(&booking(), relative(), &plan(), at(now)), [invitation(now)]);
    }
}

#[test]
fn links_that_were_taken_back_owe_the_client_the_new_one_at_once() {
    let now = at(START - 600);
    let (revoked, event) = booking().revoke_links(now).unwrap();
    let notices = notifications_for(&revoked, event, &[], &plan(), now);
    assert_eq!(notices, [NewNotification { booking_version: 2, ..link(START - 600) }]);
    let (revoked, event) = revoked.revoke_links(now).unwrap();
    assert_ne!(
        keys(&notifications_for(&revoked, event, &[], &plan(), now)),
        keys(&notices),
        "the first new link is an old one by now"
    );
}

#[test]
fn a_link_once_more_goes_to_whom_it_belongs() {
    assert_eq!(link_notification(&booking(), client(), at(START)), link(START));
    let reader = ViewerId::Participant(relative());
    assert_eq!(link_notification(&booking(), reader, at(START)), to_relative(link(START)));
}

/// These stand in stores: what is written here must never change for a mail that is owed already.
#[test]
fn dedupe_keys_to_the_letter() {
    for (notice, key) in [
        (info(0), "meeting_info:12:0:1705312800"),
        (reminder(60), "reminder:12:60:1705312800"),
        (reminder(1_440), "reminder:12:1440:1705312800"),
        (to_relative(reminder(60)), "reminder:12:60:1705312800:guest-7"),
        (to_relative(reminder(1_440)), "reminder:12:1440:1705312800:guest-7"),
        (invitation(0), "invitation:12:0:1705312800:guest-7"),
        (NewNotification { booking_version: 2, ..moved(0) }, "rescheduled:12:2:1705312800:user-7"),
        (to_relative(moved(0)), "rescheduled:12:1:1705312800:guest-7"),
        (called_off(0), "cancelled:12:0:1705312800"),
        (to_relative(called_off(0)), "cancelled:12:0:1705312800:guest-7"),
        // 2024-01-15T09:00:00Z is hour 473697 since 1970.
        (link(START - HOUR), "meeting_link:12:1:473697:1705312800:user-7"),
        (to_relative(link(START - HOUR)), "meeting_link:12:1:473697:1705312800:guest-7"),
        (NewNotification { booking_version: 3, ..link(START) }, "meeting_link:12:3:473698:1705312800:user-7"),
    ] {
        assert_eq!(notice.dedupe_key(), key);
    }
}

#[test]
fn different_mails_have_different_keys() {
    let other_booking = NewNotification { booking: BookingId::new(13).unwrap(), ..reminder(60) };
    let other_start = NewNotification { starts_at: at(START + 60), ..reminder(60) };
    let other_relative =
        NewNotification { recipient: ViewerId::Participant(ParticipantId::new(8).unwrap()), ..invitation(0) };
    let for_client = [info(0), reminder(60), reminder(1_440), link(0), other_booking, other_start.clone()];
    let for_relatives = [invitation(0), other_relative].into_iter().chain(for_client.clone().map(to_relative));
    let all: Vec<NewNotification> = for_client.into_iter().chain(for_relatives).collect();
    assert_eq!(keys(&all).into_iter().collect::<HashSet<_>>().len(), all.len());
}

/// When it leaves is no part of the key: nobody is told twice because somebody clicked twice.
#[test]
fn the_same_mail_has_the_same_key_whenever_it_is_owed() {
    for send_after in [0, 1, START - 5 * DAY, START] {
        assert_eq!(info(send_after).dedupe_key(), info(0).dedupe_key());
        assert_eq!(invitation(send_after).dedupe_key(), invitation(0).dedupe_key());
        let later = NewNotification { booking_version: 9, send_after: at(send_after), ..reminder(60) };
        assert_eq!(later.dedupe_key(), reminder(60).dedupe_key());
    }
}

#[test]
fn a_link_is_mailed_once_per_hour_and_version_and_reader() {
    let first = link(START - HOUR);
    for (notice, same) in [
        (link(START - HOUR + 1), true),
        (link(START - 1), true),
        (link(START), false),
        (link(START - HOUR - 1), false),
        (NewNotification { booking_version: 2, ..first.clone() }, false),
        (NewNotification { starts_at: at(START + DAY), ..first.clone() }, false),
        (NewNotification { booking: BookingId::new(13).unwrap(), ..first.clone() }, false),
        (NewNotification { recipient: ViewerId::Account(user(8)), ..first.clone() }, false),
        (to_relative(first.clone()), false),
    ] {
        assert_eq!(notice.dedupe_key() == first.dedupe_key(), same, "{notice:?}");
    }
    // Hours are counted evenly on both sides of 1970.
    assert_ne!(link(-1).dedupe_key(), link(0).dedupe_key());
    assert_eq!(link(-1).dedupe_key(), link(-HOUR).dedupe_key());
}

#[test]
fn a_session_that_is_moved_away_and_back_is_reminded_of_once() {
    let now = at(START - 5 * DAY);
    let (away, left) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let (back, returned) = away.clone().reschedule(at(START), Role::Client, now).unwrap();
    let first = keys(&notifications_for(&booking(), BookingEvent::Rescheduled, &[], &plan(), now));
    let second = keys(&notifications_for(&back, returned, &[], &plan(), now));
    assert_eq!(second[1..], first[1..], "the reminders that wait already are the right ones");
    assert!(keys(&notifications_for(&away, left, &[], &plan(), now)).iter().all(|key| !first.contains(key)));
    let to_relative = |booking: &Booking| keys(&notifications_for_participant(booking, relative(), &plan(), now));
    assert_eq!(to_relative(&back), to_relative(&booking()));
}

#[test]
fn only_a_cancelled_session_is_called_off() {
    let now = at(START - HOUR);
    for status in BookingStatus::ALL {
        let expected = if status == BookingStatus::Cancelled { SendDecision::Send } else { SendDecision::Skip };
        assert_eq!(send_decision(&called_off(0), &with_status(status), now), expected, "{status:?}");
    }
    assert_eq!(send_decision(&called_off(0), &with_status(BookingStatus::Cancelled), at(END)), SendDecision::Expire);
}

#[test]
fn only_a_scheduled_session_is_announced() {
    let now = at(START - HOUR);
    for status in BookingStatus::ALL {
        let expected = if status == BookingStatus::Scheduled { SendDecision::Send } else { SendDecision::Skip };
        for notice in [
            info(START - 5 * DAY),
            reminder(60),
            reminder(1_440),
            invitation(START - 5 * DAY),
            link(START - 5 * DAY),
            to_relative(reminder(60)),
        ] {
            assert_eq!(send_decision(&notice, &with_status(status), now), expected, "{status:?}");
        }
    }
}

#[test]
fn a_moved_session_never_mails_its_old_time() {
    let now = at(START - 5 * DAY);
    for to in [START + 60, START - 60, START + DAY] {
        let (moved, _) = booking().reschedule(at(to), Role::Client, now).unwrap();
        assert_eq!(send_decision(&reminder(60), &moved, now), SendDecision::Skip);
        for told in [info(START - 5 * DAY), invitation(START - 5 * DAY), link(START - 5 * DAY)] {
            assert_eq!(send_decision(&told, &moved, now), SendDecision::Skip, "{told:?}");
        }
        let (back, _) = moved.reschedule(at(START), Role::Client, now).unwrap();
        assert_eq!(send_decision(&reminder(60), &back, now), SendDecision::Send, "the old time is the right one again");
    }
}

#[test]
fn a_payment_that_moves_keeps_the_mails() {
    let paid = BookingRecord { payment_status: PaymentStatus::Succeeded, ..booking().record().clone() };
    let (refunding, event) =
        Booking::restore(paid).unwrap().sync_payment_status(PaymentStatus::RefundPending, at(START - DAY)).unwrap();
    assert_eq!(notifications_for(&refunding, event, &[], &plan(), at(START - DAY)), []);
    assert_eq!(send_decision(&reminder(60), &refunding, at(START - HOUR)), SendDecision::Send);
}

#[test]
fn late_is_late_to_the_second() {
    for (now, expected) in [
        (START - DAY, SendDecision::Send),
        (START - 301, SendDecision::Send),
        (START - 300, SendDecision::Expire),
        (START, SendDecision::Expire),
        (END, SendDecision::Expire),
    ] {
        assert_eq!(send_decision(&reminder(60), &booking(), at(now)), expected, "{} s", now - START);
    }
    for (now, expected) in [
        (START - 300, SendDecision::Send),
        // Somebody who booked at the last minute still needs the link.
        (START + 60, SendDecision::Send),
        (END - 1, SendDecision::Send),
        (END, SendDecision::Expire),
        (END + DAY, SendDecision::Expire),
    ] {
        for notice in [info(START - DAY), invitation(START - DAY), link(START - DAY)] {
            assert_eq!(send_decision(&notice, &booking(), at(now)), expected, "{notice:?}, {} s", now - START);
        }
    }
}

#[test]
fn skipped_says_more_than_expired() {
    // A cancelled session whose time has passed was not missed; it was called off.
    for now in [START, END + DAY] {
        assert_eq!(send_decision(&reminder(60), &with_status(BookingStatus::Cancelled), at(now)), SendDecision::Skip);
    }
}

#[test]
fn expiry_of_each_kind() {
    for notice in [info(0), invitation(0), link(0)] {
        assert_eq!(notice.expires_at(), None);
    }
    assert_eq!(reminder(60).expires_at(), Some(at(START - 300)));
}

/// A worker that was away sends the nearest reminder and no other.
#[test]
fn a_nearer_reminder_that_is_due_replaces_the_farther_ones() {
    let plan = ReminderPlan::new(vec![60, 1_440, 10_080]).unwrap();
    for (now, superseded) in [
        (START - 8 * DAY, vec![]),
        (START - DAY - 1, vec![]),
        (START - DAY, vec![10_080]),
        (START - HOUR - 1, vec![10_080]),
        (START - HOUR, vec![10_080, 1_440]),
        (START, vec![10_080, 1_440]),
    ] {
        assert_eq!(superseded_at(&plan, now), superseded, "{} s", now - START);
    }
    for other in [info(0), link(0), invitation(0)] {
        assert!(!is_superseded(&other, &plan, at(START)), "{other:?}");
    }
}

fn superseded_at(plan: &ReminderPlan, now: i64) -> Vec<u32> {
    let offsets = plan.offsets_minutes().iter().copied();
    let for_client: Vec<u32> = offsets.filter(|m| is_superseded(&reminder(*m), plan, at(now))).collect();
    for minutes in plan.offsets_minutes() {
        let for_relative = is_superseded(&to_relative(reminder(*minutes)), plan, at(now));
        assert_eq!(for_relative, for_client.contains(minutes), "both are reminded alike");
    }
    for_client
}

/// The middle of the spread: the pause itself.
const MIDDLE: f64 = 0.5;

fn pause_after(notice: &NewNotification, attempts: u32, jitter: f64, now: i64) -> f64 {
    match RetryPolicy::default().after_failure(notice, attempts, jitter, at(now)) {
        RetryDecision::RetryAt(next) => next.duration_since(at(now)).as_secs_f64(),
        step @ (RetryDecision::Expire | RetryDecision::DeadLetter) => panic!("attempt {attempts}: {step:?}"),
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
fn whatever_has_no_time_of_its_own_is_given_up_after_twelve_attempts() {
    let now = at(START - 5 * DAY);
    let policy = RetryPolicy::default();
    for notice in [info(0), invitation(0), link(0)] {
        for attempts in [12, 13, u32::MAX] {
            assert_eq!(policy.after_failure(&notice, attempts, MIDDLE, now), RetryDecision::DeadLetter, "{attempts}");
        }
        assert!(matches!(policy.after_failure(&notice, 11, MIDDLE, now), RetryDecision::RetryAt(_)));
    }
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
        (last - 3_599, RetryDecision::RetryAt(at(last - 30))),
        (last - 60, RetryDecision::RetryAt(at(last - 30))),
        (last - 35, RetryDecision::RetryAt(at(last - 30))),
        // Not at once, though: a server that just failed gets five seconds.
        (last - 34, RetryDecision::RetryAt(at(last - 29))),
        (last - 6, RetryDecision::RetryAt(at(last - 1))),
        (last - 5, RetryDecision::Expire),
        (last - 1, RetryDecision::Expire),
        (last, RetryDecision::Expire),
        (last + 1, RetryDecision::Expire),
        (START + DAY, RetryDecision::Expire),
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
        assert_eq!(ReminderPlan::new(bad.clone()), Err(InvalidReminderPlan), "{bad:?}");
    }
}

#[test]
fn names_round_trip() {
    for (kind, name, offset) in [
        (NotificationKind::MeetingInfo, "meeting_info", 0),
        (NotificationKind::Reminder { minutes_before: 1_440 }, "reminder", 1_440),
        (NotificationKind::Invitation, "invitation", 0),
        (NotificationKind::MeetingLink, "meeting_link", 0),
    ] {
        assert_eq!((kind.as_str(), kind.offset_minutes()), (name, offset));
        assert_eq!(NotificationKind::parse(name, offset), Some(kind));
    }
    assert_eq!(NotificationKind::parse("newsletter", 0), None);
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
            RetryDecision::RetryAt(next) => {
                prop_assert!(next >= now.saturating_add(SignedDuration::from_secs(5)).unwrap());
                prop_assert!(next <= now.saturating_add(SignedDuration::from_secs(4_320)).unwrap());
                prop_assert!(notice.expires_at().is_none_or(|last| next < last));
            }
            RetryDecision::Expire => prop_assert!(is_reminder && before <= 305),
            RetryDecision::DeadLetter => prop_assert!(!is_reminder && attempts >= 12),
        }
    }

    /// No plan, time or event makes two equal keys, a reminder in the past, or one that is over before it is due.
    #[test]
    fn owed_mails_are_distinct_and_ahead(offsets in proptest::collection::hash_set(6_u32..=43_200, 0..=10), before in 1_i64..60 * DAY) {
        let now = at(START - before);
        let plan = ReminderPlan::new(offsets.into_iter().collect()).unwrap();
        let mut notices = notifications_for(&booking(), BookingEvent::Scheduled, &[], &plan, now);
        notices.extend(notifications_for_participant(&booking(), relative(), &plan, now));
        let keys: HashSet<_> = notices.iter().map(NewNotification::dedupe_key).collect();
        prop_assert_eq!(keys.len(), notices.len());
        prop_assert_eq!(notices.iter().filter(|n| n.kind == NotificationKind::Invitation).count(), 1);
        prop_assert_eq!(notices.iter().filter(|n| n.kind == NotificationKind::MeetingInfo).count(), 1);
        for notice in &notices {
            prop_assert!(notice.send_after >= now);
            prop_assert!(notice.expires_at().is_none_or(|last| notice.send_after < last));
            prop_assert_eq!(send_decision(notice, &booking(), notice.send_after), SendDecision::Send);
        }
    }
}
