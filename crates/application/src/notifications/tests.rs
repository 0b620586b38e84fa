use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::notification::{NewNotification, Notification, NotificationKind, NotificationState};
use attune_domain::{Booking, Cancellation, Money, Role, User, ViewerId};
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure, Store, StoreError, UnitOfWork};
use attune_test_doubles::{FixedClock, Reply};
use futures_util::FutureExt;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::*;
use crate::fixtures::{World, at};

const TEN: &str = "2024-01-15T10:00:00Z";

async fn booked(world: &World) -> (User, Booking) {
    let client = world.client().await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    (client, booking)
}

async fn notices(world: &World, booking: &Booking) -> Vec<Notification> {
    world.queries.notices(booking.id()).await.unwrap()
}

fn deferred() -> NotifyError {
    NotifyError::Unavailable { reason: NotifyFailure::Deferred(451) }
}

#[tokio::test]
async fn the_information_leaves_at_once_and_reminders_at_their_instant() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    assert_eq!(world.deliver.run().await.unwrap().sent, 1);
    let mails = world.notifier.sent();
    assert_eq!(mails[0].kind, NotificationKind::MeetingInfo);
    assert_eq!(mails[0].to, client.email);
    assert_eq!(mails[0].to_name, "Alex client");
    let room = booking.room().unwrap().url();
    assert_eq!(mails[0].join_url, Some(format!("{room}#userInfo.displayName=%22Alex%20client%22")));
    assert_eq!(mails[0].zone.iana_name(), Some("Europe/Berlin"), "the practice's zone for a reader without one");

    for (instant, minutes_before) in [("2024-01-14T10:00:00Z", 1440), ("2024-01-15T09:00:00Z", 60)] {
        world.clock.set(at(instant) - SignedDuration::from_secs(1));
        assert_eq!(world.deliver.run().await.unwrap(), DeliverySummary::default(), "not a second early");
        world.clock.set(at(instant));
        assert_eq!(world.deliver.run().await.unwrap().sent, 1);
        assert_eq!(world.notifier.sent().last().unwrap().kind, NotificationKind::Reminder { minutes_before });
        assert_eq!(world.deliver.run().await.unwrap(), DeliverySummary::default(), "never twice");
    }
    let keys: std::collections::HashSet<String> = world.notifier.sent().into_iter().map(|m| m.message_id).collect();
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn an_admin_who_booked_gets_the_admin_link() {
    let world = World::free().await;
    let admin = world.add("second@example.org", Role::Admin).await;
    world.book(&admin, TEN).await.unwrap();
    world.deliver.run().await.unwrap();
    assert!(world.notifier.sent()[0].join_url.as_ref().unwrap().ends_with("&config.startWithVideoMuted=false"));
}

#[tokio::test]
async fn a_mail_tells_what_is_true_when_it_leaves() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let mut work = world.store.begin().await.unwrap();
    let changed = User { last_name: None, ..client.clone() };
    work.save_user(&changed).await.unwrap();
    work.commit().await.unwrap();
    world.deliver.run().await.unwrap();
    assert!(
        world.notifier.sent()[0].join_url.as_ref().unwrap().contains("client%5Cu0040example.org"),
        "the name as it is now"
    );

    let mut work = world.store.begin().await.unwrap();
    let stored = work.booking(booking.id()).await.unwrap().unwrap();
    let cancellation = Cancellation {
        at: world.now(),
        by: client.id,
        late: false,
        reason: None,
        refund: Money::zero(stored.price().currency()),
    };
    let (cancelled, _) = stored.cancel(cancellation, Role::Client).unwrap();
    work.save_booking(&cancelled).await.unwrap();
    work.commit().await.unwrap();
    world.clock.set(at("2024-01-15T09:30:00Z"));
    let delivered = world.deliver.run().await.unwrap();
    assert_eq!((delivered.claimed, delivered.sent), (2, 0));
    let states: Vec<NotificationState> = notices(&world, &booking).await.into_iter().map(|n| n.state).collect();
    assert_eq!(states, [NotificationState::Sent, NotificationState::Skipped, NotificationState::Skipped]);
}

