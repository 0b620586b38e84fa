use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::notification::{
    NewNotification, NotificationKind, NotificationState, NotificationSubject, account_notification, link_notification,
};
use attune_domain::{
    Booking, Cancellation, CancelledPayment, ChangeTerms, ChosenSlot, EmailAddress, Language, Money, NotificationId,
    NotifyLevel, OneTimePurpose, OneTimeToken, ParticipantRole, PaymentStatus, Practice, PracticeName, PracticePolicy,
    Role, ServiceId, User, ViewerId,
};
use attune_ports::{
    AccountDetails, CancelledBy, CancelledPaymentDetails, ChangeDetails, DeliveryResult, Email, Lease, LeaseToken,
    NewLoginSession, NewOneTimeToken, Notifier, NotifyError, NotifyFailure, PaymentDetails, RefundState, Store,
    StoreError, UnitOfWork,
};
use attune_test_doubles::{FixedClock, Reply};
use futures_util::FutureExt;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::*;
use crate::RequestMetadata;
use crate::bookings::{CreateBookingCommand, PaymentChoice};
use crate::fixtures::{
    NOW, TEN, TUESDAY, TestPractice, at, booked, cancel, eur, executed, offline_payment, reschedule, zone,
};
use crate::payments::RefundPaymentCommand;

async fn states(practice: &TestPractice, booking: &Booking) -> Vec<NotificationState> {
    practice.notifications(booking).await.into_iter().map(|notification| notification.state).collect()
}

fn deferred() -> NotifyError {
    NotifyError::Unavailable { reason: NotifyFailure::Deferred(451) }
}

