//! Requests that are repeated with one idempotency key.

use std::collections::HashSet;

use attune_domain::{BookingId, UserId};
use attune_ports::{IdempotencyKey, IdempotencyRecord, Provider, Queries, Store};
use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::harness::*;

const CREATE: &str = "/api/bookings";
const KEY: &str = "6f1c2a7e-8b0d-4d53-9a3e-2f7b5c1d0e94";

fn body() -> String {
    format!(r#"{{"scheduled_at":"{SLOT}"}}"#)
}

async fn send(practice: &Practice, key: &str, path: &str, token: &str, body: &str) -> Reply {
    practice.request(Method::POST, path).token(token).header("Idempotency-Key", key).json(body).send().await
}

/// Status, body and location of a response.
fn answer(reply: &Reply) -> (u16, String, Option<String>) {
    (reply.status.as_u16(), reply.text.clone(), reply.header("location").map(str::to_owned))
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == Some("true")
}

async fn total(practice: &Practice) -> Value {
    practice.get("/api/admin/bookings", &practice.admin().await).await.json()["total"].clone()
}

async fn emails(practice: &Practice, kind: &str) -> usize {
    let notices = practice.parts.store.notices(BookingId::new(1).unwrap()).await.unwrap();
    notices.iter().filter(|notice| notice.content.kind.as_str() == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_receives_the_stored_response() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let first = send(&practice, KEY, CREATE, &ada, &body()).await;
    assert_eq!(first.status, 201);
    assert!(!replayed(&first) && first.json()["checkout_url"].is_string());
    assert_eq!(first.header("location"), Some("/api/bookings/1"));
    practice.pay(&first.json()).await;
    for same in [
        body(),
        format!("{{ \"note\" : null,\r\n\t\"scheduled_at\":\"{SLOT}\" }}\n"),
        body().replace("scheduled_at", "scheduled\\u005fat"),
    ] {
        let again = send(&practice, KEY, CREATE, &ada, &same).await;
        // Not the current booking, but the response that the client missed.
        assert_eq!(answer(&again), answer(&first), "{same}");
        assert!(replayed(&again));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(total(&practice).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_requests_create_one_booking_with_one_response() {
    for provider in [Provider::Test, Provider::None] {
        let practice = Parts::new().without_limits().provider(provider).open().await;
        let ada = practice.client("Ada").await;
        let (practice, ada) = (&practice, &ada);
        let replies = join_all((0..50).map(|_| async move { send(practice, KEY, CREATE, ada, &body()).await })).await;
        let answers: HashSet<_> = replies.iter().map(answer).collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(replies[0].status, 201);
        assert_eq!(replies[0].json()["checkout_url"].is_string(), provider == Provider::Test);
        assert_eq!(replies.iter().filter(|reply| !replayed(reply)).count(), 1);
        assert_eq!(total(practice).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_requests_of_an_admin_receive_one_response() {
    let practice = Parts::new().without_limits().open().await;
    practice.agreed().await;
    let carl = practice.admin().await;
    let (practice, carl) = (&practice, &carl);
    let create = r#"{"user_id":2,"scheduled_at":"2024-01-17T10:00:00Z"}"#;
    let paid = r#"{"user_id":2,"scheduled_at":"2024-01-18T10:00:00Z","payment":"offline_paid","method":"cash"}"#;
    let at = r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#;
    for (number, (path, body)) in [
        ("/api/admin/bookings", create),
        ("/api/admin/bookings", paid),
        ("/api/admin/bookings/2/payments/offline", r#"{"method":"cash"}"#),
        ("/api/admin/bookings/1/reschedule", at),
        ("/api/admin/bookings/1/cancel", "{}"),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("key-{number}");
        let sent = |key: String| async move { send(practice, &key, path, carl, body).await };
        let replies = join_all((0..20).map(|_| sent(key.clone()))).await;
        let answers: HashSet<_> = replies.iter().map(answer).collect();
        assert_eq!(answers.len(), 1, "{path} {answers:?}");
        assert!(replies[0].status.is_success() && replies[0].json()["history"].is_array(), "{path}");
        assert_eq!(replies.iter().filter(|reply| !replayed(reply)).count(), 1, "{path}");
        // Later as well, when the booking has more details.
        let again = send(practice, &key, path, carl, body).await;
        assert_eq!(answer(&again), answer(&replies[0]), "{path}");
    }
    assert_eq!(total(practice).await, 3);
    assert_eq!((emails(practice, "rescheduled").await, emails(practice, "cancelled").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_client_accepts_a_key() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.agreed().await;
    for (path, body) in [
        ("/api/bookings/1/reschedule", r#"{"scheduled_at":"2024-01-16T10:00:00Z","version":2}"#),
        ("/api/bookings/1/cancel", r#"{"reason":"Ill"}"#),
    ] {
        // One key for both: it belongs to one path.
        let first = send(&practice, KEY, path, &ada, body).await;
        assert_eq!(first.status, 200, "{}", first.text);
        for path in [path.to_owned(), path.replace("/1/", "/01/"), path.replace("bookings", "book%69ngs")] {
            let again = send(&practice, KEY, &path, &ada, body).await;
            assert_eq!((answer(&again), replayed(&again)), (answer(&first), true), "{path}");
        }
    }
    assert_eq!((emails(&practice, "rescheduled").await, emails(&practice, "cancelled").await), (1, 1));
    let empty =
        |token| practice.request(Method::POST, "/api/bookings/1/cancel").token(token).header("Idempotency-Key", "b");
    assert_eq!(empty(&ada).send().await.problem(), (409, "invalid_state".into()), "a new key is a new request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_body_is_an_empty_one() {
    let practice = Practice::open().await;
    let ada = practice.agreed().await;
    let empty = || practice.request(Method::POST, "/api/bookings/1/cancel").token(&ada).header("Idempotency-Key", KEY);
    let first = empty().send().await;
    assert_eq!(first.status, 200);
    for again in
        [empty().send().await, empty().json("{}").send().await, empty().json(r#"{"reason":null}"#).send().await]
    {
        assert_eq!((answer(&again), replayed(&again)), (answer(&first), true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request_of_one_user() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, bob) = (practice.client("Ada").await, practice.client("Bob").await);
    let first = send(&practice, KEY, CREATE, &ada, &body()).await;
    for other in [
        r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#.to_owned(),
        format!(r#"{{"scheduled_at":"{SLOT}","note":"x"}}"#),
        // The same instant in another format counts as another request.
        r#"{"scheduled_at":"2024-01-15T11:00:00+01:00"}"#.to_owned(),
    ] {
        let reply = send(&practice, KEY, CREATE, &ada, &other).await;
        assert_eq!(reply.problem(), (422, "idempotency_key_reused".into()), "{other}");
        assert!(!replayed(&reply));
    }
    // Bob gets none of Ada's responses.
    assert_eq!(send(&practice, KEY, CREATE, &bob, &body()).await.problem(), (409, "slot_taken".into()));
    let bobs = send(&practice, KEY, CREATE, &bob, r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#).await;
    assert_eq!((bobs.status.as_u16(), &bobs.json()["user_id"], replayed(&bobs)), (201, &3.into(), false));
    assert_eq!(answer(&send(&practice, KEY, CREATE, &ada, &body()).await), answer(&first));
    assert_eq!(total(&practice).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_are_not_stored() {
    let practice = Practice::open().await;
    let (ada, bob) = (practice.client("Ada").await, practice.client("Bob").await);
    practice.book(&bob, SLOT).await;
    assert_eq!(send(&practice, KEY, CREATE, &ada, &body()).await.problem(), (409, "slot_taken".into()));
    assert_eq!(practice.post("/api/bookings/1/cancel", &bob, "{}").await.status, 200);
    let booked = send(&practice, KEY, CREATE, &ada, &body()).await;
    assert_eq!((booked.status.as_u16(), replayed(&booked)), (201, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_every_request_is_executed() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    assert!(!replayed(&practice.post(CREATE, &ada, &body()).await));
    assert_eq!(practice.post(CREATE, &ada, &body()).await.problem(), (409, "hold_exists".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_visible_ascii() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let long = "k".repeat(256);
    let call = || practice.request(Method::POST, CREATE).token(&ada).json("{");
    for (key, code) in [
        ("", "out_of_range"),
        (long.as_str(), "out_of_range"),
        ("two words", "invalid_characters"),
        ("tab\there", "invalid_characters"),
        ("caf\u{e9}", "invalid_characters"),
    ] {
        let reply = call().header("Idempotency-Key", key).send().await;
        assert_eq!(
            (reply.status.as_u16(), reply.errors()),
            (422, vec![("Idempotency-Key".into(), code.into())]),
            "{key}"
        );
    }
    let twice = call().header("Idempotency-Key", "a").header("Idempotency-Key", "a").send().await;
    assert_eq!(twice.errors(), [("Idempotency-Key".to_owned(), "duplicate_field".to_owned())]);
    let good = "!~\"'*".to_owned() + &"k".repeat(250);
    assert_eq!(send(&practice, &good, CREATE, &ada, "{").await.problem(), (400, "malformed_json".into()));
    let first = send(&practice, &good, CREATE, &ada, &body()).await;
    assert_eq!(first.status, 201);
    assert_eq!(answer(&send(&practice, &good, CREATE, &ada, &body()).await), answer(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnected_receives_the_response_on_retry() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let body = body();
    let request = format!(
        "POST {CREATE} HTTP/1.1\r\nHost: practice\r\nAuthorization: Bearer {ada}\r\nIdempotency-Key: {KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut lost = TcpStream::connect(practice.address).await.unwrap();
    lost.write_all(request.as_bytes()).await.unwrap();
    drop(lost);
    // The first attempt may have left nothing, a booking without a response, or both.
    let first = send(&practice, KEY, CREATE, &ada, &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert!(first.json()["checkout_url"].is_string());
    assert_eq!(answer(&send(&practice, KEY, CREATE, &ada, &body).await), answer(&first));
    assert_eq!(total(&practice).await, 1);
}

/// What is stored if the process crashes between the commit and the response: the record without its response.
async fn lose_the_response(practice: &Practice, user: i64, route: &str, booking: i64) {
    let key = IdempotencyKey { user: UserId::new(user).unwrap(), route: route.into(), key: KEY.into() };
    let mut work = practice.parts.store.begin().await.unwrap();
    let record = work.idempotency_record(&key).await.unwrap().unwrap();
    assert_eq!(record.booking, BookingId::new(booking), "{route}");
    assert_eq!(work.purge_responses(Timestamp::MAX, u32::MAX).await.unwrap(), 1, "{route}");
    work.add_idempotency_record(&key, &IdempotencyRecord { response: None, ..record }).await.unwrap();
    work.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_a_crash_prevented_is_rendered_by_the_retry() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    for (user, token, path, body, booking) in [
        (2, &ada, CREATE, body().as_str(), 1),
        (1, &carl, "/api/admin/bookings", r#"{"user_id":2,"scheduled_at":"2024-01-17T10:00:00Z"}"#, 2),
        (1, &carl, "/api/admin/bookings/2/payments/offline", r#"{"method":"cash"}"#, 2),
        (1, &carl, "/api/admin/bookings/2/reschedule", r#"{"scheduled_at":"2024-01-18T10:00:00Z"}"#, 2),
        (1, &carl, "/api/admin/bookings/2/refunds", r#"{"amount":10}"#, 2),
        (1, &carl, "/api/admin/bookings/2/cancel", "{}", 2),
        (2, &ada, "/api/bookings/1/cancel", "{}", 1),
    ] {
        let first = send(&practice, KEY, path, token, body).await;
        assert!(first.status.is_success(), "{path}: {}", first.text);
        lose_the_response(&practice, user, &format!("POST {path}"), booking).await;
        for _ in 0..2 {
            let again = send(&practice, KEY, path, token, body).await;
            assert_eq!((answer(&again), replayed(&again)), (answer(&first), true), "{path}");
        }
        let mut work = practice.parts.store.begin().await.unwrap();
        assert_eq!(work.purge_responses(Timestamp::MAX, u32::MAX).await.unwrap(), 1);
        work.commit().await.unwrap();
    }
    assert_eq!(total(&practice).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_response_outlives_its_booking() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let carl = practice.admin().await;
    let first = send(&practice, KEY, CREATE, &ada, &body()).await;
    assert_eq!(practice.patch("/api/admin/services/1", &carl, r#"{"active":false}"#).await.status, 200);
    assert_eq!(
        answer(&send(&practice, KEY, CREATE, &ada, &body()).await),
        answer(&first),
        "it can no longer be booked"
    );
    practice.set_time("2024-01-15T12:00:00Z");
    let ada = practice.token("ada@example.org").await;
    assert_eq!(answer(&send(&practice, KEY, CREATE, &ada, &body()).await), answer(&first), "it is long over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_without_a_checkout_stays_unchanged() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    practice.parts.gateway.set_down(true);
    let first = send(&practice, KEY, CREATE, &ada, &body()).await;
    assert_eq!((first.status.as_u16(), &first.json()["checkout_url"]), (201, &Value::Null));
    practice.parts.gateway.set_down(false);
    assert_eq!(answer(&send(&practice, KEY, CREATE, &ada, &body()).await), answer(&first));
    assert!(practice.post("/api/bookings/1/payment", &ada, "{}").await.json()["checkout_url"].is_string());
}
