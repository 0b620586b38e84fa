//! Mails that are content: once each, to one worker at a time.

use attune_domain::notification::{NewNotification, Notification, NotificationKind, NotificationState};
use attune_domain::{Booking, NotificationId, ParticipantId, ViewerId};
use attune_ports::{DeliveryResult, LeaseToken, OutboxHealth, StoreError};
use jiff::Timestamp;

use super::{unknown_booking, unknown_participant, unknown_user};
use crate::Backend;
use crate::fixtures::{lease, minutes_after, notice, now, participant, reminder, slot};

/// A scheduled booking that queues mails.
async fn stage(backend: &Backend) -> Booking {
    let practice = backend.practice().await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await
}

async fn enqueue(backend: &Backend, notices: &[NewNotification]) -> u64 {
    backend.commit(async |work| work.enqueue(notices).await).await
}

/// Claims and commits.
async fn claim(backend: &Backend, worker: u8, limit: u32, now: Timestamp, until: Timestamp) -> Vec<Notification> {
    backend.commit(async |work| work.lease_notifications(limit, now, &lease(worker, until)).await).await
}

/// Settles and commits.
async fn settle(backend: &Backend, id: NotificationId, worker: u8, settlement: &DeliveryResult) -> bool {
    backend.commit(async |work| work.ack_notification(id, &LeaseToken([worker; 16]), settlement).await).await
}

/// Gives back and commits.
async fn give_back(backend: &Backend, ids: &[NotificationId], worker: u8) -> u64 {
    backend.commit(async |work| work.nack_notifications(ids, &LeaseToken([worker; 16])).await).await
}

async fn only_notice(backend: &Backend, booking: &Booking) -> Notification {
    let mut notices = backend.queries.notices(booking.id()).await.unwrap();
    assert_eq!(notices.len(), 1);
    notices.remove(0)
}

fn sent(at: Timestamp) -> DeliveryResult {
    DeliveryResult { state: NotificationState::Sent, next_at: at, sent_at: Some(at), last_error: None }
}

fn minute(n: i64) -> Timestamp {
    minutes_after(now(), n)
}

/// A mail that was queued waits, untried, for its time; everything that was queued comes back.
pub async fn a_queued_email_waits(backend: &Backend) {
    let booking = stage(backend).await;
    let queued = [
        notice(&booking, NotificationKind::MeetingInfo, now()),
        NewNotification { booking_version: u32::MAX, ..reminder(&booking, 43_200, minute(30)) },
        reminder(&booking, 6, minute(20)),
        notice(&booking, NotificationKind::Receipt, now()),
        notice(&booking, NotificationKind::PaymentProblem, minute(1)),
        notice(&booking, NotificationKind::Refund, minute(2)),
    ];
    assert_eq!(enqueue(backend, &queued).await, 6);
    assert_eq!(enqueue(backend, &[]).await, 0);
    let notices = backend.queries.notices(booking.id()).await.unwrap();
    assert!(notices.is_sorted_by_key(|notice| notice.id), "by id");
    assert_eq!(notices.len(), 6);
    for queued in queued {
        let found = notices.iter().find(|notice| notice.content == queued).expect("all that was queued is there");
        let expected = Notification {
            id: found.id,
            next_at: queued.send_after,
            content: queued,
            state: NotificationState::Pending,
            attempts: 0,
            sent_at: None,
            last_error: None,
        };
        assert_eq!(*found, expected);
    }
}

/// A mail is queued once per key: within a call, within a unit of work, and for ever after.
pub async fn an_email_is_queued_once(backend: &Backend) {
    let booking = stage(backend).await;
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

    // A key that is known leaves the mail as it is, also when it left long ago.
    for mail in claim(backend, 1, 10, minute(60), minute(70)).await {
        assert!(settle(backend, mail.id, 1, &sent(minute(61))).await);
    }
    let before = backend.queries.notices(booking.id()).await.unwrap();
    let changed = NewNotification { send_after: minute(99), booking_version: 7, ..info.clone() };
    assert_eq!(changed.dedupe_key(), info.dedupe_key());
    assert_eq!(enqueue(backend, &[changed, day, hour]).await, 0);
    assert_eq!(backend.queries.notices(booking.id()).await.unwrap(), before);

    // Another beginning, another offset: another mail.
    let moved = NewNotification { starts_at: slot(7), ..info };
    assert_eq!(enqueue(backend, &[moved, reminder(&booking, 61, minute(20))]).await, 2);
}

