//! Stripe is down, slow, refuses, does what it is asked and does not say so, or says that it did not. IdempotentRequest it is back,
//! everything is as if it had never been away.

use std::collections::BTreeSet;
use std::time::Duration;

use attune_application::Idempotent;
use attune_application::payments::OpenCheckoutError;
use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Who, Why, World};
use attune_test_stripe::{Behaviour, Moment};
use jiff::SignedDuration;

use crate::{
    Ending, Held, PRICE, cancel, ending, fake, happy, held, lapsed, minutes, on, on_every_store, other_books, paid,
    slot, status, tell, wish,
};

/// How long an answer is waited for where some never come.
const SOON: Duration = Duration::from_millis(300);

const TROUBLE: [Behaviour; 8] = [
    Behaviour::Refuse { status: 500, advice: None },
    Behaviour::Refuse { status: 503, advice: Some(false) },
    Behaviour::Refuse { status: 409, advice: None },
    Behaviour::Refuse { status: 429, advice: Some(true) },
    Behaviour::FailAfterwards(500),
    Behaviour::FailAfterwards(503),
    Behaviour::Cut(Moment::Before),
    Behaviour::Cut(Moment::After),
];

/// What Stripe, or something before it, says of a request that it will never do.
const REFUSALS: [Behaviour; 2] =
    [Behaviour::Refuse { status: 302, advice: None }, Behaviour::Refuse { status: 400, advice: None }];

/// These take time, so one store has to do.
const SILENCE: [Behaviour; 2] = [Behaviour::Stall(Moment::Before), Behaviour::Stall(Moment::After)];

on_every_store! {
    trouble_while_a_checkout_is_opened
    trouble_while_a_checkout_is_ended
    trouble_while_money_is_given_back
    a_client_who_pays_while_stripe_cannot_be_asked_has_the_slot
    a_key_that_is_not_taken_any_more_gives_no_slot_away
}

/// All of it in memory; on the databases, which cannot tell one trouble from another, what does not happen, what happens
/// without an answer, and what happens and is denied.
fn trouble(kind: Kind) -> Vec<Behaviour> {
    match kind {
        Kind::Memory => TROUBLE.into_iter().chain(REFUSALS).collect(),
        Kind::Sqlite | Kind::Postgres => {
            vec![TROUBLE[0], Behaviour::Cut(Moment::After), Behaviour::FailAfterwards(500)]
        }
    }
}

