use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::booking::BookingRecord;
use crate::fixtures::{END, START, at, booking as with_status, confirmed, user};
use crate::{PaymentStatus, Role};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Confirmed five days ahead for client 7 and therapist 1.
fn booking() -> Booking {
    confirmed(50)
}

fn client() -> ViewerId {
    ViewerId::Account(user(7))
}

/// Has the same number as the client.
fn relative() -> ParticipantId {
    ParticipantId::new(7).unwrap()
}

/// Reminders a day and an hour before.
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

fn cancelled(send_after: i64) -> NewNotification {
    NewNotification { kind: NotificationKind::Cancelled, ..info(send_after) }
}

fn link(send_after: i64) -> NewNotification {
    NewNotification { kind: NotificationKind::MeetingLink, ..info(send_after) }
}

/// The same email to the participant.
fn to_relative(notification: NewNotification) -> NewNotification {
    NewNotification { recipient: ViewerId::Participant(relative()), ..notification }
}

fn invitation(send_after: i64) -> NewNotification {
    to_relative(NewNotification { kind: NotificationKind::Invitation, ..info(send_after) })
}

fn keys(notifications: &[NewNotification]) -> Vec<String> {
    notifications.iter().map(NewNotification::dedupe_key).collect()
}

#[test]
fn a_confirmation_enqueues_the_information_and_the_reminders() {
    let now = START - 5 * DAY;
    let notifications = notifications_for(&booking(), BookingEvent::Scheduled, &[], &plan(), at(now));
    assert_eq!(notifications, [info(now), reminder(1_440), reminder(60)]);
}

#[test]
fn notifications_by_event() {
    let now = at(START - 5 * DAY);
    for (event, expected) in [
        (BookingEvent::Scheduled, vec![info(START - 5 * DAY), reminder(1_440), reminder(60)]),
        (BookingEvent::Rescheduled, vec![moved(START - 5 * DAY), reminder(1_440), reminder(60)]),
        (BookingEvent::Reopened, vec![reminder(1_440), reminder(60)]),
        (BookingEvent::Held, vec![]),
        (BookingEvent::Cancelled, vec![cancelled(START - 5 * DAY)]),
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
        // Due in exactly a minute: it would arrive together with the information email.
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
            .filter(|notification| notification.kind != NotificationKind::Rescheduled)
            .map(|notification| notification.kind.offset_minutes())
            .collect();
        assert_eq!(planned, offsets, "{seconds_before} s before the session");
    }
}

#[test]
fn a_rescheduled_session_has_reminders_of_its_new_time() {
    let now = at(START - 5 * DAY);
    let (moved, event) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let notifications = notifications_for(&moved, event, &[], &plan(), now);
    assert_eq!(
        notifications.iter().map(|n| n.send_after).collect::<Vec<_>>(),
        [now, at(START), at(START + DAY - HOUR)]
    );
    assert!(
        notifications
            .iter()
            .all(|n| n.starts_at == at(START + DAY) && n.booking_version == 2 && n.recipient == client())
    );
}

#[test]
fn client_and_participants_are_notified_of_a_change() {
    let now = at(START - 600);
    let invited = [relative(), ParticipantId::new(8).unwrap()];
    let recipients = [client(), ViewerId::Participant(invited[0]), ViewerId::Participant(invited[1])];
    for (event, kind) in [
        (BookingEvent::Rescheduled, NotificationKind::Rescheduled),
        (BookingEvent::Cancelled, NotificationKind::Cancelled),
        (BookingEvent::LinksRevoked, NotificationKind::MeetingLink),
    ] {
        let notifications = notifications_for(&booking(), event, &invited, &plan(), now);
        assert_eq!(
            notifications.iter().map(|n| (n.kind, n.recipient)).collect::<Vec<_>>(),
            recipients.map(|r| (kind, r))
        );
        assert_eq!(keys(&notifications).iter().collect::<HashSet<_>>().len(), 3, "each recipient has a separate email");
    }
}

