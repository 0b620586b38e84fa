//! Webhooks of JaaS.

use std::sync::Arc;

use attune_domain::meeting::RoomLimits;
use attune_ports::{Queries, WebhookVerifier};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::harness::*;
use super::recorded::*;

const WEBHOOK: &str = "/api/webhooks/jaas";

#[tokio::test(flavor = "multi_thread")]
async fn order_and_repetition_change_nothing() {
    for order in orders(&[JAAS_CARL_JOINED, JAAS_ADA_JOINED, JAAS_ADA_LEFT, JAAS_ROOM_DESTROYED]) {
        let practice = started_session(Parts::new()).await;
        for recorded in order.iter().flat_map(|recorded| [recorded, recorded]) {
            practice.notify_from_jaas(recorded).await.assert_body(200, "{}");
        }
        assert_eq!(practice.attendance().await, VISITS, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_breakout_room_is_not_the_end() {
    for truth in [json!("true"), json!(true)] {
        let practice = started_session(Parts::new()).await;
        practice.notify_from_jaas(JAAS_CARL_JOINED).await;
        practice.notify_from_jaas(&with(JAAS_BREAKOUT_DESTROYED, "/data/isBreakout", truth)).await;
        assert_eq!(practice.attendance().await, ["therapist 1 09:59:00Z 09:59:00Z 0 1 estimated"]);
        practice.notify_from_jaas(JAAS_ROOM_DESTROYED).await;
        assert_eq!(practice.attendance().await, [VISITS[0]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_a_breakout_room_is_another_one() {
    let practice = started_session(Parts::new()).await;
    let inside = |recorded: &str, minute: i64| {
        let message = with(recorded, "/timestamp", json!((1_705_312_800 + minute * 60) * 1000));
        let mut message: Value = serde_json::from_str(&message).unwrap();
        message["data"]["isBreakout"] = json!(true);
        message["data"]["breakoutRoomId"] = json!("8d1f5a30");
        message.to_string()
    };
    practice.notify_from_jaas(JAAS_ADA_JOINED).await;
    practice.notify_from_jaas(&inside(JAAS_ADA_JOINED, 10)).await;
    practice.notify_from_jaas(&inside(JAAS_ADA_LEFT, 20)).await;
    practice.notify_from_jaas(JAAS_ADA_LEFT).await;
    assert_eq!(practice.attendance().await, ["client 2 10:01:00Z 10:50:00Z 49 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_connection_in_another_conference_is_another_one() {
    let practice = started_session(Parts::new()).await;
    let stranger = with(JAAS_ADA_LEFT, "/data/id", json!(""));
    practice.notify_from_jaas(&stranger).await;
    practice.notify_from_jaas(&with(&stranger, "/sessionId", json!("another"))).await;
    assert_eq!(practice.attendance().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_events_are_ignored() {
    let practice = started_session(Parts::new()).await;
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
        practice.notify_from_jaas(&message).await.assert_body(200, "{}");
    }
    assert!(practice.attendance().await.is_empty());
    practice.notify_from_jaas(&with(JAAS_ADA_JOINED, "/timestamp", json!("1705312860000"))).await;
    assert_eq!(practice.attendance().await, ["client 2 10:01:00Z 10:01:00Z 0 1 estimated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_in_the_response() {
    let limits = RoomLimits { max_occupants: Some(4), lobby: true };
    let limited = || Parts { limits, ..Parts::new() };
    let limits_of_four = r#"{"lobbyEnabled":true,"lobbyType":"WAIT_FOR_APPROVAL","maxOccupants":4}"#;
    for (parts, now, settings) in [
        (limited(), "2024-01-15T09:45:00Z", limits_of_four),
        (Parts::new(), "2024-01-15T09:45:00Z", r#"{"lobbyEnabled":false}"#),
        (limited(), "2024-01-15T09:44:59Z", "{}"),
        (limited(), "2024-01-15T11:20:00Z", "{}"),
    ] {
        let practice = started_session(parts).await;
        practice.set_time(now);
        practice.notify_from_jaas(JAAS_SETTINGS).await.assert_body(200, settings);
    }
    let practice = started_session(limited()).await;
    let unknown = with(JAAS_SETTINGS, "/fqn", json!("vpaas-magic-cookie-0/nowhere"));
    practice.notify_from_jaas(&unknown).await.assert_body(200, "{}");
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
    let practice = started_session(Parts { jaas_webhooks: Some(Arc::new(Digested)), ..Parts::new() }).await;
    let now = "2024-01-15T11:00:00Z".parse().unwrap();
    let body = format!(" {}\n", about(&practice.room_name().await, JAAS_ADA_LEFT));
    let genuine = digest(body.as_bytes(), now);
    let twice = practice.request(Method::POST, WEBHOOK).header("X-Jaas-Signature", &genuine);
    for reply in [
        practice.post(WEBHOOK, "", &body).await,
        practice.post(WEBHOOK, SERVER_SECRET, &body).await,
        practice.send_from_jaas("", &body).await,
        practice.send_from_jaas("genuine", &body).await,
        // Other bytes than those that were signed.
        practice.send_from_jaas(&genuine, body.trim()).await,
        // The signature is verified before anything is read.
        practice.send_from_jaas("x", "no JSON").await,
        twice.header("X-Jaas-Signature", "x").json(&body).send().await,
    ] {
        reply.assert_problem(400, "invalid_signature");
    }
    for malformed in ["no JSON", "[]"] {
        let reply = practice.send_from_jaas(&digest(malformed.as_bytes(), now), malformed).await;
        reply.assert_problem(400, "malformed_json");
    }
    assert!(practice.parts.store.attendance(&[FIRST]).await.unwrap().is_empty());
    practice.send_from_jaas(&genuine, &body).await.assert_status(200);
    assert_eq!(practice.attendance().await, ["client 2 null 10:50:00Z 0 1"]);
    let flood = "x".repeat(256 * 1024 + 1);
    practice.send_from_jaas("x", &flood).await.assert_problem(413, "payload_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_endpoint_does_not_exist() {
    let practice = started_session(Parts { jaas_webhooks: None, ..Parts::new() }).await;
    practice.notify_from_jaas(JAAS_ADA_LEFT).await.assert_problem(404, "not_found");
}
