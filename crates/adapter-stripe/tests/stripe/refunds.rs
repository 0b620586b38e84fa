//! Refunds are made once, whatever happens.

use attune_ports::{OnlinePayments, RefundRequest, RefundState};
use attune_test_stripe::{Behaviour, Moment};

use super::*;

/// A paid checkout of 100 EUR.
async fn paid(fake: &FakeStripe) -> RefundRequest {
    let payment = fake.pay(&opened(fake).await.id);
    RefundRequest {
        provider_payment_id: payment,
        booking: booking(),
        amount: money(10_000, "EUR"),
        idempotency_key: "refund-1".to_owned(),
    }
}

fn total(fake: &FakeStripe) -> i64 {
    fake.refunds().iter().map(|refund| refund["amount"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn a_refund_succeeds() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let request = paid(&fake).await;
    let refund = gateway.refund(&request).await.unwrap();
    assert_eq!((refund.state, refund.amount), (RefundState::Succeeded, money(10_000, "EUR")));
    assert_eq!(gateway.refund_state(&refund.id).await.unwrap(), Some(refund.clone()));
    assert_eq!(gateway.refund_state("re_nobody").await.unwrap(), None);

    let sent = fake.requests().into_iter().rfind(|sent| sent.method == "POST").unwrap();
    assert_eq!(sent.header("idempotency-key"), Some("refund-refund-1"));
    assert_eq!(sent.field("amount"), Some("10000"));
    assert_eq!(sent.field("metadata[booking_id]"), Some("42"));
    assert_discreet(&format!("{request:?} {refund:?}"));
    assert!(!format!("{refund:?}").contains("re_"));
}

#[tokio::test]
async fn a_refund_can_be_pending_and_can_fail() {
    let fake = FakeStripe::start();
    fake.set_slow_refunds(true);
    let gateway = gateway(&fake);
    let request = paid(&fake).await;
    let refund = gateway.refund(&request).await.unwrap();
    assert_eq!(refund.state, RefundState::Pending);
    fake.settle_refund(&refund.id);
    assert_eq!(gateway.refund(&request).await.unwrap().state, RefundState::Succeeded, "as it stands now");
    fake.fail_refund(&refund.id);
    assert_eq!(gateway.refund_state(&refund.id).await.unwrap().unwrap().state, RefundState::Failed);
    assert_eq!(gateway.refund(&request).await.unwrap().state, RefundState::Failed, "the same key is the same refund");
    let again = RefundRequest { idempotency_key: "refund-2".to_owned(), ..request };
    assert_eq!(gateway.refund(&again).await.unwrap().state, RefundState::Pending);
    assert_eq!(fake.refunds().len(), 2);
}

#[tokio::test]
async fn partial_refunds_cannot_exceed_the_price() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let whole = paid(&fake).await;
    let part = |minor, key: &str| RefundRequest {
        amount: money(minor, "EUR"),
        idempotency_key: key.to_owned(),
        ..whole.clone()
    };
    gateway.refund(&part(2_500, "a")).await.unwrap();
    assert_refused(gateway.refund(&part(7_501, "b")).await);
    gateway.refund(&part(7_500, "c")).await.unwrap();
    let told = assert_refused(gateway.refund(&part(1, "d")).await);
    assert!(told.contains("charge_already_refunded"), "{told}");
    assert_eq!(total(&fake), 10_000);
}

#[tokio::test]
async fn the_same_key_refunds_once_however_much_later() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let part = RefundRequest { amount: money(2_500, "EUR"), ..paid(&fake).await };
    let first = gateway.refund(&part).await.unwrap();
    fake.purge_idempotency_keys();
    fake.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(gateway.refund(&part).await.unwrap(), first);
    let other = RefundRequest { amount: money(2_600, "EUR"), ..part.clone() };
    assert_refused(gateway.refund(&other).await);
    assert_eq!(total(&fake), 2_500);
}

#[tokio::test]
async fn fifty_concurrent_requests_refund_once() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let part = RefundRequest { amount: money(100, "EUR"), ..paid(&fake).await };
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (gateway, part) = (gateway.clone(), part.clone());
            tokio::spawn(async move { gateway.refund(&part).await.unwrap().id })
        })
        .collect();
    let mut references = Vec::new();
    for task in tasks {
        references.push(task.await.unwrap());
    }
    references.dedup();
    assert_eq!(references.len(), 1);
    assert_eq!(total(&fake), 100);
}

#[tokio::test]
async fn a_lost_response_causes_no_second_refund() {
    for fault in [
        Behaviour::Cut(Moment::Before),
        Behaviour::Cut(Moment::After),
        Behaviour::Refuse { status: 503, advice: None },
        Behaviour::Refuse { status: 409, advice: None },
        Behaviour::Refuse { status: 429, advice: None },
    ] {
        let fake = FakeStripe::start();
        let gateway = gateway(&fake);
        let request = RefundRequest { amount: money(2_500, "EUR"), ..paid(&fake).await };
        // IdempotentRequest while it looks, once while it gives.
        fake.script([fault, Behaviour::Succeed, fault]);
        assert_eq!(gateway.refund(&request).await.unwrap().state, RefundState::Succeeded, "{fault:?}");
        assert_eq!(total(&fake), 2_500, "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_after_the_refund_is_detected_by_the_next_attempt() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let request = RefundRequest { amount: money(2_500, "EUR"), ..paid(&fake).await };
    fake.script([Behaviour::Succeed, Behaviour::FailAfterwards(500)]);
    assert_unavailable(gateway.refund(&request).await);
    assert_eq!(gateway.refund(&request).await.unwrap().state, RefundState::Succeeded);
    assert_eq!(total(&fake), 2_500);
}

#[tokio::test]
async fn impossible_refunds_are_refused() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let good = paid(&fake).await;
    let asked = fake.requests().len();
    let long = "k".repeat(201);
    for key in ["", "a b", "a\n", "é", &long] {
        assert_refused(gateway.refund(&RefundRequest { idempotency_key: key.to_owned(), ..good.clone() }).await);
    }
    for payment in ["", "pi/..", "pi_1?x"] {
        assert_refused(
            gateway.refund(&RefundRequest { provider_payment_id: payment.to_owned(), ..good.clone() }).await,
        );
    }
    assert_refused(gateway.refund(&RefundRequest { amount: money(0, "EUR"), ..good.clone() }).await);
    assert_eq!(fake.requests().len(), asked, "none of these was asked for");
    assert_refused(
        gateway.refund(&RefundRequest { provider_payment_id: "pi_nobody".to_owned(), ..good.clone() }).await,
    );
    assert_eq!(total(&fake), 0);
}

#[tokio::test]
async fn too_many_refunds_to_search_are_an_error() {
    let fake = FakeStripe::start();
    let gateway = gateway(&fake);
    let whole = paid(&fake).await;
    let cent =
        |number: u32| RefundRequest { amount: money(1, "EUR"), idempotency_key: format!("r{number}"), ..whole.clone() };
    for number in 0..101 {
        gateway.refund(&cent(number)).await.unwrap();
    }
    fake.purge_idempotency_keys();
    // The oldest is no longer on the first page, so it cannot be found.
    assert_refused(gateway.refund(&cent(0)).await);
    assert_eq!(gateway.refund(&cent(1)).await.unwrap().state, RefundState::Succeeded);
    assert_eq!(total(&fake), 101);
}
