use std::sync::Arc;

use attune_domain::{Booking, User};
use attune_ports::{BookingFilter, IdempotencyKey, PageRequest};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{World, now};
use crate::{Idempotent, IdempotentRequest};

const TEN: &str = "2024-01-15T10:00:00Z";

/// A wish of this person under this key.
pub(super) fn keyed(user: &User, route: &str, key: &str, request_hash: [u8; 32]) -> IdempotentRequest {
    IdempotentRequest {
        key: IdempotencyKey { user: user.id, route: route.to_owned(), key: key.to_owned() },
        request_hash,
        render: Arc::new(|booking: &Booking| (200, format!("{} version {}", booking.id(), booking.version()))),
    }
}

async fn count(world: &World) -> u64 {
    let page = PageRequest { limit: 1, offset: 0 };
    world.queries.bookings(&BookingFilter::default(), page.into()).await.unwrap().total
}

#[tokio::test]
async fn a_second_try_books_nothing_and_gets_the_first_reply() {
    let world = World::free().await;
    let client = world.client().await;
    let idempotency = keyed(&client, "POST /api/bookings", "first", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency), ..world.wish(&client, TEN) };
    let booking = now(world.create_booking.run(command.clone()).await.unwrap()).booking;
    for _ in 0..3 {
        let again = world.create_booking.run(command.clone()).await.unwrap();
        let Idempotent::Replayed(kept) = again else { panic!("booked twice") };
        assert_eq!(kept.body, format!("{} version 1", booking.id()));
    }
    assert_eq!(count(&world).await, 1);

    // Another wish under the same key, the same wish under another key, the same key of somebody else.
    let other = keyed(&client, "POST /api/bookings", "first", [2; 32]);
    let refused = CreateBookingCommand { idempotency: Some(other), ..world.wish(&client, "2024-01-16T10:00:00Z") };
    assert!(matches!(world.create_booking.run(refused).await, Err(CreateBookingError::KeyReused)));
    let new_key = keyed(&client, "POST /api/bookings", "second", [1; 32]);
    let taken = CreateBookingCommand { idempotency: Some(new_key), ..command.clone() };
    assert!(matches!(world.create_booking.run(taken).await, Err(CreateBookingError::SlotTaken)));
    let stranger = world.add("stranger@example.org", attune_domain::Role::Client).await;
    let theirs = keyed(&stranger, "POST /api/bookings", "first", [1; 32]);
    let wish = CreateBookingCommand { idempotency: Some(theirs), ..world.wish(&stranger, "2024-01-17T10:00:00Z") };
    now(world.create_booking.run(wish).await.unwrap());
    assert_eq!(count(&world).await, 2);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let world = World::free().await;
    let client = world.client().await;
    let other = world.add("other@example.org", attune_domain::Role::Client).await;
    let taken = world.book(&other, TEN).await.unwrap().booking;
    let idempotency = keyed(&client, "POST /api/bookings", "k", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency), ..world.wish(&client, TEN) };
    assert!(matches!(world.create_booking.run(command.clone()).await, Err(CreateBookingError::SlotTaken)));
    let cancel = ChangeBookingCommand {
        actor: other.id,
        role: other.role,
        booking: taken.id(),
        change: Change::Cancel { reason: None, expected_refund: None },
        version: None,
        metadata: crate::RequestMetadata::default(),
        idempotency: None,
    };
    world.change_booking.run(cancel).await.unwrap();
    now(world.create_booking.run(command).await.unwrap());
}

#[tokio::test]
async fn what_was_known_only_later_is_added_to_the_reply() {
    let world = World::paid().await;
    let client = world.client().await;
    let idempotency = keyed(&client, "POST /api/bookings", "k", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency.clone()), ..world.wish(&client, TEN) };
    let placed = now(world.create_booking.run(command.clone()).await.unwrap());
    let url = placed.checkout.unwrap().checkout_url.unwrap();
    let (id, unfinished) = (placed.booking.id(), format!("{} version 1", placed.booking.id()));
    assert_eq!(world.create_booking.complete_response(&idempotency, id, &unfinished, &url).await.unwrap(), url);
    let slower = world.create_booking.complete_response(&idempotency, id, &unfinished, "another").await.unwrap();
    assert_eq!(slower, url, "whoever finishes it first is right");
    let Idempotent::Replayed(kept) = world.create_booking.run(command).await.unwrap() else { panic!("booked twice") };
    assert_eq!(kept.body, url);
}

#[tokio::test]
async fn replies_are_forgotten_after_a_day() {
    let world = World::free().await;
    let client = world.client().await;
    let idempotency = keyed(&client, "POST /api/bookings", "k", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency), ..world.wish(&client, TEN) };
    now(world.create_booking.run(command.clone()).await.unwrap());
    world.clock.set(world.now() + SignedDuration::from_hours(24));
    assert_eq!(world.purge.run().await.unwrap(), 0);
    world.clock.set(world.now() + SignedDuration::from_secs(1));
    assert_eq!(world.purge.run().await.unwrap(), 1);
    assert!(matches!(world.create_booking.run(command).await, Err(CreateBookingError::SlotTaken)), "a new wish by now");
}
