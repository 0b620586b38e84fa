//! Many at one moment: one effect, one legal state, and the books agree.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Who, Why, World, at_once};

use crate::{
    Ending, Held, PRICE, cancel, ending, fake, happy, hear, held, is_busy, lapsed, minutes, on_every_store, open, paid,
    slot, status, tell, too_late, wish,
};

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Bookings that go through the same at once.
const ROUNDS: usize = 12;

on_every_store! {
    an_event_told_a_hundred_times_at_once_has_one_effect
    fifty_cancels_at_once_give_back_once
    paying_and_calling_off_at_once
    paying_as_the_hold_runs_out
    paying_while_somebody_else_takes_the_slot
    many_workers_at_once
    many_ways_to_give_back_at_once
    many_ask_where_to_pay_at_once
}

async fn an_event_told_a_hundred_times_at_once_has_one_effect(kind: Kind) {
    let world = open(kind).await;
    let held = held(&world, slot(0)).await;
    let money = fake(&world).pay(&held.checkout);
    let refund = fake(&world).refund_in_dashboard(&money, 1).unwrap();
    fake(&world).fail_refund(&refund);
    for event in fake(&world).events() {
        let tell = |_| {
            let (world, event) = (Arc::clone(&world), event.clone());
            async move { hear(&world, &event).await.unwrap() }
        };
        let answers = at_once((0..100).map(tell).collect()).await;
        let applied =
            answers.iter().filter(|heard| **heard == attune_application::payments::WebhookOutcome::Applied).count();
        assert_eq!(applied, 1, "{}: {answers:?}", event.kind);
        world.check_books().await;
    }
    world.rest().await;
    let expected = Ending {
        refunds: vec![(RefundStage::Failed, 1, RefundCause::External)],
        returns: 1,
        problems: vec!["refund_failed"],
        ..happy()
    };
    assert_eq!(ending(&world, held.id).await, expected);
}

/// Asks again when the store has no time.
async fn alter(world: &World, who: Who, held: &Held) -> Outcome {
    loop {
        match world.alter(cancel(world, who, held.id)).await {
            Ok(outcome) => return outcome,
            Err(error) => assert!(is_busy(&error), "{error:?}"),
        }
    }
}

fn called_off() -> Ending {
    Ending {
        status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
        held: 0,
        returns: 1,
        ..happy()
    }
}

async fn fifty_cancels_at_once_give_back_once(kind: Kind) {
    let world = open(kind).await;
    let (held, _) = paid(&world, slot(0)).await;
    let calls = |number: usize| {
        let (world, held) = (Arc::clone(&world), held.clone());
        async move { alter(&world, if number.is_multiple_of(2) { Who::Owner } else { Who::Therapist }, &held).await }
    };
    let answers = at_once((0..50).map(calls).collect()).await;
    let done = answers.iter().filter(|outcome| **outcome == Outcome::Done).count();
    let refused = answers.iter().filter(|outcome| **outcome == Outcome::Refused(Why::InvalidState)).count();
    assert_eq!((done, refused), (1, 49), "{answers:?}");
    let settle = |_| {
        let world = Arc::clone(&world);
        async move { world.use_cases().process_refunds.run().await.unwrap() }
    };
    at_once((0..8).map(settle).collect()).await;
    world.rest().await;
    assert_eq!(ending(&world, held.id).await, called_off());
    assert_eq!(fake(&world).refunds().len(), 1);
}

/// One look of the worker, which may find everybody else at work.
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

/// Stripe tells of whatever happened at a checkout by now.
fn news(world: &Arc<World>, held: &Held) -> Task<()> {
    let (world, held) = (Arc::clone(world), held.clone());
    Box::pin(async move {
        for event in fake(&world).events().iter().filter(|event| event.body.contains(&held.checkout)) {
            hear(&world, event).await.unwrap();
        }
    })
}

/// The client presses the button on Stripe's page, if it is still there, and Stripe tells of it.
fn client_pays(world: &Arc<World>, held: &Held) -> Task<()> {
    let (told, held, world) = (news(world, held), held.clone(), Arc::clone(world));
    Box::pin(async move {
        fake(&world).try_pay(&held.checkout);
        told.await;
    })
}

async fn paying_and_calling_off_at_once(kind: Kind) {
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
    world.rest().await;
    for held in all {
        let ended = ending(&world, held.id).await;
        let unpaid = Ending { status: (BookingStatus::Cancelled, PaymentStatus::Cancelled), ..lapsed() };
        // What came in before it was called off goes back as agreed; what came after it, as of no use.
        let legal = [called_off(), too_late(BookingStatus::Cancelled), unpaid];
        assert!(legal.contains(&ended), "{ended:?}");
    }
}

