//! Concurrent requests: one effect, a legal state, and a consistent ledger.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Rejection, Who, World, at_once};

use crate::{
    FinalState, Held, PRICE, booking_command, cancel, deliver_webhooks, expired_unpaid, fake, final_state, held,
    is_busy, late_payment_refunded, minutes, on_every_store, open, paid, paid_in_full, send_webhook, slot, status,
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
    let world = open(kind).await;
    let held = held(&world, slot(0)).await;
    let payment = fake(&world).pay(&held.checkout);
    let refund = fake(&world).refund_in_dashboard(&payment, 1).unwrap();
    fake(&world).fail_refund(&refund);
    for event in fake(&world).events() {
        let tell = |_| {
            let (world, event) = (Arc::clone(&world), event.clone());
            async move { send_webhook(&world, &event).await.unwrap() }
        };
        let answers = at_once((0..100).map(tell).collect()).await;
        let applied =
            answers.iter().filter(|outcome| **outcome == attune_application::payments::WebhookOutcome::Applied).count();
        assert_eq!(applied, 1, "{}: {answers:?}", event.kind);
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

fn cancelled_and_refunded() -> FinalState {
    FinalState {
        status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
        held: 0,
        refund_emails: 1,
        ..paid_in_full()
    }
}

async fn fifty_concurrent_cancellations_refund_once(kind: Kind) {
    let world = open(kind).await;
    let (held, _) = paid(&world, slot(0)).await;
    let calls = |number: usize| {
        let (world, held) = (Arc::clone(&world), held.clone());
        async move { alter(&world, if number.is_multiple_of(2) { Who::Owner } else { Who::Therapist }, &held).await }
    };
    let answers = at_once((0..50).map(calls).collect()).await;
    let done = answers.iter().filter(|outcome| **outcome == Outcome::Done).count();
    let refused = answers.iter().filter(|outcome| **outcome == Outcome::Refused(Rejection::InvalidState)).count();
    assert_eq!((done, refused), (1, 49), "{answers:?}");
    let settle = |_| {
        let world = Arc::clone(&world);
        async move { world.use_cases().process_refunds.run().await.unwrap() }
    };
    at_once((0..8).map(settle).collect()).await;
    world.run_until_idle().await;
    assert_eq!(final_state(&world, held.id).await, cancelled_and_refunded());
    assert_eq!(fake(&world).refunds().len(), 1);
}

/// One run of the worker, which may find the store busy.
fn worker(world: &Arc<World>) -> Task<()> {
    let world = Arc::clone(world);
    Box::pin(async move {
        for swept in [world.use_cases().expire_holds.run().await, world.use_cases().reconcile.run().await] {
            assert!(swept.as_ref().is_ok_and(|_| true) || swept.as_ref().is_err_and(is_busy), "{swept:?}");
        }
        let settled = world.use_cases().process_refunds.run().await;
        assert!(settled.as_ref().is_ok_and(|_| true) || settled.as_ref().is_err_and(is_busy), "{settled:?}");
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

async fn concurrent_payment_and_cancellation(kind: Kind) {
    let world = open(kind).await;
    let mut all = Vec::new();
    for number in 0..ROUNDS {
        all.push(held(&world, slot(number)).await);
    }
    let mut tasks: Vec<Task<()>> = vec![worker(&world), worker(&world)];
    for held in &all {
        tasks.push(client_pays(&world, held));
        let (world, held) = (Arc::clone(&world), held.clone());
        tasks.push(Box::pin(async move {
            alter(&world, Who::Owner, &held).await;
        }));
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
    let mut all = Vec::new();
    for number in 0..ROUNDS {
        all.push(held(&world, slot(number)).await);
    }
    world.pass(minutes(15));
    let mut tasks: Vec<Task<()>> = (0..4).map(|_| worker(&world)).collect();
    tasks.extend(all.iter().map(|held| client_pays(&world, held)));
    at_once(tasks).await;
    world.run_until_idle().await;
    for held in all {
        let ended = final_state(&world, held.id).await;
        let is_paid =
            fake(&world).checkouts().iter().any(|s| s["id"] == *held.checkout && s["payment_status"] == "paid");
        assert_eq!(ended, if is_paid { paid_in_full() } else { expired_unpaid() });
    }
}

async fn concurrent_payment_and_booking_of_the_slot(kind: Kind) {
    let world = open(kind).await;
    let mut all = Vec::new();
    for number in 0..ROUNDS {
        all.push(held(&world, slot(number)).await);
    }
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
        let ended = final_state(&world, held.id).await;
        let takers = snapshot
            .values()
            .filter(|f| f.booking.scheduled_at() == slot(number) && f.booking.status().blocks_calendar());
        assert!(takers.count() <= 1);
        // The slot is released only after Stripe reported it unpaid, so a client who paid has it.
        let is_paid =
            fake(&world).checkouts().iter().any(|s| s["id"] == *held.checkout && s["payment_status"] == "paid");
        assert_eq!(ended, if is_paid { paid_in_full() } else { expired_unpaid() });
    }
}

async fn concurrent_workers(kind: Kind) {
    let world = open(kind).await;
    let (mut unpaid, mut late, mut off) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..6 {
        unpaid.push(held(&world, slot(3 * number)).await);
        late.push(held(&world, slot(3 * number + 1)).await);
        off.push(paid(&world, slot(3 * number + 2)).await.0);
    }
    for held in &late {
        assert_eq!(alter(&world, Who::Owner, held).await, Outcome::Done);
        fake(&world).pay(&held.checkout);
    }
    for held in &off {
        assert_eq!(alter(&world, Who::Owner, held).await, Outcome::Done);
    }
    world.pass(minutes(15));
    for _ in 0..4 {
        at_once((0..6).map(|_| worker(&world)).collect()).await;
        world.check_ledger().await;
        world.pass(minutes(1));
    }
    world.run_until_idle().await;
    for held in unpaid {
        assert_eq!(final_state(&world, held.id).await, expired_unpaid());
    }
    for held in late {
        assert_eq!(final_state(&world, held.id).await, late_payment_refunded(BookingStatus::Cancelled));
    }
    for held in off {
        assert_eq!(final_state(&world, held.id).await, cancelled_and_refunded());
    }
    assert_eq!(fake(&world).refunds().len(), 12);
}

/// Refunds by therapists, a cancellation and dashboard refunds at once never exceed the payment.
async fn concurrent_refunds_of_all_kinds(kind: Kind) {
    let world = open(kind).await;
    let (held, payment) = paid(&world, slot(0)).await;
    let mut tasks: Vec<Task<()>> = (0..4).map(|_| worker(&world)).collect();
    for number in 0..12 {
        let world = Arc::clone(&world);
        tasks.push(Box::pin(async move {
            let share = attune_test_scenarios::Share::Cents(PRICE / 4 + number);
            match world.refund_payment(held_id(&world).await, share).await {
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
    {
        let (world, held) = (Arc::clone(&world), held.clone());
        tasks.push(Box::pin(async move {
            alter(&world, Who::Owner, &held).await;
        }));
    }
    at_once(tasks).await;
    world.check_ledger().await;
    deliver_webhooks(&world, &fake(&world).events()).await;
    world.run_until_idle().await;
    assert_eq!(status(&world, held.id).await.0, BookingStatus::Cancelled);
    let back: i64 = fake(&world).refunds().iter().filter_map(|refund| refund["amount"].as_i64()).sum();
    assert!(back <= PRICE, "{back}");
    let ended = final_state(&world, held.id).await;
    assert_eq!(ended.held, PRICE - back, "{ended:?}");
}

async fn held_id(world: &World) -> attune_domain::BookingId {
    *world.snapshot().await.keys().next().unwrap()
}

async fn concurrent_requests_for_a_checkout(kind: Kind) {
    let world = open(kind).await;
    fake(&world).script([attune_test_stripe::Behaviour::Refuse { status: 500, advice: Some(false) }]);
    let created = world.use_cases().create_booking.run(booking_command(&world, 0, slot(0))).await.unwrap();
    let attune_application::Idempotent::Executed(created) = created else { panic!("no idempotency key was used") };
    assert!(created.checkout.is_none());
    let ask = |_| {
        let (world, id) = (Arc::clone(&world), created.booking.id());
        async move { world.use_cases().open_checkout.run(id, world.clients[0]).await.unwrap().provider_checkout_id }
    };
    let mut checkout_ids = at_once((0..20).map(ask).collect()).await;
    checkout_ids.dedup();
    assert_eq!(checkout_ids.len(), 1);
    assert_eq!(fake(&world).checkouts().len(), 1);
    fake(&world).pay(&checkout_ids[0]);
    deliver_webhooks(&world, &fake(&world).events()).await;
    world.run_until_idle().await;
    assert_eq!(final_state(&world, created.booking.id()).await, paid_in_full());
}
