//! Concurrent requests: one effect, a legal state, and a consistent ledger.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attune_application::payments::WebhookOutcome;
use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Rejection, Share, Who, World, at_once, on_every_store};
use attune_test_stripe::Behaviour;

use crate::{
    FinalState, Held, PRICE, book, booking_command, cancel, cancelled_and_refunded, client_cancels, deliver_all,
    expired_unpaid, fake, final_state, held, is_busy, late_payment_refunded, minutes, open, open_with_hold,
    open_with_payment, paid, paid_in_full, send_webhook, slot, status,
};

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

const ROUNDS: usize = 12;

on_every_store! {
    a_hundred_concurrent_webhooks_apply_once
    fifty_concurrent_cancellations_refund_once
    concurrent_payment_and_cancellation
    concurrent_payment_and_hold_expiry
    concurrent_payment_and_booking_of_the_slot
    concurrent_workers
    concurrent_refunds_of_all_kinds
    concurrent_requests_for_a_checkout
}

async fn a_hundred_concurrent_webhooks_apply_once(kind: Kind) {
    let (world, held) = open_with_hold(kind).await;
    let payment = fake(&world).pay(&held.checkout);
    let refund = fake(&world).refund_in_dashboard(&payment, 1).unwrap();
    fake(&world).fail_refund(&refund);
    for event in fake(&world).events() {
        let deliver = |_| {
            let (world, event) = (Arc::clone(&world), event.clone());
            async move { send_webhook(&world, &event).await.unwrap() }
        };
        let outcomes = at_once((0..100).map(deliver).collect()).await;
        let applied = outcomes.iter().filter(|outcome| **outcome == WebhookOutcome::Applied).count();
        assert_eq!(applied, 1, "{}: {outcomes:?}", event.kind);
        world.check_ledger().await;
    }
    world.run_until_idle().await;
    let expected = FinalState {
        refunds: vec![(RefundStage::Failed, 1, RefundCause::External)],
        refund_emails: 1,
        problems: vec!["refund_failed"],
        ..paid_in_full()
    };
    assert_eq!(final_state(&world, held.id).await, expected);
}

/// Retries while the store is busy.
async fn alter(world: &World, who: Who, held: &Held) -> Outcome {
    loop {
        match world.alter(cancel(world, who, held.id)).await {
            Ok(outcome) => return outcome,
            Err(error) => assert!(is_busy(&error), "{error:?}"),
        }
    }
}

async fn fifty_concurrent_cancellations_refund_once(kind: Kind) {
    let (world, held, _) = open_with_payment(kind).await;
    let calls = |number: usize| {
        let (world, held) = (Arc::clone(&world), held.clone());
        async move { alter(&world, if number.is_multiple_of(2) { Who::Owner } else { Who::Therapist }, &held).await }
    };
    let answers = at_once((0..50).map(calls).collect()).await;
    let done = answers.iter().filter(|outcome| **outcome == Outcome::Done).count();
    let refused = answers.iter().filter(|outcome| **outcome == Outcome::Refused(Rejection::InvalidState)).count();
    assert_eq!((done, refused), (1, 49), "{answers:?}");
    let process_refunds = |_| {
        let world = Arc::clone(&world);
        async move { world.use_cases().process_refunds.run().await.unwrap() }
    };
    at_once((0..8).map(process_refunds).collect()).await;
    world.run_until_idle().await;
    assert_eq!(final_state(&world, held.id).await, cancelled_and_refunded());
    assert_eq!(fake(&world).refunds().len(), 1);
}

/// One run of the worker, which may find the store busy.
fn worker(world: &Arc<World>) -> Task<()> {
    let world = Arc::clone(world);
    Box::pin(async move {
        for result in [
            world.use_cases().expire_holds.run().await.map(drop),
            world.use_cases().reconcile.run().await.map(drop),
            world.use_cases().process_refunds.run().await.map(drop),
        ] {
            assert!(result.as_ref().err().is_none_or(is_busy), "{result:?}");
        }
    })
}