/// A mail is about a booking and a reader that are there.
pub async fn a_mail_needs_its_booking_and_its_reader(backend: &Backend) {
    let booking = stage(backend).await;
    let info = notice(&booking, NotificationKind::MeetingInfo, now());
    for queued in [
        NewNotification { booking: unknown_booking(), ..info.clone() },
        NewNotification { recipient: ViewerId::Account(unknown_user()), ..info.clone() },
        NewNotification { recipient: ViewerId::Participant(unknown_participant()), ..info.clone() },
        // There is an account of this number, but no one invited.
        NewNotification {
            recipient: ViewerId::Participant(ParticipantId::new(booking.client().get()).unwrap()),
            ..info.clone()
        },
    ] {
        let answer = backend.uncommitted(async |work| work.enqueue(std::slice::from_ref(&queued)).await).await;
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    }
    assert!(backend.queries.notices(booking.id()).await.unwrap().is_empty());
}

/// Mails go to accounts and to people who were invited, and each comes back with its reader by every way of reading.
pub async fn mails_go_to_accounts_and_to_people_invited(backend: &Backend) {
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
        "in a fresh store numbers of accounts and invitations coincide"
    );
    let mut queued = Vec::new();
    for recipient in
        [ViewerId::Account(booking.client()), ViewerId::Participant(partner), ViewerId::Participant(colleague)]
    {
        for kind in [
            NotificationKind::MeetingInfo,
            NotificationKind::Reminder { minutes_before: 60 },
            NotificationKind::Invitation,
            NotificationKind::MeetingLink,
        ] {
            queued.push(NewNotification {
                recipient,
                ..notice(&booking, kind, minute(i64::try_from(queued.len()).unwrap()))
            });
        }
    }
    // The same mail to another reader is another mail; one to the therapist exists as the link that was asked for.
    let to_therapist = ViewerId::Account(practice.therapist);
    queued.push(NewNotification {
        recipient: to_therapist,
        ..notice(&booking, NotificationKind::MeetingLink, minute(30))
    });
    let count = u64::try_from(queued.len()).unwrap();
    assert_eq!(enqueue(backend, &queued).await, count);
    assert_eq!(enqueue(backend, &queued).await, 0);
    let kept: Vec<_> =
        backend.queries.notices(booking.id()).await.unwrap().into_iter().map(|notice| notice.content).collect();
    assert_eq!(kept.len(), queued.len());
    assert!(queued.iter().all(|queued| kept.contains(queued)));

    let claimed = claim(backend, 1, 50, minute(99), minute(120)).await;
    assert_eq!(claimed.iter().map(|notice| notice.content.clone()).collect::<Vec<_>>(), queued, "earliest first");
    for notice in &claimed {
        assert!(settle(backend, notice.id, 1, &sent(minute(99))).await);
    }
    assert!(backend.queries.notices(booking.id()).await.unwrap().iter().all(|n| n.state == NotificationState::Sent));
}

