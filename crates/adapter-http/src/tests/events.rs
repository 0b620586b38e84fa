//! Room events of the practice's own video server.

use reqwest::Method;
use serde_json::json;

use super::harness::*;
use super::recorded::*;
use crate::settings::ServerSecret;

const EVENTS: &str = "/jitsi/events/room/destroyed";
const CAME: [&str; 2] = ["therapist 1 09:59:00Z 10:51:00Z 52 1", "client 2 10:01:00Z 10:50:00Z 49 1"];
const GUEST_CAME: &str = "unknown null 10:10:00Z 10:51:00Z 41 1";

/// A practice with an appointment that has started.
async fn session() -> Practice {
    let practice = Parts::new().without_limits().open().await;
    practice.agreed().await;
    practice.set_time("2024-01-15T11:00:00Z");
    practice
}

#[tokio::test(flavor = "multi_thread")]
async fn room_events_become_attendance() {
    let practice = session().await;
    for (recorded, new) in [
        (ROOM_CREATED, 0),
        (CARL_JOINED, 1),
        (CARL_JOINED, 0),
        (ADA_LEFT, 2),
        (GUEST_JOINED, 1),
        (ROOM_DESTROYED, 2),
        (ROOM_DESTROYED, 0),
    ] {
        let reply = practice.tell(recorded).await;
        assert_eq!((reply.status.as_u16(), reply.text), (200, format!(r#"{{"recorded":{new}}}"#)), "{recorded}");
    }
    assert_eq!(practice.was_there().await, [CAME[0], CAME[1], GUEST_CAME]);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_repetition_change_nothing() {
    for order in orders(&[CARL_JOINED, ADA_LEFT, GUEST_JOINED, ROOM_DESTROYED]) {
        let practice = session().await;
        for recorded in order.iter().flat_map(|recorded| [recorded, recorded]) {
            assert_eq!(practice.tell(recorded).await.status, 200);
        }
        assert_eq!(practice.was_there().await, [CAME[0], CAME[1], GUEST_CAME], "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_may_be_reported_long_after_the_end() {
    let practice = session().await;
    practice.tell(CARL_JOINED).await;
    let ended = with(ROOM_DESTROYED, "/all_occupants", json!([]));
    practice.tell(&ended).await;
    practice
        .tell(&with(&with(ADA_LEFT, "/occupant/left_at", json!(null)), "/occupant/joined_at", json!(1705312860)))
        .await;
    assert_eq!(
        practice.was_there().await,
        [CAME[0], "client 2 10:01:00Z 10:51:00Z 50 1"],
        "until the end, for all we know"
    );
    practice.tell(ADA_LEFT).await;
    assert_eq!(practice.was_there().await, CAME);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakout_room_is_part_of_the_appointment_and_its_end_is_not_the_end() {
    let practice = session().await;
    practice.tell(CARL_JOINED).await;
    practice.tell(ADA_LEFT).await;
    assert_eq!(practice.tell(BREAKOUT_DESTROYED).await.text, r#"{"recorded":2}"#);
    assert_eq!(
        practice.was_there().await,
        ["therapist 1 09:59:00Z 11:20:00Z 81 1", "client 2 10:01:00Z 10:50:00Z 49 2"],
        "the therapist is there until the room closes, and the client's minutes count once"
    );
    practice.tell(&with(BREAKOUT_DESTROYED, "/is_breakout", json!("true"))).await;
    practice.tell(ROOM_DESTROYED).await;
    assert_eq!(practice.was_there().await[0], CAME[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_read_in_every_format_or_ignored() {
    for (joined, left, wanted) in [
        (json!("1705312860"), json!(1_705_315_800.25), "client 2 10:01:00Z 10:50:00Z 49 1"),
        (json!("1705312860.75"), json!("1705315800"), "client 2 10:01:00Z 10:50:00Z 49 1"),
        (json!(1.705_312_86e9), json!(1_705_315_800_000_i64), "client 2 10:01:00Z 11:20:00Z 79 1"),
        (json!("noon"), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!({"at": 1}), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!(-1), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!("inf"), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!(1_705_312_860), json!([]), "client 2 10:01:00Z 11:20:00Z 79 1"),
    ] {
        let practice = session().await;
        let message = with(&with(ADA_LEFT, "/occupant/joined_at", joined), "/occupant/left_at", left);
        assert_eq!(practice.tell(&message).await.status, 200, "{message}");
        assert_eq!(practice.was_there().await, [wanted], "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_come_from_signed_links_only() {
    for id in [json!(null), json!("2"), json!(2), json!("user-02"), json!("carl@example.org"), json!({"id": "user-2"})]
    {
        let practice = session().await;
        practice.tell(&with(ADA_LEFT, "/occupant/id", id.clone())).await;
        assert_eq!(practice.was_there().await, ["unknown null 10:01:00Z 10:50:00Z 49 1"], "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_events_are_ignored() {
    let practice = session().await;
    for message in [
        "{}".to_owned(),
        r#"{"event_name":"muc-occupant-left"}"#.to_owned(),
        about("booking-9-1705312800-00000000000000000000000000000000", ADA_LEFT),
        about("", ADA_LEFT),
        about("somebody's \\u0000 room", ADA_LEFT),
        with(ADA_LEFT, "/room_name", json!(["@room@"])),
        with(ADA_LEFT, "/event_name", json!("muc-occupant-danced")),
        with(ADA_LEFT, "/event_name", json!(7)),
        with(ADA_LEFT, "/occupant", json!("Ada")),
        with(ADA_LEFT, "/occupant/occupant_jid", json!(null)),
        with(ADA_LEFT, "/occupant/occupant_jid", json!("")),
        with(ADA_LEFT, "/occupant/occupant_jid", json!("x".repeat(513))),
        with(&with(ROOM_DESTROYED, "/destroyed_at", json!(null)), "/all_occupants", json!({})),
        with(&with(ROOM_DESTROYED, "/destroyed_at", json!("soon")), "/all_occupants", json!([1, "Ada", [], null])),
    ] {
        let reply = practice.tell(&message).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, r#"{"recorded":0}"#), "{message}");
    }
    assert!(practice.was_there().await.is_empty());
    let future = ADA_LEFT.replacen('{', r#"{"protocol": {"version": 2}, "occupant_jids": ["a"],"#, 1);
    practice.tell(&future).await;
    assert_eq!(practice.was_there().await, [CAME[1]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_with_the_secret_is_accepted() {
    let practice = session().await;
    let body = about(&practice.room_name().await, ADA_LEFT);
    let carl = practice.admin().await;
    let wrong = format!("{SERVER_SECRET}x");
    for token in ["", "x", &wrong, &SERVER_SECRET[1..], &carl] {
        let reply = practice.post(EVENTS, token, &body).await;
        assert_eq!(reply.problem(), (401, "invalid_server_secret".into()), "{token}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    let basic = practice.request(Method::POST, EVENTS).header("Authorization", &format!("Basic {SERVER_SECRET}"));
    assert_eq!(basic.json(&body).send().await.status, 401);
    let unread = practice.post(EVENTS, "", &"x".repeat(1_000_000)).await;
    assert_eq!(unread.status, 401, "who one is comes before what one sends");
    let query = practice.request(Method::POST, &format!("{EVENTS}?secret={SERVER_SECRET}")).json(&body).send().await;
    assert_eq!(query.status, 401);
    assert!(practice.was_there().await.is_empty());
    assert_eq!(practice.server(Method::POST, EVENTS).json(&body).send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_endpoint_does_not_exist() {
    let practice = Parts::new().settings(|s| s.server_secret = None).open().await;
    for (method, path) in [
        (Method::POST, EVENTS),
        (Method::GET, EVENTS),
        (Method::POST, "/jitsi/conference"),
        (Method::GET, "/jitsi/conference/1"),
        (Method::DELETE, "/jitsi/conference/1"),
    ] {
        for token in ["", SERVER_SECRET] {
            let reply = practice.request(method.clone(), path).token(token).json("{}").send().await;
            assert_eq!(reply.problem(), (404, "not_found".into()), "{method} {path}");
        }
    }
    let other = Parts::new().settings(|s| s.server_secret = Some(ServerSecret::new("another".into()))).open().await;
    assert_eq!(other.post(EVENTS, SERVER_SECRET, "{}").await.status, 401);
    assert_eq!(other.post(EVENTS, "another", "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_json_of_limited_size() {
    let practice = session().await;
    let call = |body: &str| practice.server(Method::POST, EVENTS).json(body).send();
    for body in ["", "{", "[]", "7", "event_name=muc-room-destroyed", "{\"event_name\":\"a\"}}"] {
        assert_eq!(call(body).await.problem(), (400, "malformed_json".into()), "{body}");
    }
    let deep = format!(r#"{{"all_occupants":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(call(&deep).await.text, r#"{"recorded":0}"#, "what is not read may be as deep as it likes");
    let crowd: Vec<_> = (0..1500)
        .map(|n| json!({"occupant_jid": format!("{n}@guest.meet.example.org/x"), "joined_at": 1_705_312_860, "name": "N"}))
        .collect();
    let crowd = with(ROOM_DESTROYED, "/all_occupants", json!(crowd));
    assert!(crowd.len() > practice.parts.settings.max_body_bytes);
    assert_eq!(practice.tell(&crowd).await.text, r#"{"recorded":1501}"#);
    let flood = format!(r#"{{"event_name":"{}"}}"#, "x".repeat(256 * 1024));
    assert_eq!(call(&flood).await.problem(), (413, "payload_too_large".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_retries_while_the_store_is_unavailable() {
    let practice = Parts { away: true, ..Parts::new() }.open().await;
    let body = about("booking-1-1705312800-00000000000000000000000000000000", ADA_LEFT);
    let reply = practice.server(Method::POST, EVENTS).json(&body).send().await;
    assert_eq!(reply.problem(), (503, "unavailable".into()));
    assert!(!reply.text.contains("secret cause"));
}