async fn trouble_while_a_checkout_is_opened(kind: Kind) {
    // IdempotentRequest is mended by the client of Stripe itself, three times is an answer that does not come, and ten times is longer
    // than it is asked in the same words.
    let times: &[usize] = if kind == Kind::Memory { &[1, 3, 10] } else { &[3] };
    for behaviour in trouble(kind) {
        for &times in times {
            for worker in [false, true] {
                opening(&on(kind.fresh().await).await, behaviour, times, worker).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_while_a_checkout_is_opened() {
    for behaviour in SILENCE {
        for times in [1, 3] {
            let mut world = on(Kind::Memory.fresh().await).await;
            world.hurry(SOON);
            opening(&world, behaviour, times, true).await;
        }
    }
}

/// The client asks where to pay until there is an answer, pays, and has the checkout.
async fn opening(world: &World, behaviour: Behaviour, times: usize, worker: bool) {
    let what = format!("{behaviour:?} {times} times, worker: {worker}");
    fake(world).script(std::iter::repeat_n(behaviour, times));
    let Idempotent::Executed(placed) = world.use_cases().create_booking.run(wish(world, 0, slot(0))).await.unwrap()
    else {
        panic!("nothing was asked twice")
    };
    let id = placed.booking.id();
    let mut told: BTreeSet<String> = placed.checkout.into_iter().map(|payment| payment.provider_checkout_id).collect();
    for _ in 0..20 {
        if !told.is_empty() {
            break;
        }
        world.pass(SignedDuration::from_secs(31));
        if worker {
            world.work().await;
        }
        match world.use_cases().open_checkout.run(id, world.clients[0]).await {
            Ok(payment) => drop(told.insert(payment.provider_checkout_id)),
            Err(OpenCheckoutError::Provider(_)) => {}
            Err(other) => panic!("{what}: {other:?}"),
        }
        world.check_books().await;
    }
    // IdempotentRequest told, always told the same.
    for _ in 0..3 {
        world.pass(SignedDuration::from_secs(61));
        world.work().await;
        told.insert(world.use_cases().open_checkout.run(id, world.clients[0]).await.unwrap().provider_checkout_id);
    }
    assert_eq!(told.len(), 1, "{what}");
    let checkout = told.pop_first().unwrap();
    fake(world).pay(&checkout);
    tell(world, &fake(world).events()).await;
    // What was opened without anybody knowing ends by itself, unpaid.
    world.pass(SignedDuration::from_hours(26));
    tell(world, &fake(world).events()).await;
    world.rest().await;
    for other in fake(world).checkouts().iter().filter(|other| other["id"] != *checkout) {
        assert_eq!((&other["status"], &other["payment_status"]), (&"expired".into(), &"unpaid".into()), "{what}");
    }
    let ended = ending(world, id).await;
    let settled = ended.payments.iter().filter(|(state, _)| state.is_paid()).count();
    assert_eq!(settled, 1, "{what}: {ended:?}");
    assert_eq!(Ending { payments: happy().payments, ..ended }, happy(), "{what}");
}

async fn trouble_while_a_checkout_is_ended(kind: Kind) {
    for behaviour in trouble(kind) {
        closing(&on(kind.fresh().await).await, behaviour).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_while_a_checkout_is_ended() {
    for behaviour in SILENCE {
        let mut world = on(Kind::Memory.fresh().await).await;
        world.hurry(SOON);
        closing(&world, behaviour).await;
    }
}

/// While Stripe cannot be asked, a slot stays with whoever may be paying for it.
async fn closing(world: &World, behaviour: Behaviour) {
    let first = held(world, slot(0)).await;
    world.pass(minutes(15));
    fake(world).set_default(behaviour);
    for _ in 0..3 {
        assert_eq!(other_books(world, slot(0)).await, Err(Why::BusyTimes), "{behaviour:?}");
        assert_eq!(status(world, first.id).await, (BookingStatus::PendingPayment, PaymentStatus::Pending));
        world.work().await;
        world.check_books().await;
        world.pass(SignedDuration::from_secs(31));
    }
    fake(world).set_default(Behaviour::Succeed);
    assert!(other_books(world, slot(0)).await.is_ok(), "{behaviour:?}");
    assert!(fake(world).try_pay(&first.checkout).is_none(), "{behaviour:?}");
    tell(world, &fake(world).events()).await;
    world.rest().await;
    assert_eq!(ending(world, first.id).await, lapsed(), "{behaviour:?}");
}

async fn a_client_who_pays_while_stripe_cannot_be_asked_has_the_slot(kind: Kind) {
    for behaviour in trouble(kind) {
        let world = on(kind.fresh().await).await;
        let first = held(&world, slot(0)).await;
        world.pass(minutes(15));
        // The worker marks the checkout to be ended, and cannot end it.
        fake(&world).set_default(Behaviour::Refuse { status: 500, advice: Some(false) });
        world.work().await;
        fake(&world).pay(&first.checkout);
        fake(&world).set_default(behaviour);
        world.pass(SignedDuration::from_secs(31));
        world.work().await;
        assert_eq!(other_books(&world, slot(0)).await, Err(Why::BusyTimes), "{behaviour:?}");
        fake(&world).set_default(Behaviour::Succeed);
        world.pass(SignedDuration::from_secs(31));
        assert_eq!(other_books(&world, slot(0)).await, Err(Why::BusyTimes), "{behaviour:?}");
        assert_eq!(ending(&world, first.id).await, happy(), "{behaviour:?}");
        world.rest().await;
    }
}

async fn trouble_while_money_is_given_back(kind: Kind) {
    for behaviour in trouble(kind).into_iter().filter(|behaviour| !REFUSALS.contains(behaviour)) {
        for times in [1, 3, 7] {
            giving_back(&on(kind.fresh().await).await, behaviour, times).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_while_money_is_given_back() {
    for behaviour in SILENCE {
        let mut world = on(Kind::Memory.fresh().await).await;
        world.hurry(SOON);
        giving_back(&world, behaviour, 3).await;
    }
}

/// However often it is asked for, in the same words each time, the money goes back once; also when Stripe forgot the words.
async fn giving_back(world: &World, behaviour: Behaviour, times: usize) {
    let (held, _) = paid(world, slot(0)).await;
    assert_eq!(world.alter(cancel(world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    // The first request looks whether it was given back before.
    fake(world).script(std::iter::once(Behaviour::Succeed).chain(std::iter::repeat_n(behaviour, times)));
    for _ in 0..8 {
        world.work().await;
        world.check_books().await;
        world.pass(minutes(5));
    }
    world.pass(SignedDuration::from_hours(48));
    fake(world).purge_idempotency_keys();
    fake(world).script([]);
    world.rest().await;
    tell(world, &fake(world).events()).await;
    world.rest().await;
    let expected = Ending {
        status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
        held: 0,
        returns: 1,
        ..happy()
    };
    assert_eq!(ending(world, held.id).await, expected, "{behaviour:?} {times} times");
    assert_eq!(fake(world).refunds().len(), 1, "{behaviour:?} {times} times");
    let requests = fake(world).requests();
    let asked = requests.iter().filter(|request| request.method == "POST" && request.path == "/v1/refunds");
    let keys: BTreeSet<_> = asked.map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 1, "{behaviour:?} {times} times");
}

/// Somebody changes the key in Stripe's dashboard and not here.
async fn a_key_that_is_not_taken_any_more_gives_no_slot_away(kind: Kind) {
    let world = on(kind.fresh().await).await;
    let first: Held = held(&world, slot(0)).await;
    fake(&world).set_secret_key("sk_test_another");
    world.pass(minutes(15));
    for _ in 0..3 {
        world.work().await;
        assert_eq!(other_books(&world, slot(0)).await, Err(Why::BusyTimes));
        world.pass(minutes(1));
    }
    fake(&world).pay(&first.checkout);
    fake(&world).set_secret_key(attune_test_stripe::FakeStripe::SECRET_KEY);
    world.rest().await;
    assert_eq!(ending(&world, first.id).await, happy());
}
