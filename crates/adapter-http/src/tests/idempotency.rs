//! Requests that are repeated with one idempotency key.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use attune_adapter_memory::MemoryStore;
use attune_domain::{BookingId, UserId};
use attune_ports::{IdempotencyKey, IdempotencyRecord, Provider, Store, StoreError, UnitOfWork};
use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::harness::*;

const CREATE: &str = "/api/bookings";
const KEY: &str = "6f1c2a7e-8b0d-4d53-9a3e-2f7b5c1d0e94";

const BODY: &str = r#"{"scheduled_at":"2024-01-15T10:00:00Z"}"#;

impl Practice {
    /// Sends the request with the usual key.
    async fn send(&self, path: &str, token: &str, body: &str) -> Reply {
        self.post_with_key(KEY, path, token, body).await
    }

    async fn total(&self) -> Value {
        self.get("/api/admin/bookings", &self.admin().await).await.json()["total"].clone()
    }
}

/// Checks that one request was executed and all others received its response.
#[track_caller]
fn assert_one_response(replies: &[Reply]) {
    let responses: HashSet<_> = replies.iter().map(Reply::response).collect();
    assert_eq!(responses.len(), 1, "{responses:?}");
    assert_eq!(replies.iter().filter(|reply| !reply.is_replay()).count(), 1, "{responses:?}");
}

