//! Refunds are made once, whatever happens.

use attune_ports::RefundState;
use attune_test_stripe::{Behaviour, Moment};

use super::*;

/// A paid checkout of 100 EUR.
async fn paid(fake: &FakeStripe) -> RefundRequest {
    refund_of(&fake.pay(&opened(fake).await.id), 10_000, "refund-1")
}

fn total(fake: &FakeStripe) -> i64 {
    fake.refunds().iter().map(|refund| refund["amount"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn a_refund_succeeds() {
    let (fake, gateway) = stripe();
    let request = paid(&fake).await;
    let refund = gateway.refund(&request).await.unwrap();
    assert_eq!((refund.state, refund.amount), (RefundState::Succeeded, money(10_000, "EUR")));
    assert_eq!(gateway.refund_state(&refund.id).await.unwrap(), Some(refund.clone()));
    assert_eq!(gateway.refund_state("re_unknown").await.unwrap(), None);

    let sent = fake.requests().into_iter().rfind(|sent| sent.method == "POST").unwrap();
    assert_eq!(sent.header("idempotency-key"), Some("refund-refund-1"));
    assert_eq!(sent.field("amount"), Some("10000"));
    assert_eq!(sent.field("metadata[booking_id]"), Some("42"));
    assert_discreet(&format!("{request:?} {refund:?}"));
    assert!(!format!("{refund:?}").contains("re_"));
}

#[tokio::test]
async fn a_refund_can_be_pending_and_can_fail() {
    let (fake, gateway) = stripe();
    fake.set_slow_refunds(true);
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
    let (fake, gateway) = stripe();
    let whole = paid(&fake).await;
    let part = |minor, key| refund_of(&whole.provider_payment_id, minor, key);
    gateway.refund(&part(2_500, "a")).await.unwrap();
    assert_refused(gateway.refund(&part(7_501, "b")).await);
    gateway.refund(&part(7_500, "c")).await.unwrap();
    let messages = assert_refused(gateway.refund(&part(1, "d")).await);
    assert!(messages.contains("charge_already_refunded"), "{messages}");
    assert_eq!(total(&fake), 10_000);
}

#[tokio::test]
async fn the_same_key_refunds_once_however_much_later() {
    let (fake, gateway) = stripe();
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
    let (fake, gateway) = stripe();
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
        let (fake, gateway) = stripe();
        let request = RefundRequest { amount: money(2_500, "EUR"), ..paid(&fake).await };
        // Once while refunds are listed, once while one is created.
        fake.script([fault, Behaviour::Succeed, fault]);
        assert_eq!(gateway.refund(&request).await.unwrap().state, RefundState::Succeeded, "{fault:?}");
        assert_eq!(total(&fake), 2_500, "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_after_the_refund_is_detected_by_the_next_attempt() {
    let (fake, gateway) = stripe();
    let request = RefundRequest { amount: money(2_500, "EUR"), ..paid(&fake).await };
    fake.script([Behaviour::Succeed, Behaviour::FailAfterwards(500)]);
    assert_unavailable(gateway.refund(&request).await);
    assert_eq!(gateway.refund(&request).await.unwrap().state, RefundState::Succeeded);
    assert_eq!(total(&fake), 2_500);
}

#[tokio::test]
async fn impossible_refunds_are_refused() {
    let (fake, gateway) = stripe();
    let good = paid(&fake).await;
    let before = fake.requests().len();
    let long = "k".repeat(201);
    let payment = &good.provider_payment_id;
    for key in ["", "a b", "a\n", "é", &long] {
        assert_refused(gateway.refund(&refund_of(payment, 10_000, key)).await);
    }
    for payment in ["", "pi/..", "pi_1?x"] {
        assert_refused(gateway.refund(&refund_of(payment, 10_000, "refund-1")).await);
    }
    assert_refused(gateway.refund(&refund_of(payment, 0, "refund-1")).await);
    assert_eq!(fake.requests().len(), before, "no request was sent for any of these");
    assert_refused(gateway.refund(&refund_of("pi_unknown", 10_000, "refund-1")).await);
    assert_eq!(total(&fake), 0);
}

#[tokio::test]
async fn too_many_refunds_to_search_are_an_error() {
    let (fake, gateway) = stripe();
    let whole = paid(&fake).await;
    let cent = |number: u32| refund_of(&whole.provider_payment_id, 1, &format!("r{number}"));
    for number in 0..101 {
        gateway.refund(&cent(number)).await.unwrap();
    }
    fake.purge_idempotency_keys();
    // The oldest is no longer on the first page, so it cannot be found.
    assert_refused(gateway.refund(&cent(0)).await);
    assert_eq!(gateway.refund(&cent(1)).await.unwrap().state, RefundState::Succeeded);
    assert_eq!(total(&fake), 101);
}