#[test]
fn cancelling_an_unconfirmed_booking_sends_nothing() {
    let unpaid = with_status(BookingStatus::PendingPayment);
    assert_eq!(notifications_for(&unpaid, BookingEvent::Cancelled, &[], &plan(), at(START - DAY)), []);
}

#[test]
fn each_move_is_announced() {
    let now = at(START - 5 * DAY);
    let (away, event) = booking().reschedule(at(START + DAY), Role::Admin, now).unwrap();
    let first = notifications_for(&away, event, &[], &plan(), now);
    let (back, event) = away.reschedule(at(START), Role::Admin, now).unwrap();
    let second = notifications_for(&back, event, &[], &plan(), now);
    assert_eq!(send_decision(&first[0], &back, now), SendDecision::Skip, "it announces an outdated time");
    assert_eq!(send_decision(&second[0], &back, now), SendDecision::Send);
    let (again, event) = back.reschedule(at(START + DAY), Role::Admin, now).unwrap();
    let third = notifications_for(&again, event, &[], &plan(), now);
    assert_ne!(first[0].dedupe_key(), third[0].dedupe_key());
    assert_eq!(keys(&first[1..]), keys(&third[1..]), "reminders once");
}

#[test]
fn an_invitation_comes_with_the_reminders_of_the_client() {
    let now = START - 5 * DAY;
    let notifications = notifications_for_participant(&booking(), relative(), &plan(), at(now));
    assert_eq!(notifications, [invitation(now), to_relative(reminder(1_440)), to_relative(reminder(60))]);
    // An invitation shortly before the session replaces its reminders.
    for seconds_before in [HOUR + 60, 600, 0] {
        let now = START - seconds_before;
        assert_eq!(notifications_for_participant(&booking(), relative(), &plan(), at(now)), [invitation(now)]);
    }
}

#[test]
fn revoking_links_sends_a_new_one_immediately() {
    let now = at(START - 600);
    let (revoked, event) = booking().revoke_links(now).unwrap();
    let notifications = notifications_for(&revoked, event, &[], &plan(), now);
    assert_eq!(notifications, [NewNotification { booking_version: 2, ..link(START - 600) }]);
    let (revoked, event) = revoked.revoke_links(now).unwrap();
    assert_ne!(
        keys(&notifications_for(&revoked, event, &[], &plan(), now)),
        keys(&notifications),
        "the first new link is outdated"
    );
}

#[test]
fn a_repeated_link_is_sent_to_its_owner() {
    assert_eq!(link_notification(&booking(), client(), at(START)), link(START));
    let recipient = ViewerId::Participant(relative());
    assert_eq!(link_notification(&booking(), recipient, at(START)), to_relative(link(START)));
}

/// The keys are stored, so they must not change for emails that are already enqueued.
#[test]
fn dedupe_keys_are_stable() {
    for (notification, key) in [
        (info(0), "meeting_info:12:0:1705312800"),
        (reminder(60), "reminder:12:60:1705312800"),
        (reminder(1_440), "reminder:12:1440:1705312800"),
        (to_relative(reminder(60)), "reminder:12:60:1705312800:guest-7"),
        (to_relative(reminder(1_440)), "reminder:12:1440:1705312800:guest-7"),
        (invitation(0), "invitation:12:0:1705312800:guest-7"),
        (NewNotification { booking_version: 2, ..moved(0) }, "rescheduled:12:2:1705312800:user-7"),
        (to_relative(moved(0)), "rescheduled:12:1:1705312800:guest-7"),
        (cancelled(0), "cancelled:12:0:1705312800"),
        (to_relative(cancelled(0)), "cancelled:12:0:1705312800:guest-7"),
        // 2024-01-15T09:00:00Z is hour 473697 since 1970.
        (link(START - HOUR), "meeting_link:12:1:473697:1705312800:user-7"),
        (to_relative(link(START - HOUR)), "meeting_link:12:1:473697:1705312800:guest-7"),
        (NewNotification { booking_version: 3, ..link(START) }, "meeting_link:12:3:473698:1705312800:user-7"),
    ] {
        assert_eq!(notification.dedupe_key(), key);
    }
}

