//! Hundreds of concurrent requests on the real databases. Each succeeds or is rejected with a conflict; none fails, and
//! none takes a slot that is taken. A unit of work that cannot be opened within the store's two seconds is retried, as
//! a client retries after 503.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attune_application::bookings::{Change, ChangeBookingCommand, CreateBookingCommand};
use attune_domain::{Booking, BookingId, ChangeTerms, PracticePolicy};
use attune_ports::{Provider, StoreError};
use attune_test_scenarios::{Kind, Outcome, Rejection, Setup, Stores, Who, World, at_once};
use jiff::{SignedDuration, Timestamp};

type FinalState = Result<Outcome, StoreError>;
type Task = Pin<Box<dyn Future<Output = Vec<FinalState>> + Send>>;

/// Every request succeeded or was rejected for one of these reasons.
fn expect_only(endings: &[FinalState], reasons: &[Rejection]) {
    let unfair: Vec<_> = endings
        .iter()
        .filter(|final_state| match final_state {
            Ok(Outcome::Refused(why)) => !reasons.contains(why),
            Ok(_) => false,
            Err(_) => true,
        })
        .collect();
    assert!(unfair.is_empty(), "{} of {}: {unfair:?}", unfair.len(), endings.len());
}

async fn open(stores: Stores, provider: Provider) -> Arc<World> {
    let terms = ChangeTerms { reschedule_minutes: 0, ..ChangeTerms::default() };
    let policy = PracticePolicy { terms, ..PracticePolicy::default() };
    Arc::new(World::open(stores.retrying(), Setup { provider, policy }).await)
}

/// This many quarters of an hour after the opening of a day.
fn at(day: i64, quarter: i64) -> Timestamp {
    let midnight: Timestamp = "2024-01-15T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_mins(day * 1440 + Setup::OPENS + 15 * quarter)
}

fn booking_command(world: &World, client: usize, start: Timestamp) -> CreateBookingCommand {
    world.booking_command(world.clients[client % 2], world.therapists[0], start)
}

async fn booked(world: &World, start: Timestamp) -> BookingId {
    match world.book(booking_command(world, 0, start)).await {
        Ok(Outcome::Booked(id)) => id,
        other => panic!("{other:?}"),
    }
}

fn moved(world: &World, booking: BookingId, to: Timestamp) -> ChangeBookingCommand {
    let change = Change::Reschedule { to, override_hours: false };
    world.change(Who::Therapist, booking, world.clients[0], change)
}

fn cancelled(world: &World, booking: BookingId) -> ChangeBookingCommand {
    let change = Change::Cancel { reason: None, expected_refund: None };
    world.change(Who::Therapist, booking, world.clients[0], change)
}

/// The requested days have room for 40 appointments, which can start at 29 quarters of each day.
const DAYS: i64 = 5;
const ROOM: usize = 40;

/// 200 clients book, and some reschedule or cancel; others take the released slots; bookings are moved here from other
/// days; therapists book in the evening.
async fn rush(world: &Arc<World>) -> Vec<FinalState> {
    let mut tasks: Vec<Task> = Vec::new();
    for n in 0..200_i64 {
        let (world, start) = (Arc::clone(world), at(1 + n % DAYS, n * 7 % 29));
        tasks.push(Box::pin(async move {
            let first = world.book(booking_command(&world, 0, start)).await;
            let Ok(Outcome::Booked(id)) = first else { return vec![first] };
            let then = match n % 4 {
                0 => vec![world.alter(moved(&world, id, at(1 + n % DAYS, n * 11 % 29))).await],
                1 => {
                    vec![world.alter(cancelled(&world, id)).await, world.book(booking_command(&world, 1, start)).await]
                }
                _ => Vec::new(),
            };
            std::iter::once(first).chain(then).collect()
        }));
    }
    for n in 0..16 {
        let elsewhere = at(DAYS + 1 + n / 8, n % 8 * 4);
        let (world, id) = (Arc::clone(world), booked(world, elsewhere).await);
        tasks.push(Box::pin(async move {
            if n % 2 == 0 {
                return vec![world.alter(moved(&world, id, at(1 + n % DAYS, n * 5 % 29))).await];
            }
            vec![world.alter(cancelled(&world, id)).await, world.book(booking_command(&world, 1, elsewhere)).await]
        }));
    }
    for n in 0..20 {
        let (world, start) = (Arc::clone(world), at(1 + n % DAYS, 30 + n % 7));
        tasks.push(Box::pin(async move {
            let by_therapist = CreateBookingCommand { override_hours: true, ..booking_command(&world, 1, start) };
            vec![world.book(by_therapist).await]
        }));
    }
    at_once(tasks).await.into_iter().flatten().collect()
}

