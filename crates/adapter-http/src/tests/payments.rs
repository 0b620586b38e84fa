//! Checkouts and offline payments.

use attune_domain::{BookingId, Currency, Money};
use attune_ports::{CheckoutState, PaidCheckout, Provider, Queries};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;
use super::provider::*;

/// A practice with online payments.
async fn online() -> Practice {
    Parts::new().provider(Provider::Stripe).without_limits().open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_return_the_same_checkout() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    let shown = practice.get("/api/bookings/1/payment", &ada).await;
    assert_eq!(
        shown.text,
        format!(
            r#"{{"provider":"test","checkout_url":{},"expires_at":"2024-01-10T08:15:00Z","payment_status":"pending","#,
            held["checkout_url"]
        ) + r#""amount":100.00,"currency":"EUR","refunds":[]}"#
    );
    for body in ["", "{}"] {
        let call = practice.request(Method::POST, "/api/bookings/1/payment").token(&ada);
        let call = if body.is_empty() { call } else { call.json(body) };
        assert_eq!(call.send().await.text, shown.text);
    }
    practice.pay(&held).await;
    let paid = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!((&paid["payment_status"], &paid["checkout_url"]), (&"succeeded".into(), &Value::Null));
    assert_eq!(practice.post("/api/bookings/1/payment", &ada, "{}").await.problem(), (409, "already_paid".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_ends_with_its_hold() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    practice.advance(SignedDuration::from_mins(15));
    let ada = practice.token("ada@example.org").await;
    assert!(practice.get("/api/bookings/1/payment", &ada).await.json()["checkout_url"].is_null());
    assert_eq!(practice.post("/api/bookings/1/payment", &ada, "{}").await.problem(), (409, "hold_expired".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_open_one_checkout_at_the_provider() {
    let practice = online().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    assert!(held["checkout_url"].as_str().unwrap().starts_with("https://checkout.example.com/c/"));
    let shown = practice.get("/api/bookings/1/payment", &ada).await;
    assert_eq!((&shown.json()["provider"], &shown.json()["checkout_url"]), (&"stripe".into(), &held["checkout_url"]));
    // An idempotency key is neither required nor rejected.
    for (key, body) in [("a", "{}"), ("a", "{}"), ("b", ""), ("a", "")] {
        let call = practice.request(Method::POST, "/api/bookings/1/payment").token(&ada).header("Idempotency-Key", key);
        let again = if body.is_empty() { call } else { call.json(body) }.send().await;
        assert_eq!((again.status.as_u16(), &again.text), (200, &shown.text));
        assert_eq!(again.header("idempotent-replayed"), None);
    }
    assert_eq!(practice.parts.store.payments(BookingId::new(1).unwrap()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkout_can_be_retried_while_the_provider_is_unavailable() {
    let practice = online().await;
    let ada = practice.client("Ada").await;
    practice.parts.gateway.set_down(true);
    assert_eq!(practice.book(&ada, SLOT).await["checkout_url"], Value::Null);
    for _ in 0..2 {
        let reply = practice.post("/api/bookings/1/payment", &ada, "{}").await;
        assert_eq!(reply.problem(), (503, "payment_provider_unavailable".into()));
        assert!(reply.header("retry-after").is_some() && !reply.text.contains("secret cause"));
        let shown = practice.get("/api/bookings/1/payment", &ada).await.json();
        assert_eq!((&shown["provider"], &shown["checkout_url"]), (&"stripe".into(), &Value::Null));
    }
    practice.parts.gateway.set_down(false);
    let open = practice.post("/api/bookings/1/payment", &ada, "{}").await.json();
    assert!(open["checkout_url"].is_string());
    assert_eq!(practice.parts.store.payments(BookingId::new(1).unwrap()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_payment_is_offered_while_one_is_processing() {
    let practice = online().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let event = practice.paid_event().await;
    let tell = async |id: &str, kind: &str| {
        let told = practice.provider_tells(&but(&event, &[("id", json!(id)), ("kind", json!(kind))])).await;
        assert_eq!(told.status, 200);
    };
    let shown = async |ada: &str| {
        let payment = practice.get("/api/bookings/1/payment", ada).await.json();
        (payment["payment_status"].clone(), payment["checkout_url"].clone())
    };
    tell("evt_1", "checkout_processing").await;
    assert_eq!(shown(&ada).await, ("processing".into(), Value::Null));
    let ask = "/api/bookings/1/payment";
    assert_eq!(practice.post(ask, &ada, "{}").await.problem(), (409, "payment_processing".into()));
    // Processing takes days; the slot is held as long.
    practice.advance(SignedDuration::from_hours(24));
    let ada = practice.token("ada@example.org").await;
    assert_eq!(practice.post(ask, &ada, "{}").await.problem(), (409, "payment_processing".into()));
    let bob = practice.client("Bob").await;
    let slot = format!(r#"{{"scheduled_at":"{SLOT}"}}"#);
    assert_eq!(practice.post("/api/bookings", &bob, &slot).await.problem(), (409, "slot_taken".into()));
    tell("evt_2", "processing_failed").await;
    assert_eq!(shown(&ada).await, ("failed".into(), Value::Null));
    assert_eq!(practice.post(ask, &ada, "{}").await.problem(), (409, "hold_expired".into()));
    assert_eq!(practice.post("/api/bookings", &bob, &slot).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_payment_another_checkout_opens_during_the_hold() {
    let practice = online().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    let event = practice.paid_event().await;
    for (id, kind) in [("evt_1", "checkout_processing"), ("evt_2", "processing_failed")] {
        let told = practice.provider_tells(&but(&event, &[("id", json!(id)), ("kind", json!(kind))])).await;
        assert_eq!(told.status, 200);
    }
    let shown = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!((&shown["payment_status"], &shown["checkout_url"]), (&"failed".into(), &Value::Null));
    let open = practice.post("/api/bookings/1/payment", &ada, "{}").await.json();
    assert!(open["checkout_url"].is_string() && open["checkout_url"] != held["checkout_url"]);
    assert_eq!(practice.get("/api/bookings/1/payment", &ada).await.json(), open);
    let again = but(&practice.paid_event().await, &[("id", json!("evt_3"))]);
    assert_eq!(practice.provider_tells(&again).await.status, 200);
    let paid = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!((&paid["payment_status"], &paid["checkout_url"]), (&"succeeded".into(), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_bookings_cannot_be_paid() {
    let practice = online().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    assert_eq!(practice.post("/api/bookings/1/cancel", &ada, "{}").await.status, 200);
    let shown = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!((&shown["payment_status"], &shown["checkout_url"]), (&"cancelled".into(), &Value::Null));
    let ask = practice.post("/api/bookings/1/payment", &ada, "{}").await;
    assert_eq!(ask.problem(), (409, "booking_cancelled".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_sees_the_refunds() {
    let practice = online().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let event = practice.paid_event().await;
    assert_eq!(practice.provider_tells(&event).await.status, 200);
    assert_eq!(practice.get("/api/bookings/1/payment", &ada).await.json()["refunds"], json!([]));
    let cancelled = practice.post("/api/bookings/1/cancel", &ada, r#"{"expected_refund":100}"#).await;
    assert_eq!(cancelled.json()["payment_status"], "refund_pending");
    let shown = practice.get("/api/bookings/1/payment", &ada).await;
    assert_eq!(
        shown.text,
        r#"{"provider":"stripe","checkout_url":null,"expires_at":null,"payment_status":"refund_pending","#.to_owned()
            + r#""amount":100.00,"currency":"EUR","refunds":[{"amount":100.00,"status":"queued","#
            + r#""created_at":"2024-01-10T08:00:00Z","settled_at":null}]}"#
    );
    practice.parts.use_cases().process_refunds.run().await.unwrap();
    let key = practice.parts.store.refunds(BookingId::new(1).unwrap()).await.unwrap()[0].idempotency_key.clone();
    let failed = but(
        &event,
        &[
            ("id", json!("evt_2")),
            ("kind", json!("refund_failed")),
            ("reference", json!(format!("re_{key}"))),
            ("refund_key", json!(key)),
        ],
    );
    assert_eq!(practice.provider_tells(&failed).await.status, 200);
    let statuses = async || {
        let shown = practice.get("/api/bookings/1/payment", &ada).await.json();
        let refunds = shown["refunds"].as_array().unwrap().clone();
        refunds.iter().map(|refund| refund["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, ["failed"]);
    // The retry replaces it.
    let carl = practice.admin().await;
    let again = practice.post("/api/admin/bookings/1/refunds", &carl, "{}").await;
    assert!(again.status.is_success(), "{}", again.text);
    assert_eq!(statuses().await, ["queued"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_holds_the_slot_is_referred_to_its_checkout() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, bob) = (practice.client("Ada").await, practice.client("Bob").await);
    let body = format!(r#"{{"scheduled_at":"{SLOT}"}}"#);
    let named = || practice.request(Method::POST, "/api/bookings").header("Idempotency-Key", "once");
    let first = named().token(&ada).json(&body).send().await;
    assert_eq!(first.status, 201);
    // The same time, and an overlapping one.
    for at in [SLOT, "2024-01-15T10:30:00Z", "2024-01-15T09:15:00Z"] {
        let body = format!(r#"{{"scheduled_at":"{at}"}}"#);
        let again = practice.post("/api/bookings", &ada, &body).await;
        assert_eq!((again.problem(), &again.json()["booking_id"]), ((409, "hold_exists".into()), &1.into()), "{at}");
        let others = practice.post("/api/bookings", &bob, &body).await;
        assert_eq!((others.problem(), others.json().get("booking_id")), ((409, "slot_taken".into()), None), "{at}");
    }
    let open = practice.post("/api/bookings/1/payment", &ada, "{}").await;
    assert_eq!((open.status.as_u16(), &open.json()["checkout_url"]), (200, &first.json()["checkout_url"]));
    let replayed = named().token(&ada).json(&body).send().await;
    assert_eq!((replayed.status.as_u16(), &replayed.text), (201, &first.text));
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    // Once it is paid, there is no checkout to refer to.
    practice.pay(&first.json()).await;
    assert_eq!(practice.post("/api/bookings", &ada, &body).await.problem(), (409, "slot_taken".into()));
    assert_eq!(named().token(&ada).json(&body).send().await.text, first.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_hold_is_released_once_the_provider_reports_no_payment() {
    for paid in [false, true] {
        let practice = online().await;
        let ada = practice.client("Ada").await;
        practice.book(&ada, SLOT).await;
        let reference = practice.checkout_reference().await;
        if paid {
            let amount = Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap();
            let paid =
                PaidCheckout { amount, booking: BookingId::new(1), live: false, provider_payment_id: "pi_1".into() };
            practice.parts.gateway.set_checkout(&reference, CheckoutState::Paid(paid));
        }
        practice.advance(SignedDuration::from_mins(15));
        let (ada, bob) = (practice.token("ada@example.org").await, practice.client("Bob").await);
        let reply = practice.post("/api/bookings", &bob, &format!(r#"{{"scheduled_at":"{SLOT}"}}"#)).await;
        let booking = practice.get("/api/bookings/1", &ada).await.json();
        if paid {
            assert_eq!(reply.problem(), (409, "slot_taken".into()));
            assert_eq!(booking["status"], "scheduled");
        } else {
            assert_eq!(reply.status, 201);
            assert_eq!(booking["status"], "expired");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn free_bookings_need_no_payment() {
    let practice = Parts::new().provider(Provider::None).open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    assert_eq!(practice.get("/api/bookings/1/payment", &ada).await.json()["provider"], "none");
    assert_eq!(
        practice.post("/api/bookings/1/payment", &ada, "{}").await.problem(),
        (409, "payment_not_required".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_belongs_to_its_client_alone() {
    let practice = Practice::open().await;
    let (ada, bob, carl) = (practice.client("Ada").await, practice.client("Bob").await, practice.admin().await);
    practice.book(&ada, SLOT).await;
    for token in [&bob, &carl] {
        assert_eq!(practice.get("/api/bookings/1/payment", token).await.problem(), (403, "forbidden".into()));
        assert_eq!(practice.post("/api/bookings/1/payment", token, "{}").await.problem(), (403, "forbidden".into()));
    }
    assert_eq!(practice.get("/api/bookings/9/payment", &ada).await.problem(), (404, "booking_not_found".into()));
    assert_eq!(
        practice.post("/api/bookings/x/payment", &ada, "{}").await.problem(),
        (400, "invalid_booking_id".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_records_an_offline_payment() {
    let practice = Parts::new().provider(Provider::Offline).without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let booking = practice.book(&ada, SLOT).await;
    assert!(booking["checkout_url"].is_null());
    let path = "/api/admin/bookings/1/payments/offline";
    for (body, field, code) in [
        (r#"{}"#, "method", "required"),
        (r#"{"method":" "}"#, "method", "required"),
        (r#"{"method":"cash","amount":"100.00"}"#, "amount", "wrong_type"),
        (r#"{"method":"cash","amount":-100}"#, "amount", "invalid_amount"),
        (r#"{"method":"cash","amount":100.001}"#, "amount", "invalid_amount"),
        (r#"{"method":"cash","amount":1e2}"#, "amount", "invalid_amount"),
        (r#"{"method":"cash","amount":1e400}"#, "amount", "invalid_amount"),
        (r#"{"method":"cash","amount":99.99}"#, "amount", "amount_mismatch"),
        (r#"{"method":"cash","amount":0}"#, "amount", "amount_mismatch"),
        (r#"{"method":"cash","currency":"USD"}"#, "currency", "unknown_field"),
    ] {
        let reply = practice.post(path, &carl, body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{body}");
    }
    let missing = "/api/admin/bookings/9/payments/offline";
    for body in [r#"{"method":"cash"}"#, r#"{"method":"cash","amount":100}"#] {
        assert_eq!(practice.post(missing, &carl, body).await.problem(), (404, "booking_not_found".into()));
    }
    let body = r#"{"method":"bank_transfer","amount":100.0,"reference":"2024-0017"}"#;
    let reply = practice.post(path, &carl, body).await;
    assert_eq!(reply.status, 200);
    let detail = reply.json();
    assert_eq!((&detail["status"], &detail["payment_status"]), (&"scheduled".into(), &"succeeded".into()));
    assert_eq!(detail["history"][1]["actor_id"], 1);
    assert_eq!(practice.post(path, &carl, body).await.problem(), (409, "already_paid".into()));
    assert_eq!(practice.get("/api/bookings/1/payment", &ada).await.json()["provider"], "offline");
    assert_eq!(practice.get("/api/meetings/1/link", &ada).await.status, 200);
}
