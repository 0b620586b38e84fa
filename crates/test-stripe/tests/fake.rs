//! The simulated Stripe must be as strict as the real one, or the tests that use it prove nothing.

#![allow(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use attune_test_stripe::{Attempt, Behaviour, Delivery, FakeStripe, Moment, signature};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::form_urlencoded::Serializer;

const PATIENCE: Duration = Duration::from_secs(30);

/// 2024-01-15T10:00:00Z and half an hour.
const SOON: &str = "1705314600";

const SESSION: &[(&str, &str)] = &[
    ("mode", "payment"),
    ("client_reference_id", "42"),
    ("metadata[booking_id]", "42"),
    ("line_items[0][quantity]", "1"),
    ("line_items[0][price_data][currency]", "eur"),
    ("line_items[0][price_data][unit_amount]", "10000"),
    ("line_items[0][price_data][product_data][name]", "Session"),
    ("success_url", "https://example.org/"),
    ("expires_at", SOON),
];

struct Response {
    status: u16,
    replayed: bool,
    body: Value,
}

async fn send(request: reqwest::RequestBuilder) -> Result<Response, reqwest::Error> {
    let response = request.bearer_auth(FakeStripe::SECRET_KEY).send().await?;
    let status = response.status().as_u16();
    let replayed = response.headers().contains_key("Idempotent-Replayed");
    Ok(Response { status, replayed, body: response.json().await? })
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

async fn get(fake: &FakeStripe, path: &str) -> Response {
    send(client().get(format!("{}{path}", fake.url()))).await.unwrap()
}

async fn post(fake: &FakeStripe, path: &str, key: &str, form: &[(&str, &str)]) -> Result<Response, reqwest::Error> {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    send(client().post(format!("{}{path}", fake.url())).header("Idempotency-Key", key).body(body)).await
}

async fn open(fake: &FakeStripe, key: &str) -> Response {
    post(fake, "v1/checkout/sessions", key, SESSION).await.unwrap()
}

async fn open_id(fake: &FakeStripe, key: &str) -> String {
    open(fake, key).await.body["id"].as_str().unwrap().to_owned()
}

fn changed(field: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let others = SESSION.iter().copied().filter(|(name, _)| *name != field);
    others.chain([(field, value)]).collect()
}

#[tokio::test]
async fn an_invalid_request_is_rejected_and_its_response_is_not_stored() {
    let fake = FakeStripe::start();
    let unit_amount = "line_items[0][price_data][unit_amount]";
    let currency = "line_items[0][price_data][currency]";
    for (field, value) in [
        ("customer_emial", "x"),
        ("mode", "subscription"),
        ("mode", ""),
        ("success_url", ""),
        (currency, "EUR"),
        (currency, "euro"),
        (unit_amount, "100.00"),
        (unit_amount, "0"),
        (unit_amount, "-5"),
        ("line_items[0][quantity]", "one"),
        // A second less than half an hour, and a second more than a day.
        ("expires_at", "1705314599"),
        ("expires_at", "1705399201"),
    ] {
        let response = post(&fake, "v1/checkout/sessions", "key", &changed(field, value)).await.unwrap();
        assert_eq!((response.status, response.body["error"]["param"].as_str()), (400, Some(field)), "{value:?}");
    }
    let isk: Vec<_> = changed(currency, "isk").into_iter().filter(|(name, _)| *name != unit_amount).collect();
    let isk = [isk, vec![(unit_amount, "550")]].concat();
    assert_eq!(post(&fake, "v1/checkout/sessions", "key", &isk).await.unwrap().status, 400);
    assert!(fake.checkouts().is_empty());
    assert_eq!(open(&fake, "key").await.status, 200, "no response was stored under the key");

    let wrong = client().get(format!("{}v1/refunds", fake.url())).bearer_auth("sk_test_wrong").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    for path in ["v1/checkout/sessions/cs_test_unknown", "v1/refunds/re_unknown", "v1/nothing"] {
        assert_eq!(get(&fake, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_reused_key_returns_the_stored_response_or_an_error() {
    let fake = FakeStripe::start();
    let first = open(&fake, "key").await;
    let again = open(&fake, "key").await;
    assert_eq!((first.status, first.replayed, again.replayed), (200, false, true));
    assert_eq!(first.body, again.body);
    let other = post(&fake, "v1/checkout/sessions", "key", &changed("client_reference_id", "43")).await.unwrap();
    assert_eq!((other.status, other.body["error"]["type"].as_str()), (400, Some("idempotency_error")));
    let other_path = post(&fake, "v1/refunds", "key", SESSION).await.unwrap();
    assert_eq!(other_path.body["error"]["type"], "idempotency_error");
    assert_eq!(fake.checkouts().len(), 1);
    fake.purge_idempotency_keys();
    assert!(!open(&fake, "key").await.replayed);
    assert_eq!(fake.checkouts().len(), 2);
}

#[tokio::test]
async fn a_refusal_is_not_stored_and_a_failure_afterwards_is() {
    let fake = FakeStripe::start();
    fake.script([Behaviour::Refuse { status: 503, advice: None }, Behaviour::FailAfterwards(500)]);
    assert_eq!(open(&fake, "key").await.status, 503);
    assert!(fake.checkouts().is_empty());
    assert_eq!(open(&fake, "key").await.status, 500);
    let again = open(&fake, "key").await;
    assert_eq!((again.status, again.replayed, fake.checkouts().len()), (500, true, 1));
}

#[tokio::test]
async fn connections_are_cut_or_stall_before_and_after_execution() {
    let fake = FakeStripe::start();
    fake.script([Behaviour::Cut(Moment::Before), Behaviour::Cut(Moment::After)]);
    for sessions in [0, 1] {
        assert!(post(&fake, "v1/checkout/sessions", "key", SESSION).await.is_err());
        assert_eq!(fake.checkouts().len(), sessions);
    }
    assert!(open(&fake, "key").await.replayed);
    for (requests, moment, sessions) in [(4, Moment::Before, 1), (5, Moment::After, 2)] {
        fake.script([Behaviour::Stall(moment)]);
        let request = open(&fake, "other");
        let held = async {
            assert_eq!(fake.wait_for_requests(requests, PATIENCE).await.len(), requests);
            while fake.checkouts().len() != sessions {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = request => panic!("a stalled connection responds"),
            () = held => {}
        }
    }
}

#[tokio::test]
async fn checkouts_expire_when_the_clock_is_set() {
    let fake = FakeStripe::start();
    let id = open_id(&fake, "key").await;
    fake.advance(SignedDuration::from_mins(30) - SignedDuration::from_secs(1));
    assert_eq!(fake.checkouts()[0]["status"], "open");
    fake.advance(SignedDuration::from_secs(1));
    let response = get(&fake, &format!("v1/checkout/sessions/{id}")).await;
    assert_eq!((response.body["status"].as_str(), response.body["url"].as_str()), (Some("expired"), None));
    assert_eq!(fake.events().iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["checkout.session.expired"]);
    let ended = post(&fake, &format!("v1/checkout/sessions/{id}/expire"), "x", &[]).await.unwrap();
    assert_eq!(ended.status, 400, "only an open checkout can be expired");
}

#[tokio::test]
async fn a_payment_is_expanded_on_request() {
    let fake = FakeStripe::start();
    let id = open_id(&fake, "key").await;
    let path = format!("v1/checkout/sessions/{id}");
    assert!(get(&fake, &path).await.body["payment_intent"].is_null());
    let payment = fake.pay_slowly(&id);
    assert_eq!(get(&fake, &path).await.body["payment_intent"], payment.as_str());
    let whole = get(&fake, &format!("{path}?expand%5B%5D=payment_intent")).await.body;
    assert_eq!(whole["payment_intent"]["status"], "processing");
    assert_eq!((whole["status"].as_str(), whole["payment_status"].as_str()), (Some("complete"), Some("unpaid")));
    assert_eq!(post(&fake, "v1/refunds", "r", &[("payment_intent", &payment)]).await.unwrap().status, 404);
    fake.settle_payment(&id);
    assert_eq!(get(&fake, &path).await.body["payment_status"], "paid");
}

#[tokio::test]
async fn refunds_are_counted_and_listed() {
    let fake = FakeStripe::start();
    fake.set_slow_refunds(true);
    let payment = fake.pay(&open_id(&fake, "key").await);
    let refund = |key: &'static str, amount: &'static str| {
        let form = [("payment_intent", payment.clone()), ("amount", amount.to_owned())];
        let fake = &fake;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            post(fake, "v1/refunds", key, &form).await.unwrap()
        }
    };
    let first = refund("a", "6000").await;
    assert_eq!((first.status, first.body["status"].as_str()), (200, Some("pending")));
    assert_eq!(refund("b", "4001").await.status, 400);
    fake.fail_refund(first.body["id"].as_str().unwrap());
    assert_eq!(refund("c", "10000").await.status, 200, "the amount of a failed refund can be refunded again");
    assert_eq!(refund("d", "1").await.body["error"]["code"], "charge_already_refunded");

    let listed = get(&fake, &format!("v1/refunds?payment_intent={payment}&limit=1")).await.body;
    assert_eq!((listed["data"][0]["amount"].as_i64(), listed["has_more"].as_bool()), (Some(10_000), Some(true)));
    let all = get(&fake, &format!("v1/refunds?payment_intent={payment}")).await.body;
    assert_eq!((all["data"].as_array().map(Vec::len), all["has_more"].as_bool()), (Some(2), Some(false)));
    assert_eq!(get(&fake, "v1/refunds?payment_intent=pi_other").await.body["data"].as_array().map(Vec::len), Some(0));
}

#[test]
fn signatures_match_openssl() {
    // printf '1705312800.{"a": 1}' | openssl dgst -sha256 -hmac whsec_fakeSecretOfTheEndpoint0001 -hex
    let expected = "e0d1a5e4c48c2ffc2d6b26dec48441236419fa8bc7e237eb65f047f258225027";
    let at = Timestamp::from_second(1_705_312_800).unwrap();
    assert_eq!(signature(FakeStripe::WEBHOOK_SECRET, at, br#"{"a": 1}"#), expected);
}

/// A webhook endpoint that responds with 200 and stores signature and body of each request.
struct Endpoint {
    url: String,
    messages: Arc<Mutex<Vec<(String, String)>>>,
    task: JoinHandle<()>,
}

impl Endpoint {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let messages = Arc::new(Mutex::new(Vec::new()));
        let received = messages.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                let message = loop {
                    stream.read_buf(&mut bytes).await.unwrap();
                    if let Some(message) = whole(&bytes) {
                        break message;
                    }
                };
                received.lock().unwrap().push(message);
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
            }
        });
        Self { url, messages, task }
    }

    fn messages(&self) -> Vec<(String, String)> {
        self.messages.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Signature and body, once the request is complete.
fn whole(bytes: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: usize = header("content-length")?.parse().ok()?;
    (body.len() == length).then(|| (header("stripe-signature").unwrap_or_default(), body.to_owned()))
}

#[tokio::test]
async fn webhooks_arrive_once_twice_late_out_of_order_or_never() {
    let fake = FakeStripe::start();
    let endpoint = Endpoint::start().await;
    for key in ["a", "b", "c", "d", "e"] {
        open(&fake, key).await;
    }
    let ids: Vec<String> = fake.checkouts().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect();
    fake.pay(&ids[0]);
    fake.set_endpoint(Some(&endpoint.url));
    fake.script_deliveries([Delivery::Held, Delivery::Never, Delivery::Held, Delivery::Twice]);
    fake.expire(&ids[1]);
    fake.pay_slowly(&ids[2]);
    fake.settle_payment(&ids[2]);
    fake.pay(&ids[3]);
    fake.pay(&ids[4]);
    let events: Vec<String> = fake.events().into_iter().map(|event| event.id).collect();
    let sent = |attempts: Vec<Attempt>| -> Vec<String> {
        assert!(attempts.iter().all(|attempt| attempt.status == Some(200)));
        attempts.into_iter().map(|attempt| attempt.event).collect()
    };
    let at_once = sent(fake.wait_for_attempts(3, PATIENCE).await);
    assert_eq!(at_once, [&events[4], &events[4], &events[5]].map(String::clone));

    fake.advance(SignedDuration::from_hours(1));
    fake.release().await;
    fake.deliver(&fake.events()[2]).await;
    let later = sent(fake.attempts()).split_off(3);
    assert_eq!(
        later,
        [&events[3], &events[1], &events[2]].map(String::clone),
        "the held ones, newest first, then the lost one"
    );

    let messages = endpoint.messages();
    assert_eq!(messages.len(), 6);
    for (number, (header, body)) in messages.iter().enumerate() {
        let at = Timestamp::from_second(if number < 3 { 1_705_312_800 } else { 1_705_316_400 }).unwrap();
        let v1 = signature(FakeStripe::WEBHOOK_SECRET, at, body.as_bytes());
        assert!(
            header.starts_with(&format!("t={},v1={v1},v0=", at.as_second())),
            "signed at the time of sending: {header}"
        );
        assert!(body.contains('\n'), "indented");
    }

    fake.set_endpoint(Some("http://127.0.0.1:1/unreachable"));
    assert_eq!(fake.deliver(&fake.events()[0]).await, None);
}
