//! Payments through Stripe on all stores: the real client and webhook reader, against a Stripe that is slow, loses and
//! repeats webhooks, and closes connections.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod faults;
mod forged_webhooks;
mod late_payments;
mod races;
mod random_faults;
mod refunds;
mod webhook_orders;

use std::sync::Arc;

use attune_application::Idempotent;
use attune_application::bookings::{Change, ChangeBookingCommand, CreateBookingCommand};
use attune_application::payments::{HandlePaymentWebhookError, WebhookOutcome};
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{BookingId, BookingStatus, PaymentStatus, PracticePolicy};
use attune_ports::{Provider, RefundCause};
use attune_test_scenarios::{Kind, Outcome, Rejection, Setup, Stores, Who, World};
use attune_test_stripe::{Event, FakeStripe};
use jiff::{SignedDuration, Timestamp};

const PRICE: i64 = Setup::PRICE;

fn setup() -> Setup {
    Setup { provider: Provider::Stripe, policy: PracticePolicy::default() }
}

async fn open(kind: Kind) -> Arc<World> {
    Arc::new(on(kind.fresh().await).await)
}

async fn on(stores: Stores) -> World {
    World::open(stores.retrying(), setup()).await
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// Slot number N, a month after the start; override_hours makes every hour bookable.
fn slot(number: usize) -> Timestamp {
    let start: Timestamp = Setup::START.parse().unwrap();
    start + SignedDuration::from_hours(30 * 24 + i64::try_from(number).unwrap())
}

fn booking_command(world: &World, client: usize, start: Timestamp) -> CreateBookingCommand {
    let booking_command = world.booking_command(world.clients[client], world.therapists[0], start);
    CreateBookingCommand { booked_by: world.therapists[0], override_hours: true, ..booking_command }
}

#[derive(Debug, Clone)]
struct Held {
    id: BookingId,
    checkout: String,
}

/// Books a session; without a checkout if Stripe does not open one.
async fn book(world: &World, start: Timestamp) -> (BookingId, Option<String>) {
    match world.use_cases().create_booking.run(booking_command(world, 0, start)).await.unwrap() {
        Idempotent::Executed(created) => {
            (created.booking.id(), created.checkout.map(|payment| payment.provider_checkout_id))
        }
        Idempotent::Replayed(_) => panic!("no idempotency key was used"),
    }
}

async fn held(world: &World, start: Timestamp) -> Held {
    let (id, checkout) = book(world, start).await;
    Held { id, checkout: checkout.expect("a checkout") }
}

async fn paid(world: &World, start: Timestamp) -> (Held, String) {
    let held = held(world, start).await;
    let before = fake(world).events().len();
    let payment = fake(world).pay(&held.checkout);
    deliver_webhooks(world, &fake(world).events()[before..]).await;
    assert_eq!(status(world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::Succeeded));
    (held, payment)
}

async fn open_with_hold(kind: Kind) -> (Arc<World>, Held) {
    let world = open(kind).await;
    let held = held(&world, slot(0)).await;
    (world, held)
}

async fn open_with_payment(kind: Kind) -> (Arc<World>, Held, String) {
    let world = open(kind).await;
    let (held, payment) = paid(&world, slot(0)).await;
    (world, held, payment)
}

fn fake(world: &World) -> &FakeStripe {
    &world.stripe().fake
}

async fn status(world: &World, booking: BookingId) -> (BookingStatus, PaymentStatus) {
    let booking = world.snapshot_of(booking).await.booking;
    (booking.status(), booking.payment_status())
}

fn cancel(world: &World, who: Who, booking: BookingId) -> ChangeBookingCommand {
    world.change(who, booking, world.clients[0], Change::Cancel { reason: None, expected_refund: None })
}

async fn client_cancels(world: &World, held: &Held) {
    assert_eq!(world.alter(cancel(world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
}

/// Delivers every webhook so far, and runs the worker until nothing is pending.
async fn deliver_all(world: &World) {
    deliver_webhooks(world, &fake(world).events()).await;
    world.run_until_idle().await;
}

/// Delivers webhooks in this order and repeats the refused ones. When none is accepted, time passes and the worker runs.
async fn deliver_webhooks(world: &World, events: &[Event]) {
    let mut waiting: Vec<&Event> = events.iter().collect();
    for _ in 0..20 {
        let before = waiting.len();
        let mut refused = Vec::new();
        for event in waiting {
            if let Err(OutOfOrder) = send_webhook(world, event).await {
                refused.push(event);
            }
            world.check_ledger().await;
        }
        if refused.is_empty() {
            return;
        }
        if refused.len() == before {
            world.pass(minutes(5));
            world.work().await;
        }
        waiting = refused;
    }
    panic!("{waiting:?} is never accepted");
}

/// The webhook has to be sent again later.
#[derive(Debug)]
struct OutOfOrder;

/// Sends a webhook, and again while the store is busy.
async fn send_webhook(world: &World, event: &Event) -> Result<WebhookOutcome, OutOfOrder> {
    loop {
        match world.send_webhook(event).await {
            Ok(outcome) => return Ok(outcome),
            Err(HandlePaymentWebhookError::OutOfOrder) => return Err(OutOfOrder),
            Err(HandlePaymentWebhookError::Store(error)) => assert!(is_busy(&error), "{error:?}"),
        }
    }
}

fn is_busy(error: &attune_ports::StoreError) -> bool {
    matches!(error, attune_ports::StoreError::Contended | attune_ports::StoreError::Unavailable(_))
}

/// The result for a booking, without anything that depends on the order of events.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FinalState {
    status: (BookingStatus, PaymentStatus),
    payments: Vec<(PaymentState, i64)>,
    refunds: Vec<(RefundStage, i64, RefundCause)>,
    held: i64,
    has_room: bool,
    receipts: usize,
    problem_emails: usize,
    refund_emails: usize,
    problems: Vec<&'static str>,
}

async fn final_state(world: &World, booking: BookingId) -> FinalState {
    let snapshot = world.snapshot_of(booking).await;
    let emails = |kind: &str| snapshot.notifications.iter().filter(|n| n.content.kind.as_str() == kind).count();
    let problems = world.stores.queries.payment_problems(None, 1_000).await.unwrap();
    let about = problems.iter().filter(|problem| problem.booking == Some(booking));
    let mut final_state = FinalState {
        status: (snapshot.booking.status(), snapshot.booking.payment_status()),
        payments: snapshot.payments.iter().map(|p| (p.state, p.amount.minor())).collect(),
        refunds: snapshot.refunds.iter().map(|r| (r.stage, r.amount.minor(), r.cause)).collect(),
        held: snapshot.ledger.iter().map(|line| line.kind.signed(line.amount)).sum(),
        has_room: snapshot.booking.room().is_some(),
        receipts: emails("receipt"),
        problem_emails: emails("payment_problem"),
        refund_emails: emails("refund"),
        problems: about.map(|problem| problem.kind.as_str()).collect(),
    };
    final_state.payments.sort_by_key(|(state, amount)| (state.as_str(), *amount));
    final_state.refunds.sort_by_key(|(stage, amount, _)| (stage.as_str(), *amount));
    let captures = snapshot.ledger.iter().filter(|line| line.kind == LedgerKind::Captured).count();
    assert_eq!(captures, snapshot.payments.iter().filter(|payment| payment.state.is_paid()).count());
    final_state
}

fn paid_in_full() -> FinalState {
    FinalState {
        status: (BookingStatus::Scheduled, PaymentStatus::Succeeded),
        payments: vec![(PaymentState::Settled, PRICE)],
        refunds: Vec::new(),
        held: PRICE,
        has_room: true,
        receipts: 1,
        problem_emails: 0,
        refund_emails: 0,
        problems: Vec::new(),
    }
}

fn expired_unpaid() -> FinalState {
    FinalState {
        status: (BookingStatus::Expired, PaymentStatus::Cancelled),
        payments: vec![(PaymentState::Closed, PRICE)],
        held: 0,
        has_room: false,
        receipts: 0,
        ..paid_in_full()
    }
}

fn cancelled_and_refunded() -> FinalState {
    FinalState {
        status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
        held: 0,
        refund_emails: 1,
        ..paid_in_full()
    }
}

fn late_payment_refunded(status: BookingStatus) -> FinalState {
    FinalState {
        status: (status, PaymentStatus::Refunded),
        payments: vec![(PaymentState::Unapplied, PRICE)],
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Unapplied)],
        held: 0,
        has_room: false,
        receipts: 0,
        problem_emails: 1,
        ..paid_in_full()
    }
}

async fn book_as_other_client(world: &World, start: Timestamp) -> Result<BookingId, Rejection> {
    match world.book(booking_command(world, 1, start)).await.unwrap() {
        Outcome::Booked(id) => Ok(id),
        Outcome::Refused(why) => Err(why),
        other @ (Outcome::Done | Outcome::Invited(_)) => panic!("{other:?}"),
    }
}

/// Pseudorandom numbers, the same in every run.
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % sides
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.roll(last + 1));
        }
    }
}
