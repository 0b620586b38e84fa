//! Several email workers on one outbox, on every store, with a real mail server that counts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use attune_adapter_smtp::{MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_application::bookings::Change;
use attune_application::notifications::DeliverNotifications;
use attune_domain::notification::{
    NewNotification, Notification, NotificationKind, NotificationState, NotificationSubject,
};
use attune_domain::{EmailAddress, PracticePolicy, ViewerId};
use attune_ports::{Notifier, Provider};
use attune_test_doubles::practice;
use attune_test_scenarios::{Kind, Outcome, Setup, Who, World, at_once, on_both_databases, on_every_store};
use attune_test_smtp::{ReceivedMail, SmtpSink};
use attune_wording::Wording;
use jiff::SignedDuration;

on_every_store! { three_workers_send_each_email_once }
on_both_databases! {
    one_failed_acknowledgement_does_not_prevent_others
    a_calendar_entry_of_an_older_release_is_rescheduled_and_cancelled_under_its_uid
}

const TIMEOUT: Duration = Duration::from_secs(60);

/// A practice with this many queued emails about one booking, whose first email was sent already.
async fn with_queued_emails(kind: Kind, emails: u32) -> World {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await.retrying(), setup).await;
    let start = world.now() + SignedDuration::from_hours(49);
    let booked = world.book(world.booking_command(world.clients[0], world.therapists[0], start)).await.unwrap();
    let Outcome::Booked(id) = booked else { panic!("{booked:?}") };
    world.worker(0, world.notifier.clone()).await.run().await.unwrap();
    let queued: Vec<NewNotification> = (1..=emails)
        .map(|version| NewNotification {
            kind: NotificationKind::MeetingLink,
            subject: NotificationSubject::Booking { id, starts_at: start, version },
            recipient: ViewerId::Account(world.clients[0]),
            send_after: world.now(),
        })
        .collect();
    let mut work = world.stores.store.begin().await.unwrap();
    assert_eq!(work.enqueue(&queued).await.unwrap(), u64::from(emails));
    work.commit().await.unwrap();
    world
}

async fn links(world: &World) -> Vec<Notification> {
    let snapshot = world.snapshot().await;
    let all = snapshot.into_values().flat_map(|snapshot| snapshot.notifications);
    all.filter(|notification| notification.content.kind == NotificationKind::MeetingLink).collect()
}

fn smtp(sink: &SmtpSink) -> Arc<dyn Notifier> {
    let config = MailConfig {
        from: EmailAddress::parse("no-reply@practice.example.org").unwrap(),
        message_domain: "practice.example.org".into(),
        public_url: "https://booking.example.org".parse().unwrap(),
        templates_dir: None,
    };
    let composer = MailComposer::new(config, Arc::new(Wording::load().unwrap())).unwrap();
    Arc::new(SmtpNotifier::new(SmtpConfig::new(&sink.url()).unwrap(), composer).unwrap())
}

fn message_ids(emails: &[ReceivedMail]) -> BTreeSet<String> {
    emails.iter().map(|email| email.decode().header("Message-ID").unwrap().to_owned()).collect()
}

async fn three_workers_send_each_email_once(kind: Kind) {
    const EMAILS: u32 = 400;
    let world = with_queued_emails(kind, EMAILS).await;
    let sink = SmtpSink::start();
    let mut workers: Vec<DeliverNotifications> = Vec::new();
    for number in 1..=3 {
        workers.push(world.worker(number, smtp(&sink)).await);
    }
    // No worker can lease everything at once, so each finds something.
    let once = workers.iter().cloned().map(|worker| async move { worker.run().await.unwrap() });
    let first = at_once(once.collect()).await;
    assert!(first.iter().all(|delivered| delivered.sent > 0), "{first:?}");
    let to_the_end = workers.into_iter().map(|worker| async move {
        let mut sent = 0;
        loop {
            match worker.run().await.unwrap() {
                delivered if delivered.claimed == 0 => break sent,
                delivered => sent += delivered.sent,
            }
        }
    });
    let rest = at_once(to_the_end.collect()).await;
    let sent: usize = first.iter().map(|delivered| delivered.sent).chain(rest).sum();
    assert_eq!(sent, EMAILS as usize);
    let emails = sink.wait_for(sent, TIMEOUT).await;
    assert_eq!((emails.len(), message_ids(&emails).len()), (sent, sent), "each sent once");
    assert!(sink.connections() <= 3 * 4 * 2, "a connection carries many emails: {}", sink.connections());
    let links = links(&world).await;
    assert_eq!(links.len(), sent);
    assert!(links.iter().all(|link| (link.state, link.attempts) == (NotificationState::Sent, 1)));
}