async fn paying_as_the_hold_runs_out(kind: Kind) {
    let world = open(kind).await;
    let mut all = Vec::new();
    for number in 0..ROUNDS {
        all.push(held(&world, slot(number)).await);
    }
    world.pass(minutes(15));
    let mut tasks: Vec<Task<()>> = (0..4).map(|_| worker(&world)).collect();
    tasks.extend(all.iter().map(|held| client_pays(&world, held)));
    at_once(tasks).await;
    world.rest().await;
    for held in all {
        let ended = ending(&world, held.id).await;
        let is_paid =
            fake(&world).checkouts().iter().any(|s| s["id"] == *held.checkout && s["payment_status"] == "paid");
        assert_eq!(ended, if is_paid { happy() } else { lapsed() });
    }
}

async fn paying_while_somebody_else_takes_the_slot(kind: Kind) {
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
                match world.book(wish(&world, 1, slot(number))).await {
                    Ok(Outcome::Booked(_) | Outcome::Refused(Why::BusyTimes | Why::HoldExists)) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => assert!(is_busy(&error), "{error:?}"),
                }
            }));
        }
    }
    at_once(tasks).await;
    world.rest().await;
    if kind != Kind::Memory {
        assert_eq!(world.stores.overlaps().await, 0);
    }
    let facts = world.facts().await;
    for (number, held) in all.iter().enumerate() {
        let ended = ending(&world, held.id).await;
        let takers =
            facts.values().filter(|f| f.booking.scheduled_at() == slot(number) && f.booking.status().blocks_calendar());
        assert!(takers.count() <= 1);
        // Nobody gets the slot before Stripe has said that it is not paid for; so whoever paid has it.
        let is_paid =
            fake(&world).checkouts().iter().any(|s| s["id"] == *held.checkout && s["payment_status"] == "paid");
        assert_eq!(ended, if is_paid { happy() } else { lapsed() });
    }
}

async fn many_workers_at_once(kind: Kind) {
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
        world.check_books().await;
        world.pass(minutes(1));
    }
    world.rest().await;
    for held in unpaid {
        assert_eq!(ending(&world, held.id).await, lapsed());
    }
    for held in late {
        assert_eq!(ending(&world, held.id).await, too_late(BookingStatus::Cancelled));
    }
    for held in off {
        assert_eq!(ending(&world, held.id).await, called_off());
    }
    assert_eq!(fake(&world).refunds().len(), 12);
}

/// Therapists give back, the client calls off, somebody gives back by hand at Stripe: nobody gets more than they paid.
async fn many_ways_to_give_back_at_once(kind: Kind) {
    let world = open(kind).await;
    let (held, money) = paid(&world, slot(0)).await;
    let mut tasks: Vec<Task<()>> = (0..4).map(|_| worker(&world)).collect();
    for number in 0..12 {
        let world = Arc::clone(&world);
        tasks.push(Box::pin(async move {
            let share = attune_test_scenarios::Share::Cents(PRICE / 4 + number);
            match world.give_back(held_id(&world).await, share).await {
                Ok(Outcome::Done | Outcome::Refused(Why::RefundInProgress | Why::TooMuch | Why::NothingLeft)) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert!(is_busy(&error), "{error:?}"),
            }
        }));
    }
    for _ in 0..3 {
        let (world, money) = (Arc::clone(&world), money.clone());
        tasks.push(Box::pin(async move { drop(fake(&world).refund_in_dashboard(&money, PRICE / 5)) }));
    }
    {
        let (world, held) = (Arc::clone(&world), held.clone());
        tasks.push(Box::pin(async move {
            alter(&world, Who::Owner, &held).await;
        }));
    }
    at_once(tasks).await;
    world.check_books().await;
    tell(&world, &fake(&world).events()).await;
    world.rest().await;
    assert_eq!(status(&world, held.id).await.0, BookingStatus::Cancelled);
    let back: i64 = fake(&world).refunds().iter().filter_map(|refund| refund["amount"].as_i64()).sum();
    assert!(back <= PRICE, "{back}");
    let ended = ending(&world, held.id).await;
    assert_eq!(ended.held, PRICE - back, "{ended:?}");
}

/// The only booking there is.
async fn held_id(world: &World) -> attune_domain::BookingId {
    *world.facts().await.keys().next().unwrap()
}

async fn many_ask_where_to_pay_at_once(kind: Kind) {
    let world = open(kind).await;
    fake(&world).script([attune_test_stripe::Behaviour::Refuse { status: 500, advice: Some(false) }]);
    let placed = world.use_cases().create_booking.run(wish(&world, 0, slot(0))).await.unwrap();
    let attune_application::Idempotent::Executed(placed) = placed else { panic!("nothing was asked twice") };
    assert!(placed.checkout.is_none());
    let ask = |_| {
        let (world, id) = (Arc::clone(&world), placed.booking.id());
        async move { world.use_cases().open_checkout.run(id, world.clients[0]).await.unwrap().provider_checkout_id }
    };
    let mut told = at_once((0..20).map(ask).collect()).await;
    told.dedup();
    assert_eq!(told.len(), 1);
    assert_eq!(fake(&world).checkouts().len(), 1);
    fake(&world).pay(&told[0]);
    tell(&world, &fake(&world).events()).await;
    world.rest().await;
    assert_eq!(ending(&world, placed.booking.id()).await, happy());
}