/// Anyone who asks for a link again is sent it once in an hour, and again in the next; revoking gives a new one at once.
pub async fn a_link_is_queued_once_per_hour_version_and_reader(backend: &Backend) {
    let booking = stage(backend).await;
    let partner = backend.commit(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let hour = |n: i64| minutes_after(slot(0), 60 * n);
    let client = ViewerId::Account(booking.client());
    for (recipient, version, send_after, new) in [
        (client, 1, hour(0), 1),
        (client, 1, minutes_after(hour(0), 59), 0),
        (ViewerId::Participant(partner), 1, hour(0), 1),
        (ViewerId::Participant(partner), 1, minutes_after(hour(0), 59), 0),
        (client, 1, hour(1), 1),
        (client, 2, hour(1), 1),
        (client, 2, hour(1), 0),
        (ViewerId::Participant(partner), 2, hour(1), 1),
    ] {
        let link = NewNotification {
            recipient,
            booking_version: version,
            ..notice(&booking, NotificationKind::MeetingLink, send_after)
        };
        assert_eq!(enqueue(backend, std::slice::from_ref(&link)).await, new, "{link:?}");
    }
    assert_eq!(backend.queries.notices(booking.id()).await.unwrap().len(), 5);
}

/// A worker gets what is due, earliest first and at most so many; mails of the future wait.
pub async fn due_mails_are_claimed_earliest_first(backend: &Backend) {
    let booking = stage(backend).await;
    let queued: Vec<_> = [(1, 30), (2, 10), (3, 40), (4, 20), (5, 50)]
        .map(|(offset, due)| reminder(&booking, offset + 5, minute(due)))
        .into();
    enqueue(backend, &queued).await;
    assert!(claim(backend, 1, 10, minute(9), minute(99)).await.is_empty());
    assert!(claim(backend, 1, 0, minute(60), minute(99)).await.is_empty());
    let due = |notices: &[Notification]| notices.iter().map(|notice| notice.next_at).collect::<Vec<_>>();
    assert_eq!(due(&claim(backend, 1, 2, minute(40), minute(99)).await), [minute(10), minute(20)]);
    assert_eq!(
        due(&claim(backend, 2, 9, minute(40), minute(99)).await),
        [minute(30), minute(40)],
        "due at that instant"
    );
    assert!(claim(backend, 3, 9, minute(40), minute(99)).await.is_empty());
    assert_eq!(due(&claim(backend, 3, 9, minute(50), minute(99)).await), [minute(50)]);
}

/// A claim counts as an attempt, and the count is part of the answer.
pub async fn attempts_are_counted_at_the_claim(backend: &Backend) {
    let booking = stage(backend).await;
    let queued = notice(&booking, NotificationKind::MeetingInfo, now());
    enqueue(backend, std::slice::from_ref(&queued)).await;
    for attempt in 1..=3 {
        let at = minute(10 * i64::from(attempt));
        let claimed = claim(backend, 1, 10, at, minutes_after(at, 5)).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!((claimed[0].attempts, claimed[0].state), (attempt, NotificationState::Pending));
        assert_eq!(claimed[0].content, queued);
        assert_eq!(only_notice(backend, &booking).await.attempts, attempt);
    }
}

/// A claim that is undone is no attempt, and leaves the mail to others.
pub async fn an_undone_claim_leaves_the_mail_as_it_was(backend: &Backend) {
    let booking = stage(backend).await;
    enqueue(backend, &[notice(&booking, NotificationKind::MeetingInfo, now())]).await;
    let before = only_notice(backend, &booking).await;
    for worker in 1..=3 {
        let taken = backend
            .uncommitted(async |work| work.lease_notifications(5, now(), &lease(worker, minute(9))).await)
            .await
            .unwrap();
        assert_eq!(taken[0].attempts, 1);
    }
    assert_eq!(only_notice(backend, &booking).await, before);
    assert_eq!(claim(backend, 9, 5, now(), minute(9)).await[0].attempts, 1);
}

/// A leased mail is no one else's until the lease runs out; then it is everyone's again.
pub async fn a_lease_holds_until_it_runs_out(backend: &Backend) {
    let booking = stage(backend).await;
    enqueue(backend, &[notice(&booking, NotificationKind::MeetingInfo, now())]).await;
    assert_eq!(claim(backend, 1, 5, now(), minute(2)).await.len(), 1);
    assert!(claim(backend, 2, 5, now(), minute(4)).await.is_empty());
    assert!(claim(backend, 1, 5, minute(1), minute(4)).await.is_empty(), "not even the same worker's");
    let again = claim(backend, 2, 5, minute(2), minute(4)).await;
    assert_eq!(again.len(), 1, "at its end a lease has run out");
    assert_eq!(again[0].attempts, 2);
    assert!(claim(backend, 3, 5, minute(3), minute(5)).await.is_empty(), "the new lease holds");
}

/// Anyone who holds the lease writes what became of a mail, whatever it is.
pub async fn every_settlement_is_written(backend: &Backend) {
    let booking = stage(backend).await;
    let mut settlements = vec![
        sent(minute(1)),
        DeliveryResult {
            state: NotificationState::Pending,
            next_at: minute(30),
            sent_at: None,
            last_error: Some("deferred_451".to_owned()),
        },
    ];
    for state in [NotificationState::Skipped, NotificationState::Expired, NotificationState::Dead] {
        let last_error = (state == NotificationState::Dead).then(|| "refused_550".to_owned());
        settlements.push(DeliveryResult { state, next_at: minute(1), sent_at: None, last_error });
    }
    for (hour, settlement) in (0..).zip(&settlements) {
        let queued =
            NewNotification { starts_at: slot(hour), ..notice(&booking, NotificationKind::MeetingInfo, now()) };
        enqueue(backend, std::slice::from_ref(&queued)).await;
        let claimed = claim(backend, 1, 5, now(), minute(2)).await;
        assert_eq!(claimed.len(), 1);
        assert!(settle(backend, claimed[0].id, 1, settlement).await);
        let notices = backend.queries.notices(booking.id()).await.unwrap();
        let found = notices.into_iter().find(|notice| notice.id == claimed[0].id).unwrap();
        let expected = Notification {
            state: settlement.state,
            next_at: settlement.next_at,
            sent_at: settlement.sent_at,
            last_error: settlement.last_error.clone(),
            ..claimed[0].clone()
        };
        assert_eq!(found, expected);
        assert!(claim(backend, 2, 5, minute(29), minute(40)).await.is_empty(), "{:?} waits or is over", expected.state);
    }
    // The one that was put off is due again, and an error of before does not outlive a success.
    let again = claim(backend, 3, 5, minute(30), minute(40)).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].attempts, 2);
    assert_eq!(again[0].last_error.as_deref(), Some("deferred_451"));
    assert!(settle(backend, again[0].id, 3, &sent(minute(31))).await);
    let notices = backend.queries.notices(booking.id()).await.unwrap();
    let settled = notices.iter().find(|notice| notice.id == again[0].id).unwrap();
    assert_eq!(
        (settled.state, settled.sent_at, settled.last_error.as_deref()),
        (NotificationState::Sent, Some(minute(31)), None)
    );
    assert!(claim(backend, 4, 9, minute(10_000), minute(20_000)).await.is_empty(), "what is over stays over");
}

