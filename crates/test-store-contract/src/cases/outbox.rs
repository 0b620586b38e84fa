//! Emails in the outbox: each is stored once, and leased to one worker at a time.

use attune_domain::notification::{
    NewNotification, Notification, NotificationKind, NotificationState, NotificationSubject, agenda_notification,
};
use attune_domain::{Booking, NotificationId, ParticipantId, ViewerId};
use attune_ports::{DeliveryResult, LeaseToken, NotificationFilter, OutboxHealth, PageRequest};
use jiff::Timestamp;

use super::{assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{lease, minutes_after, notice, now, participant, reminder, slot, subject, therapist};

async fn enqueue(backend: &Backend, emails: &[NewNotification]) -> u64 {
    backend.commit(async |work| work.enqueue(emails).await).await
}

/// A booking whose only email is due now.
async fn booked_with_email(backend: &Backend) -> Booking {
    let (_, booking) = backend.booked().await;
    enqueue(backend, &[notice(&booking, NotificationKind::MeetingInfo, now())]).await;
    booking
}

async fn lease_due(backend: &Backend, worker: u8, limit: u32, now: Timestamp, until: Timestamp) -> Vec<Notification> {
    backend.commit(async |work| work.lease_notifications(limit, now, &lease(worker, until)).await).await
}

async fn ack(backend: &Backend, id: NotificationId, worker: u8, result: &DeliveryResult) -> bool {
    backend.commit(async |work| work.ack_notification(id, &LeaseToken([worker; 16]), result).await).await
}

async fn nack(backend: &Backend, ids: &[NotificationId], worker: u8) -> u64 {
    backend.commit(async |work| work.nack_notifications(ids, &LeaseToken([worker; 16])).await).await
}

async fn emails(backend: &Backend, booking: &Booking) -> Vec<Notification> {
    backend.queries.notifications(booking.id()).await.unwrap()
}

async fn only_email(backend: &Backend, booking: &Booking) -> Notification {
    let mut found = emails(backend, booking).await;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn sent(at: Timestamp) -> DeliveryResult {
    DeliveryResult { state: NotificationState::Sent, next_at: at, sent_at: Some(at), last_error: None }
}

fn unsent(state: NotificationState, next_at: Timestamp, error: Option<&str>) -> DeliveryResult {
    DeliveryResult { state, next_at, sent_at: None, last_error: error.map(str::to_owned) }
}

fn minute(n: i64) -> Timestamp {
    minutes_after(now(), n)
}

pub async fn an_enqueued_email_is_pending(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued = [
        notice(&booking, NotificationKind::MeetingInfo, now()),
        NewNotification {
            subject: subject(&booking, booking.scheduled_at(), u32::MAX),
            ..reminder(&booking, 43_200, minute(30))
        },
        reminder(&booking, 6, minute(20)),
        notice(&booking, NotificationKind::Receipt, now()),
        notice(&booking, NotificationKind::PaymentProblem, minute(1)),
        notice(&booking, NotificationKind::Refund, minute(2)),
    ];
    assert_eq!(enqueue(backend, &queued).await, 6);
    assert_eq!(enqueue(backend, &[]).await, 0);
    let stored = emails(backend, &booking).await;
    assert!(stored.is_sorted_by_key(|email| email.id), "by id");
    assert_eq!(stored.len(), 6);
    for queued in queued {
        let found = stored.iter().find(|email| email.content == queued).expect("each enqueued email is stored");
        let expected = Notification {
            id: found.id,
            next_at: queued.send_after,
            content: queued,
            state: NotificationState::Pending,
            attempts: 0,
            sent_at: None,
            last_error: None,
            resends: 0,
            lead: None,
        };
        assert_eq!(*found, expected);
    }
}

pub async fn an_email_about_a_user_is_sent_like_the_others(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let info = notice(&booking, NotificationKind::MeetingInfo, now());
    let about_user = NewNotification { subject: NotificationSubject::User(practice.client), ..info };
    assert_eq!(enqueue(backend, &[about_user.clone(), about_user.clone()]).await, 1);
    assert!(emails(backend, &booking).await.is_empty(), "it is about no booking");
    let leased = lease_due(backend, 1, 10, minute(1), minute(2)).await;
    assert_eq!(leased.iter().map(|email| &email.content).collect::<Vec<_>>(), [&about_user]);
    assert!(ack(backend, leased[0].id, 1, &sent(minute(1))).await);
    assert!(lease_due(backend, 2, 10, minute(9), minute(10)).await.is_empty());
}

pub async fn a_therapist_has_one_agenda_for_a_day(backend: &Backend) {
    let practice = backend.practice().await;
    let day = |date: &str, due| agenda_notification(practice.therapist, date.parse().unwrap(), due);
    let (monday, tuesday) = (day("2024-01-15", minute(1)), day("2024-01-16", minute(2)));
    let colleague = backend.add_user(&therapist("colleague")).await;
    let of_colleague = agenda_notification(colleague, "2024-01-15".parse().unwrap(), minute(3));
    let later = day("2024-01-15", minute(9));
    assert_eq!(enqueue(backend, &[monday.clone(), tuesday.clone(), of_colleague.clone()]).await, 3);
    assert_eq!(enqueue(backend, &[later]).await, 0, "the time may change, the day has its agenda");
    let leased = lease_due(backend, 1, 10, minute(10), minute(20)).await;
    let found: Vec<_> = leased.iter().map(|email| email.content.clone()).collect();
    assert_eq!(found, [monday, tuesday, of_colleague]);
}

pub async fn an_email_is_enqueued_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let info = notice(&booking, NotificationKind::MeetingInfo, now());
    let day = reminder(&booking, 1_440, minute(10));
    let hour = reminder(&booking, 60, minute(20));
    assert_eq!(enqueue(backend, &[info.clone(), info.clone()]).await, 1);
    let (first, second) = backend
        .commit(async |work| {
            Ok((work.enqueue(std::slice::from_ref(&day)).await?, work.enqueue(std::slice::from_ref(&day)).await?))
        })
        .await;
    assert_eq!((first, second), (1, 0));
    assert_eq!(enqueue(backend, &[info.clone(), day.clone(), hour.clone()]).await, 1);

    // An existing dedupe key leaves the email unchanged, even when it was sent long ago.
    for email in lease_due(backend, 1, 10, minute(60), minute(70)).await {
        assert!(ack(backend, email.id, 1, &sent(minute(61))).await);
    }
    let before = emails(backend, &booking).await;
    let changed = NewNotification {
        send_after: minute(99),
        subject: subject(&booking, booking.scheduled_at(), 7),
        ..info.clone()
    };
    assert_eq!(changed.dedupe_key(), info.dedupe_key());
    assert_eq!(enqueue(backend, &[changed, day, hour]).await, 0);
    assert_eq!(emails(backend, &booking).await, before);

    // Another start or another offset makes another email.
    let rescheduled = NewNotification { subject: subject(&booking, slot(7), 1), ..info };
    assert_eq!(enqueue(backend, &[rescheduled, reminder(&booking, 61, minute(20))]).await, 2);
}

pub async fn the_pending_reminders_of_a_booking_are_cancelled(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 5).await;
    let guest = backend.commit(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let [sent_before, leased, stale, future] = [1, 2, 3, 600].map(|n| reminder(&booking, 60 + n, minute(n.into())));
    let to_guest = NewNotification { recipient: ViewerId::Participant(guest), ..future.clone() };
    let others = [notice(&booking, NotificationKind::MeetingInfo, minute(700)), reminder(&other, 60, minute(600))];
    enqueue(backend, &[sent_before, leased, stale, future, to_guest]).await;
    enqueue(backend, &others).await;
    let first = lease_due(backend, 1, 1, minute(1), minute(9)).await;
    assert!(ack(backend, first[0].id, 1, &sent(minute(1))).await);
    lease_due(backend, 2, 1, minute(2), minute(20)).await;
    lease_due(backend, 3, 1, minute(3), minute(10)).await;
    let cancel = async || backend.commit(async |work| work.cancel_reminders(booking.id(), minute(10)).await).await;
    assert_eq!((cancel().await, cancel().await), (3, 0), "the one whose lease expired, and the two to come");
    let states: Vec<_> = emails(backend, &booking).await.iter().map(|email| email.state).collect();
    use NotificationState::{Cancelled, Pending, Sent};
    assert_eq!(
        states,
        [Sent, Pending, Cancelled, Cancelled, Cancelled, Pending],
        "one is being sent, one is no reminder"
    );
    assert_eq!(only_email(backend, &other).await.state, Pending);
    assert_eq!(lease_due(backend, 4, 10, minute(650), minute(660)).await.len(), 2, "neither of the cancelled ones");
}

pub async fn an_email_is_sent_again_or_taken_back(backend: &Backend) {
    use NotificationState::{Cancelled, Dead, Pending};
    let booking = booked_with_email(backend).await;
    let id = only_email(backend, &booking).await.id;
    let retry = async |at| backend.commit(async |work| work.retry_notification(id, at).await).await;
    let cancel = async |at| backend.commit(async |work| work.cancel_notification(id, at).await).await;
    lease_due(backend, 1, 1, minute(0), minute(5)).await;
    assert!(!cancel(minute(4)).await, "it is being sent");
    assert!(ack(backend, id, 1, &unsent(Dead, minute(1), Some("refused_550"))).await);
    retry(minute(7)).await;
    let found = backend.commit(async |work| work.notification(id).await).await.unwrap();
    assert_eq!(found, only_email(backend, &booking).await);
    let state = |email: &Notification| (email.state, email.attempts, email.next_at, email.resends);
    assert_eq!((state(&found), found.last_error), ((Pending, 0, minute(7), 0), None), "it was never sent");
    assert_eq!(lease_due(backend, 2, 1, minute(7), minute(9)).await.len(), 1);
    assert!(ack(backend, id, 2, &sent(minute(8))).await);
    for n in 1..=2 {
        retry(minute(10 * n)).await;
        let again = only_email(backend, &booking).await;
        assert_eq!((state(&again), again.sent_at), ((Pending, 0, minute(10 * n), u32::try_from(n).unwrap()), None));
        if n == 1 {
            assert_eq!(lease_due(backend, 3, 1, minute(10), minute(12)).await.len(), 1);
            assert!(ack(backend, id, 3, &sent(minute(11))).await);
        }
    }
    assert!(cancel(minute(30)).await);
    assert_eq!(only_email(backend, &booking).await.state, Cancelled);
    assert!(!cancel(minute(31)).await && lease_due(backend, 4, 1, minute(99), minute(100)).await.is_empty());
    assert!(backend.commit(async |work| work.notification(unknown()).await).await.is_none());
    assert!(!backend.commit(async |work| work.cancel_notification(unknown(), now()).await).await);
}

pub async fn combined_emails_are_leased_and_retried_together(backend: &Backend) {
    use NotificationState::{Cancelled, Pending, Sent, Skipped};
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for n in 0..4 {
        bookings.push(backend.book(practice, n).await);
    }
    let info = |booking: &Booking| notice(booking, NotificationKind::MeetingInfo, now());
    enqueue(backend, &bookings.iter().map(info).collect::<Vec<_>>()).await;
    let mut ids = Vec::new();
    for booking in &bookings {
        ids.push(only_email(backend, booking).await.id);
    }
    let [first, lead, last, alone] = ids[..] else { panic!("four emails") };
    backend.commit(async |work| work.combine_notifications(lead, &[first, last]).await).await;
    let leads = async || {
        let mut leads = Vec::new();
        for booking in &bookings {
            leads.push(only_email(backend, booking).await.lead);
        }
        leads
    };
    assert_eq!(leads().await, [Some(lead), None, Some(lead), None]);

    // Two leases of one email each: the lead brings the others along.
    let leased = lease_due(backend, 1, 1, minute(1), minute(2)).await;
    assert_eq!(
        leased.iter().map(|email| (email.id, email.attempts)).collect::<Vec<_>>(),
        [(first, 1), (lead, 1), (last, 1)]
    );
    let others = lease_due(backend, 2, 10, minute(1), minute(2)).await;
    assert_eq!(others.iter().map(|email| email.id).collect::<Vec<_>>(), [alone]);
    assert!(ack(backend, first, 1, &unsent(Skipped, minute(1), None)).await);
    for id in [lead, last] {
        assert!(ack(backend, id, 1, &sent(minute(1))).await);
    }

    // Sent again together, but for what was not sent then.
    backend.commit(async |work| work.retry_notification(lead, minute(3)).await).await;
    let states = async || {
        let mut states = Vec::new();
        for booking in &bookings {
            let email = only_email(backend, booking).await;
            states.push((email.state, email.resends));
        }
        states
    };
    assert_eq!(states().await, [(Skipped, 0), (Pending, 1), (Pending, 1), (Pending, 0)]);
    let leased = lease_due(backend, 3, 1, minute(4), minute(5)).await;
    assert_eq!(leased.iter().map(|email| email.id).collect::<Vec<_>>(), [alone], "it has been due for longer");
    let leased = lease_due(backend, 3, 1, minute(4), minute(5)).await;
    assert_eq!(leased.iter().map(|email| email.id).collect::<Vec<_>>(), [lead, last]);
    assert_eq!(nack(backend, &[lead, last], 3).await, 2);

    // Taken back together; one that another leads can be sent again on its own.
    assert!(backend.commit(async |work| work.cancel_notification(lead, minute(6)).await).await);
    assert_eq!(states().await, [(Skipped, 0), (Cancelled, 1), (Cancelled, 1), (Pending, 0)]);
    backend.commit(async |work| work.retry_notification(last, minute(7)).await).await;
    assert_eq!(leads().await, [Some(lead), None, None, None]);
    assert_eq!(states().await[2], (Pending, 1));
    assert!(backend.commit(async |work| work.cancel_notification(last, minute(8)).await).await);
    assert!(ack(backend, alone, 3, &sent(minute(4))).await);
    assert_eq!(states().await[3], (Sent, 0));
}

pub async fn emails_are_listed_newest_first(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 5).await;
    enqueue(
        backend,
        &[
            notice(&booking, NotificationKind::MeetingInfo, now()),
            reminder(&booking, 60, minute(50)),
            reminder(&booking, 1_440, minute(60)),
            reminder(&other, 60, minute(70)),
            agenda_notification(practice.therapist, "2024-01-15".parse().unwrap(), minute(80)),
        ],
    )
    .await;
    let first = lease_due(backend, 1, 1, minute(1), minute(5)).await;
    assert!(ack(backend, first[0].id, 1, &sent(minute(1))).await);
    let all = NotificationFilter::default();
    let reminders = NotificationFilter { kind: Some(NotificationKind::Reminder { minutes_before: 0 }), ..all };
    let page = |limit, offset| PageRequest { limit, offset };
    for (filter, page, kinds, total) in [
        (all, page(10, 0), vec!["agenda", "reminder", "reminder", "reminder", "meeting_info"], 5),
        (all, page(2, 1), vec!["reminder", "reminder"], 5),
        (all, page(2, u64::MAX), vec![], 5),
        (reminders, page(10, 0), vec!["reminder"; 3], 3),
        (NotificationFilter { booking: Some(booking.id()), ..reminders }, page(1, 0), vec!["reminder"], 2),
        (NotificationFilter { state: Some(NotificationState::Sent), ..all }, page(10, 0), vec!["meeting_info"], 1),
        (NotificationFilter { state: Some(NotificationState::Dead), ..all }, page(10, 0), vec![], 0),
    ] {
        let found = backend.queries.outbox(&filter, page).await.unwrap();
        let names: Vec<_> = found.items.iter().map(|email| email.content.kind.as_str()).collect();
        assert_eq!((names, found.total), (kinds, total), "{filter:?} {page:?}");
        assert!(found.items.is_sorted_by(|a, b| a.id > b.id));
    }
}