#[test]
fn different_emails_have_different_keys() {
    let other_booking = NewNotification { booking: BookingId::new(13).unwrap(), ..reminder(60) };
    let other_start = NewNotification { starts_at: at(START + 60), ..reminder(60) };
    let other_relative =
        NewNotification { recipient: ViewerId::Participant(ParticipantId::new(8).unwrap()), ..invitation(0) };
    let for_client = [info(0), reminder(60), reminder(1_440), link(0), other_booking, other_start.clone()];
    let for_relatives = [invitation(0), other_relative].into_iter().chain(for_client.clone().map(to_relative));
    let all: Vec<NewNotification> = for_client.into_iter().chain(for_relatives).collect();
    assert_eq!(keys(&all).into_iter().collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn the_key_does_not_depend_on_the_time_of_sending() {
    for send_after in [0, 1, START - 5 * DAY, START] {
        assert_eq!(info(send_after).dedupe_key(), info(0).dedupe_key());
        assert_eq!(invitation(send_after).dedupe_key(), invitation(0).dedupe_key());
        let later = NewNotification { booking_version: 9, send_after: at(send_after), ..reminder(60) };
        assert_eq!(later.dedupe_key(), reminder(60).dedupe_key());
    }
}

#[test]
fn a_link_is_sent_once_per_hour_version_and_recipient() {
    let first = link(START - HOUR);
    for (notification, same) in [
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
        assert_eq!(notification.dedupe_key() == first.dedupe_key(), same, "{notification:?}");
    }
    // Hours before 1970 are numbered consistently.
    assert_ne!(link(-1).dedupe_key(), link(0).dedupe_key());
    assert_eq!(link(-1).dedupe_key(), link(-HOUR).dedupe_key());
}

#[test]
fn moving_a_session_away_and_back_does_not_repeat_its_reminders() {
    let now = at(START - 5 * DAY);
    let (away, left) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let (back, returned) = away.clone().reschedule(at(START), Role::Client, now).unwrap();
    let first = keys(&notifications_for(&booking(), BookingEvent::Rescheduled, &[], &plan(), now));
    let second = keys(&notifications_for(&back, returned, &[], &plan(), now));
    assert_eq!(second[1..], first[1..], "the pending reminders remain correct");
    assert!(keys(&notifications_for(&away, left, &[], &plan(), now)).iter().all(|key| !first.contains(key)));
    let to_relative = |booking: &Booking| keys(&notifications_for_participant(booking, relative(), &plan(), now));
    assert_eq!(to_relative(&back), to_relative(&booking()));
}

#[test]
fn a_cancellation_is_sent_for_a_cancelled_session_only() {
    let now = at(START - HOUR);
    for status in BookingStatus::ALL {
        let expected = if status == BookingStatus::Cancelled { SendDecision::Send } else { SendDecision::Skip };
        assert_eq!(send_decision(&cancelled(0), &with_status(status), now), expected, "{status:?}");
    }
    assert_eq!(send_decision(&cancelled(0), &with_status(BookingStatus::Cancelled), at(END)), SendDecision::Expire);
}

#[test]
fn only_a_scheduled_session_is_announced() {
    let now = at(START - HOUR);
    for status in BookingStatus::ALL {
        let expected = if status == BookingStatus::Scheduled { SendDecision::Send } else { SendDecision::Skip };
        for notification in [
            info(START - 5 * DAY),
            reminder(60),
            reminder(1_440),
            invitation(START - 5 * DAY),
            link(START - 5 * DAY),
            to_relative(reminder(60)),
        ] {
            assert_eq!(send_decision(&notification, &with_status(status), now), expected, "{status:?}");
        }
    }
}

#[test]
fn the_old_time_of_a_moved_session_is_not_announced() {
    let now = at(START - 5 * DAY);
    for to in [START + 60, START - 60, START + DAY] {
        let (moved, _) = booking().reschedule(at(to), Role::Client, now).unwrap();
        assert_eq!(send_decision(&reminder(60), &moved, now), SendDecision::Skip);
        for announcement in [info(START - 5 * DAY), invitation(START - 5 * DAY), link(START - 5 * DAY)] {
            assert_eq!(send_decision(&announcement, &moved, now), SendDecision::Skip, "{announcement:?}");
        }
        let (back, _) = moved.reschedule(at(START), Role::Client, now).unwrap();
        assert_eq!(send_decision(&reminder(60), &back, now), SendDecision::Send, "the old time is correct again");
    }
}

#[test]
fn a_changed_payment_does_not_affect_emails() {
    let paid = BookingRecord { payment_status: PaymentStatus::Succeeded, ..booking().record().clone() };
    let (refunding, event) =
        Booking::restore(paid).unwrap().sync_payment_status(PaymentStatus::RefundPending, at(START - DAY)).unwrap();
    assert_eq!(notifications_for(&refunding, event, &[], &plan(), at(START - DAY)), []);
    assert_eq!(send_decision(&reminder(60), &refunding, at(START - HOUR)), SendDecision::Send);
}

#[test]
fn emails_expire_to_the_second() {
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
        // A client who booked shortly before the session still needs the link.
        (START + 60, SendDecision::Send),
        (END - 1, SendDecision::Send),
        (END, SendDecision::Expire),
        (END + DAY, SendDecision::Expire),
    ] {
        for notification in [info(START - DAY), invitation(START - DAY), link(START - DAY)] {
            assert_eq!(
                send_decision(&notification, &booking(), at(now)),
                expected,
                "{notification:?}, {} s",
                now - START
            );
        }
    }
}

#[test]
fn skipping_takes_precedence_over_expiry() {
    for now in [START, END + DAY] {
        assert_eq!(send_decision(&reminder(60), &with_status(BookingStatus::Cancelled), at(now)), SendDecision::Skip);
    }
}

#[test]
fn expiry_by_kind() {
    for notification in [info(0), invitation(0), link(0)] {
        assert_eq!(notification.expires_at(), None);
    }
    assert_eq!(reminder(60).expires_at(), Some(at(START - 300)));
}

#[test]
fn the_last_due_reminder_supersedes_the_earlier_ones() {
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
        assert_eq!(for_relative, for_client.contains(minutes), "client and participant have the same reminders");
    }
    for_client
}

