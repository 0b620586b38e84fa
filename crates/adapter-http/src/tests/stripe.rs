//! Payment webhooks, genuine and forged.

use attune_domain::BookingId;
use attune_ports::{Clock, LedgerKind, Provider, Queries};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;
use super::provider::*;

const RECEIVED: &str = r#"{"received":true}"#;

/// A practice with online payments, in which Ada's booking (1) awaits its payment.
async fn held() -> (Practice, String) {
    let practice = Parts::new().provider(Provider::Stripe).without_limits().open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    (practice, ada)
}

fn one() -> BookingId {
    BookingId::new(1).unwrap()
}

async fn standing(practice: &Practice) -> (&'static str, &'static str, u32) {
    let booking = practice.parts.store.booking(one()).await.unwrap().unwrap().booking;
    (booking.status().as_str(), booking.payment_status().as_str(), booking.version())
}

/// The payment problems, by kind.
async fn problems(practice: &Practice) -> Vec<&'static str> {
    let problems = practice.parts.store.payment_problems(50).await.unwrap();
    problems.iter().map(|problem| problem.kind.as_str()).collect()
}

async fn emails(practice: &Practice, kind: &str) -> usize {
    let notices = practice.parts.store.notices(one()).await.unwrap();
    notices.iter().filter(|notice| notice.content.kind.as_str() == kind).count()
}

