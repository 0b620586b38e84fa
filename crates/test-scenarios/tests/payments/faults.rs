//! Stripe is down, slow, refuses, or carries out a request whose response is lost or wrong. Once it works again, the
//! result is the same as without the fault.

use std::collections::BTreeSet;
use std::time::Duration;

use attune_application::payments::OpenCheckoutError;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_test_scenarios::{Kind, Rejection, World, on_every_store};
use attune_test_stripe::{Behaviour, Moment};
use jiff::SignedDuration;

use crate::{
    FinalState, book, book_as_other_client, cancelled_and_refunded, client_cancels, deliver_all, deliver_webhooks,
    expired_unpaid, fake, final_state, held, minutes, on, open_with_hold, paid, paid_in_full, slot, status,
};

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

/// Responses that mean that the request will never be carried out.
const REFUSALS: [Behaviour; 2] =
    [Behaviour::Refuse { status: 302, advice: None }, Behaviour::Refuse { status: 400, advice: None }];

/// These take time, so they run on one store only.
const TIMEOUTS: [Behaviour; 2] = [Behaviour::Stall(Moment::Before), Behaviour::Stall(Moment::After)];

on_every_store! {
    faults_while_a_checkout_is_opened
    faults_while_a_checkout_is_ended
    faults_while_a_payment_is_refunded
    a_payment_during_an_outage_keeps_the_slot
    a_revoked_api_key_releases_no_slot
}

/// All faults in memory; on the databases, where the cause of a fault makes no difference, one of each effect: not
/// carried out, response lost, wrong response.
fn faults(kind: Kind) -> Vec<Behaviour> {
    match kind {
        Kind::Memory => FAULTS.into_iter().chain(REFUSALS).collect(),
        Kind::Sqlite | Kind::Postgres => {
            vec![FAULTS[0], Behaviour::Cut(Moment::After), Behaviour::FailAfterwards(500)]
        }
    }
}

async fn faults_while_a_checkout_is_opened(kind: Kind) {
    // The Stripe client itself retries once; three faults are a failed request; ten outlast the retries with the same
    // idempotency key.
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

/// The client requests a checkout until one is returned, and pays.
async fn check_opening(world: &World, behaviour: Behaviour, times: usize, worker: bool) {
    let what = format!("{behaviour:?} {times} times, worker: {worker}");
    fake(world).script(std::iter::repeat_n(behaviour, times));
    let (id, checkout) = book(world, slot(0)).await;
    let mut checkout_ids: BTreeSet<String> = checkout.into_iter().collect();
    for _ in 0..20 {
        if !checkout_ids.is_empty() {
            break;
        }
        world.pass(SignedDuration::from_secs(31));
        if worker {
            world.work().await;
        }
        match world.use_cases().open_checkout.run(id, world.clients[0]).await {
            Ok(payment) => drop(checkout_ids.insert(payment.provider_checkout_id)),
            Err(OpenCheckoutError::Provider(_)) => {}
            Err(other) => panic!("{what}: {other:?}"),
        }
        world.check_ledger().await;
    }
    // From then on the same checkout is returned.
    for _ in 0..3 {
        world.pass(SignedDuration::from_secs(61));
        world.work().await;
        let payment = world.use_cases().open_checkout.run(id, world.clients[0]).await.unwrap();
        checkout_ids.insert(payment.provider_checkout_id);
    }
    assert_eq!(checkout_ids.len(), 1, "{what}");
    let checkout = checkout_ids.pop_first().unwrap();
    fake(world).pay(&checkout);
    deliver_webhooks(world, &fake(world).events()).await;
    // A checkout that no one knows expires unpaid.
    world.pass(SignedDuration::from_hours(26));
    deliver_all(world).await;
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

/// During an outage a slot stays with the client who may have paid.
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
    deliver_all(world).await;
    assert_eq!(final_state(world, first.id).await, expired_unpaid(), "{behaviour:?}");
}

async fn a_payment_during_an_outage_keeps_the_slot(kind: Kind) {
    for behaviour in faults(kind) {
        let (world, first) = open_with_hold(kind).await;
        world.pass(minutes(15));
        // The worker marks the checkout as closing but cannot expire it.
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

/// However often the request is repeated, the payment is refunded once, even after Stripe purged the idempotency key.
async fn check_refunding(world: &World, behaviour: Behaviour, times: usize) {
    let (held, _) = paid(world, slot(0)).await;
    client_cancels(world, &held).await;
    // The first request looks for an existing refund.
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
    deliver_all(world).await;
    assert_eq!(final_state(world, held.id).await, cancelled_and_refunded(), "{behaviour:?} {times} times");
    assert_eq!(fake(world).refunds().len(), 1, "{behaviour:?} {times} times");
    let requests = fake(world).requests();
    let refund_requests = requests.iter().filter(|request| request.method == "POST" && request.path == "/v1/refunds");
    let keys: BTreeSet<_> = refund_requests.map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 1, "{behaviour:?} {times} times");
}

/// The API key is rolled in Stripe's dashboard but not here.
async fn a_revoked_api_key_releases_no_slot(kind: Kind) {
    let (world, first) = open_with_hold(kind).await;
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
