//! Webhooks of JaaS.

use std::sync::Arc;

use attune_domain::BookingId;
use attune_domain::meeting::RoomLimits;
use attune_ports::{Queries, WebhookVerifier};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::harness::*;
use super::recorded::*;

const WEBHOOK: &str = "/api/webhooks/jaas";
const CAME: [&str; 2] = ["therapist 1 09:59:00Z 10:51:00Z 52 1", "client 2 10:01:00Z 10:50:00Z 49 1"];

/// A practice with an appointment that has started.
async fn session(parts: Parts) -> Practice {
    let practice = parts.without_limits().open().await;
    practice.agreed().await;
    practice.set_time("2024-01-15T11:00:00Z");
    practice
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_repetition_change_nothing() {
    for order in orders(&[JAAS_CARL_JOINED, JAAS_ADA_JOINED, JAAS_ADA_LEFT, JAAS_ROOM_DESTROYED]) {
        let practice = session(Parts::new()).await;
        for recorded in order.iter().flat_map(|recorded| [recorded, recorded]) {
            let reply = practice.jaas_tells(recorded).await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "{}"), "{recorded}");
        }
        assert_eq!(practice.was_there().await, CAME, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_breakout_room_is_not_the_end() {
    for truth in [json!("true"), json!(true)] {
        let practice = session(Parts::new()).await;
        practice.jaas_tells(JAAS_CARL_JOINED).await;
        practice.jaas_tells(&with(JAAS_BREAKOUT_DESTROYED, "/data/isBreakout", truth)).await;
        assert_eq!(practice.was_there().await, ["therapist 1 09:59:00Z 11:20:00Z 81 1"], "until the room closes");
        practice.jaas_tells(JAAS_ROOM_DESTROYED).await;
        assert_eq!(practice.was_there().await, [CAME[0]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_a_breakout_room_is_another_one() {
    let practice = session(Parts::new()).await;
    let inside = |recorded: &str, minute: i64| {
        let message = with(recorded, "/timestamp", json!((1_705_312_800 + minute * 60) * 1000));
        let mut message: Value = serde_json::from_str(&message).unwrap();
        message["data"]["isBreakout"] = json!(true);
        message["data"]["breakoutRoomId"] = json!("8d1f5a30");
        message.to_string()
    };
    practice.jaas_tells(JAAS_ADA_JOINED).await;
    practice.jaas_tells(&inside(JAAS_ADA_JOINED, 10)).await;
    practice.jaas_tells(&inside(JAAS_ADA_LEFT, 20)).await;
    practice.jaas_tells(JAAS_ADA_LEFT).await;
    assert_eq!(practice.was_there().await, ["client 2 10:01:00Z 10:50:00Z 49 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_connection_in_another_conference_is_another_one() {
    let practice = session(Parts::new()).await;
    let stranger = with(JAAS_ADA_LEFT, "/data/id", json!(""));
    practice.jaas_tells(&stranger).await;
    practice.jaas_tells(&with(&stranger, "/sessionId", json!("another"))).await;
    assert_eq!(practice.was_there().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_events_are_ignored() {
    let practice = session(Parts::new()).await;
    for message in [
        "{}".to_owned(),
        r#"{"eventType":"PARTICIPANT_JOINED"}"#.to_owned(),
        with(JAAS_ADA_JOINED, "/eventType", json!("ROLE_CHANGED")),
        with(JAAS_ADA_JOINED, "/eventType", json!("PARTICIPANT_JOINED_LOBBY")),
        with(JAAS_ADA_JOINED, "/eventType", json!(null)),
        with(JAAS_ADA_JOINED, "/timestamp", json!("soon")),
        with(JAAS_ADA_JOINED, "/timestamp", json!(1_705_312_860)),
        with(JAAS_ADA_JOINED, "/fqn", json!("vpaas-magic-cookie-0123456789abcdef/another-room")),
        with(JAAS_ADA_JOINED, "/fqn", json!("")),
        with(JAAS_ADA_JOINED, "/fqn", json!({})),
        with(JAAS_ADA_JOINED, "/data", json!("Ada")),
        with(&with(JAAS_ADA_JOINED, "/data/participantId", json!(null)), "/data/participantJid", json!(7)),
    ] {
        let reply = practice.jaas_tells(&message).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "{}"), "{message}");
    }
    assert!(practice.was_there().await.is_empty());
    practice.jaas_tells(&with(JAAS_ADA_JOINED, "/timestamp", json!("1705312860000"))).await;
    assert_eq!(practice.was_there().await, ["client 2 10:01:00Z 11:20:00Z 79 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_in_the_response() {
    let asks = |parts: Parts, now: &'static str| async move {
        let practice = parts.without_limits().open().await;
        practice.agreed().await;
        practice.set_time(now);
        practice.jaas_tells(JAAS_SETTINGS).await
    };
    let limits = RoomLimits { max_occupants: Some(4), lobby: true };
    let limited = || Parts { limits, ..Parts::new() };
    let opens = "2024-01-15T09:45:00Z";
    assert_eq!(
        asks(limited(), opens).await.text,
        r#"{"lobbyEnabled":true,"lobbyType":"WAIT_FOR_APPROVAL","maxOccupants":4}"#
    );
    assert_eq!(asks(Parts::new(), opens).await.text, r#"{"lobbyEnabled":false}"#);
    for now in ["2024-01-15T09:44:59Z", "2024-01-15T11:20:00Z"] {
        let reply = asks(limited(), now).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "{}"), "{now}");
    }
    let practice = session(limited()).await;
    let unknown = practice.jaas_tells(&with(JAAS_SETTINGS, "/fqn", json!("vpaas-magic-cookie-0/nowhere"))).await;
    assert_eq!((unknown.status.as_u16(), unknown.text.as_str()), (200, "{}"));
}

/// Signs the body and the timestamp.
struct Digested;

impl WebhookVerifier for Digested {
    fn is_genuine(&self, signature: &str, body: &[u8], now: Timestamp) -> bool {
        signature == digest(body, now)
    }
}

fn digest(body: &[u8], now: Timestamp) -> String {
    let digest = Sha256::new().chain_update(now.to_string()).chain_update(body).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_covers_the_raw_body_and_is_verified_first() {
    let practice = session(Parts { jaas_webhooks: Some(Arc::new(Digested)), ..Parts::new() }).await;
    let now = "2024-01-15T11:00:00Z".parse().unwrap();
    let body = format!(" {}\n", about(&practice.room_name().await, JAAS_ADA_LEFT));
    let send = |signature: String, body: String| {
        let call = practice.request(Method::POST, WEBHOOK).header("X-Jaas-Signature", &signature);
        async move { call.json(&body).send().await }
    };
    let bad = (400, "invalid_signature".to_owned());
    assert_eq!(practice.post(WEBHOOK, "", &body).await.problem(), bad, "none");
    assert_eq!(practice.post(WEBHOOK, SERVER_SECRET, &body).await.problem(), bad, "that of another server");
    assert_eq!(send(String::new(), body.clone()).await.problem(), bad);
    assert_eq!(send("genuine".into(), body.clone()).await.problem(), bad);
    assert_eq!(send(digest(body.as_bytes(), now), body.trim().to_owned()).await.problem(), bad, "other bytes");
    assert_eq!(send("x".into(), "no JSON".into()).await.problem(), bad, "before anything is read");
    let twice = practice.request(Method::POST, WEBHOOK).header("X-Jaas-Signature", &digest(body.as_bytes(), now));
    let twice = twice.header("X-Jaas-Signature", "x").json(&body).send().await;
    assert_eq!(twice.problem(), bad);
    assert_eq!(send(digest(b"no JSON", now), "no JSON".into()).await.problem(), (400, "malformed_json".into()));
    assert_eq!(send(digest(b"[]", now), "[]".into()).await.problem(), (400, "malformed_json".into()));
    assert!(practice.parts.store.attendance(&[BookingId::new(1).unwrap()]).await.unwrap().is_empty());
    assert_eq!(send(digest(body.as_bytes(), now), body.clone()).await.status, 200);
    assert_eq!(practice.was_there().await, ["client 2 null 10:50:00Z 0 1"]);
    let flood = "x".repeat(256 * 1024 + 1);
    assert_eq!(send("x".into(), flood).await.problem(), (413, "payload_too_large".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_endpoint_does_not_exist() {
    let practice = session(Parts { jaas_webhooks: None, ..Parts::new() }).await;
    assert_eq!(practice.jaas_tells(JAAS_ADA_LEFT).await.problem(), (404, "not_found".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn jaas_retries_while_the_store_is_unavailable() {
    let practice = Parts { away: true, ..Parts::new() }.open().await;
    for recorded in [JAAS_ADA_LEFT, JAAS_SETTINGS] {
        let body = about("booking-1", recorded);
        let call = practice.request(Method::POST, WEBHOOK).header("X-Jaas-Signature", "genuine");
        assert_eq!(call.json(&body).send().await.problem(), (503, "unavailable".into()));
    }
    let forged = practice.post(WEBHOOK, "", JAAS_ADA_LEFT).await;
    assert_eq!(forged.status, 400, "the store is not accessed");
}
