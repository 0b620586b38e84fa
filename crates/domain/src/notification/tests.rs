use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::NotifyLevel;
use crate::booking::BookingRecord;
use crate::calendar::fixtures::zone as zone_of;
use crate::fixtures::{BOOKED, END, START, at, booking as with_status, confirmed, user};
use crate::{PaymentStatus, Role, User};

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

fn about(booking: i64, start: i64, version: u32) -> NotificationSubject {
    NotificationSubject::Booking { id: BookingId::new(booking).unwrap(), starts_at: at(start), version }
}

fn reminder(minutes_before: u32) -> NewNotification {
    NewNotification {
        kind: NotificationKind::Reminder { minutes_before },
        subject: about(12, START, 1),
        recipient: client(),
        send_after: at(START - i64::from(minutes_before) * 60),
    }
}

macro_rules! emails_to_the_client {
    ($($name:ident: $kind:ident),+) => {$(
        fn $name(send_after: i64) -> NewNotification {
            NewNotification { kind: NotificationKind::$kind, send_after: at(send_after), ..reminder(0) }
        }
    )+};
}

emails_to_the_client!(info: MeetingInfo, moved: Rescheduled, cancelled: Cancelled, link: MeetingLink);

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
fn notifications_by_event() {
    let now = at(BOOKED);
    for (event, expected) in [
        (BookingEvent::Scheduled, vec![info(BOOKED), reminder(1_440), reminder(60)]),
        (BookingEvent::Rescheduled, vec![moved(BOOKED), reminder(1_440), reminder(60)]),
        (BookingEvent::Reopened, vec![reminder(1_440), reminder(60)]),
        (BookingEvent::Held, vec![]),
        (BookingEvent::Cancelled, vec![cancelled(BOOKED)]),
        (BookingEvent::Expired, vec![]),
        (BookingEvent::Completed, vec![]),
        (BookingEvent::MarkedNoShow, vec![]),
        (BookingEvent::LinksRevoked, vec![link(BOOKED)]),
        (BookingEvent::PaymentChanged, vec![]),
    ] {
        assert_eq!(notifications_for(&booking(), event, &[], &plan(), now), expected, "{event:?}");
    }
    let none = ReminderPlan::new(Vec::new()).unwrap();
    assert_eq!(notifications_for(&booking(), BookingEvent::Scheduled, &[], &none, now), [info(BOOKED)]);
    assert_eq!(notifications_for(&booking(), BookingEvent::Rescheduled, &[], &none, now), [moved(BOOKED)]);
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
        let mut emails = notifications_for(&booking(), BookingEvent::Rescheduled, &[], &plan(), now);
        assert_eq!(emails.remove(0).kind, NotificationKind::Rescheduled);
        let planned: Vec<u32> = emails.iter().map(|reminder| reminder.kind.offset_minutes()).collect();
        assert_eq!(planned, offsets, "{seconds_before} s before the session");
    }
}

#[test]
fn a_rescheduled_session_has_reminders_of_its_new_time() {
    let now = at(BOOKED);
    let (moved, event) = booking().reschedule(at(START + DAY), Role::Client, now).unwrap();
    let emails = notifications_for(&moved, event, &[], &plan(), now);
    let times: Vec<_> = emails.iter().map(|email| email.send_after).collect();
    assert_eq!(times, [now, at(START), at(START + DAY - HOUR)]);
    for email in emails {
        assert_eq!((email.subject, email.recipient), (about(12, START + DAY, 2), client()));
    }
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
        let emails = notifications_for(&booking(), event, &invited, &plan(), now);
        let found: Vec<_> = emails.iter().map(|email| (email.kind, email.recipient)).collect();
        assert_eq!(found, recipients.map(|recipient| (kind, recipient)));
        assert_eq!(keys(&emails).iter().collect::<HashSet<_>>().len(), 3, "each recipient has a separate email");
    }
}

#[test]
fn cancelling_an_unconfirmed_booking_sends_nothing() {
    let unpaid = with_status(BookingStatus::PendingPayment);
    assert_eq!(notifications_for(&unpaid, BookingEvent::Cancelled, &[], &plan(), at(START - DAY)), []);
}

#[test]
fn each_move_is_announced() {
    let now = at(BOOKED);
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
    let now = BOOKED;
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
    assert_eq!(notifications, [NewNotification { subject: about(12, START, 2), ..link(START - 600) }]);
    let (revoked, event) = revoked.revoke_links(now).unwrap();
    let again = notifications_for(&revoked, event, &[], &plan(), now);
    assert_ne!(keys(&again), keys(&notifications), "the first new link is outdated");
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
        (NewNotification { subject: about(12, START, 2), ..moved(0) }, "rescheduled:12:2:1705312800:user-7"),
        (to_relative(moved(0)), "rescheduled:12:1:1705312800:guest-7"),
        (cancelled(0), "cancelled:12:0:1705312800"),
        (to_relative(cancelled(0)), "cancelled:12:0:1705312800:guest-7"),
        // 2024-01-15T09:00:00Z is hour 473697 since 1970.
        (link(START - HOUR), "meeting_link:12:1:473697:1705312800:user-7"),
        (to_relative(link(START - HOUR)), "meeting_link:12:1:473697:1705312800:guest-7"),
        (NewNotification { subject: about(12, START, 3), ..link(START) }, "meeting_link:12:3:473698:1705312800:user-7"),
    ] {
        assert_eq!(notification.dedupe_key(), key);
    }
}

