//! Hundreds of concurrent requests on the real databases. Each succeeds or is rejected with a conflict; none fails, and
//! none takes a slot that is taken. A unit of work that cannot be opened within the store's two seconds is retried, as
//! a client retries after 503.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attune_application::bookings::{Change, ChangeBookingCommand, CreateBookingCommand};
use attune_domain::{Booking, BookingId, ChangeTerms, PracticePolicy};
use attune_ports::{Provider, StoreError};
use attune_test_scenarios::{Kind, Outcome, Rejection, Setup, Stores, Who, World, at_once, on_both_databases};
use jiff::{SignedDuration, Timestamp};

on_both_databases! {
    concurrent_requests_book_no_slot_twice
    without_guards_concurrent_requests_overlap
    expired_holds_are_reused_once
    handovers_and_bookings_race_for_a_calendar
    without_guards_handovers_overlap
}

type FinalState = Result<Outcome, StoreError>;
type Task = Pin<Box<dyn Future<Output = Vec<FinalState>> + Send>>;

/// Every request succeeded or was rejected for one of these reasons.
fn expect_only(endings: &[FinalState], reasons: &[Rejection]) {
    let is_expected = |final_state: &&FinalState| match final_state {
        Ok(Outcome::Refused(why)) => reasons.contains(why),
        Ok(_) => true,
        Err(_) => false,
    };
    let unexpected: Vec<_> = endings.iter().filter(|final_state| !is_expected(final_state)).collect();
    assert!(unexpected.is_empty(), "{} of {}: {unexpected:?}", unexpected.len(), endings.len());
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
    let change = Change::Reschedule { to, override_hours: false, reason: None };
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
    use Rejection::{BusyTimes, InvalidState, VersionConflict, WindowClosed};
    expect_only(&endings, &[BusyTimes, InvalidState, WindowClosed, VersionConflict]);
    assert_eq!(world.stores.overlaps().await, 0);
    let all = bookings(&world).await;
    let result = endings.iter().filter(|final_state| matches!(final_state, Ok(Outcome::Booked(_)))).count();
    assert_eq!(all.len(), 16 + result, "every booking that succeeded exists");
    let wanted = |b: &&Booking| b.scheduled_at() >= at(1, 0) && b.scheduled_at() < at(DAYS + 1, 0);
    let inside = |b: &&Booking| b.scheduled_at().duration_since(at(0, 0)).as_mins() % 1440 <= 28 * 15;
    let booked_starts = all.iter().filter(|b| b.status().blocks_calendar()).filter(wanted).filter(inside).count();
    assert!(booked_starts * 2 >= ROOM, "{booked_starts} of {ROOM}");
}

async fn without_guards_concurrent_requests_overlap(kind: Kind) {
    let stores = kind.fresh().await;
    stores.drop_overlap_rule().await;
    let world = open(stores.unguarded(), Provider::None).await;
    rush(&world).await;
    assert!(world.stores.overlaps().await > 0);
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
    // The others are one client, who already holds the slot at the second request.
    expect_only(&endings, &[Rejection::BusyTimes, Rejection::HoldExists, Rejection::InvalidState]);
    assert_eq!(world.stores.overlaps().await, 0);
    let mut booked_starts: Vec<_> =
        bookings(&world).await.iter().filter(|b| b.status().blocks_calendar()).map(|b| b.scheduled_at()).collect();
    booked_starts.sort_unstable();
    assert_eq!(booked_starts, slots, "every slot was booked again");
}

/// The first therapist has a session in each slot. All are handed to the second, twice, while clients book the same slots
/// with the second, and some are handed or moved back.
async fn handover_rush(world: &Arc<World>) -> Vec<FinalState> {
    let mut tasks: Vec<Task> = Vec::new();
    for n in 0..40_i64 {
        let start = at(1 + n / 8, n % 8 * 4);
        let id = booked(world, start).await;
        for round in 0..2 {
            let world = Arc::clone(world);
            tasks.push(Box::pin(async move {
                let to = |therapist: usize| Change::Reassign { to: world.therapists[therapist], override_hours: false };
                let change = |change| world.alter(world.change(Who::Therapist, id, world.clients[0], change));
                let mut endings = vec![change(to(1)).await];
                if n % 3 == round {
                    endings.push(change(to(0)).await);
                }
                if n % 5 == round {
                    let to = start + SignedDuration::from_mins(30);
                    endings.push(change(Change::Reschedule { to, override_hours: false, reason: None }).await);
                }
                endings
            }));
        }
        let world = Arc::clone(world);
        tasks.push(Box::pin(async move {
            let near = start + SignedDuration::from_mins(15 * (n % 3));
            vec![world.book(world.booking_command(world.clients[1], world.therapists[1], near)).await]
        }));
    }
    at_once(tasks).await.into_iter().flatten().collect()
}

async fn handovers_and_bookings_race_for_a_calendar(kind: Kind) {
    let world = open(kind.fresh().await, Provider::None).await;
    let endings = handover_rush(&world).await;
    expect_only(&endings, &[Rejection::BusyTimes, Rejection::OutsideHours, Rejection::VersionConflict]);
    assert_eq!(world.stores.overlaps().await, 0);
    let handed_over = bookings(&world).await.iter().filter(|b| b.therapist() == world.therapists[1]).count();
    assert!(handed_over >= 20, "{handed_over} sessions are in the second calendar");
}

async fn without_guards_handovers_overlap(kind: Kind) {
    let stores = kind.fresh().await;
    stores.drop_overlap_rule().await;
    let world = open(stores.unguarded(), Provider::None).await;
    handover_rush(&world).await;
    assert!(world.stores.overlaps().await > 0);
}