#[tokio::test]
async fn the_information_leaves_at_once_and_each_reminder_when_it_is_due() {
    let (practice, client, booking) = booked().await;
    assert_eq!(practice.deliver.run().await.unwrap().sent, 1);
    let email = practice.notifier.sent().remove(0);
    assert_eq!(
        (email.kind, email.to, email.to_name.as_str()),
        (NotificationKind::MeetingInfo, client.email, "Alex client")
    );
    let room = booking.room().unwrap().url();
    assert_eq!(email.join_url, Some(format!("{room}#userInfo.displayName=%22Alex%20client%22")));
    assert_eq!(email.zone.iana_name(), Some("Europe/Berlin"), "the practice's zone for a recipient without one");

    for (instant, minutes_before) in [("2024-01-14T10:00:00Z", 1440), ("2024-01-15T09:00:00Z", 60)] {
        practice.clock.set(at(instant) - SignedDuration::from_secs(1));
        assert_eq!(practice.deliver.run().await.unwrap(), DeliverySummary::default(), "not a second early");
        practice.clock.set(at(instant));
        assert_eq!(practice.deliver.run().await.unwrap().sent, 1);
        assert_eq!(practice.notifier.sent().last().unwrap().kind, NotificationKind::Reminder { minutes_before });
        assert_eq!(practice.deliver.run().await.unwrap(), DeliverySummary::default(), "never twice");
    }
    let ids: BTreeSet<String> = practice.notifier.sent().into_iter().map(|email| email.message_id).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn an_admin_who_booked_gets_the_admin_link() {
    let practice = TestPractice::free().await;
    let admin = practice.add("second", Role::Admin).await;
    practice.book(&admin, TEN).await.unwrap();
    let email = practice.delivered().await.remove(0);
    assert!(email.join_url.unwrap().ends_with("&config.startWithVideoMuted=false"));
}

#[tokio::test]
async fn an_email_shows_what_is_stored_when_it_is_sent() {
    let (practice, client, booking) = booked().await;
    practice.save_user(User { first_name: None, last_name: None, ..client.clone() }).await;
    practice.deliver.run().await.unwrap();
    let email = practice.notifier.sent().remove(0);
    assert!(email.join_url.unwrap().contains("client%5Cu0040example.org"), "the current name");

    let (at_now, by, refund) = (practice.now(), client.id, Money::zero(booking.price().currency()));
    let cancellation = Cancellation { at: at_now, by, late: false, reason: None, refund };
    practice.edit_booking(&booking, |stored| stored.cancel(cancellation, Role::Client).unwrap().0).await;
    practice.clock.set(at("2024-01-15T09:30:00Z"));
    let delivered = practice.deliver.run().await.unwrap();
    assert_eq!((delivered.claimed, delivered.sent), (2, 0));
    let expected = [NotificationState::Sent, NotificationState::Skipped, NotificationState::Skipped];
    assert_eq!(states(&practice, &booking).await, expected);
}

#[tokio::test]
async fn an_email_speaks_for_the_practice_as_it_is() {
    let practice = TestPractice::free().await;
    let stored = Practice::new(PracticeName::parse("Practice Smith").unwrap(), zone("Asia/Tokyo"));
    practice.set_up.ensure_practice(&stored, "example.org").await.unwrap();
    let (client, booking) = practice.booked().await;
    practice.save_user(User { time_zone: None, ..client }).await;
    let email = practice.delivered().await.remove(0);
    assert_eq!(email.practice.name.as_str(), "Practice Smith");
    assert_eq!(email.zone.iana_name(), Some("Asia/Tokyo"));
    assert_eq!(email.calendar_uid, format!("booking-{}@memory", booking.id()));
}

#[tokio::test]
async fn each_recipient_reads_their_own_language_and_time_zone() {
    const ZONES: [&str; 4] = ["Europe/London", "Europe/Berlin", "America/Montreal", "America/Bogota"];
    let pairs = Language::ALL.into_iter().zip(ZONES);
    for (clients, therapists) in pairs.clone().flat_map(|client| pairs.clone().map(move |other| (client, other))) {
        let practice = TestPractice::free().await;
        let therapist = therapist_who_hears(&practice, NotifyLevel::All, None).await;
        let client = practice.add("client", Role::Client).await;
        let speaks = |user: User, (language, name): (Language, &str)| User {
            language: Some(language),
            time_zone: Some(zone(name)),
            ..user
        };
        let people = [(speaks(client, clients), clients), (speaks(therapist, therapists), therapists)];
        for (user, _) in &people {
            practice.save_user(user.clone()).await;
        }
        practice.book(&people[0].0, TEN).await.unwrap();
        let sent = practice.delivered().await;
        for (user, (language, name)) in people {
            let email = sent.iter().find(|email| email.to == user.email).unwrap();
            assert_eq!((email.language, email.zone.iana_name()), (language, Some(name)), "{clients:?} {therapists:?}");
        }
    }
}

#[tokio::test]
async fn no_email_is_sent_about_an_earlier_time_or_to_a_disabled_account() {
    for is_disabled in [false, true] {
        let (practice, client, booking) = booked().await;
        if is_disabled {
            practice.save_user(User { disabled: true, ..client }).await;
        } else {
            let (to, now) = (at(TUESDAY), practice.now());
            practice.edit_booking(&booking, |stored| stored.reschedule(to, Role::Client, now).unwrap().0).await;
        }
        practice.deliver.run().await.unwrap();
        assert!(practice.notifier.sent().is_empty(), "disabled: {is_disabled}");
        assert_eq!(states(&practice, &booking).await[0], NotificationState::Skipped, "disabled: {is_disabled}");
    }
}

#[tokio::test]
async fn an_email_is_sent_later_when_the_mail_server_is_unavailable() {
    let (practice, _, booking) = booked().await;
    practice.notifier.go_down(deferred());
    practice.deliver.run().await.unwrap();
    let waiting = &practice.notifications(&booking).await[0];
    assert_eq!((waiting.state, waiting.attempts), (NotificationState::Pending, 1));
    assert_eq!(waiting.last_error.as_deref(), Some("deferred_451"));
    let pause = waiting.next_at.duration_since(practice.now());
    assert!((24..=36).contains(&pause.as_secs()), "30 seconds, spread by a fifth: {pause}");
    assert_eq!(practice.deliver.run().await.unwrap(), DeliverySummary::default(), "not before it is due");
    practice.notifier.come_back();
    practice.clock.set(waiting.next_at);
    assert_eq!(practice.deliver.run().await.unwrap().sent, 1);
    let sent = &practice.notifications(&booking).await[0];
    assert_eq!((sent.state, sent.attempts, sent.sent_at), (NotificationState::Sent, 2, Some(practice.now())));
}

#[tokio::test]
async fn a_final_refusal_and_endless_failures_become_visible_dead_letters() {
    let (practice, _, booking) = booked().await;
    practice.notifier.reply_with([Reply::Fail(NotifyError::Refused { code: 550 })]);
    practice.deliver.run().await.unwrap();
    let dead = &practice.notifications(&booking).await[0];
    assert_eq!((dead.state, dead.last_error.as_deref()), (NotificationState::Dead, Some("refused_550")));
    assert_eq!(practice.queries.outbox_health(practice.now()).await.unwrap().dead, 1);

    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let booking = practice.book(&client, "2024-03-01T10:00:00Z").await.unwrap().booking;
    practice.notifier.go_down(deferred());
    for _ in 0..12 {
        practice.clock.set(practice.notifications(&booking).await[0].next_at);
        practice.deliver.run().await.unwrap();
    }
    let dead = &practice.notifications(&booking).await[0];
    assert_eq!((dead.state, dead.attempts), (NotificationState::Dead, 12));
}

#[tokio::test]
async fn a_reminder_is_retried_until_just_before_the_session_and_then_expires() {
    let (practice, _, booking) = booked().await;
    practice.deliver.run().await.unwrap();
    practice.clock.set(at("2024-01-15T09:00:00Z"));
    practice.notifier.go_down(deferred());
    let mut attempts = 0;
    loop {
        practice.deliver.run().await.unwrap();
        let all = practice.notifications(&booking).await;
        let reminder = all.iter().find(|n| n.content.kind.offset_minutes() == 60).unwrap();
        attempts += 1;
        if reminder.state != NotificationState::Pending {
            assert_eq!(reminder.state, NotificationState::Expired);
            break;
        }
        assert!(reminder.next_at < at(TEN), "never after the session began");
        assert!(attempts < 40);
        practice.clock.set(reminder.next_at);
    }
    assert!(practice.now() >= at("2024-01-15T09:54:00Z"), "the last attempt is close to the end: {}", practice.now());
}

#[tokio::test]
async fn a_late_reminder_is_sent_while_it_is_useful() {
    use NotificationState::{Expired, Sent, Skipped};
    // No worker ran between the booking and this time.
    for (time, expected, why) in [
        ("2024-01-15T09:50:00Z", [Sent, Skipped, Sent], "the nearer reminder is enough"),
        ("2024-01-15T09:56:00Z", [Sent, Expired, Expired], "too late for any reminder"),
    ] {
        let (practice, _, booking) = booked().await;
        practice.clock.set(at(time));
        practice.deliver.run().await.unwrap();
        assert_eq!(states(&practice, &booking).await, expected, "{why}");
    }
}

#[tokio::test]
async fn a_panic_while_sending_one_email_does_not_affect_the_others() {
    let (practice, client, first) = booked().await;
    let second = practice.book(&client, TUESDAY).await.unwrap().booking;
    practice.notifier.reply_with([Reply::Panic]);
    assert_eq!(practice.deliver.run().await.unwrap().sent, 1);
    let mut results = Vec::new();
    for booking in [&first, &second] {
        let notification = practice.notifications(booking).await.remove(0);
        results.push((notification.state, notification.last_error));
    }
    assert_eq!(results, [(NotificationState::Pending, Some("panicked".into())), (NotificationState::Sent, None)]);
}

/// A booking with this many due emails: its link, again and again.
async fn enqueued(count: u32) -> (TestPractice, Booking) {
    let (practice, client, booking) = booked().await;
    practice.deliver.run().await.unwrap();
    let links: Vec<NewNotification> = (1..=count)
        .map(|version| NewNotification {
            kind: NotificationKind::MeetingLink,
            subject: NotificationSubject::Booking { id: booking.id(), starts_at: booking.scheduled_at(), version },
            recipient: ViewerId::Account(client.id),
            send_after: practice.now(),
        })
        .collect();
    assert_eq!(practice.edit(async |work| work.enqueue(&links).await.unwrap()).await, u64::from(count));
    (practice, booking)
}

/// How many of these emails were sent at the first attempt, and how many were never attempted.
async fn progress(practice: &TestPractice, booking: &Booking) -> (usize, usize) {
    let mut all = practice.notifications(booking).await;
    all.retain(|n| n.content.kind == NotificationKind::MeetingLink);
    let count = |state, attempts| all.iter().filter(|n| (n.state, n.attempts) == (state, attempts)).count();
    (count(NotificationState::Sent, 1), count(NotificationState::Pending, 0))
}

/// A mail server that is slow, by the clock of the test.
struct Slow {
    clock: Arc<FixedClock>,
    pause: SignedDuration,
    active: AtomicUsize,
    most_active: AtomicUsize,
    started: AtomicUsize,
}

/// A worker that sends through a slow mail server.
fn slow_worker(practice: &TestPractice, pause: SignedDuration) -> (Arc<Slow>, DeliverNotifications) {
    let zero = || AtomicUsize::new(0);
    let clock = practice.clock.clone();
    let slow = Arc::new(Slow { clock, pause, active: zero(), most_active: zero(), started: zero() });
    (slow.clone(), DeliverNotifications { notifier: slow, ..practice.deliver.clone() })
}

#[async_trait]
impl Notifier for Slow {
    async fn send(&self, _: &Email) -> Result<(), NotifyError> {
        self.started.fetch_add(1, Ordering::SeqCst);
        let active = self.active.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_active.fetch_max(active, Ordering::SeqCst);
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(self.pause);
        self.active.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    async fn check(&self) -> Result<(), NotifyError> {
        Ok(())
    }
}

#[tokio::test]
async fn emails_are_leased_by_the_hundred_and_sent_a_few_at_a_time() {
    let (practice, booking) = enqueued(250).await;
    let (slow, worker) = slow_worker(&practice, SignedDuration::ZERO);
    for (claimed, more) in [(100, true), (100, true), (50, false), (0, false)] {
        assert_eq!(worker.run().await.unwrap(), DeliverySummary { claimed, sent: claimed, more });
    }
    assert_eq!(progress(&practice, &booking).await, (250, 0));
    assert_eq!(slow.most_active.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn no_email_is_started_whose_lease_could_expire() {
    let (practice, booking) = enqueued(100).await;
    // Each email takes the mail server three seconds, and four are sent at the same time.
    let (slow, worker) = slow_worker(&practice, SignedDuration::from_secs(3));
    let start = practice.now();
    let delivered = worker.run().await.unwrap();
    assert!((10..=14).contains(&delivered.sent), "no email starts half a minute after the lease: {delivered:?}");
    assert_eq!((delivered.claimed, delivered.more), (delivered.sent, true));
    assert!(practice.now().duration_since(start) < SignedDuration::from_secs(60), "long before the lease expires");
    assert_eq!(progress(&practice, &booking).await, (delivered.sent, 100 - delivered.sent));
    // Returned emails can be leased at once, however often they were returned.
    for _ in 0..20 {
        worker.run().await.unwrap();
    }
    assert_eq!(progress(&practice, &booking).await, (100, 0), "each was sent once, at the first attempt");
    assert_eq!(slow.started.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn a_stopping_worker_finishes_what_it_started_and_returns_the_rest() {
    let (practice, booking) = enqueued(60).await;
    let (slow, worker) = slow_worker(&practice, SignedDuration::ZERO);
    let delivered = worker.run_until_stopped(|| slow.started.load(Ordering::SeqCst) >= 10).await.unwrap();
    assert!((10..=13).contains(&delivered.sent), "{delivered:?}");
    assert_eq!(progress(&practice, &booking).await, (delivered.sent, 60 - delivered.sent));
    assert_eq!(worker.run_until_stopped(|| true).await.unwrap(), DeliverySummary { claimed: 0, sent: 0, more: true });
    let another = worker.run().await.unwrap();
    assert_eq!(another.sent, 60 - delivered.sent, "another worker need not wait for a lease to expire");
    assert_eq!(progress(&practice, &booking).await, (60, 0));
}

/// A store that begins a unit of work only when it has a permit.
struct Gated {
    store: Arc<dyn Store>,
    gate: Semaphore,
    begun: AtomicUsize,
}

#[async_trait]
impl Store for Gated {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.gate.acquire().await.unwrap().forget();
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.store.begin().await
    }
}

#[tokio::test]
async fn few_results_wait_to_be_acknowledged_and_are_acknowledged_together() {
    let (practice, booking) = enqueued(100).await;
    let gated = Gated { store: practice.store.clone(), gate: Semaphore::new(1), begun: AtomicUsize::new(0) };
    let gated = Arc::new(gated);
    let worker = DeliverNotifications { store: gated.clone(), ..practice.deliver.clone() };
    let before = practice.notifier.sent().len();
    let sent = || practice.notifier.sent().len() - before;
    let mut run = pin!(worker.run());
    // The one permit is for the lease; no result can be acknowledged.
    for _ in 0..1_000 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    assert!((25..=28).contains(&sent()), "no email starts while so many are not acknowledged: {}", sent());
    assert_eq!(progress(&practice, &booking).await.0, 0);
    // The first result was alone when its acknowledgement began; all the others wait for the next one.
    gated.gate.add_permits(2);
    for _ in 0..1_000 {
        assert!(run.as_mut().now_or_never().is_none());
    }
    assert!(progress(&practice, &booking).await.0 >= 25);
    gated.gate.add_permits(1_000);
    assert_eq!(run.await.unwrap().sent, 100);
    assert_eq!(progress(&practice, &booking).await, (100, 0));
    assert!(gated.begun.load(Ordering::SeqCst) < 80, "fewer units of work than emails");
    let ids: BTreeSet<String> = practice.notifier.sent().into_iter().map(|email| email.message_id).collect();
    assert_eq!(ids.len(), 101, "each of them once");
}

/// Books and cancels the same session this many times, each time delivering what is due.
async fn book_and_cancel(practice: &TestPractice, client: &User, times: usize) {
    for _ in 0..times {
        let booking = practice.book(client, TEN).await.unwrap().booking;
        practice.delivered().await;
        practice.change(client, &booking, cancel()).await.unwrap();
        practice.delivered().await;
    }
}

fn kinds(emails: &[Email]) -> Vec<(NotificationKind, u32)> {
    emails.iter().map(|email| (email.kind, email.calendar_sequence)).collect()
}

#[tokio::test]
async fn a_client_who_books_and_cancels_in_a_loop_causes_ten_emails_and_then_the_state_as_it_is() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    book_and_cancel(&practice, &client, 46).await;
    assert_eq!(practice.notifier.sent().len(), 10);
    let last = practice.book(&client, TEN).await.unwrap().booking;
    assert_eq!(practice.delivered().await.len(), 10, "nothing more within the hour");
    practice.advance_minutes(60);
    let sent = practice.delivered().await;
    assert_eq!(kinds(&sent[10..]), [(NotificationKind::MeetingInfo, last.version())], "one, about what is booked");
    let waited = practice.notifications(&last).await.remove(0);
    assert_eq!((waited.state, waited.attempts), (NotificationState::Sent, 1), "waiting is no attempt");
}

#[tokio::test]
async fn a_cancellation_that_waited_is_sent_to_those_who_knew_of_the_booking() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let known = practice.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking;
    book_and_cancel(&practice, &client, 10).await;
    assert_eq!(practice.notifier.sent().len(), 10);
    practice.change(&client, &known, cancel()).await.unwrap();
    assert_eq!(practice.delivered().await.len(), 10);
    practice.advance_minutes(60);
    let sent = practice.delivered().await;
    // The fifth session of the loop was announced by the tenth email, and cancelled after it.
    let kinds: Vec<_> = sent[10..].iter().map(|email| email.kind).collect();
    assert_eq!(kinds, [NotificationKind::Cancelled, NotificationKind::Cancelled]);
}

#[tokio::test]
async fn of_many_moves_only_the_last_one_is_sent_when_it_had_to_wait() {
    let (practice, client, mut booking) = booked().await;
    for n in 0..21 {
        practice.delivered().await;
        let to = if n % 2 == 0 { TUESDAY } else { TEN };
        booking = practice.change(&client, &booking, reschedule(to)).await.unwrap();
    }
    assert_eq!(practice.delivered().await.len(), 10);
    practice.advance_minutes(60);
    let sent = practice.delivered().await;
    assert_eq!(kinds(&sent[10..]), [(NotificationKind::Rescheduled, booking.version())]);
}

#[tokio::test]
async fn every_booking_is_announced_in_the_end_and_no_other_email_waits() {
    let practice = TestPractice::free().await;
    let (client, other) = (practice.client().await, practice.add("other", Role::Client).await);
    let start = |n: i64| (at("2024-01-16T07:00:00Z") + SignedDuration::from_hours(n)).to_string();
    let mut booked = Vec::new();
    for n in 0..12 {
        booked.push(practice.book(&client, &start(n)).await.unwrap().booking);
    }
    assert_eq!(practice.delivered().await.len(), 10, "in one batch");
    practice.book(&other, &start(24)).await.unwrap();
    assert_eq!(practice.delivered().await.len(), 11, "each recipient has ten");
    // A lost link and a reminder do not wait for the hour to end.
    let link = link_notification(&booked[0], ViewerId::Account(client.id), practice.now());
    practice.edit(async |work| work.enqueue(&[link]).await.unwrap()).await;
    assert_eq!(practice.delivered().await.len(), 12);
    practice.advance_minutes(60);
    let sent = practice.delivered().await;
    let announced = sent.iter().filter(|email| email.kind == NotificationKind::MeetingInfo && email.to == client.email);
    assert_eq!(announced.count(), 12);
}

/// The emails of one kind, as recipient and what they report.
fn changes(emails: &[Email], kind: NotificationKind) -> Vec<(String, ChangeDetails)> {
    let of_kind = emails.iter().filter(|email| email.kind == kind);
    of_kind.map(|email| (email.to.as_str().to_owned(), email.change.clone().expect("a change"))).collect()
}

fn moved(was: &str) -> ChangeDetails {
    ChangeDetails::Moved { was: Some(at(was)) }
}

#[tokio::test]
async fn a_move_names_the_time_that_its_reader_was_last_told() {
    const WEDNESDAY: &str = "2024-01-17T10:00:00Z";
    let (practice, client, booking) = booked().await;
    practice.delivered().await;
    let to_client = |change| (client.email.as_str().to_owned(), change);
    // Two moves in a row: only the second is sent, and the reader knows the first time only.
    practice.change(&client, &booking, reschedule(TUESDAY)).await.unwrap();
    let guest = practice.invite(&booking, "kim", ParticipantRole::Participant).await.unwrap();
    practice.change(&client, &booking, reschedule(WEDNESDAY)).await.unwrap();
    let sent = practice.delivered().await;
    let to_guest = |change| (guest.email.as_str().to_owned(), change);
    assert_eq!(
        changes(&sent, NotificationKind::Rescheduled),
        [to_client(moved(TEN)), to_guest(ChangeDetails::Moved { was: None })],
        "the guest was told of no other time"
    );
    practice.change(&client, &booking, reschedule(TEN)).await.unwrap();
    let sent = practice.delivered().await;
    let latest = changes(&sent, NotificationKind::Rescheduled).split_off(2);
    assert_eq!(latest, [to_client(moved(WEDNESDAY)), to_guest(moved(WEDNESDAY))]);
    // There and back before an email was sent: the reader knows the time already.
    practice.change(&client, &booking, reschedule(TUESDAY)).await.unwrap();
    practice.change(&client, &booking, reschedule(TEN)).await.unwrap();
    let sent = practice.delivered().await;
    let latest = changes(&sent, NotificationKind::Rescheduled).split_off(4);
    assert_eq!(latest, [to_client(moved(TEN)), to_guest(moved(TEN))]);
}

#[tokio::test]
async fn a_move_that_waited_names_the_time_before_it_waited() {
    let (practice, client, mut booking) = booked().await;
    for n in 0..12 {
        practice.delivered().await;
        booking = practice.change(&client, &booking, reschedule(if n % 2 == 0 { TUESDAY } else { TEN })).await.unwrap();
    }
    let told = practice.delivered().await.last().unwrap().starts_at;
    booking = practice.change(&client, &booking, reschedule("2024-01-17T10:00:00Z")).await.unwrap();
    practice.advance_minutes(60);
    let sent = practice.delivered().await.split_off(10);
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].starts_at, sent[0].change.clone()),
        (booking.scheduled_at(), Some(ChangeDetails::Moved { was: Some(told) }))
    );
}