pub async fn an_email_needs_its_booking_and_its_recipient(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let info = notice(&booking, NotificationKind::MeetingInfo, now());
    // There is a user with this number, but no participant.
    let number_of_a_user = ParticipantId::new(booking.client().get()).unwrap();
    for queued in [
        NewNotification {
            subject: NotificationSubject::Booking { id: unknown(), starts_at: slot(0), version: 1 },
            ..info.clone()
        },
        NewNotification { subject: NotificationSubject::User(unknown()), ..info.clone() },
        NewNotification { recipient: ViewerId::Account(unknown()), ..info.clone() },
        NewNotification { recipient: ViewerId::Participant(unknown()), ..info.clone() },
        NewNotification { recipient: ViewerId::Participant(number_of_a_user), ..info.clone() },
    ] {
        let result = backend.uncommitted(async |work| work.enqueue(std::slice::from_ref(&queued)).await).await;
        assert_failed(result, &format!("{queued:?}"));
    }
    assert!(emails(backend, &booking).await.is_empty());
}

pub async fn emails_go_to_users_and_participants(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let (partner, colleague) = backend
        .commit(async |work| {
            let partner = work.add_participant(&participant(&booking, "partner")).await?;
            Ok((partner, work.add_participant(&participant(&booking, "colleague")).await?))
        })
        .await;
    assert_eq!(
        partner.get(),
        practice.therapist.get(),
        "a new store has a user and a participant with the same number"
    );
    let (client, partner) = (ViewerId::Account(booking.client()), ViewerId::Participant(partner));
    let mut queued = Vec::new();
    for recipient in [client, partner, ViewerId::Participant(colleague)] {
        for kind in [
            NotificationKind::MeetingInfo,
            NotificationKind::Reminder { minutes_before: 60 },
            NotificationKind::Invitation,
            NotificationKind::MeetingLink,
        ] {
            let send_after = minute(i64::try_from(queued.len()).unwrap());
            queued.push(NewNotification { recipient, ..notice(&booking, kind, send_after) });
        }
    }
    // The same email to another recipient is another email.
    let recipient = ViewerId::Account(practice.therapist);
    queued.push(NewNotification { recipient, ..notice(&booking, NotificationKind::MeetingLink, minute(30)) });
    assert_eq!(enqueue(backend, &queued).await, u64::try_from(queued.len()).unwrap());
    assert_eq!(enqueue(backend, &queued).await, 0);
    let stored: Vec<_> = emails(backend, &booking).await.into_iter().map(|email| email.content).collect();
    assert_eq!(stored.len(), queued.len());
    assert!(queued.iter().all(|queued| stored.contains(queued)));

    let leased = lease_due(backend, 1, 50, minute(99), minute(120)).await;
    assert_eq!(leased.iter().map(|email| email.content.clone()).collect::<Vec<_>>(), queued, "earliest first");
    for email in &leased {
        assert!(ack(backend, email.id, 1, &sent(minute(99))).await);
    }
    assert!(emails(backend, &booking).await.iter().all(|email| email.state == NotificationState::Sent));
}