/// A lost lease writes nothing: another worker has the mail, or it was settled, or it was never leased.
pub async fn a_lost_lease_writes_nothing(backend: &Backend) {
    let booking = stage(backend).await;
    enqueue(backend, &[notice(&booking, NotificationKind::MeetingInfo, now())]).await;
    let waiting = only_notice(backend, &booking).await;
    assert!(!settle(backend, waiting.id, 1, &sent(minute(1))).await, "never leased");
    assert_eq!(only_notice(backend, &booking).await, waiting);

    claim(backend, 1, 5, now(), minute(2)).await;
    claim(backend, 2, 5, minute(3), minute(5)).await;
    let taken_over = only_notice(backend, &booking).await;
    assert!(!settle(backend, waiting.id, 1, &sent(minute(3))).await, "another worker has it");
    assert_eq!(only_notice(backend, &booking).await, taken_over);

    assert!(settle(backend, waiting.id, 2, &sent(minute(4))).await);
    let settled = only_notice(backend, &booking).await;
    let dead = DeliveryResult { state: NotificationState::Dead, next_at: minute(9), sent_at: None, last_error: None };
    assert!(!settle(backend, waiting.id, 2, &dead).await, "the lease was given back");
    assert_eq!(only_notice(backend, &booking).await, settled);

    assert!(!settle(backend, NotificationId::new(987_654).unwrap(), 2, &dead).await, "no such mail");
}

/// A lease that ran out counts as long as no one else took the mail up: better late than twice.
pub async fn a_late_settlement_counts_while_no_one_took_over(backend: &Backend) {
    let booking = stage(backend).await;
    enqueue(backend, &[notice(&booking, NotificationKind::MeetingInfo, now())]).await;
    let claimed = claim(backend, 1, 5, now(), minute(2)).await;
    assert!(settle(backend, claimed[0].id, 1, &sent(minute(600))).await);
    assert_eq!(only_notice(backend, &booking).await.state, NotificationState::Sent);
}

/// Settling one mail of a claim leaves the others leased.
pub async fn mails_of_one_claim_are_settled_one_by_one(backend: &Backend) {
    let booking = stage(backend).await;
    enqueue(backend, &[reminder(&booking, 10, now()), reminder(&booking, 20, now()), reminder(&booking, 30, now())])
        .await;
    let claimed = claim(backend, 1, 5, now(), minute(2)).await;
    assert_eq!(claimed.len(), 3);
    assert!(settle(backend, claimed[1].id, 1, &sent(minute(1))).await);
    assert!(claim(backend, 2, 5, minute(1), minute(9)).await.is_empty());
    let left = claim(backend, 2, 5, minute(2), minute(9)).await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|notice| notice.id != claimed[1].id && notice.attempts == 2));
}

/// Mails that are given back are as they were before the claim, and everyone's at once; the others stay leased.
pub async fn what_is_given_back_was_never_claimed(backend: &Backend) {
    let booking = stage(backend).await;
    let later = DeliveryResult {
        state: NotificationState::Pending,
        next_at: minute(1),
        sent_at: None,
        last_error: Some("timeout".to_owned()),
    };
    enqueue(backend, &[reminder(&booking, 10, now()), reminder(&booking, 20, now()), reminder(&booking, 30, now())])
        .await;
    let first = claim(backend, 1, 1, now(), minute(2)).await;
    assert!(settle(backend, first[0].id, 1, &later).await, "one of them failed before");
    let before = backend.queries.notices(booking.id()).await.unwrap();
    let claimed = claim(backend, 2, 5, minute(1), minute(3)).await;
    assert_eq!(claimed.len(), 3);
    assert_eq!(give_back(backend, &[], 2).await, 0);
    assert_eq!(give_back(backend, &[before[0].id, before[2].id], 2).await, 2);
    let mut expected = before.clone();
    expected[1].attempts += 1;
    assert_eq!(backend.queries.notices(booking.id()).await.unwrap(), expected);
    let again = claim(backend, 3, 5, minute(1), minute(3)).await;
    let taken: Vec<_> = again.iter().map(|notice| (notice.id, notice.attempts)).collect();
    assert_eq!(taken, [(before[2].id, 1), (before[0].id, 2)], "at once, and the attempt did not count");
}