#[tokio::test]
async fn a_cancellation_tells_the_client_who_why_and_what_becomes_of_the_money_and_guests_only_that() {
    let kept = |refund, kept, by_hand| CancelledPaymentDetails {
        payment: CancelledPayment { refund: eur(refund), kept: eur(kept), free_until: at("2024-01-14T10:00:00Z") },
        by_hand,
    };
    let late = "2024-01-15T09:00:00Z";
    for (what, by_client, now, percent, offline, refunded_before, payment) in [
        ("in time", true, NOW, 30, false, 0, Some(kept(10_000, 0, false))),
        ("late, a part", true, late, 30, false, 0, Some(kept(3_000, 7_000, false))),
        ("late, nothing", true, late, 0, false, 0, Some(kept(0, 10_000, false))),
        ("late, paid in cash", true, late, 30, true, 0, Some(kept(3_000, 7_000, true))),
        ("by the practice", false, late, 0, false, 0, Some(kept(10_000, 0, false))),
        ("partly refunded before", true, late, 30, false, 4_000, Some(kept(1_800, 4_200, false))),
        ("refunded before", false, late, 30, false, 10_000, None),
    ] {
        let practice = TestPractice::paid().await;
        let terms = ChangeTerms { late_refund_percent: percent, ..ChangeTerms::default() };
        practice.set_policy(PracticePolicy { terms, ..PracticePolicy::default() }).await.unwrap();
        let (client, booking) = practice.booked().await;
        if offline {
            practice.record_offline.run(offline_payment(&booking)).await.unwrap();
        } else {
            let payment = practice.queries.payments(booking.id()).await.unwrap().remove(0);
            let metadata = RequestMetadata::default();
            practice.pay_test_checkout.run(&payment.provider_checkout_id, &metadata).await.unwrap();
        }
        let guest = practice.invite(&booking, "kim", ParticipantRole::Participant).await.unwrap();
        if refunded_before > 0 {
            let command = RefundPaymentCommand {
                admin: booking.therapist(),
                booking: booking.id(),
                payment: None,
                amount: Some(eur(refunded_before)),
                reason: None,
                metadata: RequestMetadata::default(),
                idempotency: None,
            };
            practice.refund.run(command).await.unwrap();
            practice.process_refunds.run().await.unwrap();
        }
        practice.clock.set(at(now));
        practice.delivered().await;
        let actor = if by_client { client.clone() } else { practice.therapist().await };
        practice.change(&actor, &booking, cancel()).await.unwrap();
        let sent = practice.delivered().await;
        let reason = (!by_client).then(|| "ill".to_owned());
        let (by, by_for_guest) = if by_client {
            (CancelledBy::Recipient, CancelledBy::Client)
        } else {
            (CancelledBy::Practice, CancelledBy::Practice)
        };
        assert_eq!(
            changes(&sent, NotificationKind::Cancelled),
            [
                (client.email.as_str().to_owned(), ChangeDetails::Cancelled { by, reason, payment }),
                (
                    guest.email.as_str().to_owned(),
                    ChangeDetails::Cancelled { by: by_for_guest, reason: None, payment: None }
                ),
            ],
            "{what}"
        );
    }
    let (practice, client, booking) = booked().await;
    practice.change(&client, &booking, cancel()).await.unwrap();
    let sent = practice.delivered().await;
    let expected = ChangeDetails::Cancelled { by: CancelledBy::Recipient, reason: None, payment: None };
    assert_eq!(changes(&sent, NotificationKind::Cancelled), [(client.email.as_str().to_owned(), expected)], "free");
}