async fn bookings(world: &World) -> Vec<Booking> {
    world.snapshot().await.into_values().map(|snapshot| snapshot.booking).collect()
}

async fn concurrent_requests_book_no_slot_twice(kind: Kind) {
    let world = open(kind.fresh().await, Provider::None).await;
    let endings = rush(&world).await;
    expect_only(
        &endings,
        &[Rejection::BusyTimes, Rejection::InvalidState, Rejection::WindowClosed, Rejection::VersionConflict],
    );
    assert_eq!(world.stores.overlaps().await, 0);
    let all = bookings(&world).await;
    let result = endings.iter().filter(|final_state| matches!(final_state, Ok(Outcome::Booked(_)))).count();
    assert_eq!(all.len(), 16 + result, "every booking that succeeded exists");
    let wanted = |b: &&Booking| b.scheduled_at() >= at(1, 0) && b.scheduled_at() < at(DAYS + 1, 0);
    let inside = |b: &&Booking| b.scheduled_at().duration_since(at(0, 0)).as_mins() % 1440 <= 28 * 15;
    let booked_starts = all.iter().filter(|b| b.status().blocks_calendar()).filter(wanted).filter(inside).count();
    assert!(booked_starts * 2 >= ROOM, "{booked_starts} of {ROOM}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_book_no_slot_twice_on_sqlite() {
    concurrent_requests_book_no_slot_twice(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_book_no_slot_twice_on_postgres() {
    concurrent_requests_book_no_slot_twice(Kind::Postgres).await;
}

async fn without_guards_concurrent_requests_overlap(kind: Kind) {
    let stores = kind.fresh().await;
    stores.drop_overlap_rule().await;
    let world = open(stores.unguarded(), Provider::None).await;
    rush(&world).await;
    assert!(world.stores.overlaps().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_guards_concurrent_requests_overlap_on_sqlite() {
    without_guards_concurrent_requests_overlap(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_guards_concurrent_requests_overlap_on_postgres() {
    without_guards_concurrent_requests_overlap(Kind::Postgres).await;
}

/// Expired holds, concurrently: the worker releases them, owners pay late or cancel, others book.
async fn expired_holds_are_reused_once(kind: Kind) {
    let world = open(kind.fresh().await, Provider::Test).await;
    let mut tasks: Vec<Task> = Vec::new();
    let slots: Vec<Timestamp> = (0..16).map(|n| at(1 + n / 8, n % 8 * 4)).collect();
    for (n, start) in slots.iter().copied().enumerate() {
        let id = booked(&world, start).await;
        let checkout = world.stores.queries.payments(id).await.unwrap().remove(0).provider_checkout_id;
        let sweeper = Arc::clone(&world);
        tasks.push(Box::pin(async move { vec![sweeper.use_cases().expire_holds.run().await.map(|_| Outcome::Done)] }));
        let owner = Arc::clone(&world);
        tasks.push(Box::pin(async move {
            vec![if n % 2 == 0 { owner.pay(&checkout).await } else { owner.alter(cancelled(&owner, id)).await }]
        }));
        for _ in 0..4 {
            let other = Arc::clone(&world);
            tasks.push(Box::pin(async move { vec![other.book(booking_command(&other, 1, start)).await] }));
        }
    }
    world.clock.advance(Setup::hold(Provider::Test));
    let endings: Vec<FinalState> = at_once(tasks).await.into_iter().flatten().collect();
    // The others are one client, who already has it when asking again.
    expect_only(&endings, &[Rejection::BusyTimes, Rejection::HoldExists, Rejection::InvalidState]);
    assert_eq!(world.stores.overlaps().await, 0);
    let mut booked_starts: Vec<_> =
        bookings(&world).await.iter().filter(|b| b.status().blocks_calendar()).map(|b| b.scheduled_at()).collect();
    booked_starts.sort_unstable();
    assert_eq!(booked_starts, slots, "every slot was booked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_holds_are_reused_once_on_sqlite() {
    expired_holds_are_reused_once(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_holds_are_reused_once_on_postgres() {
    expired_holds_are_reused_once(Kind::Postgres).await;
}
