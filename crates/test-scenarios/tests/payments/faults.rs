//! Stripe is down, slow, refuses, does what it is asked and does not say so, or says that it did not. IdempotentRequest it is back,
//! everything is as if it had never been away.

use std::collections::BTreeSet;
use std::time::Duration;

use attune_application::Idempotent;
use attune_application::payments::OpenCheckoutError;
use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Rejection, Who, World};
use attune_test_stripe::{Behaviour, Moment};
use jiff::SignedDuration;

use crate::{
    FinalState, Held, PRICE, book_as_other_client, booking_command, cancel, deliver_webhooks, expired_unpaid, fake,
    final_state, held, minutes, on, on_every_store, paid, paid_in_full, slot, status,
};

/// How long an answer is waited for where some never come.
const SHORT_TIMEOUT: Duration = Duration::from_millis(300);

const FAULTS: [Behaviour; 8] = [
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
const TIMEOUTS: [Behaviour; 2] = [Behaviour::Stall(Moment::Before), Behaviour::Stall(Moment::After)];

on_every_store! {
    faults_while_a_checkout_is_opened
    faults_while_a_checkout_is_ended
    faults_while_a_payment_is_refunded
    a_payment_during_an_outage_keeps_the_slot
    a_revoked_api_key_releases_no_slot
}

/// All of it in memory; on the databases, which cannot tell one trouble from another, what does not happen, what happens
/// without an answer, and what happens and is denied.
fn faults(kind: Kind) -> Vec<Behaviour> {
    match kind {
        Kind::Memory => FAULTS.into_iter().chain(REFUSALS).collect(),
        Kind::Sqlite | Kind::Postgres => {
            vec![FAULTS[0], Behaviour::Cut(Moment::After), Behaviour::FailAfterwards(500)]
        }
    }
}

async fn faults_while_a_checkout_is_opened(kind: Kind) {
    // IdempotentRequest is mended by the client of Stripe itself, three times is an answer that does not come, and ten times is longer
    // than it is asked in the same words.
    let times: &[usize] = if kind == Kind::Memory { &[1, 3, 10] } else { &[3] };
    for behaviour in faults(kind) {
        for &times in times {
            for worker in [false, true] {
                check_opening(&on(kind.fresh().await).await, behaviour, times, worker).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_while_a_checkout_is_opened() {
    for behaviour in TIMEOUTS {
        for times in [1, 3] {
            let mut world = on(Kind::Memory.fresh().await).await;
            world.set_provider_timeout(SHORT_TIMEOUT);
            check_opening(&world, behaviour, times, true).await;
        }
    }
}

/// The client asks where to pay until there is an answer, pays, and has the checkout.
async fn check_opening(world: &World, behaviour: Behaviour, times: usize, worker: bool) {
    let what = format!("{behaviour:?} {times} times, worker: {worker}");
    fake(world).script(std::iter::repeat_n(behaviour, times));
    let Idempotent::Executed(created) =
        world.use_cases().create_booking.run(booking_command(world, 0, slot(0))).await.unwrap()
    else {
        panic!("nothing was asked twice")
    };
    let id = created.booking.id();
    let mut told: BTreeSet<String> = created.checkout.into_iter().map(|payment| payment.provider_checkout_id).collect();
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
        world.check_ledger().await;
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
    deliver_webhooks(world, &fake(world).events()).await;
    // What was opened without anybody knowing ends by itself, unpaid.
    world.pass(SignedDuration::from_hours(26));
    deliver_webhooks(world, &fake(world).events()).await;
    world.run_until_idle().await;
    for other in fake(world).checkouts().iter().filter(|other| other["id"] != *checkout) {
        assert_eq!((&other["status"], &other["payment_status"]), (&"expired".into(), &"unpaid".into()), "{what}");
    }
    let ended = final_state(world, id).await;
    let settled = ended.payments.iter().filter(|(state, _)| state.is_paid()).count();
    assert_eq!(settled, 1, "{what}: {ended:?}");
    assert_eq!(FinalState { payments: paid_in_full().payments, ..ended }, paid_in_full(), "{what}");
}

async fn faults_while_a_checkout_is_ended(kind: Kind) {
    for behaviour in faults(kind) {
        check_closing(&on(kind.fresh().await).await, behaviour).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_while_a_checkout_is_ended() {
    for behaviour in TIMEOUTS {
        let mut world = on(Kind::Memory.fresh().await).await;
        world.set_provider_timeout(SHORT_TIMEOUT);
        check_closing(&world, behaviour).await;
    }
}

/// While Stripe cannot be asked, a slot stays with whoever may be paying for it.
async fn check_closing(world: &World, behaviour: Behaviour) {
    let first = held(world, slot(0)).await;
    world.pass(minutes(15));
    fake(world).set_default(behaviour);
    for _ in 0..3 {
        assert_eq!(book_as_other_client(world, slot(0)).await, Err(Rejection::BusyTimes), "{behaviour:?}");
        assert_eq!(status(world, first.id).await, (BookingStatus::PendingPayment, PaymentStatus::Pending));
        world.work().await;
        world.check_ledger().await;
        world.pass(SignedDuration::from_secs(31));
    }
    fake(world).set_default(Behaviour::Succeed);
    assert!(book_as_other_client(world, slot(0)).await.is_ok(), "{behaviour:?}");
    assert!(fake(world).try_pay(&first.checkout).is_none(), "{behaviour:?}");
    deliver_webhooks(world, &fake(world).events()).await;
    world.run_until_idle().await;
    assert_eq!(final_state(world, first.id).await, expired_unpaid(), "{behaviour:?}");
}

async fn a_payment_during_an_outage_keeps_the_slot(kind: Kind) {
    for behaviour in faults(kind) {
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
        assert_eq!(book_as_other_client(&world, slot(0)).await, Err(Rejection::BusyTimes), "{behaviour:?}");
        fake(&world).set_default(Behaviour::Succeed);
        world.pass(SignedDuration::from_secs(31));
        assert_eq!(book_as_other_client(&world, slot(0)).await, Err(Rejection::BusyTimes), "{behaviour:?}");
        assert_eq!(final_state(&world, first.id).await, paid_in_full(), "{behaviour:?}");
        world.run_until_idle().await;
    }
}

async fn faults_while_a_payment_is_refunded(kind: Kind) {
    for behaviour in faults(kind).into_iter().filter(|behaviour| !REFUSALS.contains(behaviour)) {
        for times in [1, 3, 7] {
            check_refunding(&on(kind.fresh().await).await, behaviour, times).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_while_a_payment_is_refunded() {
    for behaviour in TIMEOUTS {
        let mut world = on(Kind::Memory.fresh().await).await;
        world.set_provider_timeout(SHORT_TIMEOUT);
        check_refunding(&world, behaviour, 3).await;
    }
}

/// However often it is asked for, in the same words each time, the money goes back once; also when Stripe forgot the words.
async fn check_refunding(world: &World, behaviour: Behaviour, times: usize) {
    let (held, _) = paid(world, slot(0)).await;
    assert_eq!(world.alter(cancel(world, Who::Owner, held.id)).await.unwrap(), Outcome::Done);
    // The first request looks whether it was given back before.
    fake(world).script(std::iter::once(Behaviour::Succeed).chain(std::iter::repeat_n(behaviour, times)));
    for _ in 0..8 {
        world.work().await;
        world.check_ledger().await;
        world.pass(minutes(5));
    }
    world.pass(SignedDuration::from_hours(48));
    fake(world).purge_idempotency_keys();
    fake(world).script([]);
    world.run_until_idle().await;
    deliver_webhooks(world, &fake(world).events()).await;
    world.run_until_idle().await;
    let expected = FinalState {
        status: (BookingStatus::Cancelled, PaymentStatus::Refunded),
        refunds: vec![(RefundStage::Succeeded, PRICE, RefundCause::Cancelled)],
        held: 0,
        refund_emails: 1,
        ..paid_in_full()
    };
    assert_eq!(final_state(world, held.id).await, expected, "{behaviour:?} {times} times");
    assert_eq!(fake(world).refunds().len(), 1, "{behaviour:?} {times} times");
    let requests = fake(world).requests();
    let asked = requests.iter().filter(|request| request.method == "POST" && request.path == "/v1/refunds");
    let keys: BTreeSet<_> = asked.map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 1, "{behaviour:?} {times} times");
}

/// Somebody changes the key in Stripe's dashboard and not here.
async fn a_revoked_api_key_releases_no_slot(kind: Kind) {
    let world = on(kind.fresh().await).await;
    let first: Held = held(&world, slot(0)).await;
    fake(&world).set_secret_key("sk_test_another");
    world.pass(minutes(15));
    for _ in 0..3 {
        world.work().await;
        assert_eq!(book_as_other_client(&world, slot(0)).await, Err(Rejection::BusyTimes));
        world.pass(minutes(1));
    }
    fake(&world).pay(&first.checkout);
    fake(&world).set_secret_key(attune_test_stripe::FakeStripe::SECRET_KEY);
    world.run_until_idle().await;
    assert_eq!(final_state(&world, first.id).await, paid_in_full());
}