#[tokio::test]
async fn the_reminders_of_a_cancelled_booking_are_cancelled_with_it() {
    use NotificationState::{Cancelled, Pending, Sent};
    let (practice, client, booking) = booked().await;
    practice.clock.set(at("2024-01-14T10:00:00Z"));
    practice.delivered().await;
    assert_eq!(states(&practice, &booking).await, [Sent, Sent, Pending]);
    practice.change(&client, &booking, cancel()).await.unwrap();
    assert_eq!(states(&practice, &booking).await, [Sent, Sent, Cancelled, Pending], "before the worker runs");
    practice.clock.set(at("2024-01-15T09:00:00Z"));
    practice.delivered().await;
    assert_eq!(states(&practice, &booking).await, [Sent, Sent, Cancelled, Sent]);
}

/// The therapist of the practice with this setting.
async fn therapist_who_hears(practice: &TestPractice, notify: NotifyLevel, agenda_at: Option<&str>) -> User {
    let agenda_at = agenda_at.map(|time| time.parse().unwrap());
    let therapist = User { notify, agenda_at, ..practice.therapist().await };
    practice.save_user(therapist.clone()).await;
    therapist
}

/// The emails to one reader, by kind.
fn heard<'a>(emails: &'a [Email], reader: &User) -> Vec<&'a str> {
    emails.iter().filter(|email| email.to == reader.email).map(|email| email.kind.as_str()).collect()
}

