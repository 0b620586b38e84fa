//! Payment webhooks, genuine and forged.

use attune_ports::{Clock, LedgerKind, Provider, Queries};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;
use super::provider::*;

impl Practice {
    /// Checks that a signed event is accepted.
    async fn assert_accepted(&self, event: &Value) {
        self.notify_from_provider(event).await.assert_body(200, r#"{"received":true}"#);
    }

    /// Status, payment status and version of booking 1.
    async fn state(&self) -> (&'static str, &'static str, u32) {
        let booking = self.parts.store.booking(FIRST).await.unwrap().unwrap().booking;
        (booking.status().as_str(), booking.payment_status().as_str(), booking.version())
    }

    /// The payment problems, by kind.
    async fn problems(&self) -> Vec<&'static str> {
        let problems = self.parts.store.payment_problems(None, 50).await.unwrap();
        problems.iter().map(|problem| problem.kind.as_str()).collect()
    }
}

/// A practice with online payments, in which Ada's booking (1) awaits its payment, her token, and the event that it was
/// paid.
async fn held() -> (Practice, String, Value) {
    let (practice, ada, _) = Parts::new().provider(Provider::Stripe).without_limits().with_hold().await;
    let event = practice.paid_event().await;
    (practice, ada, event)
}

const UNPAID: (&str, &str, u32) = ("pending_payment", "pending", 1);
const PAID: (&str, &str, u32) = ("scheduled", "succeeded", 2);

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_webhook_confirms_the_booking() {
    let (practice, ada, event) = held().await;
    practice.assert_accepted(&event).await;
    let booking = practice.get("/api/bookings/1", &ada).await.json();
    assert_members(&booking, &json!({"status": "scheduled", "payment_status": "succeeded"}));
    assert!(booking["personalized_meeting_url"].is_string());
    let wanted = json!({"provider": "stripe", "checkout_url": null, "payment_status": "succeeded"});
    practice.get("/api/bookings/1/payment", &ada).await.assert_members(&wanted);
    practice.post("/api/bookings/1/payment", &ada, "{}").await.assert_problem(409, "already_paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_events_are_applied_once() {
    let (practice, _, event) = held().await;
    // The same fact may also be reported by another event.
    let other = but(&event, &json!({"id": "evt_2", "kind": "processing_succeeded"}));
    for message in [&event, &event, &event, &other] {
        practice.assert_accepted(message).await;
        assert_eq!(practice.state().await, PAID, "{message}");
    }
    let ledger = practice.parts.store.ledger(FIRST).await.unwrap();
    let entries: Vec<_> = ledger.iter().map(|entry| (entry.kind, entry.amount.minor())).collect();
    assert_eq!(entries, [(LedgerKind::Captured, 10_000)]);
    assert_eq!((practice.count_emails("meeting_info").await, practice.count_emails("receipt").await), (1, 1));
    assert_eq!(practice.problems().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unrelated_events_are_accepted_and_ignored() {
    let (practice, _, event) = held().await;
    for changes in [
        json!({"id": "evt_other_0", "kind": "customer.created"}),
        json!({"id": "evt_other_1", "reference": null, "booking": null}),
        json!({"id": "evt_other_2", "reference": "cs_of_another_shop", "booking": null}),
        json!({"id": "evt_other_3", "reference": "cs_of_another_shop", "booking": 9, "kind": "checkout_expired"}),
    ] {
        practice.assert_accepted(&but(&event, &changes)).await;
    }
    assert_eq!((practice.state().await, practice.problems().await), (UNPAID, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_events_are_accepted_and_rejections_give_no_reason() {
    let (practice, _, event) = held().await;
    let now = practice.parts.clock.now();
    let body = event.to_string();
    let genuine = sign(body.as_bytes(), now);
    let signed = |signature: &str| {
        let call = practice.request(Method::POST, WEBHOOK).header("Stripe-Signature", signature);
        call.header("Content-Type", "application/json")
    };
    let spaced = body.replace(':', ": ");
    let signed_after = |seconds: i64| sign(body.as_bytes(), now + SignedDuration::from_secs(seconds));
    let rejected = [
        practice.request(Method::POST, WEBHOOK).json(&body),
        practice.request(Method::POST, WEBHOOK).token(&genuine).json(&body),
        signed("").body(body.clone()),
        signed("genuine").body(body.clone()),
        signed(&sign(b"", now)).body(body.clone()),
        signed(&genuine).header("Stripe-Signature", &genuine).body(body.clone()),
        signed(&genuine).header("Stripe-Signature", "x").body(body.clone()),
        signed(&format!("{genuine}\u{e9}")).body(body.clone()),
        signed(&genuine.replace('.', ".0")).body(body.clone()),
        // Another amount; the same JSON in other bytes; an empty body; additional bytes.
        signed(&genuine).body(body.replace("10000", "1")),
        signed(&genuine).body(spaced.clone()),
        signed(&genuine).body(""),
        signed(&genuine).body(format!("{body}\n")),
        // Nothing is read before the signature is verified.
        signed("x").body("no JSON"),
        signed("x").body(vec![0xff, 0x00]),
        // A replayed event, or one from a wrong clock.
        signed(&signed_after(-301)).body(body.clone()),
        signed(&signed_after(301)).body(body.clone()),
    ];
    let mut details = Vec::new();
    for (number, call) in rejected.into_iter().enumerate() {
        let reply = call.send().await;
        details.push(reply.assert_problem(400, "invalid_signature").json()["detail"].clone());
        assert_eq!(details[number], details[0], "{number}");
    }
    assert_eq!(practice.state().await, UNPAID);
    // Any spelling that is signed is accepted.
    signed(&sign(spaced.as_bytes(), now)).body(spaced.clone()).send().await.assert_status(200);
    assert_eq!(practice.state().await, PAID);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_valid_for_five_minutes() {
    for seconds in [-299, 299] {
        let (practice, _, event) = held().await;
        let body = event.to_string();
        let signature = sign(body.as_bytes(), practice.parts.clock.now() + SignedDuration::from_secs(seconds));
        practice.send_from_provider(&signature, body).await.assert_status(200);
        assert_eq!(practice.state().await, PAID, "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_bodies_have_to_be_readable_and_have_at_most_256_kilobytes() {
    let (practice, _, event) = held().await;
    let send = async |body: String| {
        practice.send_from_provider(&sign(body.as_bytes(), practice.parts.clock.now()), body).await
    };
    for unreadable in ["", "no JSON", "[]", r#"{"id":"evt_1"}"#] {
        send(unreadable.to_owned()).await.assert_problem(400, "bad_request");
    }
    let event = event.to_string();
    let padded = |length: usize| " ".repeat(length - event.len()) + &event;
    send(padded(256 * 1024 + 1)).await.assert_problem(413, "payload_too_large");
    assert_eq!(practice.state().await, UNPAID);
    send(padded(256 * 1024)).await.assert_status(200);
    assert_eq!(practice.state().await, PAID);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_endpoint_does_not_exist_and_nothing_is_verified() {
    let practice = Parts { payment_events: None, ..Parts::new() }.open().await;
    practice.notify_from_provider(&json!({})).await.assert_problem(404, "not_found");
    let practice = Practice::open().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let reply = practice.request(method, WEBHOOK).send().await;
        assert_eq!(reply.assert_problem(405, "method_not_allowed").header("allow"), Some("POST"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_does_not_match_confirms_nothing_and_needs_review() {
    for (changes, problem) in [
        (json!({"amount": 9_999}), "wrong_amount"),
        (json!({"amount": null}), "wrong_amount"),
        (json!({"payment": null}), "wrong_amount"),
        (json!({"currency": "USD"}), "wrong_currency"),
        (json!({"booking": null}), "wrong_booking"),
        (json!({"booking": 9}), "wrong_booking"),
        (json!({"live": true}), "wrong_mode"),
        (json!({"booking": 9, "reference": "cs_lost"}), "unknown_booking"),
    ] {
        let (practice, _, event) = held().await;
        let wrong = but(&event, &changes);
        for _ in 0..2 {
            practice.assert_accepted(&wrong).await;
        }
        assert_eq!((practice.state().await, practice.problems().await), (UNPAID, vec![problem]), "{changes}");
        // The correct payment is still accepted.
        practice.assert_accepted(&but(&event, &json!({"id": "evt_2"}))).await;
        assert_eq!(practice.state().await, PAID, "{changes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_out_of_order_is_sent_again() {
    let (practice, _, event) = held().await;
    let early = but(&event, &json!({"id": "evt_re", "kind": "refund_succeeded", "reference": "re_1"}));
    for _ in 0..2 {
        let reply = practice.notify_from_provider(&early).await;
        assert_eq!(reply.assert_problem(503, "event_out_of_order").header("retry-after"), Some("60"));
    }
    // Once the payment is known, the same event is applied.
    practice.assert_accepted(&event).await;
    practice.assert_accepted(&early).await;
    assert_eq!(practice.state().await.1, "refunded");
    // An unknown payment is considered another shop's after an hour.
    let other = but(&early, &json!({"id": "evt_x", "payment": "pi_x", "reference": "re_x"}));
    practice.notify_from_provider(&other).await.assert_status(503);
    practice.advance(SignedDuration::from_hours(1));
    practice.assert_accepted(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_not_rate_limited() {
    let practice = Practice::open().await;
    for _ in 0..300 {
        practice.send_from_provider("x", "{}").await.assert_status(400);
    }
    practice.assert_accepted(&json!({"id": "evt_1", "kind": "something_else", "created": 0, "live": false})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_refunded_visibly() {
    let (practice, ada, event) = held().await;
    practice.post("/api/bookings/1/cancel", &ada, "{}").await.assert_status(200);
    practice.assert_accepted(&event).await;
    assert_eq!(practice.state().await, ("cancelled", "refund_pending", 3));
    let assert_refund = async |status: &str, settled_at: Value| {
        let refund = json!({
            "amount": 100.0, "status": status, "created_at": "2024-01-10T08:00:00Z", "settled_at": settled_at,
        });
        practice.get("/api/bookings/1/payment", &ada).await.assert_members(&json!({"refunds": [refund]}));
    };
    assert_refund("queued", Value::Null).await;
    practice.parts.use_cases().process_refunds.run().await.unwrap();
    assert_refund("pending", Value::Null).await;
    practice.advance(SignedDuration::from_mins(1));
    let stored = &practice.parts.store.refunds(FIRST).await.unwrap()[0];
    let refunded = but(
        &event,
        &json!({
            "id": "evt_2", "kind": "refund_succeeded", "reference": stored.provider_refund_id,
            "refund_key": stored.idempotency_key,
        }),
    );
    practice.assert_accepted(&refunded).await;
    assert_refund("succeeded", json!("2024-01-10T08:01:00Z")).await;
    assert_eq!(practice.state().await.1, "refunded");
}
