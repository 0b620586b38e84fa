//! Payments and refunds of a booking, for admins.

use std::collections::HashSet;

use attune_domain::payment::{PaymentState, RefundStage};
use attune_ports::{Clock, NewPayment, NewRefund, Provider, Queries, RefundCause};
use futures_util::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

const BOOKING: &str = "/api/admin/bookings/1";
const REFUNDS: &str = "/api/admin/bookings/1/refunds";

/// Ada's booking (1), paid at the test checkout, and Carl's token.
async fn paid() -> (Practice, String) {
    let (practice, _, carl) = Parts::new().without_limits().with_session().await;
    (practice, carl)
}

/// Ada's booking (1), paid in cash, and Carl's token.
async fn paid_in_cash() -> (Practice, String) {
    let (practice, _, carl) = Parts::new().without_limits().provider(Provider::Offline).with_hold().await;
    let record = r#"{"method":"cash","reference":"2024-0017"}"#;
    practice.post(&format!("{BOOKING}/payments/offline"), &carl, record).await.assert_status(200);
    (practice, carl)
}

/// Processes the queued refunds and returns their number.
async fn process(practice: &Practice) -> usize {
    practice.parts.use_cases().process_refunds.run().await.unwrap()
}

/// Checks the payment status, the refunds (id, amount, status and cause) and the ledger (kind, amount and refund) of a
/// booking.
#[track_caller]
fn assert_books(booking: &Value, payment_status: &str, refunds: &[&str], ledger: &[&str]) {
    assert_eq!(booking["payment_status"], payment_status);
    assert_eq!(lines(&booking["refunds"], &["id", "amount", "status", "cause"]), refunds);
    assert_eq!(lines(&booking["ledger"], &["kind", "amount", "refund_id"]), ledger);
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_refunds_and_ledger_are_complete() {
    let (practice, _, carl) = Parts::new().without_limits().with_hold().await;
    let path = practice.checkout_path(1).await;
    let reference = path.rsplit('/').next().unwrap();
    let unpaid = practice.get(BOOKING, &carl).await;
    // Where to pay is shown to the client only.
    unpaid.assert_lacks(&[reference, "checkout_url"]);
    assert_eq!(column(&unpaid.json()["payments"], "state"), ["open"]);
    assert_eq!(unpaid.json()["refunds"], json!([]));
    practice.pay(1).await;
    practice.post(REFUNDS, &carl, r#"{"amount":40,"reason":" Shorter\nthan agreed "}"#).await;
    let paid = practice.get(BOOKING, &carl).await;
    let (_, books) = paid.text.split_once(r#","payments":"#).unwrap();
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
    let part = practice.post(REFUNDS, &carl, r#"{"amount":40.00}"#).await.assert_status(202).json();
    assert_books(&part, "refund_pending", &["1 40.0 queued requested"], &["captured 100.0 null"]);
    for body in ["{}", r#"{"amount":60}"#, r#"{"amount":40}"#] {
        practice.post(REFUNDS, &carl, body).await.assert_problem(409, "refund_in_progress");
    }
    assert_eq!((process(&practice).await, process(&practice).await), (1, 0));
    let first = "1 40.0 succeeded requested";
    let ledger = ["captured 100.0 null", "refunded 40.0 1", "refunded 60.0 2"];
    let processed = practice.get(BOOKING, &carl).await.json();
    assert_books(&processed, "partially_refunded", &[first], &ledger[..2]);
    assert_eq!(processed["status"], "scheduled");
    let more = practice.post(REFUNDS, &carl, r#"{"amount":60.01}"#).await;
    more.assert_problem(422, "refund_too_large");
    assert_eq!(more.json()["errors"][0]["message"], "At most 60.00 EUR can be refunded.");
    // The amount defaults to what is left, and the body can be missing.
    let rest = practice.post_empty(REFUNDS, &carl).await.assert_status(202).json();
    assert_eq!(rest["refunds"][1]["amount"], 60.0);
    practice.advance(SignedDuration::from_secs(1));
    process(&practice).await;
    let all = practice.get(BOOKING, &carl).await.json();
    assert_books(&all, "refunded", &[first, "2 60.0 succeeded requested"], &ledger);
    for body in ["{}", r#"{"amount":0.01}"#, r#"{"payment_id":1}"#, r#"{"amount":0}"#] {
        practice.post(REFUNDS, &carl, body).await.assert_problem(409, "nothing_to_refund");
    }
    let emails = column(&all["notifications"], "kind");
    assert_eq!(emails.iter().filter(|kind| **kind == "refund").count(), 2, "one for each refund that was sent");
    let mut history = lines(&all["history"], &["action", "actor_id"]);
    history.retain(|line| line.starts_with("booking.payment_changed "));
    let actors: Vec<_> = history.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(actors, ["1", "null", "1", "null"], "requested by Carl, processed by the worker");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_refund_says_why_and_refunds_nothing() {
    let (practice, carl) = paid().await;
    let bob = practice.client("Bob").await;
    practice.book(&bob, "2024-01-16T10:00:00Z").await;
    practice.pay(2).await;
    let long = format!("\"{}\"", "é".repeat(501));
    let rows: Invalid<'_> = &[
        ("amount", "invalid_amount", &["0", "0.00", "-40", "0.001", "1e1", "99999999999999999999"]),
        ("amount", "wrong_type", &[r#""40.00""#]),
        ("amount", "refund_too_large", &["100.01"]),
        ("payment_id", "unknown_payment", &["9", "2"]),
        ("payment_id", "out_of_range", &["0"]),
        ("payment_id", "wrong_type", &[r#""1""#]),
        ("reason", "wrong_type", &["7"]),
        ("reason", "too_long", &[&long]),
        ("currency", "unknown_field", &[r#""USD""#]),
    ];
    practice.assert_invalid_values(Method::POST, REFUNDS, &carl, "{}", rows).await;
    for body in ["{}", r#"{"amount":1}"#, r#"{"payment_id":1}"#] {
        practice.post("/api/admin/bookings/9/refunds", &carl, body).await.assert_problem(404, "booking_not_found");
    }
    practice.post("/api/admin/bookings/x/refunds", &carl, "{}").await.assert_problem(400, "invalid_booking_id");
    let ada = practice.token("ada@example.org").await;
    practice.post(REFUNDS, &ada, "{}").await.assert_problem(403, "forbidden");
    practice.post(REFUNDS, "", "{}").await.assert_problem(401, "unauthenticated");
    let longest = format!(r#"{{"amount":100,"reason":"{}","payment_id":1}}"#, "é".repeat(500));
    practice.get(BOOKING, &carl).await.assert_members(&json!({"refunds": []}));
    practice.post(REFUNDS, &carl, &longest).await.assert_status(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_refunded_without_a_payment() {
    for provider in [Provider::Test, Provider::Offline, Provider::None] {
        let (practice, _, carl) = Parts::new().without_limits().provider(provider).with_hold().await;
        for body in ["{}", r#"{"amount":1}"#] {
            practice.post(REFUNDS, &carl, body).await.assert_problem(409, "nothing_to_refund");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_payments_are_refunded_by_hand() {
    let (practice, carl) = paid_in_cash().await;
    // The admin says that the money was returned.
    let part = practice.post(REFUNDS, &carl, r#"{"amount":30,"reason":"Out of kindness"}"#).await;
    let part = part.assert_status(200).json();
    let (first, ledger) = ("1 30.0 succeeded requested", ["captured 100.0 null", "refunded 30.0 1"]);
    assert_books(&part, "partially_refunded", &[first], &ledger);
    let fields = ["state", "provider", "method", "note", "recorded_by", "provider_reference"];
    let payments = lines(&part["payments"], &fields);
    assert!(payments.contains(&"settled offline cash 2024-0017 1 null".to_owned()), "{payments:?}");
    // Cancelled: the rest is queued, and is paid out by hand.
    practice.post(&format!("{BOOKING}/cancel"), &carl, "{}").await.assert_status(200);
    assert_eq!(process(&practice).await, 0, "no worker has the cash");
    let queued = practice.get(BOOKING, &carl).await.json();
    assert_books(&queued, "refund_pending", &[first, "2 70.0 queued cancelled"], &ledger);
    practice.post(REFUNDS, &carl, r#"{"amount":20}"#).await.assert_problem(409, "refund_in_progress");
    let done = practice.post(REFUNDS, &carl, r#"{"amount":70.00}"#).await.assert_status(200).json();
    let ledger = [ledger[0], ledger[1], "refunded 70.0 2"];
    assert_books(&done, "refunded", &[first, "2 70.0 succeeded cancelled"], &ledger);
    practice.post(REFUNDS, &carl, "{}").await.assert_problem(409, "nothing_to_refund");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_refunds_once() {
    let (practice, carl) = paid().await;
    let send = |key, body| practice.post_with_key(key, REFUNDS, &carl, body);
    let replies = join_all((0..20).map(|_| send("first", r#"{"amount":40}"#))).await;
    assert_eq!(replies.iter().map(Reply::response).collect::<HashSet<_>>().len(), 1);
    assert_eq!(replies.iter().filter(|reply| !reply.is_replay()).count(), 1);
    assert_eq!(replies[0].assert_status(202).json()["refunds"].as_array().unwrap().len(), 1);
    process(&practice).await;
    // The refund has succeeded by now, but the response is the stored one.
    let again = send("first", r#"{ "amount":40, "reason":null }"#).await;
    assert_eq!((again.response(), again.is_replay()), (replies[0].response(), true));
    send("first", r#"{"amount":60}"#).await.assert_problem(422, "idempotency_key_reused");
    send("second", r#"{"amount":100}"#).await.assert_problem(422, "refund_too_large");
    // A rejection is not stored, and a new key is a new request.
    send("second", r#"{"amount":40}"#).await.assert_status(202);
    let refunds = practice.parts.store.refunds(FIRST).await.unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.amount.minor()).collect::<Vec<_>>(), [4_000, 4_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_offline_refund_keeps_its_status() {
    let (practice, carl) = paid_in_cash().await;
    let send = || practice.request(Method::POST, REFUNDS).token(&carl).header("Idempotency-Key", "k").send();
    let (first, again) = (send().await, send().await);
    again.assert_body(200, &first.assert_status(200).text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refund_of_a_second_payment_is_pending_whatever_the_status_of_the_booking() {
    let (practice, carl) = paid().await;
    let now = practice.parts.clock.now();
    let second = practice
        .write(async |work| {
            let booking = work.booking(FIRST).await.unwrap().unwrap();
            let reference = "paid-twice".to_owned();
            let unapplied = NewPayment {
                provider_payment_id: Some(reference.clone()),
                settled_at: Some(now),
                ..NewPayment::attempt(
                    &booking,
                    booking.price(),
                    Provider::Test,
                    reference,
                    PaymentState::Unapplied,
                    now,
                )
            };
            let second = work.add_payment(&unapplied).await.unwrap();
            let failed = NewRefund {
                cause: RefundCause::Unapplied,
                last_error: Some("refused".into()),
                ..refund(second, booking.price(), RefundStage::Failed, now)
            };
            work.add_refund(&failed).await.unwrap();
            second
        })
        .await;
    let body = format!(r#"{{"payment_id":{second}}}"#);
    let again = || practice.post_with_key("k", REFUNDS, &carl, &body);
    let (reply, replay) = (again().await.assert_status(202).json(), again().await);
    replay.assert_status(202);
    assert_eq!((&reply["payment_status"], &reply["payments"][0]["state"]), (&"succeeded".into(), &"unapplied".into()));
    assert_eq!(lines(&reply["refunds"], &["status", "last_error"]), ["retried refused", "queued null"]);
}
