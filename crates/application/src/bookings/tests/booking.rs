use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::booking::BookError;
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingStatus, PaymentStatus, Role, ServiceId, UserId};
use attune_ports::{BookingFilter, PageRequest, PaymentState, Store, StoreError, UnitOfWork};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{World, at, now};
use crate::payments::OpenCheckout;

const TEN: &str = "2024-01-15T10:00:00Z";

#[tokio::test]
async fn nothing_due_means_agreed_at_once() {
    let world = World::free().await;
    let client = world.client().await;
    let placed = world.book(&client, TEN).await.unwrap();
    let booking = world.booking(placed.booking.id()).await;
    assert_eq!(booking, placed.booking);
    assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::Scheduled, PaymentStatus::NotRequired));
    assert!(booking.room().unwrap().id().starts_with(&format!("booking-{}-1704877200-", booking.id())));
    assert!(placed.checkout.is_none());
    let kinds: Vec<NotificationKind> =
        world.queries.notices(booking.id()).await.unwrap().into_iter().map(|n| n.content.kind).collect();
    assert_eq!(
        kinds,
        [
            NotificationKind::MeetingInfo,
            NotificationKind::Reminder { minutes_before: 1440 },
            NotificationKind::Reminder { minutes_before: 60 }
        ]
    );
    assert_eq!(world.waker.wakes(), 1);
    let history: Vec<String> =
        world.queries.history(booking.id()).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(history, ["booking.scheduled"]);
}

#[tokio::test]
async fn a_price_due_means_a_hold_and_a_checkout() {
    let world = World::paid().await;
    let client = world.client().await;
    let placed = world.book(&client, TEN).await.unwrap();
    let booking = world.booking(placed.booking.id()).await;
    assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::PendingPayment, PaymentStatus::Pending));
    assert_eq!(booking.hold_expires_at(), Some(at("2024-01-10T09:15:00Z")));
    assert!(booking.room().is_none());
    assert!(world.queries.notices(booking.id()).await.unwrap().is_empty(), "no mail before it is paid");
    let checkout = placed.checkout.unwrap();
    assert_eq!(checkout.amount, booking.price());
    assert!(checkout.checkout_url.unwrap().starts_with("https://pay.example.org/"));
}

#[tokio::test]
async fn a_provider_that_is_down_costs_no_booking() {
    let world = World::paid().await;
    let client = world.client().await;
    world.local.down.store(true, Ordering::SeqCst);
    let placed = world.book(&client, TEN).await.unwrap();
    assert!(placed.checkout.is_none());
    world.local.down.store(false, Ordering::SeqCst);
    let checkout = world.open_checkout.run(placed.booking.id(), client.id).await.unwrap();
    let again = world.open_checkout.run(placed.booking.id(), client.id).await.unwrap();
    assert_eq!(checkout, again, "asking twice leads to the same checkout");
}

#[tokio::test]
async fn a_taken_slot_is_refused_with_its_pause() {
    let world = World::free().await;
    let client = world.client().await;
    world.book(&client, TEN).await.unwrap();
    for start in [TEN, "2024-01-15T10:59:59Z", "2024-01-15T09:00:01Z"] {
        assert!(matches!(world.book(&client, start).await, Err(CreateBookingError::SlotTaken)), "{start}");
    }
    world.book(&client, "2024-01-15T11:00:00Z").await.unwrap();
    world.book(&client, "2024-01-15T09:00:00Z").await.unwrap();
}

#[tokio::test]
async fn a_lapsed_hold_gives_its_slot_to_anyone_who_asks_first() {
    let world = World::paid().await;
    let client = world.client().await;
    let first = world.book(&client, TEN).await.unwrap().booking;
    world.clock.advance(SignedDuration::from_mins(15) - SignedDuration::from_secs(1));
    let other = world.add("other@example.org", Role::Client).await;
    assert!(matches!(world.book(&other, TEN).await, Err(CreateBookingError::SlotTaken)));
    world.clock.advance(SignedDuration::from_secs(1));
    world.book(&other, TEN).await.unwrap();
    let first = world.booking(first.id()).await;
    assert_eq!((first.status(), first.payment_status()), (BookingStatus::Expired, PaymentStatus::Cancelled));
    let payments = world.queries.payments(first.id()).await.unwrap();
    assert!(payments.iter().all(|p| p.state == PaymentState::Closed));
}