pub async fn a_link_is_enqueued_once_per_hour_version_and_recipient(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let partner = backend.commit(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let (client, partner) = (ViewerId::Account(booking.client()), ViewerId::Participant(partner));
    for (recipient, version, minutes, new) in [
        (client, 1, 0, 1),
        (client, 1, 59, 0),
        (partner, 1, 0, 1),
        (partner, 1, 59, 0),
        (client, 1, 60, 1),
        (client, 2, 60, 1),
        (client, 2, 60, 0),
        (partner, 2, 60, 1),
    ] {
        let link = notice(&booking, NotificationKind::MeetingLink, minutes_after(slot(0), minutes));
        let link = NewNotification { recipient, subject: subject(&booking, booking.scheduled_at(), version), ..link };
        assert_eq!(enqueue(backend, std::slice::from_ref(&link)).await, new, "{link:?}");
    }
    assert_eq!(emails(backend, &booking).await.len(), 5);
}

pub async fn due_emails_are_leased_earliest_first(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued: Vec<_> = [(1, 30), (2, 10), (3, 40), (4, 20), (5, 50)]
        .map(|(offset, due)| reminder(&booking, offset + 5, minute(due)))
        .into();
    enqueue(backend, &queued).await;
    let lease_at = async |worker, limit, at| {
        let leased = lease_due(backend, worker, limit, at, minute(99)).await;
        leased.iter().map(|email| email.next_at).collect::<Vec<_>>()
    };
    assert_eq!(lease_at(1, 10, minute(9)).await, []);
    assert_eq!(lease_at(1, 0, minute(60)).await, []);
    assert_eq!(lease_at(1, 2, minute(40)).await, [minute(10), minute(20)]);
    assert_eq!(lease_at(2, 9, minute(40)).await, [minute(30), minute(40)], "due at that instant");
    assert_eq!(lease_at(3, 9, minute(40)).await, []);
    assert_eq!(lease_at(3, 9, minute(50)).await, [minute(50)]);
}

pub async fn attempts_are_counted_at_the_lease(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued = notice(&booking, NotificationKind::MeetingInfo, now());
    enqueue(backend, std::slice::from_ref(&queued)).await;
    for attempt in 1..=3 {
        let at = minute(10 * i64::from(attempt));
        let leased = lease_due(backend, 1, 10, at, minutes_after(at, 5)).await;
        assert_eq!(leased.len(), 1);
        assert_eq!((leased[0].attempts, leased[0].state), (attempt, NotificationState::Pending));
        assert_eq!(leased[0].content, queued);
        assert_eq!(only_email(backend, &booking).await.attempts, attempt);
    }
}

pub async fn a_rolled_back_lease_changes_nothing(backend: &Backend) {
    let booking = booked_with_email(backend).await;
    let before = only_email(backend, &booking).await;
    for worker in 1..=3 {
        let lease = lease(worker, minute(9));
        let leased = backend.uncommitted(async |work| work.lease_notifications(5, now(), &lease).await).await;
        assert_eq!(leased.unwrap()[0].attempts, 1);
    }
    assert_eq!(only_email(backend, &booking).await, before);
    assert_eq!(lease_due(backend, 9, 5, now(), minute(9)).await[0].attempts, 1);
}

pub async fn a_lease_holds_until_it_expires(backend: &Backend) {
    booked_with_email(backend).await;
    assert_eq!(lease_due(backend, 1, 5, now(), minute(2)).await.len(), 1);
    assert!(lease_due(backend, 2, 5, now(), minute(4)).await.is_empty());
    assert!(lease_due(backend, 1, 5, minute(1), minute(4)).await.is_empty(), "not even for the same worker");
    let again = lease_due(backend, 2, 5, minute(2), minute(4)).await;
    assert_eq!(again.len(), 1, "a lease expires at its end");
    assert_eq!(again[0].attempts, 2);
    assert!(lease_due(backend, 3, 5, minute(3), minute(5)).await.is_empty(), "the new lease holds");
}

pub async fn every_delivery_result_is_stored(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let results = [
        sent(minute(1)),
        unsent(NotificationState::Pending, minute(30), Some("deferred_451")),
        unsent(NotificationState::Skipped, minute(1), None),
        unsent(NotificationState::Expired, minute(1), None),
        unsent(NotificationState::Dead, minute(1), Some("refused_550")),
    ];
    let find = async |id| emails(backend, &booking).await.into_iter().find(|email| email.id == id).unwrap();
    for (hour, result) in (0..).zip(results) {
        let info = notice(&booking, NotificationKind::MeetingInfo, now());
        enqueue(backend, &[NewNotification { subject: subject(&booking, slot(hour), 1), ..info }]).await;
        let leased = lease_due(backend, 1, 5, now(), minute(2)).await;
        assert_eq!(leased.len(), 1);
        assert!(ack(backend, leased[0].id, 1, &result).await);
        let DeliveryResult { state, next_at, sent_at, last_error } = result;
        let expected = Notification { state, next_at, sent_at, last_error, ..leased[0].clone() };
        assert_eq!(find(leased[0].id).await, expected);
        assert!(lease_due(backend, 2, 5, minute(29), minute(40)).await.is_empty(), "{state:?} is not due");
    }
    // The deferred one is due again, and its error does not outlive a success.
    let again = lease_due(backend, 3, 5, minute(30), minute(40)).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].attempts, 2);
    assert_eq!(again[0].last_error.as_deref(), Some("deferred_451"));
    assert!(ack(backend, again[0].id, 3, &sent(minute(31))).await);
    let found = find(again[0].id).await;
    assert_eq!((found.state, found.sent_at, found.last_error), (NotificationState::Sent, Some(minute(31)), None));
    assert!(lease_due(backend, 4, 9, minute(10_000), minute(20_000)).await.is_empty(), "final states stay final");
}

