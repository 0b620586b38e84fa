//! Opening checkouts, and payments that came in outside.

use attune_ports::Provider;
use jiff::SignedDuration;

use super::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_checkout_again_leads_to_the_same_place() {
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
        let call = practice.request(reqwest::Method::POST, "/api/bookings/1/payment").token(&ada);
        let call = if body.is_empty() { call } else { call.json(body) };
        assert_eq!(call.send().await.text, shown.text);
    }
    practice.pay(&held).await;
    let paid = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!((&paid["payment_status"], &paid["checkout_url"]), (&"succeeded".into(), &serde_json::Value::Null));
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
async fn where_nothing_is_due_there_is_nothing_to_pay() {
    let practice = Parts::new().provider(Provider::None).open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    assert_eq!(practice.get("/api/bookings/1/payment", &ada).await.json()["provider"], "none");
    assert_eq!(practice.post("/api/bookings/1/payment", &ada, "{}").await.problem(), (409, "not_required".into()));
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
async fn an_admin_records_what_came_in() {
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