fn deliver_new_webhooks(world: &Arc<World>, held: &Held) -> Task<()> {
    let (world, held) = (Arc::clone(world), held.clone());
    Box::pin(async move {
        for event in fake(&world).events().iter().filter(|event| event.body.contains(&held.checkout)) {
            send_webhook(&world, event).await.unwrap();
        }
    })
}

fn client_pays(world: &Arc<World>, held: &Held) -> Task<()> {
    let (webhooks, held, world) = (deliver_new_webhooks(world, held), held.clone(), Arc::clone(world));
    Box::pin(async move {
        fake(&world).try_pay(&held.checkout);
        webhooks.await;
    })
}

fn client_cancels_concurrently(world: &Arc<World>, held: &Held) -> Task<()> {
    let (world, held) = (Arc::clone(world), held.clone());
    Box::pin(async move {
        alter(&world, Who::Owner, &held).await;
    })
}

async fn holds(world: &World) -> Vec<Held> {
    let mut all = Vec::new();
    for number in 0..ROUNDS {
        all.push(held(world, slot(number)).await);
    }
    all
}

/// The slot is released only after Stripe reported it unpaid, so a client who paid has it.
async fn assert_confirmed_exactly_if_paid(world: &World, held: &Held) {
    let is_paid = fake(world).checkouts().iter().any(|s| s["id"] == *held.checkout && s["payment_status"] == "paid");
    let expected = if is_paid { paid_in_full() } else { expired_unpaid() };
    assert_eq!(final_state(world, held.id).await, expected);
}

async fn concurrent_payment_and_cancellation(kind: Kind) {
    let world = open(kind).await;
    let all = holds(&world).await;
    let mut tasks: Vec<Task<()>> = vec![worker(&world), worker(&world)];
    for held in &all {
        tasks.push(client_pays(&world, held));
        tasks.push(client_cancels_concurrently(&world, held));
    }
    at_once(tasks).await;
    world.run_until_idle().await;
    for held in all {
        let ended = final_state(&world, held.id).await;
        let unpaid = FinalState { status: (BookingStatus::Cancelled, PaymentStatus::Cancelled), ..expired_unpaid() };
        // A payment before the cancellation is refunded by its terms, one after it as unapplied.
        let legal = [cancelled_and_refunded(), late_payment_refunded(BookingStatus::Cancelled), unpaid];
        assert!(legal.contains(&ended), "{ended:?}");
    }
}

async fn concurrent_payment_and_hold_expiry(kind: Kind) {
    let world = open(kind).await;
    let all = holds(&world).await;
    world.pass(minutes(15));
    let mut tasks: Vec<Task<()>> = (0..4).map(|_| worker(&world)).collect();
    tasks.extend(all.iter().map(|held| client_pays(&world, held)));
    at_once(tasks).await;
    world.run_until_idle().await;
    for held in all {
        assert_confirmed_exactly_if_paid(&world, &held).await;
    }
}

async fn concurrent_payment_and_booking_of_the_slot(kind: Kind) {
    let world = open(kind).await;
    let all = holds(&world).await;
    world.pass(minutes(15));
    let mut tasks: Vec<Task<()>> = vec![worker(&world), worker(&world)];
    for (number, held) in all.iter().enumerate() {
        tasks.push(client_pays(&world, held));
        for _ in 0..2 {
            let world = Arc::clone(&world);
            tasks.push(Box::pin(async move {
                match world.book(booking_command(&world, 1, slot(number))).await {
                    Ok(Outcome::Booked(_) | Outcome::Refused(Rejection::BusyTimes | Rejection::HoldExists)) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => assert!(is_busy(&error), "{error:?}"),
                }
            }));
        }
    }
    at_once(tasks).await;
    world.run_until_idle().await;
    if kind != Kind::Memory {
        assert_eq!(world.stores.overlaps().await, 0);
    }
    let snapshot = world.snapshot().await;
    for (number, held) in all.iter().enumerate() {
        let in_slot = snapshot.values().map(|snapshot| &snapshot.booking).filter(|b| b.scheduled_at() == slot(number));
        assert!(in_slot.filter(|booking| booking.status().blocks_calendar()).count() <= 1);
        assert_confirmed_exactly_if_paid(&world, held).await;
    }
}

