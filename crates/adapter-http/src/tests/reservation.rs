//! Conference reservations.

use attune_domain::booking::Cancellation;
use attune_domain::meeting::RoomLimits;
use attune_domain::{Money, Role, UserId};
use reqwest::Method;
use serde_json::json;
use url::form_urlencoded;

use super::harness::*;
use super::recorded::*;

const CONFERENCES: &str = "/jitsi/conference";
const OPENS: &str = "2024-01-15T09:45:00Z";

impl Practice {
    /// Prosody requests the conference of the first booking's room.
    async fn asks(&self) -> Reply {
        self.asks_with(&about(&self.room_name().await, CONFERENCE)).await
    }

    async fn asks_with(&self, form: &str) -> Reply {
        let call = self.server(Method::POST, CONFERENCES);
        call.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned()).send().await
    }

    async fn asks_for(&self, room: &str) -> Reply {
        self.asks_with(&form_urlencoded::Serializer::new(String::new()).append_pair("name", room).finish()).await
    }

    /// Prosody requests or closes an open conference.
    async fn about_open(&self, method: Method, id: &str) -> Reply {
        self.server(method, &format!("{CONFERENCES}/{id}")).send().await
    }
}

/// A practice with a confirmed booking, at this time.
async fn session(parts: Parts, now: &str) -> Practice {
    let practice = parts.without_limits().open().await;
    practice.agreed().await;
    practice.set_time(now);
    practice
}

