use attune_domain::User;
use attune_ports::{BookingFilter, IdempotencyKey, PageRequest, StoredResponse};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{World, now};
use crate::{Idempotent, IdempotentRequest, Replay, SaveResponse};

const TEN: &str = "2024-01-15T10:00:00Z";

/// A request of this user under this key.
pub(super) fn keyed(user: &User, route: &str, key: &str, request_hash: [u8; 32]) -> IdempotentRequest {
    let key = IdempotencyKey { user: user.id, route: route.to_owned(), key: key.to_owned() };
    IdempotentRequest { key, request_hash }
}

async fn count(world: &World) -> u64 {
    let page = PageRequest { limit: 1, offset: 0 };
    world.queries.bookings(&BookingFilter::default(), page.into()).await.unwrap().total
}

#[tokio::test]
async fn a_retry_books_nothing_and_receives_the_first_response() {
    let world = World::free().await;
    let client = world.client().await;
    let idempotency = keyed(&client, "POST /api/bookings", "first", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency.clone()), ..world.request(&client, TEN) };
    let booking = now(world.create_booking.run(command.clone()).await.unwrap()).booking;
    // As after a crash between the commit and the response.
    for _ in 0..2 {
        let again = world.create_booking.run(command.clone()).await.unwrap();
        let Idempotent::Replayed(Replay::Unanswered(id)) = again else { panic!("{again:?}") };
        assert_eq!(id, booking.id());
    }
    let save_response = SaveResponse { store: world.store.clone() };
    let response = |body: &str| StoredResponse { status: 201, body: body.to_owned() };
    for body in ["first", "second"] {
        let stored = save_response.run(&idempotency.key, response(body)).await.unwrap();
        assert_eq!(stored, response("first"), "the response that was saved first");
    }
    for _ in 0..2 {
        let again = world.create_booking.run(command.clone()).await.unwrap();
        let Idempotent::Replayed(Replay::Response(stored)) = again else { panic!("{again:?}") };
        assert_eq!(stored, response("first"));
    }
    assert_eq!(count(&world).await, 1);

    // A different request under the same key, the same request under another key, the same key of another user.
    let other = keyed(&client, "POST /api/bookings", "first", [2; 32]);
    let refused = CreateBookingCommand { idempotency: Some(other), ..world.request(&client, "2024-01-16T10:00:00Z") };
    assert!(matches!(world.create_booking.run(refused).await, Err(CreateBookingError::KeyReused)));
    let new_key = keyed(&client, "POST /api/bookings", "second", [1; 32]);
    let taken = CreateBookingCommand { idempotency: Some(new_key), ..command.clone() };
    assert!(matches!(world.create_booking.run(taken).await, Err(CreateBookingError::SlotTaken)));
    let stranger = world.add("stranger@example.org", attune_domain::Role::Client).await;
    let theirs = keyed(&stranger, "POST /api/bookings", "first", [1; 32]);
    let request =
        CreateBookingCommand { idempotency: Some(theirs), ..world.request(&stranger, "2024-01-17T10:00:00Z") };
    now(world.create_booking.run(request).await.unwrap());
    assert_eq!(count(&world).await, 2);
}

#[tokio::test]
async fn a_rejection_is_not_stored() {
    let world = World::free().await;
    let client = world.client().await;
    let other = world.add("other@example.org", attune_domain::Role::Client).await;
    let taken = world.book(&other, TEN).await.unwrap().booking;
    let idempotency = keyed(&client, "POST /api/bookings", "k", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency), ..world.request(&client, TEN) };
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
async fn a_response_is_not_saved_without_a_record() {
    let world = World::free().await;
    let client = world.client().await;
    let key = keyed(&client, "POST /api/bookings", "k", [1; 32]).key;
    let response = StoredResponse { status: 201, body: "{}".to_owned() };
    let save_response = SaveResponse { store: world.store.clone() };
    assert_eq!(save_response.run(&key, response.clone()).await.unwrap(), response);
    let mut work = world.store.begin().await.unwrap();
    assert_eq!(work.idempotency_record(&key).await.unwrap(), None);
}

#[tokio::test]
async fn responses_are_purged_after_a_day() {
    let world = World::free().await;
    let client = world.client().await;
    let idempotency = keyed(&client, "POST /api/bookings", "k", [1; 32]);
    let command = CreateBookingCommand { idempotency: Some(idempotency), ..world.request(&client, TEN) };
    now(world.create_booking.run(command.clone()).await.unwrap());
    world.clock.set(world.now() + SignedDuration::from_hours(24));
    assert_eq!(world.purge.run().await.unwrap(), 0);
    world.clock.set(world.now() + SignedDuration::from_secs(1));
    assert_eq!(world.purge.run().await.unwrap(), 1);
    assert!(
        matches!(world.create_booking.run(command).await, Err(CreateBookingError::SlotTaken)),
        "a new request by now"
    );
}