pub async fn a_lost_lease_acknowledges_nothing(backend: &Backend) {
    let booking = booked_with_email(backend).await;
    let unchanged = async |worker, result: &DeliveryResult, why: &str| {
        let before = only_email(backend, &booking).await;
        assert!(!ack(backend, before.id, worker, result).await, "{why}");
        assert_eq!(only_email(backend, &booking).await, before, "{why}");
    };
    unchanged(1, &sent(minute(1)), "never leased").await;
    let email = lease_due(backend, 1, 5, now(), minute(2)).await.remove(0);
    lease_due(backend, 2, 5, minute(3), minute(5)).await;
    unchanged(1, &sent(minute(3)), "another worker has the lease").await;
    assert!(ack(backend, email.id, 2, &sent(minute(4))).await);
    let dead = unsent(NotificationState::Dead, minute(9), None);
    unchanged(2, &dead, "acknowledged before").await;
    assert!(!ack(backend, unknown(), 2, &dead).await, "no such email");
}

/// The email was sent: a late acknowledgement is better than sending it twice.
pub async fn a_late_ack_counts_until_another_worker_leases(backend: &Backend) {
    let booking = booked_with_email(backend).await;
    let leased = lease_due(backend, 1, 5, now(), minute(2)).await;
    assert!(ack(backend, leased[0].id, 1, &sent(minute(600))).await);
    assert_eq!(only_email(backend, &booking).await.state, NotificationState::Sent);
}