#[test]
fn different_emails_have_different_keys() {
    let other_booking = NewNotification { subject: about(13, START, 1), ..reminder(60) };
    let other_start = NewNotification { subject: about(12, START + 60, 1), ..reminder(60) };
    let other_relative =
        NewNotification { recipient: ViewerId::Participant(ParticipantId::new(8).unwrap()), ..invitation(0) };
    let for_client = [info(0), reminder(60), reminder(1_440), link(0), other_booking, other_start.clone()];
    let for_relatives = [invitation(0), other_relative].into_iter().chain(for_client.clone().map(to_relative));
    let all: Vec<NewNotification> = for_client.into_iter().chain(for_relatives).collect();
    assert_eq!(keys(&all).into_iter().collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn the_key_does_not_depend_on_the_time_of_sending() {
    for send_after in [0, 1, BOOKED, START] {
        assert_eq!(info(send_after).dedupe_key(), info(0).dedupe_key());
        assert_eq!(invitation(send_after).dedupe_key(), invitation(0).dedupe_key());
        let later = NewNotification { subject: about(12, START, 9), send_after: at(send_after), ..reminder(60) };
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
        (NewNotification { subject: about(12, START, 2), ..first.clone() }, false),
        (NewNotification { subject: about(12, START + DAY, 1), ..first.clone() }, false),
        (NewNotification { subject: about(13, START, 1), ..first.clone() }, false),
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
    let now = at(BOOKED);
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
fn scheduled_sessions_are_announced_and_cancellations_are_sent_for_cancelled_ones() {
    let reminders = [reminder(60), reminder(1_440), to_relative(reminder(60))];
    let announcements = [info(BOOKED), invitation(BOOKED), link(BOOKED)].into_iter().chain(reminders);
    let all = announcements.map(|email| (email, BookingStatus::Scheduled));
    for (email, required) in all.chain([(cancelled(0), BookingStatus::Cancelled)]) {
        for status in BookingStatus::ALL {
            let expected = if status == required { SendDecision::Send } else { SendDecision::Skip };
            assert_eq!(
                send_decision(&email, &with_status(status), at(START - HOUR)),
                expected,
                "{email:?}: {status:?}"
            );
        }
    }
    assert_eq!(send_decision(&cancelled(0), &with_status(BookingStatus::Cancelled), at(END)), SendDecision::Expire);
}

#[test]
fn the_old_time_of_a_moved_session_is_not_announced() {
    let now = at(BOOKED);
    for to in [START + 60, START - 60, START + DAY] {
        let (moved, _) = booking().reschedule(at(to), Role::Client, now).unwrap();
        assert_eq!(send_decision(&reminder(60), &moved, now), SendDecision::Skip);
        for announcement in [info(BOOKED), invitation(BOOKED), link(BOOKED)] {
            assert_eq!(send_decision(&announcement, &moved, now), SendDecision::Skip, "{announcement:?}");
        }
        let (back, _) = moved.reschedule(at(START), Role::Client, now).unwrap();
        assert_eq!(send_decision(&reminder(60), &back, now), SendDecision::Send, "the old time is correct again");
    }
}

#[test]
fn a_changed_payment_does_not_affect_emails() {
    let paid = BookingRecord { payment_status: PaymentStatus::Succeeded, ..booking().record().clone() };
    let (paid, now) = (Booking::restore(paid).unwrap(), at(START - DAY));
    let (refunding, event) = paid.sync_payment_status(PaymentStatus::RefundPending, now).unwrap();
    assert_eq!(notifications_for(&refunding, event, &[], &plan(), now), []);
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
        for email in [info(START - DAY), invitation(START - DAY), link(START - DAY)] {
            assert_eq!(email.expires_at(), None);
            assert_eq!(send_decision(&email, &booking(), at(now)), expected, "{email:?}, {} s", now - START);
        }
    }
    assert_eq!(reminder(60).expires_at(), Some(at(START - 300)));
    for now in [START, END + DAY] {
        let cancelled = send_decision(&reminder(60), &with_status(BookingStatus::Cancelled), at(now));
        assert_eq!(cancelled, SendDecision::Skip, "skipping takes precedence over expiry");
    }
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
        other @ (RetryDecision::Expire | RetryDecision::DeadLetter) => panic!("attempt {attempts}: {other:?}"),
    }
}

#[test]
fn delays_double_up_to_an_hour() {
    let now = BOOKED;
    let delays: Vec<f64> = (1..12).map(|attempts| delay_after(&info(now), attempts, MIDDLE, now)).collect();
    let expected = [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1_920.0, 3_600.0, 3_600.0, 3_600.0, 3_600.0];
    for (delay, expected) in delays.iter().zip(expected) {
        assert!((delay - expected).abs() < 0.001, "{delays:?}");
    }
}

#[test]
fn jitter_changes_the_delay_by_a_fifth_at_most() {
    let now = BOOKED;
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
    let now = at(BOOKED);
    let policy = RetryPolicy::default();
    for email in [info(0), invitation(0), link(0)] {
        for attempts in [12, 13, u32::MAX] {
            let decision = policy.after_failure(&email, attempts, MIDDLE, now);
            assert_eq!(decision, RetryDecision::DeadLetter, "{attempts}");
        }
        assert!(matches!(policy.after_failure(&email, 11, MIDDLE, now), RetryDecision::RetryAt(_)));
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
    for (offsets, sorted) in [
        (vec![60, 1_440, 6], vec![1_440, 60, 6]),
        (vec![], vec![]),
        (vec![43_200], vec![43_200]),
        ((6..16).collect(), (6..16).rev().collect()),
    ] {
        assert_eq!(ReminderPlan::new(offsets).unwrap().offsets_minutes(), sorted);
    }
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

#[test]
fn an_email_about_a_user_has_no_booking_and_no_session() {
    let email = NewNotification { subject: NotificationSubject::User(user(7)), ..info(BOOKED) };
    assert_eq!((email.subject.booking(), email.subject.starts_at(), email.expires_at()), (None, None, None));
    assert_eq!(email.dedupe_key(), format!("meeting_info:user-7:{}:user-7", at(BOOKED).as_millisecond()));
    let later = NewNotification { send_after: at(BOOKED + 1), ..email.clone() };
    assert_ne!(later.dedupe_key(), email.dedupe_key());
    let reminder = NewNotification { subject: email.subject, ..reminder(60) };
    assert_eq!(reminder.expires_at(), None);
    assert!(!is_superseded(&reminder, &plan(), at(START)));
    assert_eq!(send_decision(&email, &booking(), at(BOOKED)), SendDecision::Skip);
    assert_eq!(NotificationSubject::of(&booking()), about(12, START, 1));
}

#[test]
fn an_email_about_an_account_is_sent_each_time_and_one_about_a_new_login_once_a_day() {
    const MIDNIGHT: i64 = START - START % DAY;
    for kind in NotificationKind::WITHOUT_OFFSET.into_iter().filter(|kind| kind.is_about_account()) {
        let email = |id, send_after| account_notification(user(id), kind, at(send_after));
        let first = email(7, MIDNIGHT);
        assert_eq!((first.recipient, first.subject.booking(), first.expires_at()), (client(), None, None));
        assert_eq!(send_decision(&first, &booking(), at(MIDNIGHT)), SendDecision::Skip, "it is about no booking");
        assert!(!kind.is_announcement());
        let once_a_day = kind == NotificationKind::NewLogin;
        for (other, same) in [
            (email(7, MIDNIGHT), true),
            (email(7, MIDNIGHT + 1), once_a_day),
            (email(7, MIDNIGHT + DAY - 1), once_a_day),
            (email(7, MIDNIGHT + DAY), false),
            (email(7, MIDNIGHT - 1), false),
            (email(8, MIDNIGHT), false),
        ] {
            assert_eq!(other.dedupe_key() == first.dedupe_key(), same, "{other:?}");
        }
    }
    let key = |kind| account_notification(user(7), kind, at(START)).dedupe_key();
    assert_eq!(key(NotificationKind::NewLogin), "new_login:user-7:19737");
    assert_eq!(key(NotificationKind::PasswordReset), "password_reset:user-7:1705312800000:user-7");
}

fn stored(id: i64, content: NewNotification, state: NotificationState, attempts: u32) -> Notification {
    let next_at = content.send_after;
    Notification {
        id: NotificationId::new(id).unwrap(),
        content,
        state,
        attempts,
        next_at,
        sent_at: None,
        last_error: None,
        resends: 0,
        lead: None,
    }
}

#[test]
fn the_eleventh_announcement_in_an_hour_waits_until_the_first_is_an_hour_old() {
    let mut recent = Announcements::default();
    for minute in 0..10 {
        assert_eq!(recent.postponed_until(at(minute * 60)), None);
        recent.add(at(minute * 60));
    }
    assert_eq!(recent.postponed_until(at(600)), Some(at(HOUR)));
    assert_eq!(recent.postponed_until(at(HOUR - 1)), Some(at(HOUR)));
    assert_eq!(recent.postponed_until(at(HOUR)), None);
    recent.add(at(HOUR));
    assert_eq!(recent.postponed_until(at(HOUR)), Some(at(HOUR + 60)));
    recent.remove(at(120));
    recent.remove(at(1));
    assert_eq!(recent.postponed_until(at(HOUR)), None, "one of them was not sent");
    // More than ten, sent before there was a limit.
    let mut many = Announcements::default();
    (0..20).for_each(|second| many.add(at(second)));
    assert_eq!(many.postponed_until(at(30)), Some(at(HOUR + 10)));
}

#[test]
fn of_the_announcements_that_waited_only_the_last_one_about_a_booking_is_sent() {
    let waiting = |id, content| stored(id, content, NotificationState::Pending, 0);
    let (first, second, last) = (waiting(1, info(0)), waiting(2, moved(1)), waiting(3, moved(2)));
    let other_recipient = waiting(4, to_relative(moved(2)));
    let (a_reminder, a_link) = (waiting(5, reminder(60)), waiting(6, link(3)));
    let all = [first.clone(), second.clone(), last.clone(), other_recipient.clone(), a_reminder, a_link];
    assert_eq!(
        [&first, &second, &last, &other_recipient].map(|one| is_outdated(one, &all)),
        [true, true, false, false]
    );
}

#[test]
fn a_cancellation_that_waited_is_sent_if_its_recipient_may_know_of_the_booking() {
    use NotificationState::{Dead, Expired, Pending, Sent, Skipped};
    let cancellation = stored(9, cancelled(5), Pending, 1);
    for (state, attempts, outdated) in [
        (Sent, 1, false),
        (Pending, 1, false),
        (Pending, 0, true),
        (Skipped, 1, true),
        (Skipped, 2, false),
        (Expired, 1, true),
        (Expired, 2, false),
        (Dead, 12, true),
    ] {
        for earlier in [info(0), reminder(60), link(3)] {
            let all = [stored(1, earlier, state, attempts), cancellation.clone()];
            assert_eq!(is_outdated(&cancellation, &all), outdated, "{state:?} {attempts}");
        }
    }
    let to_another = stored(1, to_relative(info(0)), Sent, 1);
    assert!(is_outdated(&cancellation, &[to_another, cancellation.clone()]));
}

#[test]
fn an_implausible_state_is_corrected() {
    let email = |content: NewNotification, state, next_at: i64| Notification {
        id: NotificationId::new(1).unwrap(),
        next_at: at(next_at),
        content,
        state,
        attempts: 1,
        sent_at: None,
        last_error: None,
        resends: 0,
        lead: None,
    };
    let about_user = |send_after| NewNotification { subject: NotificationSubject::User(user(7)), ..info(send_after) };
    use NotificationState::{Dead, Expired, Pending, Sent, Skipped};
    let planned = START - DAY;
    for (content, state, next_at, now, expected) in [
        (reminder(1_440), Expired, planned, planned - 9 * DAY, Some(planned)),
        (reminder(1_440), Expired, planned, planned + HOUR, Some(planned)),
        (reminder(1_440), Expired, planned, START - 301, Some(planned)),
        (reminder(1_440), Expired, planned, START - 300, None),
        (reminder(1_440), Expired, planned, START + DAY, None),
        (reminder(1_440), Skipped, planned, planned - 1, Some(planned)),
        (reminder(1_440), Skipped, planned, planned, None),
        (reminder(1_440), Pending, planned, planned - 99 * DAY, None),
        (reminder(1_440), Pending, planned + 14 * DAY, planned, Some(planned)),
        (reminder(1_440), Pending, planned + 2 * HOUR, planned, None),
        (info(planned), Pending, planned + 2 * HOUR, planned, None),
        (info(planned), Pending, planned + 2 * HOUR + 1, planned, Some(planned)),
        (info(planned + 14 * DAY), Pending, planned + 14 * DAY, planned, Some(planned)),
        (about_user(planned), Pending, planned, planned - 99 * DAY, None),
        (about_user(planned), Pending, planned + 14 * DAY, planned, Some(planned)),
        (info(planned), Expired, planned, planned, None),
        (info(planned), Skipped, planned, planned - DAY, None),
        (reminder(60), Sent, planned, planned - DAY, None),
        (reminder(60), Dead, planned, planned - DAY, None),
    ] {
        let email = email(content, state, next_at);
        assert_eq!(email.corrected(at(now)), expected.map(at), "{email:?} at {}", at(now));
    }
}

#[test]
fn the_start_that_was_last_announced_is_that_of_the_last_email_that_was_sent() {
    let email = |id: i64, content: NewNotification, start: i64, state, sent_at: Option<i64>| Notification {
        id: NotificationId::new(id).unwrap(),
        content: NewNotification { subject: about(12, start, 1), ..content },
        state,
        attempts: 1,
        next_at: at(0),
        sent_at: sent_at.map(at),
        last_error: None,
        resends: 0,
        lead: None,
    };
    use NotificationState::{Cancelled, Dead, Pending, Sent, Skipped};
    let receipt = NewNotification { kind: NotificationKind::Receipt, ..info(0) };
    let all = [
        email(1, info(0), START, Sent, Some(10)),
        email(2, reminder(60), START + 1, Sent, Some(30)),
        email(3, moved(0), START + 2, Sent, Some(20)),
        email(4, moved(0), START + 3, Skipped, None),
        email(5, moved(0), START + 4, Dead, None),
        email(6, reminder(60), START + 5, Cancelled, None),
        email(7, receipt, START + 6, Sent, Some(40)),
        email(8, to_relative(moved(0)), START + 7, Sent, Some(40)),
        email(9, moved(0), START + 8, Pending, None),
    ];
    assert_eq!(last_announced_start(&all[8], &all), Some(at(START + 1)), "by the time at which it was sent");
    assert_eq!(last_announced_start(&all[1], &all), Some(at(START + 2)), "other than on its own");
    assert_eq!(last_announced_start(&all[8], &all[3..]), None);
}

fn therapist(notify: NotifyLevel) -> User {
    User { id: user(1), notify, ..crate::fixtures::account(Role::Admin) }
}

#[test]
fn a_therapist_hears_what_they_chose() {
    use crate::NotifyLevel::{All, Changes, None as Nothing};
    use BookingEvent as E;
    use NotificationKind as K;
    let unpaid = with_status(BookingStatus::PendingPayment);
    for (booking, event, kind) in [
        (booking(), E::Scheduled, Some(K::TherapistBooked)),
        (booking(), E::Rescheduled, Some(K::TherapistRescheduled)),
        (booking(), E::Cancelled, Some(K::TherapistCancelled)),
        (unpaid, E::Cancelled, None),
        (booking(), E::Held, None),
        (booking(), E::Expired, None),
        (booking(), E::Completed, None),
        (booking(), E::MarkedNoShow, None),
        (booking(), E::Reopened, None),
        (booking(), E::LinksRevoked, None),
        (booking(), E::PaymentChanged, None),
    ] {
        assert_eq!(therapist_kind(&booking, event), kind, "{event:?}");
    }
    let (own, colleague, client, system) = (Some(user(1)), Some(user(2)), Some(user(7)), None);
    for kind in [K::TherapistBooked, K::TherapistRescheduled, K::TherapistCancelled] {
        for (level, actor, hears) in [
            (Nothing, client, false),
            (Changes, client, true),
            (Changes, colleague, true),
            (Changes, system, true),
            (Changes, own, false),
            (All, own, true),
            (All, client, true),
        ] {
            assert_eq!(level.includes(kind, user(1), actor), hears, "{kind:?} {level} {actor:?}");
        }
    }
    for (kind, [nothing, changes, all]) in
        [(K::TherapistPayment, [false, false, true]), (K::TherapistPaymentReview, [false, true, true])]
    {
        for actor in [own, client, system] {
            let found = [Nothing, Changes, All].map(|level| level.includes(kind, user(1), actor));
            assert_eq!(found, [nothing, changes, all], "{kind:?} {actor:?}");
        }
    }
}

#[test]
fn the_email_goes_to_the_therapist_of_the_booking_alone() {
    let now = at(BOOKED);
    let hears = |therapist: &User| {
        therapist_notification(&booking(), NotificationKind::TherapistBooked, therapist, Some(user(7)), now)
    };
    let expected = NewNotification {
        kind: NotificationKind::TherapistBooked,
        recipient: ViewerId::Account(user(1)),
        send_after: now,
        ..reminder(0)
    };
    let changes = therapist(NotifyLevel::Changes);
    assert_eq!(hears(&changes), Some(expected.clone()));
    assert_eq!(expected.dedupe_key(), "therapist_booked:12:1:1705312800:user-1");
    for other in [
        User { id: user(2), ..changes.clone() },
        User { disabled: true, ..changes.clone() },
        User { role: Role::Client, ..changes.clone() },
        User { notify: NotifyLevel::None, ..changes },
    ] {
        assert_eq!(hears(&other), None, "{other:?}");
    }
}

#[test]
fn an_agenda_is_due_at_its_local_time_once_a_day() {
    for (zone, date, time, due, why) in [
        ("Europe/Berlin", "2024-01-15", "07:30", "2024-01-15T06:30:00Z", "winter"),
        ("Europe/Berlin", "2024-07-15", "07:30", "2024-07-15T05:30:00Z", "summer"),
        ("Europe/Berlin", "2024-03-31", "02:30", "2024-03-31T01:00:00Z", "skipped: at the next time that exists"),
        ("Europe/Berlin", "2024-03-31", "03:00", "2024-03-31T01:00:00Z", "the first time after the gap"),
        ("Europe/Berlin", "2024-10-27", "02:30", "2024-10-27T00:30:00Z", "repeated: the first one"),
        ("Australia/Lord_Howe", "2024-10-06", "02:15", "2024-10-05T15:30:00Z", "half an hour is skipped"),
        ("America/New_York", "2024-01-15", "00:00", "2024-01-15T05:00:00Z", "the day begins"),
    ] {
        let zone = zone_of(zone);
        let due_at = agenda_due(date.parse().unwrap(), time.parse().unwrap(), &zone);
        assert_eq!(due_at, Some(due.parse().unwrap()), "{why}");
    }
    let berlin = zone_of("Europe/Berlin");
    for (date, hours) in [("2024-01-15", 24), ("2024-03-31", 23), ("2024-10-27", 25)] {
        let (from, until) = day_bounds(date.parse().unwrap(), &berlin).unwrap();
        assert_eq!(until.duration_since(from), SignedDuration::from_hours(hours), "{date}");
    }
    let agenda = agenda_notification(user(1), "2024-01-15".parse().unwrap(), at(START));
    assert_eq!(agenda.dedupe_key(), "agenda:user-1:2024-01-15");
    assert_eq!(send_decision(&agenda, &booking(), at(START)), SendDecision::Skip, "it is about no booking");
}

#[test]
fn each_kind_has_its_reader_its_link_and_its_place_in_the_calendar() {
    use NotificationKind as K;
    let reminder = K::Reminder { minutes_before: 60 };
    let kinds = || K::WITHOUT_OFFSET.into_iter().chain([reminder]);
    let that = |property: fn(K) -> bool| kinds().filter(|kind| property(*kind)).collect::<Vec<_>>();
    let therapists = [
        K::TherapistBooked,
        K::TherapistRescheduled,
        K::TherapistCancelled,
        K::TherapistReassigned,
        K::TherapistUpdated,
        K::TherapistPayment,
        K::TherapistPaymentReview,
    ];
    assert_eq!(that(K::is_for_therapist), therapists);
    assert_eq!(that(K::removes_entry), [K::Cancelled, K::TherapistCancelled, K::TherapistReassigned]);
    let linked = [
        K::MeetingInfo,
        K::Invitation,
        K::Rescheduled,
        K::Reassigned,
        K::Updated,
        K::MeetingLink,
        K::TherapistBooked,
        K::TherapistRescheduled,
        K::TherapistUpdated,
        reminder,
    ];
    assert_eq!(that(K::has_link), linked);
    let on_their_own = [
        K::Invitation,
        K::Reassigned,
        K::Updated,
        K::MeetingLink,
        K::PaymentProblem,
        K::Refund,
        K::TherapistReassigned,
        K::TherapistUpdated,
        K::TherapistPaymentReview,
        K::Agenda,
    ];
    let about_accounts = [
        K::PasswordReset,
        K::LoginLink,
        K::EmailVerification,
        K::EmailConfirmation,
        K::EmailChanged,
        K::AccountInvitation,
        K::RegistrationAttempt,
        K::PasswordChanged,
        K::SecondFactorAdded,
        K::SecondFactorRemoved,
        K::RoleChanged,
        K::AccountDisabled,
        K::NewLogin,
    ];
    let on_their_own = [&on_their_own[..], &about_accounts, &[reminder]].concat();
    assert_eq!(that(|kind| !kind.is_combinable()), on_their_own);
    assert_eq!(that(K::is_about_account), about_accounts);
    assert_eq!(that(|kind| kind.one_time_purpose().is_some()), about_accounts[..6]);
    for purpose in OneTimePurpose::ALL {
        assert_eq!(purpose.notification().one_time_purpose(), Some(purpose));
    }
}

#[test]
fn who_had_a_session_hears_that_a_colleague_takes_it() {
    let (confirmed, held) = (booking(), with_status(BookingStatus::PendingPayment));
    let former = |id: i64, notify| User { id: user(id), ..therapist(notify) };
    let told = |booking: &Booking, id, notify, actor: i64| {
        former_therapist_notification(booking, &former(id, notify), Some(user(actor)), at(BOOKED))
            .map(|email| email.recipient)
    };
    let two = Some(ViewerId::Account(user(2)));
    assert_eq!(told(&confirmed, 2, NotifyLevel::Changes, 1), two);
    assert_eq!(told(&confirmed, 2, NotifyLevel::Changes, 2), None, "it was their own act");
    assert_eq!(told(&confirmed, 2, NotifyLevel::All, 2), two);
    assert_eq!(told(&confirmed, 2, NotifyLevel::None, 1), None);
    assert_eq!(told(&held, 2, NotifyLevel::All, 1), None, "they have not heard of it");
    assert_eq!(told(&confirmed, 7, NotifyLevel::All, 1), None, "they are its client");
}

#[test]
fn only_a_confirmed_session_has_a_length_to_announce() {
    let emails = length_notifications(&booking(), &[relative()], at(BOOKED));
    let readers: Vec<_> = emails.iter().map(|email| (email.kind, email.recipient)).collect();
    let updated = NotificationKind::Updated;
    assert_eq!(readers, [(updated, client()), (updated, ViewerId::Participant(relative()))]);
    assert!(length_notifications(&with_status(BookingStatus::PendingPayment), &[], at(BOOKED)).is_empty());
}

#[test]
fn emails_about_a_series_are_combined_by_kind_recipient_and_time() {
    let email = |id: i64, content: NewNotification, start: i64| Notification {
        id: NotificationId::new(id).unwrap(),
        content: NewNotification { subject: about(id, start, 1), ..content },
        state: NotificationState::Pending,
        attempts: 0,
        next_at: at(0),
        sent_at: None,
        last_error: None,
        resends: 0,
        lead: None,
    };
    let id = |id: i64| NotificationId::new(id).unwrap();
    let therapist = |send_after| NewNotification { recipient: ViewerId::Account(user(1)), ..moved(send_after) };
    let all = [
        email(1, moved(BOOKED), START + 2 * DAY),
        email(2, moved(BOOKED), START),
        email(3, moved(BOOKED), START + DAY),
        email(4, therapist(BOOKED), START),
        email(5, to_relative(moved(BOOKED)), START),
        email(6, moved(BOOKED + 1), START),
        email(7, info(BOOKED), START),
        email(8, NewNotification { send_after: at(BOOKED), ..reminder(60) }, START),
        email(9, NewNotification { send_after: at(BOOKED), ..reminder(60) }, START + DAY),
        email(10, link(BOOKED), START),
        email(11, link(BOOKED), START + DAY),
    ];
    let expected = CombinedNotifications { lead: id(2), others: vec![id(3), id(1)] };
    assert_eq!(combined(&all, at(BOOKED)), [expected], "the earliest session leads");
    assert_eq!(combined(&all, at(BOOKED + 1)), [], "they were due before");
    let two_groups = [all[1].clone(), all[2].clone(), all[6].clone(), email(12, info(BOOKED), START + DAY)];
    assert_eq!(combined(&two_groups, at(0)).iter().map(|group| group.lead).collect::<Vec<_>>(), [id(2), id(7)]);
    for change in [
        |email: &mut Notification| email.state = NotificationState::Sent,
        |email: &mut Notification| email.attempts = 1,
        |email: &mut Notification| email.lead = NotificationId::new(1),
    ] {
        let mut two = [all[1].clone(), all[2].clone()];
        change(&mut two[1]);
        assert_eq!(combined(&two, at(BOOKED)), [], "{:?}", two[1]);
    }
    let mut led = [all[0].clone(), all[1].clone(), all[2].clone()];
    led[0].lead = Some(id(2));
    assert_eq!(combined(&led, at(BOOKED)), [], "what leads others is combined already");
}

/// The rows of the table for API users: the event and the kinds in the cells of client, guests and therapist.
fn documented() -> Vec<(String, [Vec<String>; 4])> {
    let text = include_str!("../../../../docs/API.md");
    let (_, table) = text.split_once("| event | client | guests | therapist, `changes` | therapist, `all` |").unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [event, client, guests, changes, all, _] = cells[..] else { panic!("six cells: {row}") };
        (event.trim_matches('`').to_owned(), [client, guests, changes, all].map(quoted))
    })
    .collect()
}

#[test]
fn the_documented_readers_of_each_event_are_those_who_get_an_email() {
    let rows = documented();
    let names = |emails: &[NewNotification], recipient: ViewerId| {
        let mut names: Vec<String> = Vec::new();
        for email in emails.iter().filter(|email| email.recipient == recipient) {
            let name = email.kind.as_str().to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    for event in BookingEvent::ALL {
        let (_, found) = rows.iter().find(|(name, _)| name == event.as_str()).expect("a row for each event");
        // Before a booking is confirmed it has no guests.
        let has_guests = !matches!(event, BookingEvent::Held | BookingEvent::Scheduled);
        let invited = if has_guests { vec![relative()] } else { vec![] };
        let emails = notifications_for(&booking(), event, &invited, &plan(), at(BOOKED));
        let heard = |level: NotifyLevel, actor| {
            let kind = therapist_kind(&booking(), event).filter(|kind| level.includes(*kind, user(1), Some(actor)));
            kind.map(|kind| kind.as_str().to_owned()).into_iter().collect::<Vec<_>>()
        };
        let expected = [
            names(&emails, client()),
            names(&emails, ViewerId::Participant(relative())),
            heard(NotifyLevel::Changes, user(7)),
            heard(NotifyLevel::All, user(1)),
        ];
        assert_eq!(*found, expected, "{event:?}");
    }
    let named: HashSet<&str> = rows.iter().flat_map(|(_, cells)| cells.iter().flatten()).map(String::as_str).collect();
    let kinds = NotificationKind::WITHOUT_OFFSET.into_iter().chain([NotificationKind::Reminder { minutes_before: 0 }]);
    assert_eq!(named, kinds.map(NotificationKind::as_str).collect(), "each kind has its place, and there is no other");
}

mod holds {
    use super::*;
    use crate::booking::{Cancellation, PaymentPlan};
    use crate::fixtures::{base_url, new_booking, new_room};

    const HOLD: i64 = BOOKED + 3 * DAY;

    /// Booked for client 7 and not paid.
    fn held() -> Booking {
        Booking::book(new_booking(PaymentPlan::Due { hold_until: at(HOLD) }), at(BOOKED)).unwrap().0
    }

    fn email(kind: NotificationKind) -> NewNotification {
        NewNotification { kind, ..info(BOOKED) }
    }

    fn stored(kind: NotificationKind, state: NotificationState, attempts: u32) -> Notification {
        let content = email(kind);
        let (id, next_at) = (NotificationId::new(1).unwrap(), content.send_after);
        Notification { id, content, state, attempts, next_at, sent_at: None, last_error: None, resends: 0, lead: None }
    }

    #[test]
    fn a_client_is_reminded_once_before_the_hold_ends() {
        for (length, expected) in [
            (3 * DAY, Some(2 * DAY)),
            (2 * DAY, Some(DAY)),
            (2 * DAY - 2, Some(DAY - 1)),
            (DAY, Some(DAY / 2)),
            (2 * HOUR, Some(HOUR)),
            (2 * HOUR - 1, None),
            (60, None),
            (-60, None),
        ] {
            let reminder = payment_reminder_at(at(BOOKED), at(BOOKED + length));
            assert_eq!(reminder, expected.map(|after| at(BOOKED + after)), "{length} s");
        }
        let [request, reminder] = <[_; 2]>::try_from(payment_request_notifications(&held(), at(BOOKED))).unwrap();
        assert_eq!(request, email(NotificationKind::PaymentRequest));
        let expected = NewNotification { send_after: at(HOLD - DAY), ..email(NotificationKind::PaymentReminder) };
        assert_eq!(reminder, expected);
        assert_eq!(request.dedupe_key(), "payment_request:12:0:1705312800");
        let millis = (HOLD - DAY) * 1_000;
        assert_eq!(reminder.dedupe_key(), format!("payment_reminder:12:{millis}:1705312800:user-7"));
        let short = Booking::book(new_booking(PaymentPlan::Due { hold_until: at(BOOKED + HOUR) }), at(BOOKED));
        assert_eq!(payment_request_notifications(&short.unwrap().0, at(BOOKED)).len(), 1);
    }

    #[test]
    fn a_client_is_asked_to_pay_only_while_the_hold_is_unpaid() {
        use NotificationKind::{PaymentInstructions, PaymentReminder, PaymentRequest};
        let base_url = base_url();
        let paid = held().payment_succeeded(new_room(&base_url), at(BOOKED)).unwrap().0;
        let processing = held().payment_started(at(BOOKED)).unwrap().0;
        let failed = held().payment_failed(at(BOOKED)).unwrap().0;
        let expired = held().expire(at(HOLD)).unwrap().0;
        for kind in [PaymentInstructions, PaymentRequest, PaymentReminder] {
            for (booking, now, expected) in [
                (held(), HOLD - HOUR, SendDecision::Send),
                (held(), HOLD - 1, SendDecision::Send),
                (held(), HOLD, SendDecision::Skip),
                (failed.clone(), HOLD - HOUR, SendDecision::Send),
                (processing.clone(), HOLD - HOUR, SendDecision::Skip),
                (paid.clone(), HOLD - HOUR, SendDecision::Skip),
                (expired.clone(), HOLD, SendDecision::Skip),
            ] {
                assert_eq!(send_decision(&email(kind), &booking, at(now)), expected, "{kind:?} {booking:?}");
            }
        }
        // The hold was extended since, and another reminder is planned.
        let decide = |now| send_decision(&email(PaymentReminder), &held(), at(now));
        assert_eq!((decide(HOLD - DAY), decide(HOLD - DAY - 1)), (SendDecision::Send, SendDecision::Skip));
    }

    #[test]
    fn the_end_of_a_hold_is_announced_to_those_who_were_told_of_it() {
        let reason = None;
        let cancellation =
            Cancellation { at: at(BOOKED), by: user(7), late: false, reason, refund: crate::fixtures::euros(0) };
        let (cancelled, _) = held().cancel(cancellation, Role::Client).unwrap();
        let (expired, _) = held().expire(at(HOLD)).unwrap();
        for kind in NotificationKind::WITHOUT_OFFSET {
            let told = [stored(kind, NotificationState::Sent, 1)];
            let found =
                |booking, event| hold_end_notification(booking, event, &told, at(BOOKED)).map(|email| email.kind);
            let announces = kind.announces_hold();
            assert_eq!(found(&cancelled, BookingEvent::Cancelled), announces.then_some(NotificationKind::Cancelled));
            assert_eq!(found(&expired, BookingEvent::Expired), announces.then_some(NotificationKind::HoldExpired));
            assert_eq!(found(&booking(), BookingEvent::Cancelled), None, "it was confirmed");
            assert_eq!(was_told_of_hold(&told), announces, "{kind:?}");
        }
        let expired_email = email(NotificationKind::HoldExpired);
        assert_eq!(send_decision(&expired_email, &expired, at(HOLD)), SendDecision::Send);
        assert_eq!(send_decision(&expired_email, &expired, at(END)), SendDecision::Expire);
        assert_eq!(send_decision(&expired_email, &held(), at(HOLD)), SendDecision::Skip);
    }

    #[test]
    fn an_email_that_was_never_sent_told_nothing() {
        use NotificationState::{Cancelled, Dead, Expired, Pending, Sent, Skipped};
        for (state, attempts, told) in [
            (Sent, 1, true),
            (Pending, 0, false),
            (Pending, 1, false),
            (Pending, 2, true),
            (Skipped, 1, false),
            (Skipped, 2, true),
            (Cancelled, 1, false),
            (Cancelled, 2, true),
            (Expired, 2, true),
            (Dead, 12, false),
        ] {
            let emails = [stored(NotificationKind::PaymentRequest, state, attempts)];
            assert_eq!(was_told_of_hold(&emails), told, "{state:?} after {attempts}");
        }
    }

    #[test]
    fn a_payment_reminder_is_planned_ahead_like_one_of_a_session() {
        let mut skipped = stored(NotificationKind::PaymentReminder, NotificationState::Skipped, 1);
        skipped.content.send_after = at(HOLD);
        assert_eq!(skipped.corrected(at(BOOKED)), Some(at(HOLD)), "a clock was ahead");
        let pending = Notification { state: NotificationState::Pending, next_at: at(HOLD), ..skipped };
        assert_eq!(pending.corrected(at(BOOKED)), None);
    }
}