const WAITS: (&str, &str, u32) = ("pending_payment", "pending", 1);
const PAID: (&str, &str, u32) = ("scheduled", "succeeded", 2);

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_webhook_confirms_the_booking() {
    let (practice, ada) = held().await;
    let told = practice.provider_tells(&practice.paid_event().await).await;
    assert_eq!((told.status.as_u16(), told.text.as_str()), (200, RECEIVED));
    let booking = practice.get("/api/bookings/1", &ada).await.json();
    assert_eq!((&booking["status"], &booking["payment_status"]), (&"scheduled".into(), &"succeeded".into()));
    assert!(booking["personalized_meeting_url"].is_string());
    let payment = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!(
        (&payment["provider"], &payment["checkout_url"], &payment["payment_status"]),
        (&"stripe".into(), &Value::Null, &"succeeded".into())
    );
    assert_eq!(practice.post("/api/bookings/1/payment", &ada, "{}").await.problem(), (409, "already_paid".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_events_are_applied_once() {
    let (practice, _) = held().await;
    let event = practice.paid_event().await;
    // The same fact may also be reported by another event.
    let other = but(&event, &[("id", json!("evt_2")), ("kind", json!("processing_succeeded"))]);
    for message in [&event, &event, &event, &other] {
        let told = practice.provider_tells(message).await;
        assert_eq!((told.status.as_u16(), told.text.as_str()), (200, RECEIVED));
        assert_eq!(standing(&practice).await, PAID);
    }
    let ledger = practice.parts.store.ledger(one()).await.unwrap();
    let lines: Vec<_> = ledger.iter().map(|line| (line.kind, line.amount.minor())).collect();
    assert_eq!(lines, [(LedgerKind::Captured, 10_000)]);
    assert_eq!((emails(&practice, "meeting_info").await, emails(&practice, "receipt").await), (1, 1));
    assert_eq!(problems(&practice).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unrelated_events_are_accepted_and_ignored() {
    let (practice, _) = held().await;
    let event = practice.paid_event().await;
    for (number, changes) in [
        vec![("kind", json!("customer.created"))],
        vec![("reference", json!(null)), ("booking", json!(null))],
        vec![("reference", json!("cs_of_another_shop")), ("booking", json!(null))],
        vec![("reference", json!("cs_of_another_shop")), ("booking", json!(9)), ("kind", json!("checkout_expired"))],
    ]
    .into_iter()
    .enumerate()
    {
        let message = but(&but(&event, &changes), &[("id", json!(format!("evt_other_{number}")))]);
        let told = practice.provider_tells(&message).await;
        assert_eq!((told.status.as_u16(), told.text.as_str()), (200, RECEIVED), "{message}");
    }
    assert_eq!((standing(&practice).await, problems(&practice).await), (WAITS, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_events_are_accepted_and_rejections_give_no_reason() {
    let (practice, _) = held().await;
    let now = practice.parts.clock.now();
    let body = practice.paid_event().await.to_string();
    let genuine = sign(body.as_bytes(), now);
    let signed = |signature: &str| {
        let call = practice.request(Method::POST, WEBHOOK).header("Stripe-Signature", signature);
        call.header("Content-Type", "application/json")
    };
    let spaced = body.replace(':', ": ");
    let off = |seconds: i64| sign(body.as_bytes(), now + SignedDuration::from_secs(seconds));
    let refused = [
        practice.post(WEBHOOK, "", &body).await,
        practice.post(WEBHOOK, &genuine, &body).await,
        signed("").body(body.clone()).send().await,
        signed("genuine").body(body.clone()).send().await,
        signed(&sign(b"", now)).body(body.clone()).send().await,
        signed(&genuine).header("Stripe-Signature", &genuine).body(body.clone()).send().await,
        signed(&genuine).header("Stripe-Signature", "x").body(body.clone()).send().await,
        signed(&format!("{genuine}\u{e9}")).body(body.clone()).send().await,
        signed(&genuine.replace('.', ".0")).body(body.clone()).send().await,
        // Another amount; the same JSON in other bytes; an empty body; additional bytes.
        signed(&genuine).body(body.replace("10000", "1")).send().await,
        signed(&genuine).body(spaced.clone()).send().await,
        signed(&genuine).body("").send().await,
        signed(&genuine).body(format!("{body}\n")).send().await,
        // Nothing is read before the signature is verified.
        signed("x").body("no JSON").send().await,
        signed("x").body(vec![0xff, 0x00]).send().await,
        // A replayed event, or one from a wrong clock.
        signed(&off(-301)).body(body.clone()).send().await,
        signed(&off(301)).body(body.clone()).send().await,
    ];
    for (number, reply) in refused.iter().enumerate() {
        assert_eq!(reply.problem(), (400, "invalid_signature".into()), "{number}");
        assert_eq!(reply.json()["detail"], refused[0].json()["detail"], "{number}");
    }
    assert_eq!(standing(&practice).await, WAITS);
    assert_eq!(signed(&sign(spaced.as_bytes(), now)).body(spaced.clone()).send().await.status, 200, "any spelling");
    assert_eq!(standing(&practice).await, PAID);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_valid_for_five_minutes() {
    for seconds in [-299, 299] {
        let (practice, _) = held().await;
        let body = practice.paid_event().await.to_string();
        let signature = sign(body.as_bytes(), practice.parts.clock.now() + SignedDuration::from_secs(seconds));
        let told = practice.provider_sends(&signature, body).await;
        assert_eq!((told.status.as_u16(), standing(&practice).await), (200, PAID), "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_event_that_cannot_be_read_has_its_own_code() {
    let (practice, _) = held().await;
    let now = practice.parts.clock.now();
    for body in ["", "no JSON", "[]", r#"{"id":"evt_1"}"#] {
        let told = practice.provider_sends(&sign(body.as_bytes(), now), body).await;
        assert_eq!(told.problem(), (400, "bad_request".into()), "{body}");
    }
    assert_eq!(standing(&practice).await, WAITS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_at_most_256_kilobytes() {
    let (practice, _) = held().await;
    let now = practice.parts.clock.now();
    let body = |length: usize, event: &Value| {
        let event = event.to_string();
        format!("{}{event}", " ".repeat(length - event.len()))
    };
    let event = practice.paid_event().await;
    let larger = body(256 * 1024 + 1, &event);
    let told = practice.provider_sends(&sign(larger.as_bytes(), now), larger).await;
    assert_eq!((told.problem(), standing(&practice).await), ((413, "payload_too_large".into()), WAITS));
    let largest = body(256 * 1024, &event);
    let told = practice.provider_sends(&sign(largest.as_bytes(), now), largest).await;
    assert_eq!((told.status.as_u16(), standing(&practice).await), (200, PAID));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_endpoint_does_not_exist_and_nothing_is_verified() {
    let practice = Parts { payment_events: None, ..Parts::new() }.open().await;
    let nowhere = practice.provider_tells(&json!({})).await;
    assert_eq!(nowhere.problem(), (404, "not_found".into()));
    let practice = Practice::open().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let reply = practice.request(method, WEBHOOK).send().await;
        assert_eq!((reply.problem(), reply.header("allow")), ((405, "method_not_allowed".into()), Some("POST")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_does_not_match_confirms_nothing_and_needs_review() {
    for (changes, problem) in [
        (vec![("amount", json!(9_999))], "wrong_amount"),
        (vec![("amount", json!(null))], "wrong_amount"),
        (vec![("payment", json!(null))], "wrong_amount"),
        (vec![("currency", json!("USD"))], "wrong_currency"),
        (vec![("booking", json!(null))], "wrong_booking"),
        (vec![("booking", json!(9))], "wrong_booking"),
        (vec![("live", json!(true))], "wrong_mode"),
    ] {
        let (practice, _) = held().await;
        let event = practice.paid_event().await;
        let wrong = but(&event, &changes);
        for _ in 0..2 {
            assert_eq!(practice.provider_tells(&wrong).await.text, RECEIVED, "{changes:?}");
        }
        assert_eq!((standing(&practice).await, problems(&practice).await), (WAITS, vec![problem]), "{changes:?}");
        // The correct payment is still accepted.
        let right = but(&event, &[("id", json!("evt_2"))]);
        assert_eq!(practice.provider_tells(&right).await.text, RECEIVED);
        assert_eq!(standing(&practice).await, PAID, "{changes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_for_an_unknown_booking_needs_review() {
    let (practice, _) = held().await;
    let event = practice.paid_event().await;
    let lost = but(&event, &[("booking", json!(9)), ("reference", json!("cs_lost"))]);
    for _ in 0..2 {
        assert_eq!(practice.provider_tells(&lost).await.text, RECEIVED);
    }
    assert_eq!((standing(&practice).await, problems(&practice).await), (WAITS, vec!["unknown_booking"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_out_of_order_is_sent_again() {
    let (practice, _) = held().await;
    let event = practice.paid_event().await;
    let early =
        but(&event, &[("id", json!("evt_re")), ("kind", json!("refund_succeeded")), ("reference", json!("re_1"))]);
    for _ in 0..2 {
        let told = practice.provider_tells(&early).await;
        assert_eq!((told.problem(), told.header("retry-after")), ((503, "event_out_of_order".into()), Some("60")));
    }
    // Once the payment is known, the same event is applied.
    assert_eq!(practice.provider_tells(&event).await.status, 200);
    assert_eq!(practice.provider_tells(&early).await.text, RECEIVED);
    assert_eq!(standing(&practice).await.1, "refunded");
    // An unknown payment is considered another shop's after an hour.
    let other = but(&early, &[("id", json!("evt_x")), ("payment", json!("pi_x")), ("reference", json!("re_x"))]);
    assert_eq!(practice.provider_tells(&other).await.status, 503);
    practice.advance(SignedDuration::from_hours(1));
    assert_eq!(practice.provider_tells(&other).await.text, RECEIVED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_retries_while_the_store_is_unavailable() {
    let practice = Parts { away: true, ..Parts::new() }.open().await;
    let event = json!({
        "id": "evt_1", "kind": "checkout_paid", "created": practice.parts.clock.now().as_second(), "live": false,
        "reference": "cs_1", "booking": 1,
    });
    assert_eq!(practice.provider_tells(&event).await.problem(), (503, "unavailable".into()));
    let forged = practice.provider_sends("x", event.to_string()).await;
    assert_eq!(forged.problem(), (400, "invalid_signature".into()), "the store is not accessed");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_not_rate_limited() {
    let practice = Practice::open().await;
    let event = json!({"id": "evt_1", "kind": "something_else", "created": 0, "live": false});
    for _ in 0..300 {
        assert_eq!(practice.provider_sends("x", "{}").await.status, 400);
    }
    assert_eq!(practice.provider_tells(&event).await.status, 200, "nor how often others did");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_refunded_visibly() {
    let (practice, ada) = held().await;
    let event = practice.paid_event().await;
    assert_eq!(practice.post("/api/bookings/1/cancel", &ada, "{}").await.status, 200);
    assert_eq!(practice.provider_tells(&event).await.text, RECEIVED);
    assert_eq!(standing(&practice).await, ("cancelled", "refund_pending", 3));
    let refunds = || async { practice.get("/api/bookings/1/payment", &ada).await.json()["refunds"].clone() };
    let refund = |status: &str, settled: Value| json!([{"amount": 100.0, "status": status, "created_at": "2024-01-10T08:00:00Z", "settled_at": settled}]);
    assert_eq!(refunds().await, refund("queued", Value::Null));
    practice.parts.use_cases().process_refunds.run().await.unwrap();
    assert_eq!(refunds().await, refund("pending", Value::Null));
    practice.advance(SignedDuration::from_mins(1));
    let kept = practice.parts.store.refunds(one()).await.unwrap();
    let back = but(
        &event,
        &[
            ("id", json!("evt_2")),
            ("kind", json!("refund_succeeded")),
            ("reference", json!(kept[0].provider_refund_id)),
            ("refund_key", json!(kept[0].idempotency_key)),
        ],
    );
    assert_eq!(practice.provider_tells(&back).await.text, RECEIVED);
    assert_eq!(refunds().await, refund("succeeded", json!("2024-01-10T08:01:00Z")));
    assert_eq!(standing(&practice).await.1, "refunded");
}