async fn concurrent_workers(kind: Kind) {
    let world = open(kind).await;
    let (mut unpaid, mut late, mut cancelled) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..6 {
        unpaid.push(held(&world, slot(3 * number)).await);
        late.push(held(&world, slot(3 * number + 1)).await);
        cancelled.push(paid(&world, slot(3 * number + 2)).await.0);
    }
    for held in late.iter().chain(&cancelled) {
        client_cancels(&world, held).await;
    }
    for held in &late {
        fake(&world).pay(&held.checkout);
    }
    world.pass(minutes(15));
    for _ in 0..4 {
        at_once((0..6).map(|_| worker(&world)).collect()).await;
        world.check_ledger().await;
        world.pass(minutes(1));
    }
    world.run_until_idle().await;
    for (all, expected) in [
        (unpaid, expired_unpaid()),
        (late, late_payment_refunded(BookingStatus::Cancelled)),
        (cancelled, cancelled_and_refunded()),
    ] {
        for held in all {
            assert_eq!(final_state(&world, held.id).await, expected);
        }
    }
    assert_eq!(fake(&world).refunds().len(), 12);
}

/// Refunds by therapists, a cancellation and dashboard refunds at once never exceed the payment.
async fn concurrent_refunds_of_all_kinds(kind: Kind) {
    let (world, held, payment) = open_with_payment(kind).await;
    let mut tasks: Vec<Task<()>> = (0..4).map(|_| worker(&world)).collect();
    for number in 0..12 {
        let (world, id) = (Arc::clone(&world), held.id);
        tasks.push(Box::pin(async move {
            match world.refund_payment(id, Share::Cents(PRICE / 4 + number)).await {
                Ok(
                    Outcome::Done
                    | Outcome::Refused(Rejection::RefundInProgress | Rejection::TooMuch | Rejection::NothingLeft),
                ) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert!(is_busy(&error), "{error:?}"),
            }
        }));
    }
    for _ in 0..3 {
        let (world, payment) = (Arc::clone(&world), payment.clone());
        tasks.push(Box::pin(async move { drop(fake(&world).refund_in_dashboard(&payment, PRICE / 5)) }));
    }
    tasks.push(client_cancels_concurrently(&world, &held));
    at_once(tasks).await;
    world.check_ledger().await;
    deliver_all(&world).await;
    assert_eq!(status(&world, held.id).await.0, BookingStatus::Cancelled);
    let back: i64 = fake(&world).refunds().iter().filter_map(|refund| refund["amount"].as_i64()).sum();
    assert!(back <= PRICE, "{back}");
    let ended = final_state(&world, held.id).await;
    assert_eq!(ended.held, PRICE - back, "{ended:?}");
}

async fn concurrent_requests_for_a_checkout(kind: Kind) {
    let world = open(kind).await;
    fake(&world).script([Behaviour::Refuse { status: 500, advice: Some(false) }]);
    let (id, checkout) = book(&world, slot(0)).await;
    assert_eq!(checkout, None);
    let request = |_| {
        let world = Arc::clone(&world);
        async move { world.use_cases().open_checkout.run(id, world.clients[0]).await.unwrap().provider_checkout_id }
    };
    let mut checkout_ids = at_once((0..20).map(request).collect()).await;
    checkout_ids.dedup();
    assert_eq!(checkout_ids.len(), 1);
    assert_eq!(fake(&world).checkouts().len(), 1);
    fake(&world).pay(&checkout_ids[0]);
    deliver_all(&world).await;
    assert_eq!(final_state(&world, id).await, paid_in_full());
}
