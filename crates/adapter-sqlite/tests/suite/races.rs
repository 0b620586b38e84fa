//! No slot is booked twice: each guard alone, and a control without any that shows that the race is real.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_adapter_sqlite::SqliteStore;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus};
use attune_ports::{BookingFilter, Conflict, PageRequest, Queries, StoreError};
use attune_test_store_contract::fixtures::{
    PracticeFixture, email, in_state, minutes_after, next_version, now, restored, slot,
};
use attune_test_store_contract::race::{insist, open, race};
use diesel::connection::SimpleConnection;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::Barrier;

use crate::harness::{count, fresh, raw};

const CLIENTS: usize = 64;
const ROUNDS: i64 = 5;

const OVERLAPS: &str = "SELECT count(*) FROM bookings a JOIN bookings b ON a.id < b.id \
    AND a.therapist_id = b.therapist_id AND a.scheduled_at < b.blocked_until AND b.scheduled_at < a.blocked_until \
    WHERE a.status IN ('pending_payment', 'scheduled', 'completed', 'no_show') \
    AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')";

/// A request of one hour; four different beginnings, any two of which overlap.
fn request(round: i64, client: usize) -> Timestamp {
    minutes_after(slot(10 * round), 15 * i64::try_from(client % 4).unwrap())
}

/// The naive way: look whether the time is free, then book. All look before any books.
async fn look_then_book(
    store: &SqliteStore,
    practice: PracticeFixture,
    start: Timestamp,
    all_looked: &Barrier,
) -> Result<(), StoreError> {
    let near = BookingFilter {
        from: Some(minutes_after(start, -60)),
        to: Some(minutes_after(start, 60)),
        ..Default::default()
    };
    let seen = store.bookings(&near, PageRequest { limit: 100, offset: 0 }.into()).await;
    all_looked.wait().await;
    let end = minutes_after(start, 60);
    let free = !seen?.items.iter().any(|booking| booking.scheduled_at() < end && booking.blocked_until() > start);
    if !free {
        return Err(StoreError::Conflict(Conflict::SlotTaken));
    }
    let mut work = open(store).await?;
    let id = work.next_booking_id().await?;
    work.add_booking(&practice.booking(id, start)).await?;
    work.commit().await
}

/// What the use case does: lock the calendar, look, book.
async fn lock_then_book(store: &SqliteStore, practice: PracticeFixture, start: Timestamp) -> Result<(), StoreError> {
    let mut work = open(store).await?;
    work.lock_calendar(practice.therapist).await?;
    if !work.blocking_bookings(practice.therapist, start, minutes_after(start, 60)).await?.is_empty() {
        return Err(StoreError::Conflict(Conflict::SlotTaken));
    }
    let id = work.next_booking_id().await?;
    work.add_booking(&practice.booking(id, start)).await?;
    work.commit().await
}

fn drop_triggers(folder: &TempDir) {
    raw(folder)
        .batch_execute("DROP TRIGGER bookings_no_overlap_insert; DROP TRIGGER bookings_no_overlap_update")
        .unwrap();
}

/// Every request was either granted or refused because the slot is taken; returns how many were granted.
fn granted(results: Vec<Result<(), StoreError>>) -> i64 {
    let mut granted = 0;
    for result in results {
        match result {
            Ok(()) => granted += 1,
            Err(refused) => assert!(refused.is_conflict(Conflict::SlotTaken), "{refused:?}"),
        }
    }
    granted
}

async fn all_look_then_book(store: &Arc<SqliteStore>, practice: PracticeFixture) -> i64 {
    let mut all = 0;
    for round in 0..ROUNDS {
        let all_looked = Arc::new(Barrier::new(CLIENTS));
        let results = race(CLIENTS, |client| {
            let (store, all_looked) = (Arc::clone(store), Arc::clone(&all_looked));
            async move { look_then_book(&store, practice, request(round, client), &all_looked).await }
        })
        .await;
        all += granted(results);
    }
    all
}