pub async fn emails_of_one_lease_are_acknowledged_one_by_one(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    enqueue(backend, &[10, 20, 30].map(|minutes| reminder(&booking, minutes, now()))).await;
    let leased = lease_due(backend, 1, 5, now(), minute(2)).await;
    assert_eq!(leased.len(), 3);
    assert!(ack(backend, leased[1].id, 1, &sent(minute(1))).await);
    assert!(lease_due(backend, 2, 5, minute(1), minute(9)).await.is_empty());
    let left = lease_due(backend, 2, 5, minute(2), minute(9)).await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|email| email.id != leased[1].id && email.attempts == 2));
}

pub async fn a_nack_undoes_the_lease(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    enqueue(backend, &[10, 20, 30].map(|minutes| reminder(&booking, minutes, now()))).await;
    let first = lease_due(backend, 1, 1, now(), minute(2)).await;
    let deferred = unsent(NotificationState::Pending, minute(1), Some("timeout"));
    assert!(ack(backend, first[0].id, 1, &deferred).await, "one of them failed before");
    let before = emails(backend, &booking).await;
    let leased = lease_due(backend, 2, 5, minute(1), minute(3)).await;
    assert_eq!(leased.len(), 3);
    assert_eq!(nack(backend, &[], 2).await, 0);
    assert_eq!(nack(backend, &[before[0].id, before[2].id], 2).await, 2);
    let mut expected = before.clone();
    expected[1].attempts += 1;
    assert_eq!(emails(backend, &booking).await, expected);
    let again = lease_due(backend, 3, 5, minute(1), minute(3)).await;
    let leased: Vec<_> = again.iter().map(|email| (email.id, email.attempts)).collect();
    assert_eq!(leased, [(before[2].id, 1), (before[0].id, 2)], "at once, and the attempt did not count");
}

