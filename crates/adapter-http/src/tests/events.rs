//! Room events of the practice's own video server.

use reqwest::Method;
use serde_json::json;

use super::harness::*;
use super::recorded::*;
use crate::settings::ServerSecret;

const EVENTS: &str = "/jitsi/events/room/destroyed";
const GUEST_VISIT: &str = "unknown null 10:10:00Z 10:51:00Z 41 1";

#[tokio::test(flavor = "multi_thread")]
async fn room_events_become_attendance() {
    let practice = started_session(Parts::new()).await;
    for (recorded, new) in [
        (ROOM_CREATED, 0),
        (CARL_JOINED, 1),
        (CARL_JOINED, 0),
        (ADA_LEFT, 2),
        (GUEST_JOINED, 1),
        (ROOM_DESTROYED, 2),
        (ROOM_DESTROYED, 0),
    ] {
        practice.notify(recorded).await.assert_body(200, &format!(r#"{{"recorded":{new}}}"#));
    }
    assert_eq!(practice.attendance().await, [VISITS[0], VISITS[1], GUEST_VISIT]);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_repetition_change_nothing() {
    for order in orders(&[CARL_JOINED, ADA_LEFT, GUEST_JOINED, ROOM_DESTROYED]) {
        let practice = started_session(Parts::new()).await;
        for recorded in order.iter().flat_map(|recorded| [recorded, recorded]) {
            practice.notify(recorded).await.assert_status(200);
        }
        assert_eq!(practice.attendance().await, [VISITS[0], VISITS[1], GUEST_VISIT], "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_may_be_reported_long_after_the_end() {
    let practice = started_session(Parts::new()).await;
    practice.notify(CARL_JOINED).await;
    practice.notify(&with(ROOM_DESTROYED, "/all_occupants", json!([]))).await;
    let joined = with(&with(ADA_LEFT, "/occupant/left_at", json!(null)), "/occupant/joined_at", json!(1705312860));
    practice.notify(&joined).await;
    // She is regarded as present until the end.
    assert_eq!(practice.attendance().await, [VISITS[0], "client 2 10:01:00Z 10:51:00Z 50 1"]);
    practice.notify(ADA_LEFT).await;
    assert_eq!(practice.attendance().await, VISITS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakout_room_is_part_of_the_appointment_and_its_end_is_not_the_end() {
    let practice = started_session(Parts::new()).await;
    practice.notify(CARL_JOINED).await;
    practice.notify(ADA_LEFT).await;
    practice.notify(BREAKOUT_DESTROYED).await.assert_body(200, r#"{"recorded":2}"#);
    assert_eq!(
        practice.attendance().await,
        ["therapist 1 09:59:00Z 10:50:00Z 51 1 estimated", "client 2 10:01:00Z 10:50:00Z 49 2"],
        "the therapist is there until the last event, and the client's minutes count once"
    );
    practice.notify(&with(BREAKOUT_DESTROYED, "/is_breakout", json!("true"))).await;
    practice.notify(ROOM_DESTROYED).await;
    assert_eq!(practice.attendance().await[0], VISITS[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_read_in_every_format_or_ignored() {
    for (joined, left, wanted) in [
        (json!("1705312860"), json!(1_705_315_800.25), "client 2 10:01:00Z 10:50:00Z 49 1"),
        (json!("1705312860.75"), json!("1705315800"), "client 2 10:01:00Z 10:50:00Z 49 1"),
        (json!(1.705_312_86e9), json!(1_705_315_800_000_i64), "client 2 10:01:00Z 10:01:00Z 0 1 estimated"),
        (json!("noon"), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!({"at": 1}), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!(-1), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!("inf"), json!(1_705_315_800), "client 2 null 10:50:00Z 0 1"),
        (json!(1_705_312_860), json!([]), "client 2 10:01:00Z 10:01:00Z 0 1 estimated"),
    ] {
        let practice = started_session(Parts::new()).await;
        let message = with(&with(ADA_LEFT, "/occupant/joined_at", joined), "/occupant/left_at", left);
        practice.notify(&message).await.assert_status(200);
        assert_eq!(practice.attendance().await, [wanted], "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_come_from_signed_links_only() {
    for id in [json!(null), json!("2"), json!(2), json!("user-02"), json!("carl@example.org"), json!({"id": "user-2"})]
    {
        let practice = started_session(Parts::new()).await;
        practice.notify(&with(ADA_LEFT, "/occupant/id", id.clone())).await;
        assert_eq!(practice.attendance().await, ["unknown null 10:01:00Z 10:50:00Z 49 1"], "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_events_are_ignored() {
    let practice = started_session(Parts::new()).await;
    for message in [
        "{}".to_owned(),
        r#"{"event_name":"muc-occupant-left"}"#.to_owned(),
        about("booking-9-1705312800-00000000000000000000000000000000", ADA_LEFT),
        about("", ADA_LEFT),
        about("someone's \\u0000 room", ADA_LEFT),
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
        practice.notify(&message).await.assert_body(200, r#"{"recorded":0}"#);
    }
    assert!(practice.attendance().await.is_empty());
    let future = ADA_LEFT.replacen('{', r#"{"protocol": {"version": 2}, "occupant_jids": ["a"],"#, 1);
    practice.notify(&future).await;
    assert_eq!(practice.attendance().await, [VISITS[1]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_with_the_secret_is_accepted() {
    let practice = started_session(Parts::new()).await;
    let body = about(&practice.room_name().await, ADA_LEFT);
    let carl = practice.admin().await;
    let wrong = format!("{SERVER_SECRET}x");
    for token in ["", "x", &wrong, &SERVER_SECRET[1..], &carl] {
        let reply = practice.post(EVENTS, token, &body).await;
        reply.assert_problem(401, "invalid_server_secret");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    let basic = practice.request(Method::POST, EVENTS).header("Authorization", &format!("Basic {SERVER_SECRET}"));
    basic.json(&body).send().await.assert_status(401);
    practice.post(&format!("{EVENTS}?secret={SERVER_SECRET}"), "", &body).await.assert_status(401);
    // The secret is verified before the body is read.
    practice.post(EVENTS, "", &"x".repeat(1_000_000)).await.assert_status(401);
    assert!(practice.attendance().await.is_empty());
    practice.server(Method::POST, EVENTS).json(&body).send().await.assert_status(200);
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
            reply.assert_problem(404, "not_found");
        }
    }
    let other = Parts::new().settings(|s| s.server_secret = Some(ServerSecret::new("another".into()))).open().await;
    other.post(EVENTS, SERVER_SECRET, "{}").await.assert_status(401);
    other.post(EVENTS, "another", "{}").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_json_of_limited_size() {
    let practice = started_session(Parts::new()).await;
    let call = |body: &str| practice.server(Method::POST, EVENTS).json(body).send();
    for body in ["", "{", "[]", "7", "event_name=muc-room-destroyed", "{\"event_name\":\"a\"}}"] {
        call(body).await.assert_problem(400, "malformed_json");
    }
    let deep = format!(r#"{{"all_occupants":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    // The depth of what is not read does not matter.
    call(&deep).await.assert_body(200, r#"{"recorded":0}"#);
    let crowd: Vec<_> = (0..1500)
        .map(|n| json!({"occupant_jid": format!("{n}@guest.meet.example.org/x"), "joined_at": 1_705_312_860, "name": "N"}))
        .collect();
    let crowd = with(ROOM_DESTROYED, "/all_occupants", json!(crowd));
    assert!(crowd.len() > practice.parts.settings.requests.max_body_bytes);
    practice.notify(&crowd).await.assert_body(200, r#"{"recorded":1501}"#);
    let flood = format!(r#"{{"event_name":"{}"}}"#, "x".repeat(256 * 1024));
    call(&flood).await.assert_problem(413, "payload_too_large");
}
