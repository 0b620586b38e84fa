use attune_domain::{Role, User};
use attune_ports::{IdempotencyKey, StoredResponse};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{TEN, TUESDAY, TestPractice, cancel, executed};
use crate::{Idempotent, IdempotentRequest, Replay};

/// A request of this user under this key.
pub(super) fn keyed(user: &User, key: &str, request_hash: [u8; 32]) -> IdempotentRequest {
    let key = IdempotencyKey { user: user.id, route: "POST /api/bookings".to_owned(), key: key.to_owned() };
    IdempotentRequest { key, request_hash }
}

/// A request for a session under this key.
fn request(practice: &TestPractice, client: &User, start: &str, key: &str, hash: [u8; 32]) -> CreateBookingCommand {
    CreateBookingCommand { idempotency: Some(keyed(client, key, hash)), ..practice.request(client, start) }
}

#[tokio::test]
async fn a_retry_books_nothing_and_receives_the_first_response() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let command = request(&practice, &client, TEN, "first", [1; 32]);
    let key = command.idempotency.clone().unwrap().key;
    let create = |command| practice.create_booking.run(command);
    let booking = executed(create(command.clone()).await.unwrap()).booking;
    // As after a crash between the commit and the response.
    for _ in 0..2 {
        let again = create(command.clone()).await.unwrap();
        let Idempotent::Replayed(Replay::Unanswered(id)) = again else { panic!("{again:?}") };
        assert_eq!(id, booking.id());
    }
    let response = |body: &str| StoredResponse { status: 201, body: body.to_owned() };
    for body in ["first", "second"] {
        let stored = practice.save_response.run(&key, response(body)).await.unwrap();
        assert_eq!(stored, response("first"), "the response that was saved first");
    }
    for _ in 0..2 {
        let again = create(command.clone()).await.unwrap();
        let Idempotent::Replayed(Replay::Response(stored)) = again else { panic!("{again:?}") };
        assert_eq!(stored, response("first"));
    }
    assert_eq!(practice.count_bookings().await, 1);

    // A different request under the same key, the same request under another key, the same key of another user.
    let different = create(request(&practice, &client, TUESDAY, "first", [2; 32])).await;
    assert!(matches!(different, Err(CreateBookingError::KeyReused)));
    let other_key = create(request(&practice, &client, TEN, "second", [1; 32])).await;
    assert!(matches!(other_key, Err(CreateBookingError::SlotTaken)));
    let stranger = practice.add("stranger", Role::Client).await;
    executed(create(request(&practice, &stranger, "2024-01-17T10:00:00Z", "first", [1; 32])).await.unwrap());
    assert_eq!(practice.count_bookings().await, 2);
}

#[tokio::test]
async fn a_rejection_is_not_stored() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let other = practice.add("other", Role::Client).await;
    let blocking = practice.book(&other, TEN).await.unwrap().booking;
    let command = request(&practice, &client, TEN, "k", [1; 32]);
    assert!(matches!(practice.create_booking.run(command.clone()).await, Err(CreateBookingError::SlotTaken)));
    practice.change(&other, &blocking, cancel()).await.unwrap();
    executed(practice.create_booking.run(command).await.unwrap());
}

#[tokio::test]
async fn a_response_is_not_saved_without_a_record() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let key = keyed(&client, "k", [1; 32]).key;
    let response = StoredResponse { status: 201, body: "{}".to_owned() };
    assert_eq!(practice.save_response.run(&key, response.clone()).await.unwrap(), response);
    let mut work = practice.store.begin().await.unwrap();
    assert_eq!(work.idempotency_record(&key).await.unwrap(), None);
}

#[tokio::test]
async fn responses_are_purged_after_a_day() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let command = request(&practice, &client, TEN, "k", [1; 32]);
    executed(practice.create_booking.run(command.clone()).await.unwrap());
    practice.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(practice.purge.run().await.unwrap(), 0);
    practice.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(practice.purge.run().await.unwrap(), 1);
    let later = practice.create_booking.run(command).await;
    assert!(matches!(later, Err(CreateBookingError::SlotTaken)), "now it is a new request");
}
