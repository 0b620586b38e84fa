//! Refunds that Stripe refuses, that fail later, that are made in the dashboard, and that wait for each other.

use attune_domain::payment::RefundStage;
use attune_domain::{BookingStatus, PaymentStatus};
use attune_ports::RefundCause;
use attune_test_scenarios::{Kind, Outcome, Rejection, Share, World, on_every_store};
use attune_test_stripe::{Behaviour, Moment};

use crate::{
    FinalState, Held, PRICE, cancelled_and_refunded, client_cancels, deliver_all, deliver_webhooks, fake, final_state,
    minutes, open_with_payment, paid_in_full, send_webhook, status,
};

on_every_store! {
    a_refund_that_stripe_refuses_can_be_retried
    a_refund_that_fails_later_can_be_retried
    dashboard_refunds_are_recorded
    the_same_payment_refunded_in_the_dashboard_is_refunded_once
    two_refunds_wait_for_each_other
    a_refund_without_webhook_has_not_failed
    partial_refunds_never_exceed_the_payment
}

async fn refund(world: &World, held: &Held, share: Share) -> Outcome {
    world.refund_payment(held.id, share).await.unwrap()
}

/// The refund of a cancelled booking failed.
fn failed_refund() -> FinalState {
    FinalState {
        status: (BookingStatus::Cancelled, PaymentStatus::Succeeded),
        refunds: vec![(RefundStage::Failed, PRICE, RefundCause::Cancelled)],
        problems: vec!["refund_failed"],
        ..paid_in_full()
    }
}

fn retried_refund() -> FinalState {
    let refunds = vec![
        (RefundStage::Retried, PRICE, RefundCause::Cancelled),
        (RefundStage::Succeeded, PRICE, RefundCause::Requested),
    ];
    FinalState { refunds, ..cancelled_and_refunded() }
}

async fn a_refund_that_stripe_refuses_can_be_retried(kind: Kind) {
    let (world, held, _) = open_with_payment(kind).await;
    client_cancels(&world, &held).await;
    // Looked up, not found, refused permanently: the account cannot refund at the moment.
    fake(&world).script([Behaviour::Succeed, Behaviour::Refuse { status: 400, advice: None }]);
    world.work().await;
    world.run_until_idle().await;
    assert_eq!(final_state(&world, held.id).await, failed_refund(), "it is not retried automatically");

    assert_eq!(refund(&world, &held, Share::Rest).await, Outcome::Done);
    world.run_until_idle().await;
    assert_eq!(final_state(&world, held.id).await, retried_refund());
    assert_eq!(fake(&world).refunds().len(), 1);
}

async fn a_refund_that_fails_later_can_be_retried(kind: Kind) {
    for slowly in [true, false] {
        let (world, held, _) = open_with_payment(kind).await;
        fake(&world).set_slow_refunds(slowly);
        client_cancels(&world, &held).await;
        world.work().await;
        let failed = fake(&world).refunds()[0]["id"].as_str().unwrap().to_owned();
        fake(&world).fail_refund(&failed);
        deliver_all(&world).await;
        // The client was notified only if the refund had seemed successful.
        let failed = FinalState { refund_emails: usize::from(!slowly), ..failed_refund() };
        assert_eq!(final_state(&world, held.id).await, failed);

        fake(&world).set_slow_refunds(false);
        world.pass(minutes(10));
        assert_eq!(refund(&world, &held, Share::Rest).await, Outcome::Done);
        world.run_until_idle().await;
        deliver_webhooks(&world, &fake(&world).events()).await;
        let expected = FinalState { refund_emails: 1 + usize::from(!slowly), ..retried_refund() };
        assert_eq!(final_state(&world, held.id).await, expected);
        assert_eq!(fake(&world).refunds().len(), 2);
        assert_eq!(refund(&world, &held, Share::Rest).await, Outcome::Refused(Rejection::NothingLeft));
    }
}

async fn dashboard_refunds_are_recorded(kind: Kind) {
    let (world, held, payment) = open_with_payment(kind).await;
    fake(&world).refund_in_dashboard(&payment, 1_000).unwrap();
    fake(&world).set_slow_refunds(true);
    let slow = fake(&world).refund_in_dashboard(&payment, 2_000).unwrap();
    deliver_webhooks(&world, &fake(&world).events()).await;
    assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::RefundPending));
    // No webhook reports the slow refund; the worker asks.
    fake(&world).settle_refund(&slow);
    world.run_until_idle().await;
    let part = |minor| (RefundStage::Succeeded, minor, RefundCause::External);
    let expected = FinalState {
        status: (BookingStatus::Scheduled, PaymentStatus::PartiallyRefunded),
        refunds: vec![part(1_000), part(2_000)],
        held: PRICE - 3_000,
        refund_emails: 2,
        ..paid_in_full()
    };
    assert_eq!(final_state(&world, held.id).await, expected);

    // A cancellation refunds the rest.
    fake(&world).set_slow_refunds(false);
    client_cancels(&world, &held).await;
    world.run_until_idle().await;
    let ended = final_state(&world, held.id).await;
    assert_eq!((ended.status, ended.held), ((BookingStatus::Cancelled, PaymentStatus::Refunded), 0));
    assert_eq!(ended.refunds[2], (RefundStage::Succeeded, PRICE - 3_000, RefundCause::Cancelled));
}