#[tokio::test]
async fn a_moved_session_never_mails_its_old_time() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    let mut work = world.store.begin().await.unwrap();
    let stored = work.booking(booking.id()).await.unwrap().unwrap();
    let (moved, _) = stored.reschedule(at("2024-01-16T10:00:00Z"), Role::Client, world.now()).unwrap();
    work.save_booking(&moved).await.unwrap();
    work.commit().await.unwrap();
    world.deliver.run().await.unwrap();
    assert!(world.notifier.sent().is_empty());
    assert_eq!(notices(&world, &booking).await[0].state, NotificationState::Skipped);
}

#[tokio::test]
async fn a_mail_server_that_is_away_gets_the_mail_later() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    world.notifier.go_down(deferred());
    world.deliver.run().await.unwrap();
    let waiting = &notices(&world, &booking).await[0];
    assert_eq!((waiting.state, waiting.attempts), (NotificationState::Pending, 1));
    assert_eq!(waiting.last_error.as_deref(), Some("deferred_451"));
    let pause = waiting.next_at.duration_since(world.now());
    assert!((24..=36).contains(&pause.as_secs()), "30 seconds, spread by a fifth: {pause}");
    assert_eq!(world.deliver.run().await.unwrap(), DeliverySummary::default(), "not before its time");
    world.notifier.come_back();
    world.clock.set(waiting.next_at);
    assert_eq!(world.deliver.run().await.unwrap().sent, 1);
    let sent = &notices(&world, &booking).await[0];
    assert_eq!((sent.state, sent.attempts), (NotificationState::Sent, 2));
    assert_eq!(sent.sent_at, Some(world.now()));
}

#[tokio::test]
async fn a_final_refusal_and_endless_failures_are_dead_and_visible() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    world.notifier.reply_with([Reply::Fail(NotifyError::Refused { code: 550 })]);
    world.deliver.run().await.unwrap();
    let dead = &notices(&world, &booking).await[0];
    assert_eq!((dead.state, dead.last_error.as_deref()), (NotificationState::Dead, Some("refused_550")));
    assert_eq!(world.queries.outbox_health(world.now()).await.unwrap().dead, 1);

    let world = World::free().await;
    let client = world.client().await;
    let booking = world.book(&client, "2024-03-01T10:00:00Z").await.unwrap().booking;
    world.notifier.go_down(deferred());
    for _ in 0..12 {
        world.clock.set(notices(&world, &booking).await[0].next_at);
        world.deliver.run().await.unwrap();
    }
    let dead = &notices(&world, &booking).await[0];
    assert_eq!((dead.state, dead.attempts), (NotificationState::Dead, 12));
}

#[tokio::test]
async fn a_reminder_is_tried_until_just_before_the_session_and_then_given_up() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    world.deliver.run().await.unwrap();
    world.clock.set(at("2024-01-15T09:00:00Z"));
    world.notifier.go_down(deferred());
    let reminder = |all: Vec<Notification>| all.into_iter().find(|n| n.content.kind.offset_minutes() == 60).unwrap();
    let mut tries = 0;
    loop {
        world.deliver.run().await.unwrap();
        let now = reminder(notices(&world, &booking).await);
        tries += 1;
        if now.state != NotificationState::Pending {
            assert_eq!(now.state, NotificationState::Expired);
            break;
        }
        assert!(now.next_at < at("2024-01-15T10:00:00Z"), "never after the session began");
        assert!(tries < 40);
        world.clock.set(now.next_at);
    }
    assert!(world.now() >= at("2024-01-15T09:54:00Z"), "the last try comes close to the last call: {}", world.now());
}

#[tokio::test]
async fn a_reminder_that_is_late_leaves_while_it_is_of_use() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    // No one worked from the booking on until ten to ten.
    world.clock.set(at("2024-01-15T09:50:00Z"));
    world.deliver.run().await.unwrap();
    let states: Vec<NotificationState> = notices(&world, &booking).await.into_iter().map(|n| n.state).collect();
    assert_eq!(
        states,
        [NotificationState::Sent, NotificationState::Skipped, NotificationState::Sent],
        "the nearer reminder is enough"
    );

    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    world.clock.set(at("2024-01-15T09:56:00Z"));
    world.deliver.run().await.unwrap();
    let states: Vec<NotificationState> = notices(&world, &booking).await.into_iter().map(|n| n.state).collect();
    assert_eq!(
        states,
        [NotificationState::Sent, NotificationState::Expired, NotificationState::Expired],
        "too late for any reminder"
    );
}