/// A lost lease gives nothing back: another worker has the mail, or it was settled, or it was never leased.
pub async fn a_lost_lease_gives_nothing_back(backend: &Backend) {
    let booking = stage(backend).await;
    enqueue(backend, &[notice(&booking, NotificationKind::MeetingInfo, now())]).await;
    let mail = only_notice(backend, &booking).await;
    let unchanged = async |worker| {
        let before = only_notice(backend, &booking).await;
        assert_eq!(give_back(backend, &[before.id, NotificationId::new(987_654).unwrap()], worker).await, 0);
        assert_eq!(only_notice(backend, &booking).await, before);
    };
    unchanged(1).await;
    claim(backend, 1, 5, now(), minute(2)).await;
    claim(backend, 2, 5, minute(3), minute(5)).await;
    unchanged(1).await;
    assert!(claim(backend, 3, 5, minute(4), minute(9)).await.is_empty(), "it is still leased");
    assert!(settle(backend, mail.id, 2, &sent(minute(4))).await);
    unchanged(2).await;
}

/// The outbox's health: what waits, what should have left before an instant, what was given up.
pub async fn health_counts_what_waits_and_what_was_given_up(backend: &Backend) {
    let booking = stage(backend).await;
    let health = async |before| backend.queries.outbox_health(before).await.unwrap();
    assert_eq!(health(now()).await, OutboxHealth::default());
    let queued: Vec<_> = (0..6_u32).map(|n| reminder(&booking, 10 + n, minute(i64::from(n)))).collect();
    enqueue(backend, &queued).await;
    assert_eq!(health(minute(0)).await, OutboxHealth { pending: 6, overdue: 0, dead: 0 });
    assert_eq!(health(minute(2)).await, OutboxHealth { pending: 6, overdue: 2, dead: 0 });
    assert_eq!(health(minute(99)).await, OutboxHealth { pending: 6, overdue: 6, dead: 0 });
    let ends = [
        NotificationState::Sent,
        NotificationState::Skipped,
        NotificationState::Expired,
        NotificationState::Dead,
        NotificationState::Dead,
    ];
    let claimed = claim(backend, 1, 5, minute(4), minute(9)).await;
    for (mail, state) in claimed.iter().zip(ends) {
        let settlement = DeliveryResult { state, next_at: minute(4), sent_at: None, last_error: None };
        assert!(settle(backend, mail.id, 1, &settlement).await);
    }
    assert_eq!(health(minute(5)).await, OutboxHealth { pending: 1, overdue: 0, dead: 2 });
    assert_eq!(health(minute(99)).await, OutboxHealth { pending: 1, overdue: 1, dead: 2 });
    // A mail that was put off is due at its new time only.
    let claimed = claim(backend, 2, 5, minute(5), minute(9)).await;
    let later =
        DeliveryResult { state: NotificationState::Pending, next_at: minute(50), sent_at: None, last_error: None };
    assert!(settle(backend, claimed[0].id, 2, &later).await);
    assert_eq!(health(minute(50)).await, OutboxHealth { pending: 1, overdue: 0, dead: 2 });
    assert_eq!(health(minute(51)).await, OutboxHealth { pending: 1, overdue: 1, dead: 2 });
}

/// The mails of one booking are listed by id, without those of another.
pub async fn mails_are_listed_per_booking(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let second = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    for (booking, minutes_before) in [(&first, 60), (&second, 60), (&first, 1_440), (&first, 10)] {
        assert_eq!(enqueue(backend, &[reminder(booking, minutes_before, now())]).await, 1);
    }
    let of_first = backend.queries.notices(first.id()).await.unwrap();
    let offsets: Vec<_> = of_first.iter().map(|notice| notice.content.kind.offset_minutes()).collect();
    assert_eq!(offsets, [60, 1_440, 10]);
    assert_eq!(backend.queries.notices(second.id()).await.unwrap().len(), 1);
}