fn refused(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let body = reply.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    (reply.status.as_u16(), body["message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_opens_once_and_again_after_it_was_closed() {
    let practice = session(Parts::new(), OPENS).await;
    let room = practice.room_name().await;
    let first = practice.asks().await;
    let owner = "9d2b7c55-1c6e-4f0a-8e53-0d6a1f4b7c21@meet.example.org";
    let told = |id: &str, owner: &str| {
        format!(r#"{{"id":"{id}","name":"{room}","mail_owner":"{owner}","start_time":"2024-01-15T10:00:00Z","#)
            + r#""duration":4800,"lobby":false}"#
    };
    assert_eq!((first.status.as_u16(), first.text), (200, told("1", owner)));
    for _ in 0..2 {
        let second = practice.asks().await;
        assert_eq!((second.status.as_u16(), second.text.as_str()), (409, r#"{"conflict_id":"1"}"#));
    }
    for id in ["1", "1.0"] {
        let open = practice.about_open(Method::GET, id).await;
        assert_eq!((open.status.as_u16(), open.text), (200, told("1", "attune")));
    }
    for id in ["1.0", "1"] {
        let end = practice.about_open(Method::DELETE, id).await;
        assert_eq!((end.status.as_u16(), end.text.as_str()), (204, ""), "telling it twice is like telling it once");
    }
    let ended = practice.about_open(Method::GET, "1").await;
    assert_eq!(refused(&ended), (404, "This room does not exist.".into()));
    assert_eq!(practice.asks().await.text, told("2", owner));
    practice.about_open(Method::DELETE, "1").await;
    assert_eq!(
        practice.about_open(Method::GET, "2").await.status,
        200,
        "the end of the first is not that of the second"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_whose_end_was_reported_can_open_again() {
    let practice = session(Parts::new(), "2024-01-15T09:58:59Z").await;
    assert_eq!(practice.asks().await.json()["id"], "1");
    practice.tell(BREAKOUT_DESTROYED).await;
    assert_eq!(practice.asks().await.status, 409, "the end of a breakout room is not the end of the room");
    practice.set_time("2024-01-15T10:51:00Z");
    assert_eq!(practice.tell(ROOM_DESTROYED).await.status, 200);
    assert_eq!(practice.about_open(Method::GET, "1").await.status, 404);
    practice.set_time("2024-01-15T10:51:01Z");
    assert_eq!(practice.asks().await.json()["id"], "2");
    assert_eq!(practice.about_open(Method::DELETE, "1").await.status, 204, "the delayed word about the first");
    practice.tell(ROOM_DESTROYED).await;
    assert_eq!(practice.about_open(Method::GET, "2").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_conference_opens_too_early_or_too_late() {
    let practice = session(Parts::new(), "2024-01-15T09:44:59Z").await;
    let early = "This room opens on Monday, 15 January 2024 at 10:45 (Europe/Berlin, UTC+01:00).";
    assert_eq!(refused(&practice.asks().await), (403, early.into()));
    practice.set_time("2024-01-15T11:19:59Z");
    assert_eq!(practice.asks().await.status, 200);
    practice.set_time("2024-01-15T11:20:00Z");
    let over = (403, "This appointment is over.".to_owned());
    assert_eq!(refused(&practice.asks().await), over);
    assert_eq!(refused(&practice.about_open(Method::GET, "1").await), over);
    assert_eq!(practice.about_open(Method::DELETE, "1").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_confirmed_bookings_have_a_room() {
    let unknown = (404, "This room does not exist.".to_owned());
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    for room in [
        "booking-1",
        "booking-1-1704873600-00000000000000000000000000000000",
        "lobby",
        "]",
        "/",
        "*",
        "%",
        "\0",
        "' OR 1=1 --",
        "räume",
        &"x".repeat(60_000),
    ] {
        assert_eq!(refused(&practice.asks_for(room).await), unknown, "{room}");
    }
    practice.pay(&held).await;
    practice.set_time(OPENS);
    assert_eq!(practice.asks().await.status, 200);
    let by = UserId::new(1).unwrap();
    practice
        .change(|b| {
            let refund = Money::new(0, b.price().currency()).unwrap();
            let cancellation = Cancellation { at: OPENS.parse().unwrap(), by, late: false, reason: None, refund };
            b.cancel(cancellation, Role::Admin).unwrap().0
        })
        .await;
    let cancelled = (403, "This appointment was cancelled.".to_owned());
    assert_eq!(refused(&practice.asks().await), cancelled);
    assert_eq!(refused(&practice.about_open(Method::GET, "1").await), cancelled);
    for id in ["0", "2", "99999999999999999999", "abc", "1.5", "-1", "1e0", "1.0.0", "%31%2e0%00"] {
        assert_eq!(refused(&practice.about_open(Method::GET, id).await), unknown, "{id}");
    }
    assert_eq!(practice.about_open(Method::DELETE, "2").await.status, 204);
    assert_eq!(refused(&practice.about_open(Method::DELETE, "abc").await), unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conference_of_a_rescheduled_booking_ends_at_the_new_time() {
    let practice = session(Parts::new(), OPENS).await;
    assert_eq!(practice.asks().await.status, 200);
    practice
        .change(|b| {
            b.reschedule("2024-01-15T10:05:00Z".parse().unwrap(), Role::Admin, OPENS.parse().unwrap()).unwrap().0
        })
        .await;
    practice.set_time("2024-01-15T09:50:00Z");
    let open = practice.about_open(Method::GET, "1").await.json();
    assert_eq!((&open["start_time"], &open["duration"]), (&json!("2024-01-15T10:05:00Z"), &json!(4800)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_has_the_room_name_of_the_request() {
    let practice = session(Parts::new(), OPENS).await;
    let room = practice.room_name().await;
    for (id, asked) in [room.clone(), format!("[practice]{room}"), room.to_uppercase()].iter().enumerate() {
        let answer = practice.asks_for(asked).await.json();
        assert_eq!((&answer["name"], &answer["mail_owner"]), (&json!(asked), &json!("attune")));
        let end = practice.about_open(Method::DELETE, &(id + 1).to_string()).await;
        assert_eq!(end.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_contains_the_limits() {
    let limits = RoomLimits { max_occupants: Some(2), lobby: true };
    let practice = session(Parts { limits, ..Parts::new() }, NOW).await;
    let carl = practice.admin().await;
    let mary = r#"{"email":"mary@example.org","display_name":"Mary","role":"observer"}"#;
    assert_eq!(practice.post("/api/admin/bookings/1/participants", &carl, mary).await.status, 201);
    practice.set_time(OPENS);
    let answer = practice.asks().await.json();
    assert_eq!((&answer["max_occupants"], &answer["lobby"]), (&json!(3), &json!(true)), "whoever is invited comes in");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_with_the_secret_is_authorised() {
    let practice = session(Parts::new(), OPENS).await;
    let form = about(&practice.room_name().await, CONFERENCE);
    let carl = practice.admin().await;
    for token in ["", &carl, &SERVER_SECRET.to_lowercase()] {
        for (method, path) in
            [(Method::POST, CONFERENCES), (Method::GET, "/jitsi/conference/1"), (Method::DELETE, "/jitsi/conference/x")]
        {
            let reply = practice.request(method, path).token(token).body(form.clone()).send().await;
            assert_eq!(reply.problem(), (401, "invalid_server_secret".into()));
        }
    }
    assert_eq!(practice.asks().await.json()["id"], "1", "nothing was opened before");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_the_room_is_required() {
    let practice = session(Parts::new(), OPENS).await;
    let room = practice.room_name().await;
    for form in ["", "name=", "room=x", &format!(r#"{{"name":"{room}"}}"#)] {
        let reply = practice.asks_with(form).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![("name".into(), "required".into())]), "{form}");
    }
    let large = format!("name={room}&mail_owner={}", "x".repeat(70_000));
    assert_eq!(practice.asks_with(&large).await.problem(), (413, "payload_too_large".into()));
    let more = format!("description=%00%ff&duration=1&name={room}&max_occupants=9999&mail_owner=");
    let answer = practice.asks_with(&more).await.json();
    assert_eq!((&answer["duration"], &answer["mail_owner"]), (&json!(4800), &json!("attune")));
    assert_eq!(answer.get("max_occupants"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_retries_while_the_store_is_unavailable() {
    let practice = Parts { away: true, ..Parts::new() }.open().await;
    for reply in [practice.asks_for("booking-1").await, practice.about_open(Method::GET, "1").await] {
        assert_eq!(reply.problem(), (503, "unavailable".into()));
        assert!(!reply.text.contains("secret cause"));
    }
}