#[tokio::test]
async fn one_mail_that_panics_does_not_take_the_others_with_it() {
    let world = World::free().await;
    let (client, first) = booked(&world).await;
    let second = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking;
    world.notifier.reply_with([Reply::Panic]);
    assert_eq!(world.deliver.run().await.unwrap().sent, 1);
    let mut states = Vec::new();
    for booking in [&first, &second] {
        let notice = notices(&world, booking).await.remove(0);
        states.push((notice.state, notice.last_error));
    }
    assert_eq!(states, [(NotificationState::Pending, Some("panicked".into())), (NotificationState::Sent, None)]);
}

#[tokio::test]
async fn a_disabled_reader_gets_no_mail() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let mut work = world.store.begin().await.unwrap();
    work.save_user(&User { disabled: true, ..client }).await.unwrap();
    work.commit().await.unwrap();
    world.deliver.run().await.unwrap();
    assert!(world.notifier.sent().is_empty());
    assert_eq!(notices(&world, &booking).await[0].state, NotificationState::Skipped);
}

/// A booking that queues so many mails at once: its link, again and again.
async fn owing(world: &World, mails: u32) -> Booking {
    let (client, booking) = booked(world).await;
    world.deliver.run().await.unwrap();
    let queued: Vec<NewNotification> = (1..=mails)
        .map(|version| NewNotification {
            kind: NotificationKind::MeetingLink,
            booking: booking.id(),
            recipient: ViewerId::Account(client.id),
            starts_at: booking.scheduled_at(),
            booking_version: version,
            send_after: world.now(),
        })
        .collect();
    let mut work = world.store.begin().await.unwrap();
    assert_eq!(work.enqueue(&queued).await.unwrap(), u64::from(mails));
    work.commit().await.unwrap();
    booking
}

/// The states of those mails, with how often they were tried.
async fn links(world: &World, booking: &Booking) -> Vec<(NotificationState, u32)> {
    let all = notices(world, booking).await.into_iter();
    all.filter(|n| n.content.kind == NotificationKind::MeetingLink).map(|n| (n.state, n.attempts)).collect()
}

fn count(links: &[(NotificationState, u32)], what: (NotificationState, u32)) -> usize {
    links.iter().filter(|link| **link == what).count()
}

const SENT: (NotificationState, u32) = (NotificationState::Sent, 1);
const UNTOUCHED: (NotificationState, u32) = (NotificationState::Pending, 0);

/// A mail server that takes its time, by the clock of the test.
struct Slow {
    clock: Arc<FixedClock>,
    pause: SignedDuration,
    under_way: AtomicUsize,
    most: AtomicUsize,
    begun: AtomicUsize,
}

impl Slow {
    fn new(world: &World, pause: SignedDuration) -> Arc<Self> {
        let zero = || AtomicUsize::new(0);
        Arc::new(Self { clock: world.clock.clone(), pause, under_way: zero(), most: zero(), begun: zero() })
    }
}

#[async_trait]
impl Notifier for Slow {
    async fn send(&self, _: &Email) -> Result<(), NotifyError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(under_way, Ordering::SeqCst);
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(self.pause);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    async fn check(&self) -> Result<(), NotifyError> {
        Ok(())
    }
}