/// Checks that a response is the stored one.
#[track_caller]
fn assert_replay(again: &Reply, first: &Reply) {
    assert_eq!((again.response(), again.is_replay()), (first.response(), true), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_receives_the_stored_response() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let first = practice.send(CREATE, &ada, BODY).await;
    assert_eq!(first.assert_status(201).header("location"), Some("/api/bookings/1"));
    assert!(!first.is_replay() && first.json()["checkout_url"].is_string(), "{first:?}");
    practice.pay(1).await;
    let spaced = format!("{{ \"note\" : null,\r\n\t\"scheduled_at\":\"{SLOT}\" }}\n");
    for same in [BODY, &spaced, &BODY.replace("scheduled_at", "scheduled\\u005fat")] {
        let again = practice.send(CREATE, &ada, same).await;
        // Not the current booking, but the response that the client missed.
        assert_replay(&again, &first);
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(practice.total().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_requests_create_one_booking_with_one_response() {
    for provider in [Provider::Test, Provider::None] {
        let (practice, ada, _) = Parts::new().without_limits().provider(provider).with_ada().await;
        let replies = join_all((0..50).map(|_| practice.send(CREATE, &ada, BODY))).await;
        assert_one_response(&replies);
        let booking = replies[0].assert_status(201).json();
        assert_eq!(booking["checkout_url"].is_string(), provider == Provider::Test, "{booking}");
        assert_eq!(practice.total().await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_requests_of_an_admin_receive_one_response() {
    let (practice, _, carl) = Parts::new().without_limits().with_session().await;
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
        let send = || practice.post_with_key(&key, path, &carl, body);
        let replies = join_all((0..20).map(|_| send())).await;
        assert_one_response(&replies);
        assert!(replies[0].status.is_success() && replies[0].json()["history"].is_array(), "{path}");
        // Later as well, when the booking has more details.
        assert_replay(&send().await, &replies[0]);
    }
    assert_eq!(practice.total().await, 3);
    assert_eq!((practice.count_emails("rescheduled").await, practice.count_emails("cancelled").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_client_accepts_a_key() {
    let (practice, ada, _) = Parts::new().without_limits().with_session().await;
    for (path, body) in [
        ("/api/bookings/1/reschedule", r#"{"scheduled_at":"2024-01-16T10:00:00Z","version":2}"#),
        ("/api/bookings/1/cancel", r#"{"reason":"Ill"}"#),
    ] {
        // One key for both: it belongs to one path.
        let first = practice.send(path, &ada, body).await;
        first.assert_status(200);
        for path in [path.to_owned(), path.replace("/1/", "/%31/"), path.replace("bookings", "book%69ngs")] {
            assert_replay(&practice.send(&path, &ada, body).await, &first);
        }
        let other = practice.send(&path.replace("/1/", "/01/"), &ada, body).await;
        other.assert_problem(400, "invalid_booking_id");
    }
    assert_eq!((practice.count_emails("rescheduled").await, practice.count_emails("cancelled").await), (1, 1));
    let empty = practice.request(Method::POST, "/api/bookings/1/cancel").token(&ada).header("Idempotency-Key", "b");
    assert_eq!(empty.send().await.problem(), (409, "invalid_state".into()), "a new key is a new request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_body_is_an_empty_one() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let empty = || practice.request(Method::POST, "/api/bookings/1/cancel").token(&ada).header("Idempotency-Key", KEY);
    let first = empty().send().await;
    first.assert_status(200);
    for again in [empty(), empty().json("{}"), empty().json(r#"{"reason":null}"#)] {
        assert_replay(&again.send().await, &first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request_of_one_user() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let bob = practice.client("Bob").await;
    let first = practice.send(CREATE, &ada, BODY).await;
    for other in [
        r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#,
        r#"{"scheduled_at":"2024-01-15T10:00:00Z","note":"x"}"#,
        // The same instant in another format counts as another request.
        r#"{"scheduled_at":"2024-01-15T11:00:00+01:00"}"#,
    ] {
        let reply = practice.send(CREATE, &ada, other).await;
        assert!(!reply.assert_problem(422, "idempotency_key_reused").is_replay());
    }
    // Bob gets none of Ada's responses.
    practice.send(CREATE, &bob, BODY).await.assert_problem(409, "slot_taken");
    let bobs = practice.send(CREATE, &bob, r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#).await;
    assert!(!bobs.assert_status(201).assert_members(&json!({"user_id": 3})).is_replay());
    assert_replay(&practice.send(CREATE, &ada, BODY).await, &first);
    assert_eq!(practice.total().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_are_not_stored() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let bob = practice.client("Bob").await;
    practice.book(&bob, SLOT).await;
    practice.send(CREATE, &ada, BODY).await.assert_problem(409, "slot_taken");
    practice.post("/api/bookings/1/cancel", &bob, "{}").await.assert_status(200);
    assert!(!practice.send(CREATE, &ada, BODY).await.assert_status(201).is_replay());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_every_request_is_executed() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    assert!(!practice.post(CREATE, &ada, BODY).await.is_replay());
    practice.post(CREATE, &ada, BODY).await.assert_problem(409, "hold_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_visible_ascii() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let long = "k".repeat(256);
    let call = || practice.request(Method::POST, CREATE).token(&ada).json("{");
    for key in ["", long.as_str(), "two words", "tab\there", "caf\u{e9}"] {
        let reply = call().header("Idempotency-Key", key).send().await;
        reply.assert_problem(400, "invalid_idempotency_key");
    }
    let twice = call().header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    twice.send().await.assert_problem(400, "invalid_idempotency_key");
    let longest = "!~\"'*".to_owned() + &"k".repeat(250);
    practice.post_with_key(&longest, CREATE, &ada, "{").await.assert_problem(400, "malformed_json");
    let first = practice.post_with_key(&longest, CREATE, &ada, BODY).await;
    first.assert_status(201);
    assert_replay(&practice.post_with_key(&longest, CREATE, &ada, BODY).await, &first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnected_receives_the_response_on_retry() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let request = format!(
        "POST {CREATE} HTTP/1.1\r\nHost: practice\r\nAuthorization: Bearer {ada}\r\nIdempotency-Key: {KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut lost = TcpStream::connect(practice.address).await.unwrap();
    lost.write_all(request.as_bytes()).await.unwrap();
    drop(lost);
    // The first attempt may have left nothing, a booking without a response, or both.
    let first = practice.send(CREATE, &ada, BODY).await;
    assert!(first.assert_status(201).json()["checkout_url"].is_string());
    assert_replay(&practice.send(CREATE, &ada, BODY).await, &first);
    assert_eq!(practice.total().await, 1);
}

/// What is stored if the process crashes between the commit and the response: the record without its response.
async fn lose_the_response(practice: &Practice, user: i64, route: &str, booking: i64) {
    let key = IdempotencyKey { user: UserId::new(user).unwrap(), route: route.into(), key: KEY.into() };
    practice
        .write(async |work| {
            let record = work.idempotency_record(&key).await.unwrap().unwrap();
            assert_eq!(record.booking, BookingId::new(booking), "{route}");
            assert_eq!(work.purge_responses(Timestamp::MAX, u32::MAX).await.unwrap(), 1, "{route}");
            let record = IdempotencyRecord { response: None, ..record };
            work.add_idempotency_record(&key, &record).await.unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_a_crash_prevented_is_rendered_by_the_retry() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    for (user, token, path, body, booking) in [
        (2, &ada, CREATE, BODY, 1),
        (1, &carl, "/api/admin/bookings", r#"{"user_id":2,"scheduled_at":"2024-01-17T10:00:00Z"}"#, 2),
        (1, &carl, "/api/admin/bookings/2/payments/offline", r#"{"method":"cash"}"#, 2),
        (1, &carl, "/api/admin/bookings/2/reschedule", r#"{"scheduled_at":"2024-01-18T10:00:00Z"}"#, 2),
        (1, &carl, "/api/admin/bookings/2/refunds", r#"{"amount":10}"#, 2),
        (1, &carl, "/api/admin/bookings/2/cancel", "{}", 2),
        (2, &ada, "/api/bookings/1/cancel", "{}", 1),
    ] {
        let first = practice.send(path, token, body).await;
        assert!(first.status.is_success(), "{path}: {}", first.text);
        lose_the_response(&practice, user, &format!("POST {path}"), booking).await;
        for _ in 0..2 {
            assert_replay(&practice.send(path, token, body).await, &first);
        }
        let purged = practice.write(async |work| work.purge_responses(Timestamp::MAX, u32::MAX).await.unwrap()).await;
        assert_eq!(purged, 1, "{path}");
    }
    assert_eq!(practice.total().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_response_outlives_its_booking() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let first = practice.send(CREATE, &ada, BODY).await;
    // The service can no longer be booked.
    practice.patch("/api/admin/services/1", &carl, r#"{"active":false}"#).await.assert_status(200);
    assert_replay(&practice.send(CREATE, &ada, BODY).await, &first);
    // The booking is long over.
    let ada = practice.ada_at("2024-01-15T12:00:00Z").await;
    assert_replay(&practice.send(CREATE, &ada, BODY).await, &first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_without_a_checkout_stays_unchanged() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    practice.parts.gateway.set_down(true);
    let first = practice.send(CREATE, &ada, BODY).await;
    first.assert_status(201).assert_members(&json!({"checkout_url": null}));
    practice.parts.gateway.set_down(false);
    assert_replay(&practice.send(CREATE, &ada, BODY).await, &first);
    assert!(practice.post("/api/bookings/1/payment", &ada, "{}").await.json()["checkout_url"].is_string());
}

/// A store that can be made unavailable.
struct FailingStore {
    store: Arc<MemoryStore>,
    down: AtomicBool,
}

#[async_trait]
impl Store for FailingStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("secret cause".into()));
        }
        self.store.begin().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_could_not_be_saved_is_rendered_again_by_the_retry() {
    let parts = Parts::new();
    let responses = Arc::new(FailingStore { store: parts.store.clone(), down: AtomicBool::new(true) });
    let (practice, ada, _) = Parts { response_store: responses.clone(), ..parts }.with_ada().await;
    let key = IdempotencyKey { user: UserId::new(2).unwrap(), route: format!("POST {CREATE}"), key: KEY.into() };
    let is_saved =
        || practice.write(async |work| work.idempotency_record(&key).await.unwrap().unwrap().response.is_some());
    // The booking is committed, so the client receives it all the same.
    let first = practice.send(CREATE, &ada, BODY).await;
    assert!(!first.assert_status(201).is_replay() && first.json()["checkout_url"].is_string(), "{first:?}");
    assert!(!is_saved().await);
    for down in [true, false, false] {
        responses.down.store(down, Ordering::SeqCst);
        assert_replay(&practice.send(CREATE, &ada, BODY).await, &first);
        assert_eq!(is_saved().await, !down);
    }
    assert_eq!(practice.total().await, 1);
}