#[tokio::test]
async fn the_worker_lets_go_of_lapsed_holds() {
    let world = World::paid().await;
    let client = world.client().await;
    let held = world.book(&client, TEN).await.unwrap().booking;
    assert_eq!(world.expire_holds.run().await.unwrap(), 0);
    world.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(world.expire_holds.run().await.unwrap(), 1);
    assert_eq!(world.expire_holds.run().await.unwrap(), 0);
    assert_eq!(world.booking(held.id()).await.status(), BookingStatus::Expired);
}

#[tokio::test]
async fn what_cannot_be_booked() {
    let world = World::free().await;
    let client = world.client().await;
    let refused = |start: &'static str| {
        let (world, client) = (&world, &client);
        async move { world.book(client, start).await.unwrap_err() }
    };
    let rule = |error: CreateBookingError| {
        let CreateBookingError::Rule(rule) = error else { panic!("{error}") };
        rule
    };
    assert_eq!(rule(refused("2024-01-10T09:00:00Z").await), BookError::InThePast);
    assert_eq!(rule(refused("2024-01-10T08:59:59Z").await), BookError::InThePast);
    assert_eq!(rule(refused("2025-01-11T09:00:00Z").await), BookError::BeyondBookingHorizon);
    let command = |service, therapist| CreateBookingCommand { service, therapist, ..world.request(&client, TEN) };
    let book = &world.create_booking;
    assert!(matches!(book.run(command(ServiceId::new(99), None)).await, Err(CreateBookingError::UnknownService)));
    assert!(matches!(book.run(command(None, UserId::new(99))).await, Err(CreateBookingError::UnknownTherapist)));
    let no_therapist = book.run(command(None, Some(client.id))).await;
    assert!(matches!(no_therapist, Err(CreateBookingError::UnknownTherapist)), "a client gives no sessions");
    let all =
        world.queries.bookings(&BookingFilter::default(), PageRequest { limit: 10, offset: 0 }.into()).await.unwrap();
    assert_eq!(all.total, 0, "a refusal leaves nothing behind");
}

#[tokio::test]
async fn an_admin_books_for_themself() {
    let world = World::free().await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let placed = world.book(&admin, TEN).await.unwrap();
    assert_eq!(placed.booking.client(), admin.id);
    assert_ne!(placed.booking.therapist(), admin.id, "with the practice's first therapist when no one was named");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_the_slot() {
    let world = Arc::new(World::free().await);
    let client = world.client().await;
    let attempts = (0..32).map(|_| {
        let (world, client) = (world.clone(), client.clone());
        tokio::spawn(async move { world.book(&client, TEN).await })
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

/// A store that begins only so many more units of work, as if the power went in between.
struct Failing {
    store: Arc<dyn Store>,
    left: AtomicUsize,
}

#[async_trait]
impl Store for Failing {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| StoreError::Unavailable("the power went".into()))?;
        self.store.begin().await
    }
}

#[tokio::test]
async fn a_hold_and_what_the_provider_will_be_asked_are_kept_by_one_commit() {
    let (world, _) = World::online().await;
    let client = world.client().await;
    let store = Arc::new(Failing { store: world.store.clone(), left: AtomicUsize::new(1) });
    let checkout = OpenCheckout { store: store.clone(), ..world.open_checkout.clone() };
    let books = CreateBooking { store, checkout, ..world.create_booking.clone() };
    let placed = now(books.run(world.request(&client, TEN)).await.unwrap());
    assert!(placed.checkout.is_none(), "the provider's answer was lost");
    let kept = world.queries.payments(placed.booking.id()).await.unwrap();
    let [begun] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((begun.state, &begun.checkout_url), (PaymentState::Opening, &None));

    // Anyone who asks next asks in the same words.
    let opened = world.open_checkout.run(placed.booking.id(), client.id).await.unwrap();
    assert_eq!((opened.id, opened.checkout_nonce), (begun.id, begun.checkout_nonce));
    assert_eq!(opened.state, PaymentState::Open);
    assert_eq!(world.queries.payments(placed.booking.id()).await.unwrap(), [opened]);
}