#[tokio::test]
async fn mails_are_claimed_by_the_hundred_and_sent_a_few_at_a_time() {
    let world = World::free().await;
    let booking = owing(&world, 250).await;
    let slow = Slow::new(&world, SignedDuration::ZERO);
    let worker = DeliverNotifications { notifier: slow.clone(), ..world.deliver.clone() };
    for (claimed, more) in [(100, true), (100, true), (50, false), (0, false)] {
        assert_eq!(worker.run().await.unwrap(), DeliverySummary { claimed, sent: claimed, more });
    }
    assert_eq!(count(&links(&world, &booking).await, SENT), 250);
    assert_eq!(slow.most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn no_mail_begins_whose_lease_could_run_out() {
    let world = World::free().await;
    let booking = owing(&world, 100).await;
    // Each mail takes the mail server three seconds, and four are sent side by side.
    let slow = Slow::new(&world, SignedDuration::from_secs(3));
    let worker = DeliverNotifications { notifier: slow.clone(), ..world.deliver.clone() };
    let began = world.now();
    let delivered = worker.run().await.unwrap();
    assert!((10..=14).contains(&delivered.sent), "no mail begins half a minute after the claim: {delivered:?}");
    assert_eq!((delivered.claimed, delivered.more), (delivered.sent, true));
    assert!(world.now().duration_since(began) < SignedDuration::from_secs(60), "long before the lease runs out");
    let after = links(&world, &booking).await;
    assert_eq!((count(&after, SENT), count(&after, UNTOUCHED)), (delivered.sent, 100 - delivered.sent));
    // What was given back is everyone's at once, however often it was.
    for _ in 0..20 {
        worker.run().await.unwrap();
    }
    assert_eq!(count(&links(&world, &booking).await, SENT), 100, "each was sent once, at the first attempt");
    assert_eq!(slow.begun.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn a_worker_that_is_to_stop_ends_what_it_began_and_leaves_the_rest() {
    let world = World::free().await;
    let booking = owing(&world, 60).await;
    let slow = Slow::new(&world, SignedDuration::ZERO);
    let worker = DeliverNotifications { notifier: slow.clone(), ..world.deliver.clone() };
    let delivered = worker.run_until_stopped(|| slow.begun.load(Ordering::SeqCst) >= 10).await.unwrap();
    assert!((10..=13).contains(&delivered.sent), "{delivered:?}");
    let after = links(&world, &booking).await;
    assert_eq!((count(&after, SENT), count(&after, UNTOUCHED)), (delivered.sent, 60 - delivered.sent));
    assert_eq!(worker.run_until_stopped(|| true).await.unwrap(), DeliverySummary { claimed: 0, sent: 0, more: true });
    let another = worker.run().await.unwrap();
    assert_eq!(another.sent, 60 - delivered.sent, "another worker need not wait for a lease to run out");
    assert_eq!(count(&links(&world, &booking).await, SENT), 60);
}

/// A store that opens a unit of work only when it may.
struct Gated {
    store: Arc<dyn Store>,
    gate: Semaphore,
    opened: AtomicUsize,
}

#[async_trait]
impl Store for Gated {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.gate.acquire().await.unwrap().forget();
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.store.begin().await
    }
}

#[tokio::test]
async fn few_answers_wait_to_be_written_and_are_written_together() {
    let world = World::free().await;
    let booking = owing(&world, 100).await;
    let gated = Gated { store: world.store.clone(), gate: Semaphore::new(1), opened: AtomicUsize::new(0) };
    let gated = Arc::new(gated);
    let worker = DeliverNotifications { store: gated.clone(), ..world.deliver.clone() };
    let before = world.notifier.sent().len();
    let left = || world.notifier.sent().len() - before;
    let mut run = pin!(worker.run());
    // The claim is let through, what became of the mails is not.
    for _ in 0..1_000 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    assert!((25..=28).contains(&left()), "no mail begins while so many are not written: {}", left());
    assert_eq!(count(&links(&world, &booking).await, SENT), 0);
    // The first was alone when its write began; all the others wait for the next.
    gated.gate.add_permits(2);
    for _ in 0..1_000 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    assert!(count(&links(&world, &booking).await, SENT) >= 25);
    gated.gate.add_permits(1_000);
    assert_eq!(run.await.unwrap().sent, 100);
    assert_eq!(count(&links(&world, &booking).await, SENT), 100);
    assert!(gated.opened.load(Ordering::SeqCst) < 80, "fewer units of work than mails");
    let keys: BTreeSet<String> = world.notifier.sent().into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(keys.len(), 101, "each of them once");
}