/// The booking is cancelled, and before the worker runs, the payment is refunded in the dashboard.
async fn the_same_payment_refunded_in_the_dashboard_is_refunded_once(kind: Kind) {
    let (world, held, payment) = open_with_payment(kind).await;
    client_cancels(&world, &held).await;
    fake(&world).refund_in_dashboard(&payment, PRICE).unwrap();
    let event = fake(&world).events().pop().unwrap();
    // Our queued refund and the dashboard's concern the same payment; which one Stripe refuses is still open.
    assert!(send_webhook(&world, &event).await.is_err());
    world.work().await;
    deliver_webhooks(&world, &[event]).await;
    world.run_until_idle().await;
    let expected = FinalState {
        refunds: vec![
            (RefundStage::Failed, PRICE, RefundCause::Cancelled),
            (RefundStage::Succeeded, PRICE, RefundCause::External),
        ],
        problems: vec!["refund_failed"],
        ..cancelled_and_refunded()
    };
    assert_eq!(final_state(&world, held.id).await, expected);
    assert_eq!(fake(&world).refunds().len(), 1);
}

/// A partial refund followed by a cancellation: both refunds succeed, one after the other.
async fn two_refunds_wait_for_each_other(kind: Kind) {
    let (world, held, _) = open_with_payment(kind).await;
    fake(&world).set_slow_refunds(true);
    assert_eq!(refund(&world, &held, Share::Cents(1_000)).await, Outcome::Done);
    assert_eq!(refund(&world, &held, Share::Rest).await, Outcome::Refused(Rejection::RefundInProgress));
    client_cancels(&world, &held).await;
    world.work().await;
    world.pass(minutes(2));
    world.work().await;
    let there = fake(&world).refunds();
    assert_eq!(there.len(), 1, "the second waits: {there:?}");
    fake(&world).set_slow_refunds(false);
    fake(&world).settle_refund(there[0]["id"].as_str().unwrap());
    deliver_all(&world).await;
    let expected = FinalState {
        refunds: vec![
            (RefundStage::Succeeded, 1_000, RefundCause::Requested),
            (RefundStage::Succeeded, PRICE - 1_000, RefundCause::Cancelled),
        ],
        refund_emails: 2,
        ..cancelled_and_refunded()
    };
    assert_eq!(final_state(&world, held.id).await, expected);
}

/// Stripe has the refund but cannot be asked about it: a permission of our API key was removed.
async fn a_refund_without_webhook_has_not_failed(kind: Kind) {
    let (world, held, _) = open_with_payment(kind).await;
    fake(&world).set_slow_refunds(true);
    client_cancels(&world, &held).await;
    world.work().await;
    fake(&world).settle_refund(fake(&world).refunds()[0]["id"].as_str().unwrap());
    fake(&world).set_default(Behaviour::Refuse { status: 403, advice: None });
    for _ in 0..3 {
        world.pass(minutes(60));
        world.work().await;
        assert_eq!(status(&world, held.id).await, (BookingStatus::Cancelled, PaymentStatus::RefundPending));
    }
    fake(&world).set_default(Behaviour::Succeed);
    world.run_until_idle().await;
    assert_eq!(final_state(&world, held.id).await, cancelled_and_refunded());
}

/// The response to a refund is lost, and then looking it up is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_cannot_be_looked_up_has_not_failed() {
    let (world, held, _) = open_with_payment(Kind::Memory).await;
    client_cancels(&world, &held).await;
    let cut = Behaviour::Cut(Moment::After);
    fake(&world).script([Behaviour::Succeed, cut, cut, cut]);
    world.work().await;
    assert_eq!(fake(&world).refunds().len(), 1);
    world.pass(minutes(1));
    fake(&world).script([Behaviour::Refuse { status: 403, advice: None }]);
    world.work().await;
    world.run_until_idle().await;
    assert_eq!(final_state(&world, held.id).await, cancelled_and_refunded());
}

async fn partial_refunds_never_exceed_the_payment(kind: Kind) {
    let (world, held, payment) = open_with_payment(kind).await;
    let mut left = PRICE;
    for share in [1, 4_000, 3_000] {
        assert_eq!(refund(&world, &held, Share::Cents(share)).await, Outcome::Done);
        world.run_until_idle().await;
        world.pass(minutes(1));
        left -= share;
        assert_eq!(final_state(&world, held.id).await.held, left);
        assert_eq!(refund(&world, &held, Share::Cents(left + 1)).await, Outcome::Refused(Rejection::TooMuch));
    }
    assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::PartiallyRefunded));
    assert_eq!(refund(&world, &held, Share::Rest).await, Outcome::Done);
    world.run_until_idle().await;
    assert_eq!(status(&world, held.id).await, (BookingStatus::Scheduled, PaymentStatus::Refunded));
    assert_eq!(refund(&world, &held, Share::Cents(1)).await, Outcome::Refused(Rejection::NothingLeft));
    assert_eq!(fake(&world).refund_in_dashboard(&payment, 1), None, "not at Stripe either");
    deliver_webhooks(&world, &fake(&world).events()).await;
    let ended = final_state(&world, held.id).await;
    assert_eq!((ended.held, ended.refunds.len(), ended.refund_emails), (0, 4, 4));
}
