//! Checkouts and offline payments.

use attune_domain::{Currency, Money};
use attune_ports::{CheckoutState, PaidCheckout, Provider, Queries};
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

const PAYMENT: &str = "/api/bookings/1/payment";

/// A practice with online payments, Ada's unpaid booking (1), and her token.
async fn online() -> (Practice, String) {
    let (practice, ada, _) = Parts::new().provider(Provider::Stripe).without_limits().with_hold().await;
    (practice, ada)
}

/// Checks the payment status of booking 1, and that no checkout is offered.
async fn assert_no_checkout(practice: &Practice, ada: &str, payment_status: &str) {
    let wanted = json!({"payment_status": payment_status, "checkout_url": null});
    practice.get(PAYMENT, ada).await.assert_members(&wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_return_the_same_checkout() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let held = practice.book(&ada, SLOT).await;
    let shown =
        format!(r#"{{"provider":"test","checkout_url":{},"expires_at":"2024-01-10T08:15:00Z","#, held["checkout_url"])
            + r#""payment_status":"pending","amount":100.00,"amount_due":100.00,"currency":"EUR","refunds":[]}"#;
    practice.get(PAYMENT, &ada).await.assert_body(200, &shown);
    practice.post_empty(PAYMENT, &ada).await.assert_body(200, &shown);
    practice.post(PAYMENT, &ada, "{}").await.assert_body(200, &shown);
    practice.pay(1).await;
    assert_no_checkout(&practice, &ada, "succeeded").await;
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "already_paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_ends_with_its_hold() {
    let (practice, ..) = Parts::new().with_hold().await;
    let ada = practice.ada_at("2024-01-10T08:15:00Z").await;
    practice.get(PAYMENT, &ada).await.assert_members(&json!({"checkout_url": null}));
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "hold_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_open_one_checkout_at_the_provider() {
    let (practice, ada, _) = Parts::new().provider(Provider::Stripe).without_limits().with_ada().await;
    let held = practice.book(&ada, SLOT).await;
    assert!(held["checkout_url"].as_str().unwrap().starts_with("https://checkout.example.com/c/"));
    let shown = practice.get(PAYMENT, &ada).await;
    shown.assert_members(&json!({"provider": "stripe", "checkout_url": held["checkout_url"]}));
    // An idempotency key is neither required nor rejected.
    for (key, body) in [("a", "{}"), ("a", "{}"), ("b", ""), ("a", "")] {
        let call = practice.request(Method::POST, PAYMENT).token(&ada).header("Idempotency-Key", key);
        let again = if body.is_empty() { call } else { call.json(body) }.send().await;
        assert!(!again.assert_body(200, &shown.text).is_replay());
    }
    assert_eq!(practice.parts.store.payments(FIRST).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkout_can_be_retried_while_the_provider_is_unavailable() {
    let (practice, ada, _) = Parts::new().provider(Provider::Stripe).without_limits().with_ada().await;
    practice.parts.gateway.set_down(true);
    assert_eq!(practice.book(&ada, SLOT).await["checkout_url"], Value::Null);
    for _ in 0..2 {
        let reply = practice.post(PAYMENT, &ada, "{}").await;
        reply.assert_problem(503, "payment_provider_unavailable").assert_lacks(&["secret cause"]);
        let wanted = json!({"provider": "stripe", "checkout_url": null});
        practice.get(PAYMENT, &ada).await.assert_members(&wanted);
    }
    practice.parts.gateway.set_down(false);
    let open = practice.post(PAYMENT, &ada, "{}").await.json();
    assert!(open["checkout_url"].is_string());
    assert_eq!(practice.parts.store.payments(FIRST).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_payment_is_offered_while_one_is_processing() {
    let (practice, ada) = online().await;
    let event = practice.paid_event().await;
    let notify = async |id: &str, kind: &str| {
        practice.notify_from_provider(&but(&event, &json!({"id": id, "kind": kind}))).await.assert_status(200);
    };
    notify("evt_1", "checkout_processing").await;
    assert_no_checkout(&practice, &ada, "processing").await;
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "payment_processing");
    // Processing takes days; the slot is held as long.
    let ada = practice.ada_at("2024-01-11T08:00:00Z").await;
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "payment_processing");
    let bob = practice.client("Bob").await;
    practice.post("/api/bookings", &bob, &slot(SLOT)).await.assert_problem(409, "slot_taken");
    notify("evt_2", "processing_failed").await;
    assert_no_checkout(&practice, &ada, "failed").await;
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "hold_expired");
    practice.post("/api/bookings", &bob, &slot(SLOT)).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_payment_another_checkout_opens_during_the_hold() {
    let (practice, ada) = online().await;
    let first = practice.get(PAYMENT, &ada).await.json()["checkout_url"].clone();
    let event = practice.paid_event().await;
    for (id, kind) in [("evt_1", "checkout_processing"), ("evt_2", "processing_failed")] {
        practice.notify_from_provider(&but(&event, &json!({"id": id, "kind": kind}))).await.assert_status(200);
    }
    assert_no_checkout(&practice, &ada, "failed").await;
    let open = practice.post(PAYMENT, &ada, "{}").await.json();
    assert!(open["checkout_url"].is_string() && open["checkout_url"] != first, "{open}");
    assert_eq!(practice.get(PAYMENT, &ada).await.json(), open);
    let again = but(&practice.paid_event().await, &json!({"id": "evt_3"}));
    practice.notify_from_provider(&again).await.assert_status(200);
    assert_no_checkout(&practice, &ada, "succeeded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_bookings_cannot_be_paid() {
    let (practice, ada) = online().await;
    practice.post("/api/bookings/1/cancel", &ada, "{}").await.assert_status(200);
    assert_no_checkout(&practice, &ada, "cancelled").await;
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "booking_cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_sees_the_refunds() {
    let (practice, ada) = online().await;
    let event = practice.paid_event().await;
    practice.notify_from_provider(&event).await.assert_status(200);
    practice.get(PAYMENT, &ada).await.assert_members(&json!({"refunds": []}));
    let cancelled = practice.post("/api/bookings/1/cancel", &ada, r#"{"expected_refund":100}"#).await;
    cancelled.assert_members(&json!({"payment_status": "refund_pending"}));
    let shown = r#"{"provider":"stripe","checkout_url":null,"expires_at":null,"payment_status":"refund_pending","#
        .to_owned()
        + r#""amount":100.00,"amount_due":0.00,"currency":"EUR","refunds":[{"amount":100.00,"status":"queued","#
        + r#""created_at":"2024-01-10T08:00:00Z","settled_at":null}]}"#;
    practice.get(PAYMENT, &ada).await.assert_body(200, &shown);
    practice.parts.use_cases().process_refunds.run().await.unwrap();
    let key = practice.parts.store.refunds(FIRST).await.unwrap()[0].idempotency_key.clone();
    let changes = json!({"id": "evt_2", "kind": "refund_failed", "reference": format!("re_{key}"), "refund_key": key});
    practice.notify_from_provider(&but(&event, &changes)).await.assert_status(200);
    let statuses = async || column(&practice.get(PAYMENT, &ada).await.json()["refunds"], "status");
    assert_eq!(statuses().await, ["failed"]);
    // The retry replaces it.
    let retry = practice.post("/api/admin/bookings/1/refunds", &practice.admin().await, "{}").await;
    assert!(retry.status.is_success(), "{}", retry.text);
    assert_eq!(statuses().await, ["queued"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_holds_the_slot_is_referred_to_its_checkout() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let bob = practice.client("Bob").await;
    let book = || practice.post_with_key("once", "/api/bookings", &ada, r#"{"scheduled_at":"2024-01-15T10:00:00Z"}"#);
    let first = book().await;
    first.assert_status(201);
    // The same time, and an overlapping one.
    for at in [SLOT, "2024-01-15T10:30:00Z", "2024-01-15T09:15:00Z"] {
        let again = practice.post("/api/bookings", &ada, &slot(at)).await;
        again.assert_problem(409, "hold_exists").assert_members(&json!({"booking_id": 1}));
        let others = practice.post("/api/bookings", &bob, &slot(at)).await;
        assert_eq!(others.assert_problem(409, "slot_taken").json().get("booking_id"), None, "{at}");
    }
    let open = practice.post(PAYMENT, &ada, "{}").await;
    open.assert_status(200).assert_members(&json!({"checkout_url": first.json()["checkout_url"]}));
    assert!(book().await.assert_body(201, &first.text).is_replay());
    // Once it is paid, there is no checkout to refer to.
    practice.pay(1).await;
    practice.post("/api/bookings", &ada, &slot(SLOT)).await.assert_problem(409, "slot_taken");
    book().await.assert_body(201, &first.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_hold_is_released_once_the_provider_reports_no_payment() {
    for paid in [false, true] {
        let (practice, _) = online().await;
        if paid {
            let paid = PaidCheckout {
                amount: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
                booking: Some(FIRST),
                live: false,
                provider_payment_id: "pi_1".into(),
            };
            let reference = practice.checkout_reference().await;
            practice.parts.gateway.set_checkout(&reference, CheckoutState::Paid(paid));
        }
        let (ada, bob) = (practice.ada_at("2024-01-10T08:15:00Z").await, practice.client("Bob").await);
        let reply = practice.post("/api/bookings", &bob, &slot(SLOT)).await;
        let status = if paid {
            reply.assert_problem(409, "slot_taken");
            "scheduled"
        } else {
            reply.assert_status(201);
            "expired"
        };
        practice.get("/api/bookings/1", &ada).await.assert_members(&json!({"status": status}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn free_bookings_need_no_payment() {
    let (practice, ada, _) = Parts::new().provider(Provider::None).with_hold().await;
    practice.get(PAYMENT, &ada).await.assert_members(&json!({"provider": "none"}));
    practice.post(PAYMENT, &ada, "{}").await.assert_problem(409, "payment_not_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_belongs_to_its_client_alone() {
    let (practice, ada, carl) = Parts::new().with_hold().await;
    let bob = practice.client("Bob").await;
    for token in [&bob, &carl] {
        practice.get(PAYMENT, token).await.assert_problem(403, "forbidden");
        practice.post(PAYMENT, token, "{}").await.assert_problem(403, "forbidden");
    }
    practice.get("/api/bookings/9/payment", &ada).await.assert_problem(404, "booking_not_found");
    practice.post("/api/bookings/x/payment", &ada, "{}").await.assert_problem(400, "invalid_booking_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_records_an_offline_payment() {
    let (practice, ada, carl) = Parts::new().provider(Provider::Offline).without_limits().with_ada().await;
    assert_eq!(practice.book(&ada, SLOT).await["checkout_url"], Value::Null);
    let path = "/api/admin/bookings/1/payments/offline";
    let rows: Invalid<'_> = &[
        ("method", "required", &["", r#"" ""#]),
        ("amount", "wrong_type", &[r#""100.00""#]),
        ("amount", "invalid_amount", &["-100", "100.001", "1e2", "1e400"]),
        ("amount", "amount_mismatch", &["100.01", "0"]),
        ("currency", "unknown_field", &[r#""USD""#]),
    ];
    practice.assert_invalid_values(Method::POST, path, &carl, r#"{"method":"cash"}"#, rows).await;
    let missing = "/api/admin/bookings/9/payments/offline";
    for body in [r#"{"method":"cash"}"#, r#"{"method":"cash","amount":100}"#] {
        practice.post(missing, &carl, body).await.assert_problem(404, "booking_not_found");
    }
    let body = r#"{"method":"bank_transfer","amount":100.0,"reference":"2024-0017"}"#;
    let detail = practice.post(path, &carl, body).await.assert_status(200).json();
    assert_members(&detail, &json!({"status": "scheduled", "payment_status": "succeeded"}));
    assert_eq!(detail["history"][1]["actor_id"], 1);
    practice.post(path, &carl, body).await.assert_problem(409, "already_paid");
    practice.get(PAYMENT, &ada).await.assert_members(&json!({"provider": "offline"}));
    practice.get("/api/meetings/1/link", &ada).await.assert_status(200);
}
