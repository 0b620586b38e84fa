//! Payments and refunds of a booking, for admins.

use std::collections::HashSet;

use attune_domain::BookingId;
use attune_domain::payment::{PaymentState, RefundStage};
use attune_ports::{Clock, NewPayment, NewRefund, Provider, Queries, RefundCause, Store};
use futures_util::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

const BOOKING: &str = "/api/admin/bookings/1";
const REFUNDS: &str = "/api/admin/bookings/1/refunds";

/// Ada's booking (1), paid at the test checkout, and Carl's token.
async fn paid() -> (Practice, String) {
    let practice = Parts::new().without_limits().open().await;
    practice.agreed().await;
    let carl = practice.admin().await;
    (practice, carl)
}

/// Processes the queued refunds and returns their number.
async fn settle(practice: &Practice) -> usize {
    practice.parts.use_cases().process_refunds.run().await.unwrap()
}

/// Payments, refunds and ledger of a response.
fn money(booking: &Value) -> (Value, Vec<Value>, Vec<Value>) {
    let list = |name: &str| booking[name].as_array().unwrap().clone();
    let pick = |item: &Value, names: &[&str]| Value::from(names.iter().map(|n| item[*n].clone()).collect::<Vec<_>>());
    let refunds = list("refunds").iter().map(|r| pick(r, &["id", "amount", "status", "cause"])).collect();
    let ledger = list("ledger").iter().map(|l| pick(l, &["kind", "amount", "refund_id"])).collect();
    (booking["payment_status"].clone(), refunds, ledger)
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_refunds_and_ledger_are_complete() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let carl = practice.admin().await;
    let held = practice.book(&ada, SLOT).await;
    let reference = held["checkout_url"].as_str().unwrap().rsplit('/').next().unwrap();
    let unpaid = practice.get(BOOKING, &carl).await;
    assert!(!unpaid.text.contains(reference) && !unpaid.text.contains("checkout_url"), "where to pay is the client's");
    assert_eq!((&unpaid.json()["payments"][0]["state"], money(&unpaid.json()).1.len()), (&"open".into(), 0));
    practice.pay(&held).await;
    practice.post(REFUNDS, &carl, r#"{"amount":40,"reason":" Shorter\nthan agreed "}"#).await;
    let told = practice.get(BOOKING, &carl).await;
    let (_, books) = told.text.split_once(r#","payments":"#).unwrap();
    assert_eq!(
        books,
        r#"[{"id":1,"provider":"test","state":"settled","amount":100.00,"currency":"EUR","method":null,"note":null,"#
            .to_owned()
            + &format!(r#""recorded_by":null,"provider_reference":"{reference}","created_at":"2024-01-10T08:00:00Z","#)
            + r#""settled_at":"2024-01-10T08:00:00Z"}],"#
            + r#""refunds":[{"id":1,"payment_id":1,"amount":40.00,"status":"queued","cause":"requested","#
            + r#""reason":"Shorter\nthan agreed","requested_by":1,"attempts":0,"last_error":null,"#
            + r#""created_at":"2024-01-10T08:00:00Z","settled_at":null}],"#
            + r#""ledger":[{"at":"2024-01-10T08:00:00Z","kind":"captured","amount":100.00,"currency":"EUR","#
            + r#""payment_id":1,"refund_id":null}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_refunded_in_parts_until_nothing_is_left() {
    let (practice, carl) = paid().await;
    let captured = json!(["captured", 100.0, null]);
    let part = practice.post(REFUNDS, &carl, r#"{"amount":40.00}"#).await;
    assert_eq!(part.status, 202);
    let first = json!([1, 40.0, "queued", "requested"]);
    assert_eq!(money(&part.json()), ("refund_pending".into(), vec![first], vec![captured.clone()]));
    for body in ["{}", r#"{"amount":60}"#, r#"{"amount":40}"#] {
        assert_eq!(practice.post(REFUNDS, &carl, body).await.problem(), (409, "refund_in_progress".into()), "{body}");
    }
    assert_eq!((settle(&practice).await, settle(&practice).await), (1, 0));
    let first = json!([1, 40.0, "succeeded", "requested"]);
    let back = json!(["refunded", 40.0, 1]);
    let settled = practice.get(BOOKING, &carl).await.json();
    let wanted = ("partially_refunded".into(), vec![first.clone()], vec![captured.clone(), back.clone()]);
    assert_eq!(money(&settled), wanted);
    assert_eq!(settled["status"], "scheduled");
    let more = practice.post(REFUNDS, &carl, r#"{"amount":60.01}"#).await;
    assert_eq!(more.problem(), (422, "refund_too_large".into()));
    assert_eq!(more.json()["errors"][0]["message"], "At most 60.00 EUR can be refunded.");
    // The amount defaults to what is left, and the body can be missing.
    let rest = practice.request(Method::POST, REFUNDS).token(&carl).send().await;
    assert_eq!((rest.status.as_u16(), &rest.json()["refunds"][1]["amount"]), (202, &json!(60.0)));
    practice.advance(SignedDuration::from_secs(1));
    settle(&practice).await;
    let all = practice.get(BOOKING, &carl).await.json();
    let second = json!([2, 60.0, "succeeded", "requested"]);
    assert_eq!(
        money(&all),
        ("refunded".into(), vec![first, second], vec![captured, back, json!(["refunded", 60.0, 2])])
    );
    for body in ["{}", r#"{"amount":0.01}"#, r#"{"payment_id":1}"#, r#"{"amount":0}"#] {
        assert_eq!(practice.post(REFUNDS, &carl, body).await.problem(), (409, "nothing_to_refund".into()), "{body}");
    }
    let emails = all["notifications"].as_array().unwrap().iter().filter(|mail| mail["kind"] == "refund").count();
    assert_eq!(emails, 2, "one for each that left");
    let history: Vec<_> = all["history"].as_array().unwrap().iter().map(|e| (&e["action"], &e["actor_id"])).collect();
    let moved = Value::from("booking.payment_changed");
    let by: Vec<_> =
        history.iter().filter(|(action, _)| **action == moved).map(|(_, actor)| (*actor).clone()).collect();
    assert_eq!(
        by,
        [1.into(), Value::Null, 1.into(), Value::Null],
        "requested by Carl, processed by the worker: {history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_refund_says_why_and_refunds_nothing() {
    let (practice, carl) = paid().await;
    let bob = practice.client("Bob").await;
    let other = practice.book(&bob, "2024-01-16T10:00:00Z").await;
    practice.pay(&other).await;
    let long = format!(r#"{{"reason":"{}"}}"#, "é".repeat(501));
    for (body, field, code) in [
        (r#"{"amount":0}"#, "amount", "invalid_amount"),
        (r#"{"amount":0.00}"#, "amount", "invalid_amount"),
        (r#"{"amount":-40}"#, "amount", "invalid_amount"),
        (r#"{"amount":0.001}"#, "amount", "invalid_amount"),
        (r#"{"amount":1e1}"#, "amount", "invalid_amount"),
        (r#"{"amount":99999999999999999999}"#, "amount", "invalid_amount"),
        (r#"{"amount":"40.00"}"#, "amount", "wrong_type"),
        (r#"{"amount":100.01}"#, "amount", "refund_too_large"),
        (r#"{"payment_id":9}"#, "payment_id", "unknown_payment"),
        (r#"{"payment_id":2}"#, "payment_id", "unknown_payment"),
        (r#"{"payment_id":0}"#, "payment_id", "out_of_range"),
        (r#"{"payment_id":"1"}"#, "payment_id", "wrong_type"),
        (r#"{"reason":7}"#, "reason", "wrong_type"),
        (&long, "reason", "too_long"),
        (r#"{"currency":"USD"}"#, "currency", "unknown_field"),
    ] {
        let reply = practice.post(REFUNDS, &carl, body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{body}");
    }
    for body in ["{}", r#"{"amount":1}"#, r#"{"payment_id":1}"#] {
        let missing = practice.post("/api/admin/bookings/9/refunds", &carl, body).await;
        assert_eq!(missing.problem(), (404, "booking_not_found".into()), "{body}");
    }
    let no_id = practice.post("/api/admin/bookings/x/refunds", &carl, "{}").await;
    assert_eq!(no_id.problem(), (400, "invalid_booking_id".into()));
    let ada = practice.token("ada@example.org").await;
    for (token, wanted) in [(ada.as_str(), (403, "forbidden")), ("", (401, "unauthenticated"))] {
        assert_eq!(practice.post(REFUNDS, token, "{}").await.problem(), (wanted.0, wanted.1.to_owned()));
    }
    let longest = format!(r#"{{"amount":100,"reason":"{}","payment_id":1}}"#, "é".repeat(500));
    assert!(money(&practice.get(BOOKING, &carl).await.json()).1.is_empty());
    assert_eq!(practice.post(REFUNDS, &carl, &longest).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_refunded_without_a_payment() {
    for provider in [Provider::Test, Provider::Offline, Provider::None] {
        let practice = Parts::new().without_limits().provider(provider).open().await;
        let ada = practice.client("Ada").await;
        practice.book(&ada, SLOT).await;
        let carl = practice.admin().await;
        for body in ["{}", r#"{"amount":1}"#] {
            let reply = practice.post(REFUNDS, &carl, body).await;
            assert_eq!(reply.problem(), (409, "nothing_to_refund".into()), "{provider:?} {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_payments_are_refunded_by_hand() {
    let practice = Parts::new().without_limits().provider(Provider::Offline).open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let carl = practice.admin().await;
    let record = r#"{"method":"cash","reference":"2024-0017"}"#;
    assert_eq!(practice.post(&format!("{BOOKING}/payments/offline"), &carl, record).await.status, 200);
    let part = practice.post(REFUNDS, &carl, r#"{"amount":30,"reason":"Out of kindness"}"#).await;
    assert_eq!(part.status, 200, "the admin says that it was given back");
    let told = part.json();
    let first = json!([1, 30.0, "succeeded", "requested"]);
    let lines = vec![json!(["captured", 100.0, null]), json!(["refunded", 30.0, 1])];
    assert_eq!(money(&told), ("partially_refunded".into(), vec![first.clone()], lines.clone()));
    let payment = told["payments"].as_array().unwrap().iter().find(|p| p["state"] == "settled").unwrap();
    let of_payment = ["provider", "method", "note", "recorded_by", "provider_reference"].map(|n| payment[n].clone());
    assert_eq!(of_payment, ["offline".into(), "cash".into(), "2024-0017".into(), 1.into(), Value::Null]);
    // Cancelled: the rest is queued, and is paid out by hand.
    assert_eq!(practice.post(&format!("{BOOKING}/cancel"), &carl, "{}").await.status, 200);
    assert_eq!(settle(&practice).await, 0, "no worker has the cash");
    let queued = practice.get(BOOKING, &carl).await.json();
    let second = json!([2, 70.0, "queued", "cancelled"]);
    assert_eq!(money(&queued), ("refund_pending".into(), vec![first.clone(), second], lines));
    let other = practice.post(REFUNDS, &carl, r#"{"amount":20}"#).await;
    assert_eq!(other.problem(), (409, "refund_in_progress".into()));
    let done = practice.post(REFUNDS, &carl, r#"{"amount":70.00}"#).await;
    assert_eq!(done.status, 200);
    let second = json!([2, 70.0, "succeeded", "cancelled"]);
    assert_eq!((money(&done.json()).0, money(&done.json()).1), ("refunded".into(), vec![first, second]));
    assert_eq!(practice.post(REFUNDS, &carl, "{}").await.problem(), (409, "nothing_to_refund".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_refunds_once() {
    let (practice, carl) = paid().await;
    let (practice, carl) = (&practice, &carl);
    let send = |key: &'static str, body: &'static str| async move {
        practice.request(Method::POST, REFUNDS).token(carl).header("Idempotency-Key", key).json(body).send().await
    };
    let answer = |reply: &Reply| (reply.status.as_u16(), reply.text.clone());
    let replies = join_all((0..20).map(|_| send("first", r#"{"amount":40}"#))).await;
    assert_eq!(replies.iter().map(answer).collect::<HashSet<_>>().len(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.header("idempotent-replayed").is_none()).count(), 1);
    assert_eq!((replies[0].status.as_u16(), money(&replies[0].json()).1.len()), (202, 1));
    settle(practice).await;
    // The refund has succeeded by now, but the response is the stored one.
    let again = send("first", r#"{ "amount":40, "reason":null }"#).await;
    assert_eq!((answer(&again), again.header("idempotent-replayed")), (answer(&replies[0]), Some("true")));
    assert_eq!(send("first", r#"{"amount":60}"#).await.problem(), (422, "idempotency_key_reused".into()));
    assert_eq!(send("second", r#"{"amount":100}"#).await.problem(), (422, "refund_too_large".into()));
    assert_eq!(
        send("second", r#"{"amount":40}"#).await.status,
        202,
        "a rejection is not stored, and a new key is a new request"
    );
    let refunds = practice.parts.store.refunds(BookingId::new(1).unwrap()).await.unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.amount.minor()).collect::<Vec<_>>(), [4_000, 4_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_offline_refund_keeps_its_status() {
    let practice = Parts::new().without_limits().provider(Provider::Offline).open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let carl = practice.admin().await;
    practice.post(&format!("{BOOKING}/payments/offline"), &carl, r#"{"method":"cash"}"#).await;
    let send = || practice.request(Method::POST, REFUNDS).token(&carl).header("Idempotency-Key", "k").send();
    let (first, again) = (send().await, send().await);
    assert_eq!((first.status.as_u16(), again.status.as_u16(), again.text), (200, 200, first.text));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refund_of_a_second_payment_is_pending_whatever_the_status_of_the_booking() {
    let (practice, carl) = paid().await;
    let booking = BookingId::new(1).unwrap();
    let mut work = practice.parts.store.begin().await.unwrap();
    let price = work.booking(booking).await.unwrap().unwrap().price();
    let now = practice.parts.clock.now();
    let second = work
        .add_payment(&NewPayment {
            id: (),
            booking,
            provider: Provider::Test,
            provider_checkout_id: "came-twice".into(),
            amount: price,
            state: PaymentState::Unapplied,
            checkout_url: None,
            checkout_nonce: None,
            expires_at: None,
            provider_payment_id: Some("came-twice".into()),
            check_at: None,
            method: None,
            memo: None,
            recorded_by: None,
            created_at: now,
            settled_at: Some(now),
        })
        .await
        .unwrap();
    work.add_refund(&NewRefund {
        id: (),
        booking,
        payment: second,
        idempotency_key: "1-failed".into(),
        amount: price,
        cause: RefundCause::Unapplied,
        reason: None,
        requested_by: None,
        stage: RefundStage::Failed,
        provider_refund_id: None,
        attempts: 0,
        next_at: None,
        last_error: Some("refused".into()),
        created_at: now,
        settled_at: Some(now),
    })
    .await
    .unwrap();
    work.commit().await.unwrap();
    let body = format!(r#"{{"payment_id":{second}}}"#);
    let again =
        || practice.request(Method::POST, REFUNDS).token(&carl).header("Idempotency-Key", "k").json(&body).send();
    let (reply, replayed) = (again().await, again().await);
    assert_eq!((reply.status.as_u16(), replayed.status.as_u16()), (202, 202));
    let told = reply.json();
    assert_eq!((&told["payment_status"], &told["payments"][0]["state"]), (&"succeeded".into(), &"unapplied".into()));
    let stages: Vec<_> = told["refunds"].as_array().unwrap().iter().map(|r| (&r["status"], &r["last_error"])).collect();
    assert_eq!(stages, [(&"retried".into(), &"refused".into()), (&"queued".into(), &Value::Null)]);
}