#[tokio::test]
async fn a_therapist_hears_of_what_others_do_or_of_everything_or_of_nothing() {
    let changes = ["therapist_booked", "therapist_rescheduled", "therapist_cancelled"];
    for (notify, by_client, by_therapist) in [
        (NotifyLevel::None, vec![], vec![]),
        (NotifyLevel::Changes, changes.to_vec(), vec![]),
        (NotifyLevel::All, changes.to_vec(), changes.to_vec()),
    ] {
        for (own, expected) in [(false, by_client), (true, by_therapist)] {
            let practice = TestPractice::free().await;
            let therapist = therapist_who_hears(&practice, notify, None).await;
            let client = practice.client().await;
            let actor = if own { therapist.clone() } else { client.clone() };
            let request = CreateBookingCommand { booked_by: actor.id, ..practice.request(&client, TEN) };
            let booking = executed(practice.create_booking.run(request).await.unwrap()).booking;
            practice.delivered().await;
            practice.change(&actor, &booking, reschedule(TUESDAY)).await.unwrap();
            practice.delivered().await;
            practice.change(&actor, &booking, cancel()).await.unwrap();
            let sent = practice.delivered().await;
            assert_eq!(heard(&sent, &therapist), expected, "{notify}, own acts: {own}");
            assert_eq!(heard(&sent, &client), ["meeting_info", "rescheduled", "cancelled"]);
            let to_therapist: Vec<_> = sent.iter().filter(|email| email.to == therapist.email).collect();
            for email in &to_therapist {
                assert_eq!(email.client_name.as_deref(), Some("Alex client"));
                let page = "https://practice.example.org/j/";
                let has_page = email.join_url.as_ref().is_some_and(|url| url.starts_with(page));
                assert_eq!(has_page, email.kind != NotificationKind::TherapistCancelled, "{email:?}");
            }
            if let [_, moved, cancelled] = &to_therapist[..] {
                // A therapist who booked a session was not told of its first time by email, but of that of the client's.
                assert_eq!(moved.change, Some(ChangeDetails::Moved { was: Some(at(TEN)) }));
                let by = if own { CancelledBy::Recipient } else { CancelledBy::Client };
                let expected = ChangeDetails::Cancelled { by, reason: None, payment: None };
                assert_eq!(cancelled.change, Some(expected), "the client's reason stays in the product");
            }
        }
    }
}

#[tokio::test]
async fn a_colleagues_act_is_heard_and_a_therapist_who_is_the_client_is_told_once() {
    let practice = TestPractice::free().await;
    let therapist = therapist_who_hears(&practice, NotifyLevel::Changes, None).await;
    let colleague = practice.add("colleague", Role::Admin).await;
    let (_, booking) = practice.booked().await;
    practice.change(&colleague, &booking, cancel()).await.unwrap();
    let sent = practice.delivered().await;
    assert_eq!(
        heard(&sent, &therapist),
        ["therapist_cancelled"],
        "it was booked and cancelled before an email was sent"
    );
    let by_practice = ChangeDetails::Cancelled { by: CancelledBy::Practice, reason: None, payment: None };
    assert_eq!(changes(&sent, NotificationKind::TherapistCancelled)[0].1, by_practice);
    assert_eq!(heard(&sent, &colleague), Vec::<&str>::new());
    practice.book(&therapist, TUESDAY).await.unwrap();
    assert_eq!(heard(&practice.delivered().await, &therapist)[1..], ["meeting_info"]);
}

#[tokio::test]
async fn a_therapist_hears_of_payments_and_of_those_that_need_review() {
    for (notify, expected) in [
        (NotifyLevel::None, vec![]),
        (NotifyLevel::Changes, vec!["therapist_booked", "therapist_payment_review"]),
        (NotifyLevel::All, vec!["therapist_booked", "therapist_payment", "therapist_payment_review"]),
    ] {
        let practice = TestPractice::online().await;
        let therapist = therapist_who_hears(&practice, notify, None).await;
        let (client, booking) = practice.booked().await;
        assert!(heard(&practice.delivered().await, &therapist).is_empty(), "a hold is no booking yet");
        let payment = practice.queries.payments(booking.id()).await.unwrap().remove(0);
        practice.gateway.pay(&payment);
        practice.advance_minutes(10);
        practice.reconcile.run().await.unwrap();
        practice.delivered().await;
        practice.gateway.set_new_refunds(Some(RefundState::Failed));
        practice.change(&client, &booking, cancel()).await.unwrap();
        practice.process_refunds.run().await.unwrap();
        let sent = practice.delivered().await;
        let mut kinds = heard(&sent, &therapist);
        kinds.retain(|kind| *kind != "therapist_cancelled");
        kinds.sort_unstable();
        assert_eq!(kinds, expected, "{notify}");
        let received = sent.iter().find(|email| email.kind == NotificationKind::TherapistPayment);
        let amount = received.map(|email| match email.payment {
            Some(PaymentDetails::Received { amount, .. }) => amount,
            ref other => panic!("{other:?}"),
        });
        assert_eq!(amount, (notify == NotifyLevel::All).then(|| eur(10_000)));
    }
}

