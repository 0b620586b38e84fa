use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::booking::BookError;
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingStatus, PaymentStatus, Role, ServiceId, UserId};
use attune_ports::{PaymentState, Store, StoreError, UnitOfWork};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{TEN, TestPractice, at, booked, executed};
use crate::payments::OpenCheckout;

#[tokio::test]
async fn a_booking_is_confirmed_at_once_if_nothing_is_due() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let created = practice.book(&client, TEN).await.unwrap();
    let booking = practice.booking(created.booking.id()).await;
    assert_eq!(booking, created.booking);
    assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::Scheduled, PaymentStatus::NotRequired));
    assert!(booking.room().unwrap().id().starts_with(&format!("booking-{}-1704877200-", booking.id())));
    assert!(created.checkout.is_none());
    let kinds: Vec<_> = practice.notifications(&booking).await.into_iter().map(|n| n.content.kind).collect();
    let reminder = |minutes_before| NotificationKind::Reminder { minutes_before };
    assert_eq!(kinds, [NotificationKind::MeetingInfo, reminder(1440), reminder(60)]);
    assert_eq!(practice.waker.wakes(), 1);
    assert_eq!(practice.actions(&booking).await, ["booking.scheduled"]);
}

#[tokio::test]
async fn a_booking_holds_its_slot_and_opens_a_checkout_if_a_price_is_due() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    let created = practice.book(&client, TEN).await.unwrap();
    let booking = practice.booking(created.booking.id()).await;
    assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::PendingPayment, PaymentStatus::Pending));
    assert_eq!(booking.hold_expires_at(), Some(at("2024-01-10T09:15:00Z")));
    assert!(booking.room().is_none());
    assert!(practice.notifications(&booking).await.is_empty(), "no email before it is paid");
    let checkout = created.checkout.unwrap();
    assert_eq!(checkout.amount, booking.price());
    assert!(checkout.checkout_url.unwrap().starts_with("https://pay.example.org/"));
}

#[tokio::test]
async fn an_unavailable_provider_does_not_prevent_a_booking() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    practice.gateway.set_down(true);
    let created = practice.book(&client, TEN).await.unwrap();
    assert!(created.checkout.is_none());
    practice.gateway.set_down(false);
    let checkout = practice.open_checkout.run(created.booking.id(), client.id).await.unwrap();
    let again = practice.open_checkout.run(created.booking.id(), client.id).await.unwrap();
    assert_eq!(checkout, again, "a repeated request returns the same checkout");
}

#[tokio::test]
async fn a_slot_is_taken_with_its_buffer() {
    let (practice, client, _) = booked().await;
    for start in [TEN, "2024-01-15T10:59:59Z", "2024-01-15T09:00:01Z"] {
        assert!(matches!(practice.book(&client, start).await, Err(CreateBookingError::SlotTaken)), "{start}");
    }
    practice.book(&client, "2024-01-15T11:00:00Z").await.unwrap();
    practice.book(&client, "2024-01-15T09:00:00Z").await.unwrap();
}

#[tokio::test]
async fn the_slot_of_an_expired_hold_goes_to_the_next_request() {
    let practice = TestPractice::paid().await;
    let (_, first) = practice.booked().await;
    practice.clock.advance(SignedDuration::from_mins(15) - SignedDuration::from_secs(1));
    let other = practice.add("other", Role::Client).await;
    assert!(matches!(practice.book(&other, TEN).await, Err(CreateBookingError::SlotTaken)));
    practice.clock.advance(SignedDuration::from_secs(1));
    practice.book(&other, TEN).await.unwrap();
    let first = practice.booking(first.id()).await;
    assert_eq!((first.status(), first.payment_status()), (BookingStatus::Expired, PaymentStatus::Cancelled));
    let payments = practice.queries.payments(first.id()).await.unwrap();
    assert!(payments.iter().all(|p| p.state == PaymentState::Closed));
}

#[tokio::test]
async fn the_worker_expires_holds() {
    let practice = TestPractice::paid().await;
    let (_, held) = practice.booked().await;
    assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
    practice.advance_minutes(15);
    assert_eq!(practice.expire_holds.run().await.unwrap(), 1);
    assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
    assert_eq!(practice.booking(held.id()).await.status(), BookingStatus::Expired);
}

#[tokio::test]
async fn what_cannot_be_booked() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    for (start, rule) in [
        ("2024-01-10T09:00:00Z", BookError::InThePast),
        ("2024-01-10T08:59:59Z", BookError::InThePast),
        ("2025-01-11T09:00:00Z", BookError::BeyondBookingHorizon),
    ] {
        let Err(CreateBookingError::Rule(refused)) = practice.book(&client, start).await else { panic!("{start}") };
        assert_eq!(refused, rule, "{start}");
    }
    let command = |service, therapist| CreateBookingCommand { service, therapist, ..practice.request(&client, TEN) };
    let book = &practice.create_booking;
    assert!(matches!(book.run(command(ServiceId::new(99), None)).await, Err(CreateBookingError::UnknownService)));
    for therapist in [UserId::new(99), Some(client.id)] {
        let refused = book.run(command(None, therapist)).await;
        assert!(matches!(refused, Err(CreateBookingError::UnknownTherapist)), "{therapist:?}");
    }
    assert_eq!(practice.count_bookings().await, 0, "a refusal stores nothing");
}

#[tokio::test]
async fn an_admin_books_a_session_of_their_own() {
    let practice = TestPractice::free().await;
    let admin = practice.add("second", Role::Admin).await;
    let booking = practice.book(&admin, TEN).await.unwrap().booking;
    assert_eq!(booking.client(), admin.id);
    assert_ne!(booking.therapist(), admin.id, "by default with the practice's first therapist");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_simultaneous_requests_gets_the_slot() {
    let practice = Arc::new(TestPractice::free().await);
    let client = practice.client().await;
    let attempts = (0..32).map(|_| {
        let (practice, client) = (practice.clone(), client.clone());
        tokio::spawn(async move { practice.book(&client, TEN).await })
    });
    let mut won = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => won += 1,
            Err(CreateBookingError::SlotTaken) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
}

/// A store that begins only so many more units of work, as if the process was killed afterwards.
struct Failing {
    store: Arc<dyn Store>,
    left: AtomicUsize,
}

#[async_trait]
impl Store for Failing {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| StoreError::Unavailable("killed".into()))?;
        self.store.begin().await
    }
}

#[tokio::test]
async fn a_hold_and_its_request_for_a_checkout_are_stored_by_one_commit() {
    let practice = TestPractice::online().await;
    let client = practice.client().await;
    let store = Arc::new(Failing { store: practice.store.clone(), left: AtomicUsize::new(1) });
    let checkout = OpenCheckout { store: store.clone(), ..practice.open_checkout.clone() };
    let create = CreateBooking { store, checkout, ..practice.create_booking.clone() };
    let created = executed(create.run(practice.request(&client, TEN)).await.unwrap());
    assert!(created.checkout.is_none(), "the provider's answer was lost");
    let stored = practice.queries.payments(created.booking.id()).await.unwrap();
    let [begun] = stored.as_slice() else { panic!("{stored:?}") };
    assert_eq!((begun.state, &begun.checkout_url), (PaymentState::Opening, &None));

    // The next attempt sends the same request.
    let opened = practice.open_checkout.run(created.booking.id(), client.id).await.unwrap();
    assert_eq!((opened.id, opened.checkout_nonce), (begun.id, begun.checkout_nonce));
    assert_eq!(opened.state, PaymentState::Open);
    assert_eq!(practice.queries.payments(created.booking.id()).await.unwrap(), [opened]);
}
