//! The guards against a double booking, each removed in turn. Without both there are overlaps, or these tests would prove
//! nothing.

use std::sync::Arc;

use attune_adapter_postgres::PostgresStore;
use attune_ports::{Conflict, StoreError};
use attune_test_postgres::TestDatabase;
use attune_test_store_contract::fixtures::{PracticeFixture, minutes_after, slot};
use attune_test_store_contract::race::{insist, open, race};
use jiff::Timestamp;

use crate::harness::{migrated, open_with};

const CLIENTS: usize = 64;

/// Books as a use case does: checks that the time is free, then books it. With or without the calendar lock.
async fn book(
    store: &PostgresStore,
    practice: PracticeFixture,
    start: Timestamp,
    locked: bool,
) -> Result<bool, StoreError> {
    let mut work = open(store).await?;
    if locked {
        work.lock_calendar(practice.therapist).await?;
    }
    let taken = work.blocking_bookings(practice.therapist, start, minutes_after(start, 60)).await?;
    if !taken.is_empty() {
        return Ok(false);
    }
    let id = work.next_booking_id().await?;
    match work.add_booking(&practice.booking(id, start)).await {
        Ok(()) => work.commit().await.map(|()| true),
        Err(StoreError::Conflict(Conflict::SlotTaken)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets all clients book at once, each at its own time. Returns how many were accepted.
async fn rush(
    store: &Arc<PostgresStore>,
    practice: PracticeFixture,
    locked: bool,
    start: impl Fn(usize) -> Timestamp,
) -> usize {
    let answers = race(CLIENTS, |client| {
        let (store, start) = (Arc::clone(store), start(client));
        async move {
            match insist(|| book(&store, practice, start, locked)).await {
                Ok(accepted) => accepted,
                // Without the lock, insertions can block each other for so long that one is refused.
                Err(StoreError::Unavailable(_)) if !locked => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    })
    .await;
    answers.into_iter().filter(|accepted| *accepted).count()
}

async fn overlaps(database: &TestDatabase) -> i64 {
    let count = "SELECT count(*) FROM bookings a JOIN bookings b ON a.id < b.id AND a.therapist_id = b.therapist_id \
                 AND a.scheduled_at < b.blocked_until AND b.scheduled_at < a.blocked_until";
    database.connect().await.query_one(count, &[]).await.unwrap().get(0)
}

async fn prepare(constraint: bool) -> (TestDatabase, Arc<PostgresStore>, PracticeFixture) {
    let database = migrated().await;
    if !constraint {
        let drop = "ALTER TABLE bookings DROP CONSTRAINT bookings_no_overlap";
        database.connect().await.batch_execute(drop).await.unwrap();
    }
    let store = open_with(database.url(), 16).await;
    let practice = PracticeFixture::create(&*store).await;
    (database, store, practice)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_guard_slots_are_booked_twice() {
    let (database, store, practice) = prepare(false).await;
    // One rush is nearly always enough, but a slow machine may need more.
    for day in 0..20 {
        rush(&store, practice, false, |_| slot(24 * day)).await;
        if overlaps(&database).await > 0 {
            return;
        }
    }
    panic!("the race was never lost, so the other tests prove nothing");
}

/// One slot for all, then starts a quarter of an hour apart, several days.
async fn books_no_slot_twice(locked: bool, constraint: bool) {
    let (database, store, practice) = prepare(constraint).await;
    assert_eq!(rush(&store, practice, locked, |_| slot(0)).await, 1, "one of all gets the slot");
    for day in 1..4 {
        let staggered = |client: usize| minutes_after(slot(24 * day), 15 * i64::try_from(client % 16).unwrap());
        let accepted = rush(&store, practice, locked, staggered).await;
        // Sixteen starts span four and three quarter hours.
        assert!((2..=4).contains(&accepted), "{accepted} were accepted");
    }
    assert_eq!(overlaps(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_alone_books_no_slot_twice() {
    books_no_slot_twice(true, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_constraint_alone_books_no_slot_twice() {
    books_no_slot_twice(false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_together_book_no_slot_twice() {
    books_no_slot_twice(true, true).await;
}