#[tokio::test]
async fn a_client_who_books_and_cancels_in_a_loop_does_not_flood_the_therapist() {
    let practice = TestPractice::free().await;
    let therapist = therapist_who_hears(&practice, NotifyLevel::Changes, None).await;
    for n in 0..4 {
        // Several accounts, so that the limit of each client is not what protects the therapist.
        let client = practice.add(&format!("client{n}"), Role::Client).await;
        book_and_cancel(&practice, &client, 5).await;
    }
    assert_eq!(heard(&practice.delivered().await, &therapist).len(), 10);
    practice.advance_minutes(60);
    assert_eq!(heard(&practice.delivered().await, &therapist).len(), 10, "nothing of the rest says anything new");
}

#[tokio::test]
async fn a_cancellation_that_waited_reaches_the_therapist_who_had_booked_it_without_an_email() {
    let practice = TestPractice::free().await;
    let therapist = therapist_who_hears(&practice, NotifyLevel::Changes, None).await;
    let client = practice.client().await;
    let request = CreateBookingCommand { booked_by: therapist.id, ..practice.request(&client, TUESDAY) };
    let own = executed(practice.create_booking.run(request).await.unwrap()).booking;
    book_and_cancel(&practice, &client, 5).await;
    practice.change(&client, &own, cancel()).await.unwrap();
    assert_eq!(heard(&practice.delivered().await, &therapist).len(), 10);
    practice.advance_minutes(60);
    assert_eq!(heard(&practice.delivered().await, &therapist)[10..], ["therapist_cancelled"]);
}

/// Plans and delivers, as the worker does. Returns the agendas sent so far.
async fn agendas(practice: &TestPractice) -> Vec<Email> {
    practice.plan_agendas.run().await.unwrap();
    let mut sent = practice.delivered().await;
    sent.retain(|email| email.kind == NotificationKind::Agenda);
    sent
}

/// The same practice after a restart of its worker.
fn restarted(practice: TestPractice) -> TestPractice {
    practice.signed()
}

#[tokio::test]
async fn an_agenda_lists_the_sessions_of_the_day_once() {
    let practice = TestPractice::paid().await;
    let therapist = therapist_who_hears(&practice, NotifyLevel::None, Some("07:30")).await;
    let colleague = practice.add("colleague", Role::Admin).await;
    let (client, other) = (practice.client().await, practice.add("other", Role::Client).await);
    let offline = PaymentChoice::PaidOffline { method: "cash".into(), memo: None };
    for (who, start, payment) in [
        (&other, "2024-01-15T15:00:00Z", PaymentChoice::Waived),
        (&client, TEN, offline.clone()),
        // The last instant of the day in Berlin, and the first of the next one.
        (&client, "2024-01-15T22:00:00Z", offline.clone()),
        (&client, "2024-01-15T23:00:00Z", offline),
        // Not paid yet.
        (&client, "2024-01-15T12:00:00Z", PaymentChoice::ByProvider),
    ] {
        let request = CreateBookingCommand { booked_by: therapist.id, payment, ..practice.request(who, start) };
        practice.create_booking.run(request).await.unwrap();
    }
    let cancelled = CreateBookingCommand {
        booked_by: therapist.id,
        payment: PaymentChoice::Waived,
        ..practice.request(&client, "2024-01-15T08:00:00Z")
    };
    let cancelled = executed(practice.create_booking.run(cancelled).await.unwrap()).booking;
    practice.change(&therapist, &cancelled, cancel()).await.unwrap();
    practice.clock.set(at("2024-01-15T06:29:59Z"));
    assert!(agendas(&practice).await.is_empty(), "not a second early");
    practice.clock.set(at("2024-01-15T06:30:00Z"));
    let sent = agendas(&practice).await;
    assert_eq!(sent.len(), 1);
    let agenda = &sent[0];
    assert_eq!((&agenda.to, agenda.message_id.as_str()), (&therapist.email, "agenda.user-1.2024-01-15"));
    assert_eq!(agenda.starts_at, at("2024-01-14T23:00:00Z"), "the beginning of the day in Berlin");
    let entries: Vec<_> = agenda
        .agenda
        .iter()
        .map(|entry| (entry.starts_at.to_string(), entry.client_name.as_str(), entry.payment, entry.join_url.is_some()))
        .collect();
    assert_eq!(
        entries,
        [
            (TEN.to_owned(), "Alex client", PaymentStatus::Succeeded, true),
            ("2024-01-15T15:00:00Z".to_owned(), "Alex other", PaymentStatus::NotRequired, true),
            ("2024-01-15T22:00:00Z".to_owned(), "Alex client", PaymentStatus::Succeeded, true),
        ]
    );
    assert_eq!(heard(&practice.notifier.sent(), &colleague), Vec::<&str>::new(), "off unless chosen");
    practice.advance_minutes(1);
    assert_eq!(agendas(&practice).await.len(), 1, "never twice");
    // Another time on the same day changes nothing, and neither does a restart.
    therapist_who_hears(&practice, NotifyLevel::None, Some("08:00")).await;
    let practice = restarted(practice);
    practice.clock.set(at("2024-01-15T07:00:00Z"));
    assert_eq!(agendas(&practice).await.len(), 1);
    practice.clock.set(at("2024-01-16T06:59:59Z"));
    assert_eq!(agendas(&practice).await.len(), 1, "the new time counts");
    practice.clock.set(at("2024-01-16T07:00:00Z"));
    assert_eq!(agendas(&practice).await[1].agenda.len(), 1);
    practice.clock.set(at("2024-01-17T07:00:00Z"));
    assert_eq!(agendas(&practice).await.len(), 2, "none on a day without sessions");
}