/// The acknowledgement of one email fails; those of all others succeed, although they are written together.
async fn one_failed_acknowledgement_does_not_prevent_others(kind: Kind) {
    let broken = match kind {
        Kind::Sqlite => {
            "CREATE TRIGGER broken BEFORE UPDATE ON outbox WHEN NEW.id = {bad} AND NEW.state = 'sent' \
             BEGIN SELECT RAISE(ABORT, 'this row is broken'); END"
        }
        Kind::Postgres => "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (id <> {bad} OR state <> 'sent') NOT VALID",
        Kind::Memory => panic!("no SQL in memory"),
    };
    let world = with_queued_emails(kind, 60).await;
    let ids: Vec<i64> = links(&world).await.iter().map(|notification| notification.id.get()).collect();
    let bad = ids[30];
    world.stores.execute(&broken.replace("{bad}", &bad.to_string())).await;
    let sink = SmtpSink::start();
    let worker = world.worker(1, smtp(&sink)).await;
    // A worker pauses after a failed acknowledgement.
    let mut runs = 0;
    while worker.run().await.unwrap().claimed > 0 {
        runs += 1;
        assert!(runs < 10);
    }
    let emails = sink.wait_for(60, TIMEOUT).await;
    assert_eq!((emails.len(), message_ids(&emails).len()), (60, 60));
    for notification in links(&world).await {
        let expected = if notification.id.get() == bad { NotificationState::Pending } else { NotificationState::Sent };
        assert_eq!((notification.state, notification.attempts), (expected, 1), "{notification:?}");
    }
    // After its lease expired it is sent once more, with the same message id.
    world.pass(SignedDuration::from_mins(2));
    assert_eq!(worker.run().await.unwrap().claimed, 1);
    let emails = sink.wait_for(61, TIMEOUT).await;
    assert_eq!((emails.len(), message_ids(&emails).len()), (61, 60));
}

/// The first start of a release with an installation id stores which bookings had been mailed before.
async fn a_calendar_entry_of_an_older_release_is_rescheduled_and_cancelled_under_its_uid(kind: Kind) {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await.retrying(), setup).await;
    let (client, therapist) = (world.clients[0], world.therapists[0]);
    let book = async |days: i64| {
        let start = world.now() + SignedDuration::from_hours(24 * days + 1);
        let booked = world.book(world.booking_command(client, therapist, start)).await.unwrap();
        let Outcome::Booked(id) = booked else { panic!("{booked:?}") };
        id
    };
    let mailed = book(3).await;
    let set_up = world.use_cases().set_up;
    set_up.ensure_practice(&practice("UTC"), "practice.example.org").await.unwrap();
    set_up.ensure_practice(&practice("UTC"), "other.example.org").await.unwrap();
    let worker = world.worker(0, world.notifier.clone()).await;
    worker.run().await.unwrap();
    let new = book(4).await;
    worker.run().await.unwrap();
    let to = world.now() + SignedDuration::from_hours(24 * 5 + 1);
    let reschedule = Change::Reschedule { to, override_hours: false, reason: None };
    world.alter(world.change(Who::Owner, mailed, client, reschedule)).await.unwrap();
    worker.run().await.unwrap();
    let cancel = Change::Cancel { reason: None, expected_refund: None };
    world.alter(world.change(Who::Owner, mailed, client, cancel)).await.unwrap();
    worker.run().await.unwrap();
    let sent = world.notifier.sent();
    let uids: Vec<_> = sent.iter().map(|email| (email.kind.as_str(), email.calendar_uid.clone())).collect();
    let installation = world.stores.queries.installation().await.unwrap();
    assert_ne!(installation.id, "practice.example.org");
    let (old, own) = (format!("booking-{mailed}@practice.example.org"), format!("booking-{new}@{}", installation.id));
    let expected = [("meeting_info", &old), ("meeting_info", &own), ("rescheduled", &old), ("cancelled", &old)];
    assert_eq!(uids, expected.map(|(kind, uid)| (kind, uid.clone())));
}