/// The control. If this ever finds no overlap, the tests below it prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn without_any_guard_slots_are_booked_twice() {
    let (folder, store) = fresh().await;
    let practice = PracticeFixture::create(&*store).await;
    drop_triggers(&folder);
    let booked = all_look_then_book(&store, practice).await;
    assert!(booked > ROUNDS, "{booked} booked");
    assert!(count(&mut raw(&folder), OVERLAPS) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trigger_alone_is_enough() {
    let (folder, store) = fresh().await;
    let practice = PracticeFixture::create(&*store).await;
    assert_eq!(all_look_then_book(&store, practice).await, ROUNDS);
    assert_eq!(count(&mut raw(&folder), OVERLAPS), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_alone_is_enough() {
    let (folder, store) = fresh().await;
    let practice = PracticeFixture::create(&*store).await;
    drop_triggers(&folder);
    let mut booked = 0;
    for round in 0..ROUNDS {
        let results = race(CLIENTS, |client| {
            let store = Arc::clone(&store);
            async move { lock_then_book(&store, practice, request(round, client)).await }
        })
        .await;
        booked += granted(results);
    }
    assert_eq!(booked, ROUNDS);
    assert_eq!(count(&mut raw(&folder), OVERLAPS), 0);
}

/// Small, seeded and good enough to mix steps: the numbers of a linear congruential generator.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One careless step: none of them looks or locks, so the database's own rule stands alone.
async fn careless_step(
    store: &SqliteStore,
    practice: PracticeFixture,
    mine: &mut BTreeMap<BookingId, Booking>,
    dice: &mut Dice,
) -> Result<(), StoreError> {
    // A hundred slots, in steps of a quarter of an hour.
    let start = minutes_after(slot(0), 15 * i64::try_from(dice.roll(400)).unwrap());
    let picked = usize::try_from(dice.roll(1 + mine.len() as u64)).unwrap();
    let mut work = open(store).await?;
    let changed = match mine.values().nth(picked) {
        None => {
            let id = work.next_booking_id().await?;
            let booking = if dice.roll(2) == 0 {
                practice.booking(id, start)
            } else {
                practice.held(id, start, minutes_after(now(), 15))
            };
            work.add_booking(&booking).await?;
            booking
        }
        Some(booking) => {
            let next = next_version(booking);
            let next = match (booking.status(), dice.roll(2)) {
                // Paid.
                (BookingStatus::PendingPayment, 0) => {
                    in_state(next, BookingStatus::Scheduled, PaymentStatus::Succeeded)
                }
                (BookingStatus::PendingPayment, _) => in_state(next, BookingStatus::Expired, PaymentStatus::Cancelled),
                // Moved.
                (BookingStatus::Scheduled, 0) => {
                    let mut next = next;
                    next.scheduled_at = start;
                    next.blocked_until = minutes_after(start, 60);
                    next
                }
                (BookingStatus::Scheduled, _) => in_state(next, BookingStatus::Cancelled, PaymentStatus::Succeeded),
                // Reinstated.
                _ => in_state(next, BookingStatus::Scheduled, PaymentStatus::Succeeded),
            };
            let booking = restored(next);
            work.save_booking(&booking).await?;
            booking
        }
    };
    work.commit().await?;
    mine.insert(changed.id(), changed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_careless_steps_leave_no_overlap() {
    const STEPS: usize = 160;

    let (folder, store) = fresh().await;
    let practice = PracticeFixture::create(&*store).await;
    let tallies = race(CLIENTS, |client| {
        let store = Arc::clone(&store);
        async move {
            let mut dice = Dice(u64::try_from(client).unwrap());
            let mut mine = BTreeMap::new();
            let (mut done, mut taken) = (0, 0);
            for _ in 0..STEPS {
                match careless_step(&store, practice, &mut mine, &mut dice).await {
                    Ok(()) => done += 1,
                    Err(refused) if refused.is_conflict(Conflict::SlotTaken) => taken += 1,
                    Err(error) => panic!("{error:?}"),
                }
            }
            (done, taken)
        }
    })
    .await;
    let (done, taken) = tallies.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(done + taken, CLIENTS * STEPS);
    assert!(done > 1_000 && taken > 1_000, "{done} done, {taken} taken");
    assert_eq!(count(&mut raw(&folder), OVERLAPS), 0);
}

/// Two processes on one file race as well as two clients of one.
#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_book_a_slot_once() {
    let (folder, first) = fresh().await;
    let second = crate::harness::open(&folder).await;
    let practice = PracticeFixture::create(&*first).await;
    let stores = [first, second];
    for round in 0..ROUNDS {
        let results = race(16, |client| {
            let store = Arc::clone(&stores[client % 2]);
            async move { insist(|| lock_then_book(&store, practice, request(round, client))).await }
        })
        .await;
        assert_eq!(granted(results), 1);
    }
    assert_eq!(count(&mut raw(&folder), OVERLAPS), 0);
    assert!(stores[0].credentials(&email("client")).await.unwrap().is_some());
}