#[tokio::test]
async fn an_agenda_that_was_missed_is_sent_while_its_day_lasts() {
    let (practice, _, _) = booked().await;
    let therapist = therapist_who_hears(&practice, NotifyLevel::None, Some("07:30")).await;
    practice.clock.set(at("2024-01-15T16:00:00Z"));
    assert_eq!(agendas(&practice).await.len(), 1, "the worker was down in the morning");

    let (practice, _, _) = booked().await;
    therapist_who_hears(&practice, NotifyLevel::None, Some("07:30")).await;
    practice.clock.set(at("2024-01-15T06:30:00Z"));
    practice.notifier.go_down(deferred());
    assert!(agendas(&practice).await.is_empty());
    practice.notifier.come_back();
    practice.clock.set(at("2024-01-15T23:00:00Z"));
    assert!(agendas(&practice).await.is_empty(), "the day is over in Berlin");

    for change in [
        User { disabled: true, ..therapist.clone() },
        User { agenda_at: None, ..therapist.clone() },
        User { role: Role::Client, ..therapist },
    ] {
        let (practice, _, _) = booked().await;
        therapist_who_hears(&practice, NotifyLevel::None, Some("07:30")).await;
        practice.clock.set(at("2024-01-15T06:30:00Z"));
        assert_eq!(practice.plan_agendas.run().await.unwrap(), 1);
        let id = practice.therapist().await.id;
        practice.save_user(User { id, ..change.clone() }).await;
        assert!(agendas(&practice).await.is_empty(), "{change:?}");
        assert_eq!(restarted(practice).plan_agendas.run().await.unwrap(), 0);
    }
}

/// Issues a one-time link of this purpose to an address, as of now, and enqueues its email.
async fn issued(practice: &TestPractice, user: &User, purpose: OneTimePurpose, to: &EmailAddress) -> OneTimeToken {
    let now = practice.now();
    let token = NewOneTimeToken {
        user: user.id,
        purpose,
        nonce: [7; 16],
        email: to.clone(),
        slot: Some(ChosenSlot {
            service: ServiceId::new(1).unwrap(),
            starts_at: at(TEN),
            therapist: None,
            time_zone: None,
        }),
        created_at: now,
        expires_at: now + purpose.lifetime(),
    };
    practice.edit(async |work| work.add_one_time_token(&token).await.unwrap()).await;
    enqueue(practice, user, purpose.notification()).await;
    practice.queries.one_time_token_issued_at(user.id, purpose, now).await.unwrap().unwrap()
}

/// Enqueues an email about an account. Returns whether there was no such email yet.
async fn enqueue(practice: &TestPractice, user: &User, kind: NotificationKind) -> bool {
    let email = account_notification(user.id, kind, practice.now());
    practice.edit(async |work| work.enqueue(&[email]).await.unwrap()).await == 1
}

#[tokio::test]
async fn a_one_time_link_is_mailed_to_the_address_that_it_was_issued_to() {
    let practice = TestPractice::free().await;
    let client = User { email_verified_at: None, ..practice.client().await };
    practice.save_user(client.clone()).await;
    let other = EmailAddress::parse("other@example.org").unwrap();
    for purpose in OneTimePurpose::ALL {
        let to = match purpose {
            OneTimePurpose::ConfirmEmail | OneTimePurpose::UndoEmail => &other,
            OneTimePurpose::ResetPassword
            | OneTimePurpose::LogIn
            | OneTimePurpose::VerifyEmail
            | OneTimePurpose::Invitation => &client.email,
        };
        let token = issued(&practice, &client, purpose, to).await;
        let email = practice.delivered().await.pop().unwrap();
        assert_eq!((email.kind, &email.to, email.join_url), (purpose.notification(), to, None));
        let expected = AccountDetails {
            url: Some(practice.deliver.account_links.url(&token)),
            expires_at: Some(token.expires_at),
            at: practice.now(),
            role: Role::Client,
            email: client.email.clone(),
            user_agent: None,
            chosen_start: Some(at(TEN)),
        };
        assert_eq!(email.account, Some(expected), "{purpose}");
    }
    assert_eq!(practice.notifier.sent().len(), OneTimePurpose::ALL.len());
}

#[tokio::test]
async fn a_link_that_is_dead_before_its_email_is_sent_is_not_mailed() {
    let purpose = OneTimePurpose::ResetPassword;
    for why in ["used", "replaced", "expired", "another address", "a disabled account", "never issued"] {
        let practice = TestPractice::free().await;
        let client = practice.client().await;
        let token = issued(&practice, &client, purpose, &client.email).await;
        let now = practice.now();
        match why {
            "used" => assert!(practice.edit(async |work| work.use_one_time_token(token.id, now).await.unwrap()).await),
            "replaced" => {
                practice.advance_minutes(1);
                let now = practice.now();
                practice
                    .edit(async |work| work.end_one_time_tokens(client.id, &[purpose], token.created_at, now).await)
                    .await
                    .unwrap();
                let newer = issued(&practice, &client, purpose, &client.email).await;
                let sent = practice.delivered().await;
                let urls: Vec<_> = sent.into_iter().map(|email| email.account.unwrap().url).collect();
                assert_eq!(urls, [Some(practice.deliver.account_links.url(&newer))], "only the newer one");
                continue;
            }
            "expired" => practice.advance_minutes(60),
            "another address" => {
                let email = EmailAddress::parse("new@example.org").unwrap();
                practice.save_user(User { email, ..client }).await;
            }
            "a disabled account" => practice.save_user(User { disabled: true, ..client }).await,
            _ => {
                practice.advance_minutes(1);
                practice.edit(async |work| work.use_one_time_token(token.id, now).await.unwrap()).await;
                enqueue(&practice, &client, purpose.notification()).await;
            }
        }
        assert!(practice.delivered().await.is_empty(), "{why}");
    }
}

#[tokio::test]
async fn an_account_is_told_what_happened_to_it_and_once_a_day_of_new_logins() {
    let practice = TestPractice::free().await;
    let (client, admin) = (practice.client().await, practice.therapist().await);
    let mut notices: Vec<_> = NotificationKind::WITHOUT_OFFSET.into_iter().collect();
    notices.retain(|kind| kind.is_about_account() && kind.one_time_purpose().is_none());
    for (user, role) in [(&client, Role::Client), (&admin, Role::Admin)] {
        for kind in &notices {
            let disabled = *kind == NotificationKind::AccountDisabled;
            practice.save_user(User { disabled, ..user.clone() }).await;
            assert!(enqueue(&practice, user, *kind).await);
            let email = practice.delivered().await.pop().unwrap();
            assert_eq!((email.kind, &email.to), (*kind, &user.email));
            let account = email.account.unwrap();
            assert_eq!((account.role, account.at), (role, practice.now()));
            assert_eq!((account.url, account.expires_at, account.user_agent), (None, None, None));
        }
    }
    practice.advance_minutes(1);
    for kind in &notices {
        assert_eq!(enqueue(&practice, &client, *kind).await, *kind != NotificationKind::NewLogin, "{kind:?}");
    }
    practice.advance_minutes(24 * 60);
    let login = NewLoginSession {
        user: client.id,
        network: None,
        user_agent: Some("Firefox, Linux".into()),
        device: None,
        created_at: practice.now(),
    };
    practice.edit(async |work| work.add_login_session(&login).await.unwrap()).await;
    for user in [&client, &admin] {
        assert!(enqueue(&practice, user, NotificationKind::NewLogin).await);
        let program = practice.delivered().await.pop().unwrap().account.unwrap().user_agent;
        assert_eq!(program.as_deref(), (user == &client).then_some("Firefox, Linux"));
    }
    let sent = practice.notifier.sent().len();
    practice.save_user(User { disabled: true, ..client.clone() }).await;
    assert!(enqueue(&practice, &client, NotificationKind::PasswordChanged).await);
    assert_eq!(practice.delivered().await.len(), sent, "a disabled account hears nothing else");
}