pub async fn a_postponed_email_is_due_later_and_its_attempt_does_not_count(backend: &Backend) {
    let booking = booked_with_email(backend).await;
    let before = only_email(backend, &booking).await;
    let postpone = async |worker: u8, until| {
        let token = LeaseToken([worker; 16]);
        backend.commit(async |work| work.postpone_notification(before.id, &token, until).await).await
    };
    assert!(!postpone(1, minute(5)).await, "it is not leased");
    lease_due(backend, 1, 5, now(), minute(2)).await;
    assert!(!postpone(2, minute(5)).await, "another worker leased it");
    assert!(postpone(1, finer(minute(5))).await);
    assert!(!postpone(1, minute(6)).await, "the lease was released");
    assert_eq!(only_email(backend, &booking).await, Notification { next_at: minute(5), ..before.clone() });
    assert!(lease_due(backend, 2, 5, minute(4), minute(9)).await.is_empty());
    let again = lease_due(backend, 2, 5, minute(5), minute(9)).await;
    assert_eq!(again, [Notification { next_at: minute(5), attempts: 1, ..before }]);
}

pub async fn sent_emails_are_found_by_recipient_kind_and_time(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let invited = backend.commit(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let (client, guest) = (ViewerId::Account(practice.client), ViewerId::Participant(invited));
    let info = notice(&booking, NotificationKind::MeetingInfo, now());
    let moved = |version| NewNotification {
        kind: NotificationKind::Rescheduled,
        subject: subject(&booking, booking.scheduled_at(), version),
        ..info.clone()
    };
    let to_guest = NewNotification { recipient: guest, ..moved(2) };
    let receipt = notice(&booking, NotificationKind::Receipt, now());
    enqueue(backend, &[info.clone(), moved(2), to_guest.clone(), receipt, moved(3)]).await;
    let leased = lease_due(backend, 1, 10, now(), minute(30)).await;
    for (email, at) in leased.iter().zip(1..) {
        let result = if at == 5 { unsent(NotificationState::Skipped, now(), None) } else { sent(minute(at)) };
        assert!(ack(backend, email.id, 1, &result).await);
    }
    let found = async |recipients: &[ViewerId], kinds: &[NotificationKind], since| {
        let mut found = backend.queries.sent_emails(recipients, kinds, since).await.unwrap();
        found.sort_by_key(|email| email.id);
        found.into_iter().map(|email| (email.content, email.sent_at)).collect::<Vec<_>>()
    };
    let all = NotificationKind::ANNOUNCEMENTS;
    let (first, second, third) =
        ((info.clone(), Some(minute(1))), (moved(2), Some(minute(2))), (to_guest, Some(minute(3))));
    assert_eq!(found(&[client, guest], &all, now()).await, [first.clone(), second.clone(), third.clone()]);
    assert_eq!(found(&[client], &all, now()).await, [first, second.clone()]);
    assert_eq!(found(&[guest], &all, now()).await, [third]);
    assert_eq!(found(&[client], &all, minute(1)).await, [second], "after, not at");
    assert_eq!(found(&[client], &[NotificationKind::Cancelled], now()).await, []);
    assert_eq!(found(&[ViewerId::Account(practice.therapist)], &all, now()).await, []);
    assert_eq!(found(&[], &all, now()).await, []);
}

/// A worker whose clock was two weeks ahead leased everything, and then its clock was set right.
pub async fn what_a_clock_that_was_ahead_left_behind_is_corrected(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let before_start = |minutes: u32| minutes_after(booking.scheduled_at(), -i64::from(minutes));
    let planned = |minutes: u32| reminder(&booking, minutes, before_start(minutes));
    let mut queued: Vec<_> = [60, 50, 40, 30, 20].map(planned).into();
    queued.push(notice(&booking, NotificationKind::MeetingInfo, now()));
    enqueue(backend, &queued).await;
    let correct = async |at| backend.commit(async |work| work.correct_notifications(at).await).await;
    let untouched = emails(backend, &booking).await;
    assert_eq!(correct(now()).await, 0);
    assert_eq!(emails(backend, &booking).await, untouched, "what is planned stays planned");

    let ahead = minutes_after(booking.scheduled_at(), 14 * 1_440);
    let soon = |minutes| minutes_after(ahead, minutes);
    let error = Some("timeout");
    // The one with an offset of 20 minutes stays leased.
    let results = |offset: u32| match offset {
        60 => Some(unsent(NotificationState::Expired, ahead, error)),
        50 => Some(unsent(NotificationState::Skipped, ahead, None)),
        40 => Some(unsent(NotificationState::Pending, soon(1), error)),
        30 => Some(sent(ahead)),
        20 => None,
        _ => Some(unsent(NotificationState::Pending, soon(30), error)),
    };
    for email in lease_due(backend, 1, 9, ahead, soon(2)).await {
        if let Some(result) = results(email.content.kind.offset_minutes()) {
            assert!(ack(backend, email.id, 1, &result).await);
        }
    }
    let sent_email = emails(backend, &booking).await.remove(3);
    assert_eq!(correct(now()).await, 4);
    let corrected = emails(backend, &booking).await;
    for (email, due) in corrected.iter().zip([60, 50, 40].map(before_start)).chain([(&corrected[5], now())]) {
        let expected = Notification {
            state: NotificationState::Pending,
            attempts: 0,
            next_at: due,
            last_error: None,
            sent_at: None,
            ..email.clone()
        };
        assert_eq!(*email, expected);
    }
    assert_eq!(corrected[3], sent_email, "what was sent stays sent");
    assert_eq!(correct(now()).await, 0);
    let due = lease_due(backend, 2, 9, before_start(20), before_start(10)).await;
    let due: Vec<u32> = due.iter().map(|email| email.content.kind.offset_minutes()).collect();
    assert_eq!(due, [0, 60, 50, 40, 20], "the lease that was to last for weeks is released");
}

pub async fn plausible_states_are_not_corrected(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let before_start = |minutes: i64| minutes_after(booking.scheduled_at(), -minutes);
    let offsets = [60, 50, 40, 30];
    enqueue(backend, &offsets.map(|minutes| reminder(&booking, minutes, before_start(minutes.into())))).await;
    let ends = [
        unsent(NotificationState::Expired, before_start(5), Some("timeout")),
        unsent(NotificationState::Skipped, before_start(5), None),
        unsent(NotificationState::Dead, before_start(5), Some("refused_550")),
        unsent(NotificationState::Pending, before_start(-70), Some("timeout")),
    ];
    let leased = lease_due(backend, 1, 9, before_start(5), before_start(3)).await;
    for (email, result) in leased.iter().zip(ends) {
        assert!(ack(backend, email.id, 1, &result).await);
    }
    let before = emails(backend, &booking).await;
    for minutes in [5, 4, 1, 0, -60, -100_000] {
        let at = before_start(minutes);
        assert_eq!(backend.commit(async |work| work.correct_notifications(at).await).await, 0, "{at}");
        assert_eq!(emails(backend, &booking).await, before, "{at}");
    }
}

pub async fn a_lost_lease_returns_nothing(backend: &Backend) {
    let booking = booked_with_email(backend).await;
    let email = only_email(backend, &booking).await;
    let unchanged = async |worker| {
        let before = only_email(backend, &booking).await;
        assert_eq!(nack(backend, &[before.id, unknown()], worker).await, 0);
        assert_eq!(only_email(backend, &booking).await, before);
    };
    unchanged(1).await;
    lease_due(backend, 1, 5, now(), minute(2)).await;
    lease_due(backend, 2, 5, minute(3), minute(5)).await;
    unchanged(1).await;
    assert!(lease_due(backend, 3, 5, minute(4), minute(9)).await.is_empty(), "it is still leased");
    assert!(ack(backend, email.id, 2, &sent(minute(4))).await);
    unchanged(2).await;
}

pub async fn health_counts_pending_overdue_and_dead(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let health = async |before| backend.queries.outbox_health(before).await.unwrap();
    assert_eq!(health(now()).await, OutboxHealth::default());
    let queued: Vec<_> = (0..6_u32).map(|n| reminder(&booking, 10 + n, minute(i64::from(n)))).collect();
    enqueue(backend, &queued).await;
    assert_eq!(health(minute(0)).await, OutboxHealth { pending: 6, overdue: 0, dead: 0, held: 0 });
    assert_eq!(health(minute(2)).await, OutboxHealth { pending: 6, overdue: 2, dead: 0, held: 0 });
    assert_eq!(health(minute(99)).await, OutboxHealth { pending: 6, overdue: 6, dead: 0, held: 0 });
    let ends = [
        NotificationState::Sent,
        NotificationState::Skipped,
        NotificationState::Expired,
        NotificationState::Dead,
        NotificationState::Dead,
    ];
    let leased = lease_due(backend, 1, 5, minute(4), minute(9)).await;
    for (email, state) in leased.iter().zip(ends) {
        assert!(ack(backend, email.id, 1, &unsent(state, minute(4), None)).await);
    }
    assert_eq!(health(minute(5)).await, OutboxHealth { pending: 1, overdue: 0, dead: 2, held: 0 });
    assert_eq!(health(minute(99)).await, OutboxHealth { pending: 1, overdue: 1, dead: 2, held: 0 });
    // A deferred email is due at its new time only.
    let leased = lease_due(backend, 2, 5, minute(5), minute(9)).await;
    assert!(ack(backend, leased[0].id, 2, &unsent(NotificationState::Pending, minute(50), None)).await);
    assert_eq!(health(minute(50)).await, OutboxHealth { pending: 1, overdue: 0, dead: 2, held: 0 });
    assert_eq!(health(minute(51)).await, OutboxHealth { pending: 1, overdue: 1, dead: 2, held: 0 });
}

pub async fn held_emails_wait_until_they_are_released_or_cancelled(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued: Vec<_> = (0..3_u32).map(|n| reminder(&booking, 10 + n, minute(i64::from(n)))).collect();
    enqueue(backend, &queued).await;
    let held = lease_due(backend, 1, 9, minute(4), minute(9)).await;
    for email in &held {
        assert!(ack(backend, email.id, 1, &unsent(NotificationState::Held, minute(4), None)).await);
    }
    let health = backend.queries.outbox_health(minute(99)).await.unwrap();
    assert_eq!(health, OutboxHealth { pending: 0, overdue: 0, dead: 0, held: 3 });
    assert_eq!(backend.queries.backlog().await.unwrap().held_emails, 3);
    assert!(lease_due(backend, 2, 9, minute(99), minute(100)).await.is_empty());
    assert_eq!(backend.commit(async |work| work.correct_notifications(minute(-99)).await).await, 0);

    backend.commit(async |work| work.retry_notification(held[0].id, minute(5)).await).await;
    assert!(backend.commit(async |work| work.cancel_notification(held[1].id, minute(5)).await).await);
    assert!(!backend.commit(async |work| work.cancel_notification(held[1].id, minute(5)).await).await);
    let leased = lease_due(backend, 3, 9, minute(99), minute(100)).await;
    assert_eq!(leased.iter().map(|email| email.id).collect::<Vec<_>>(), [held[0].id]);
    let states: Vec<_> = emails(backend, &booking).await.into_iter().map(|email| email.state).collect();
    assert_eq!(states, [NotificationState::Pending, NotificationState::Cancelled, NotificationState::Held]);
}

pub async fn emails_are_listed_per_booking(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.book(practice, 0).await;
    let second = backend.book(practice, 1).await;
    for (booking, minutes_before) in [(&first, 60), (&second, 60), (&first, 1_440), (&first, 10)] {
        assert_eq!(enqueue(backend, &[reminder(booking, minutes_before, now())]).await, 1);
    }
    let of_first = emails(backend, &first).await;
    let offsets: Vec<_> = of_first.iter().map(|email| email.content.kind.offset_minutes()).collect();
    assert_eq!(offsets, [60, 1_440, 10]);
    let in_unit = backend.uncommitted(async |work| {
        work.enqueue(&[notice(&first, NotificationKind::PaymentInstructions, now())]).await?;
        Ok((work.notifications_of(first.id()).await?, work.notifications_of(second.id()).await?))
    });
    let (mut seen, of_second) = in_unit.await.unwrap();
    assert_eq!(seen.pop().unwrap().content.kind, NotificationKind::PaymentInstructions, "what it enqueued itself, too");
    assert_eq!((seen, of_second), (of_first, emails(backend, &second).await));
    assert_eq!(emails(backend, &second).await.len(), 1);
}