/// The jitter that does not change the delay.
const MIDDLE: f64 = 0.5;

fn delay_after(notification: &NewNotification, attempts: u32, jitter: f64, now: i64) -> f64 {
    match RetryPolicy::default().after_failure(notification, attempts, jitter, at(now)) {
        RetryDecision::RetryAt(next) => next.duration_since(at(now)).as_secs_f64(),
        step @ (RetryDecision::Expire | RetryDecision::DeadLetter) => panic!("attempt {attempts}: {step:?}"),
    }
}

#[test]
fn delays_double_up_to_an_hour() {
    let now = START - 5 * DAY;
    let delays: Vec<f64> = (1..12).map(|attempts| delay_after(&info(now), attempts, MIDDLE, now)).collect();
    let expected = [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1_920.0, 3_600.0, 3_600.0, 3_600.0, 3_600.0];
    for (delay, expected) in delays.iter().zip(expected) {
        assert!((delay - expected).abs() < 0.001, "{delays:?}");
    }
}

#[test]
fn jitter_changes_the_delay_by_a_fifth_at_most() {
    let now = START - 5 * DAY;
    for (jitter, factor) in
        [(0.0, 0.8), (0.25, 0.9), (1.0, 1.2), (-5.0, 0.8), (7.0, 1.2), (f64::INFINITY, 1.2), (f64::NEG_INFINITY, 0.8)]
    {
        for (attempts, delay) in [(1, 30.0), (3, 120.0), (11, 3_600.0)] {
            let found = delay_after(&info(now), attempts, jitter, now);
            assert!((found - delay * factor).abs() < 0.001, "jitter {jitter}, attempt {attempts}: {found}");
        }
    }
    assert!(delay_after(&info(now), 1, f64::NAN, now) > 0.0, "NaN does not panic");
}