#[tokio::test]
async fn an_admin_sends_an_email_again_or_takes_it_back() {
    use NotificationChange::{Cancel, Retry};
    use NotificationState::{Cancelled, Expired, Pending, Sent, Skipped};
    let (practice, client, booking) = booked().await;
    let admin = practice.therapist().await;
    let metadata = RequestMetadata::default();
    let manage = async |id, change| practice.manage_notifications.run(id, change, Some(admin.id), &metadata).await;
    let id = practice.notifications(&booking).await[0].id;
    practice.notifier.reply_with([Reply::Fail(NotifyError::Refused { code: 550 })]);
    practice.delivered().await;
    let retried = manage(id, Retry).await.unwrap();
    assert_eq!((retried.state, retried.attempts), (Pending, 0));
    practice.delivered().await;
    manage(id, Retry).await.unwrap();
    let sent = practice.delivered().await;
    let ids: Vec<_> = sent.iter().map(|email| email.message_id.as_str()).collect();
    let key = format!("meeting_info.{}.0.{}", booking.id(), booking.scheduled_at().as_second());
    assert_eq!(ids, [key.clone(), format!("{key}.again-1")], "only what was delivered needs another identity");

    let reminder = practice.notifications(&booking).await[1].id;
    assert!(matches!(manage(reminder, Retry).await, Err(ManageNotificationError::InvalidState)), "it is pending");
    assert_eq!(manage(reminder, Cancel).await.unwrap().state, Cancelled);
    for change in [Cancel, Retry] {
        assert!(matches!(manage(reminder, change).await, Err(ManageNotificationError::InvalidState)), "{change:?}");
    }
    let unknown = NotificationId::new(999).unwrap();
    assert!(matches!(manage(unknown, Retry).await, Err(ManageNotificationError::NotFound)));
    let actions = practice.actions(&booking).await;
    assert_eq!(actions[1..], ["notification.retried", "notification.retried", "notification.cancelled"]);

    // It is checked again before it is sent.
    manage(id, Retry).await.unwrap();
    practice.change(&client, &booking, cancel()).await.unwrap();
    practice.delivered().await;
    assert_eq!(states(&practice, &booking).await[0], Skipped);

    let (practice, _, booking) = booked().await;
    practice.clock.set(at("2024-01-15T09:56:00Z"));
    practice.delivered().await;
    assert_eq!(states(&practice, &booking).await, [Sent, Expired, Expired]);
    let id = practice.notifications(&booking).await[2].id;
    practice.manage_notifications.run(id, Retry, Some(admin.id), &metadata).await.unwrap();
    practice.delivered().await;
    assert_eq!(states(&practice, &booking).await[2], Expired, "it is still too late for it");
}

/// What a restore does to the emails that are due.
async fn hold(practice: &TestPractice) -> Vec<NotificationId> {
    let now = practice.now();
    let lease = Lease { token: LeaseToken([7; 16]), until: now + SignedDuration::from_mins(1) };
    let mut work = practice.store.begin().await.unwrap();
    let due = work.lease_notifications(100, now, &lease).await.unwrap();
    for email in &due {
        let state = NotificationState::Held;
        let result = DeliveryResult { state, next_at: email.next_at, sent_at: None, last_error: None };
        assert!(work.ack_notification(email.id, &lease.token, &result).await.unwrap());
    }
    work.commit().await.unwrap();
    due.into_iter().map(|email| email.id).collect()
}

#[tokio::test]
async fn held_emails_are_released_after_payments_are_reconciled() {
    let practice = TestPractice::online().await;
    let client = practice.client().await;
    let paid = practice.book(&client, TEN).await.unwrap();
    practice.gateway.pay(&paid.checkout.unwrap());
    practice.advance_minutes(6);
    practice.reconcile.run().await.unwrap();
    let held = hold(&practice).await;
    assert_eq!(held.len(), 2, "the confirmation and the receipt");
    assert!(practice.delivered().await.is_empty());

    let open = practice.book(&client, TUESDAY).await.unwrap();
    let checkout = open.checkout.unwrap();
    practice.gateway.pay(&checkout);
    practice.advance_minutes(6);
    practice.gateway.set_down(true);
    let refused = practice.held_notifications.release(None).await;
    assert!(matches!(refused, Err(HeldNotificationsError::Unreconciled(1))), "{refused:?}");
    let listed = practice.held_notifications.list().await.unwrap();
    assert_eq!(listed.iter().map(|email| email.id).collect::<Vec<_>>(), held);

    practice.gateway.set_down(false);
    practice.advance_minutes(6);
    assert_eq!(practice.held_notifications.release(Some(&held[..1])).await.unwrap(), 1);
    assert_eq!(practice.booking(open.booking.id()).await.status(), attune_domain::BookingStatus::Scheduled);
    let again = practice.held_notifications.cancel(Some(&held)).await;
    assert!(matches!(again, Err(HeldNotificationsError::NotHeld(id)) if id == held[0]), "{again:?}");
    assert_eq!(practice.held_notifications.cancel(None).await.unwrap(), 1);
    assert!(practice.held_notifications.list().await.unwrap().is_empty());
    practice.delivered().await;
    use NotificationState::{Cancelled, Sent};
    assert_eq!(states(&practice, &paid.booking).await[..2].iter().filter(|state| **state == Sent).count(), 1);
    assert!(states(&practice, &paid.booking).await.contains(&Cancelled));
}

#[tokio::test]
async fn a_held_email_is_released_with_those_it_leads() {
    let (practice, _, booking) = booked().await;
    let all = practice.notifications(&booking).await;
    let mut work = practice.store.begin().await.unwrap();
    work.combine_notifications(all[0].id, &[all[1].id]).await.unwrap();
    work.commit().await.unwrap();
    practice.clock.set(at("2024-01-14T10:00:00Z"));
    let held = hold(&practice).await;
    assert_eq!(held.len(), 2);
    assert_eq!(practice.held_notifications.release(None).await.unwrap(), 2);
    let after = practice.notifications(&booking).await;
    assert!(after.iter().all(|email| email.state == NotificationState::Pending));
    assert_eq!(after[1].lead, Some(after[0].id), "they are still one email");
}