#[test]
fn emails_without_expiry_become_dead_letters_after_twelve_attempts() {
    let now = at(START - 5 * DAY);
    let policy = RetryPolicy::default();
    for notification in [info(0), invitation(0), link(0)] {
        for attempts in [12, 13, u32::MAX] {
            assert_eq!(
                policy.after_failure(&notification, attempts, MIDDLE, now),
                RetryDecision::DeadLetter,
                "{attempts}"
            );
        }
        assert!(matches!(policy.after_failure(&notification, 11, MIDDLE, now), RetryDecision::RetryAt(_)));
    }
}

#[test]
fn a_reminder_is_retried_until_it_expires() {
    for attempts in [12, 100, u32::MAX] {
        assert!((delay_after(&reminder(1_440), attempts, MIDDLE, START - DAY) - 3_600.0).abs() < 0.001);
    }
}

#[test]
fn a_reminder_gets_one_last_attempt_before_its_expiry() {
    let last = START - 300;
    for (now, expected) in [
        // The next regular attempt is in an hour, after the expiry: half a minute before the expiry instead.
        (last - 3_599, RetryDecision::RetryAt(at(last - 30))),
        (last - 60, RetryDecision::RetryAt(at(last - 30))),
        (last - 35, RetryDecision::RetryAt(at(last - 30))),
        // At least five seconds after the failure.
        (last - 34, RetryDecision::RetryAt(at(last - 29))),
        (last - 6, RetryDecision::RetryAt(at(last - 1))),
        (last - 5, RetryDecision::Expire),
        (last - 1, RetryDecision::Expire),
        (last, RetryDecision::Expire),
        (last + 1, RetryDecision::Expire),
        (START + DAY, RetryDecision::Expire),
    ] {
        let step = RetryPolicy::default().after_failure(&reminder(60), 9, MIDDLE, at(now));
        assert_eq!(step, expected, "{} s before the expiry", last - now);
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
    #[test]
    fn the_next_attempt_is_in_the_future_and_before_the_expiry(
        is_reminder: bool,
        minutes_before in 6_u32..=43_200,
        attempts in 1_u32..40,
        jitter in 0.0..=1.0,
        before in -7_200_i64..40 * DAY,
    ) {
        let notification = if is_reminder { reminder(minutes_before) } else { info(START - DAY) };
        let now = at(START - before);
        match RetryPolicy::default().after_failure(&notification, attempts, jitter, now) {
            RetryDecision::RetryAt(next) => {
                prop_assert!(next >= now.saturating_add(SignedDuration::from_secs(5)).unwrap());
                prop_assert!(next <= now.saturating_add(SignedDuration::from_secs(4_320)).unwrap());
                prop_assert!(notification.expires_at().is_none_or(|last| next < last));
            }
            RetryDecision::Expire => prop_assert!(is_reminder && before <= 305),
            RetryDecision::DeadLetter => prop_assert!(!is_reminder && attempts >= 12),
        }
    }

    #[test]
    fn planned_emails_are_distinct_and_in_the_future(offsets in proptest::collection::hash_set(6_u32..=43_200, 0..=10), before in 1_i64..60 * DAY) {
        let now = at(START - before);
        let plan = ReminderPlan::new(offsets.into_iter().collect()).unwrap();
        let mut notifications = notifications_for(&booking(), BookingEvent::Scheduled, &[], &plan, now);
        notifications.extend(notifications_for_participant(&booking(), relative(), &plan, now));
        let keys: HashSet<_> = notifications.iter().map(NewNotification::dedupe_key).collect();
        prop_assert_eq!(keys.len(), notifications.len());
        prop_assert_eq!(notifications.iter().filter(|n| n.kind == NotificationKind::Invitation).count(), 1);
        prop_assert_eq!(notifications.iter().filter(|n| n.kind == NotificationKind::MeetingInfo).count(), 1);
        for notification in &notifications {
            prop_assert!(notification.send_after >= now);
            prop_assert!(notification.expires_at().is_none_or(|last| notification.send_after < last));
            prop_assert_eq!(send_decision(notification, &booking(), notification.send_after), SendDecision::Send);
        }
    }
}
