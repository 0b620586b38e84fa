//! Conference reservations.

use attune_domain::Role;
use attune_domain::meeting::RoomLimits;
use reqwest::Method;
use serde_json::json;
use url::form_urlencoded;

use super::harness::*;
use super::recorded::*;

const CONFERENCES: &str = "/jitsi/conference";
const OPENS: &str = "2024-01-15T09:45:00Z";

impl Practice {
    /// Prosody requests a conference with this form.
    pub(crate) async fn request_conference(&self, form: &str) -> Reply {
        self.server(Method::POST, CONFERENCES).form(form).send().await
    }

    /// Prosody requests the conference of the first booking's room.
    async fn request_first(&self) -> Reply {
        self.request_conference(&about(&self.room_name().await, CONFERENCE)).await
    }

    async fn request_room(&self, room: &str) -> Reply {
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("name", room).finish();
        self.request_conference(&form).await
    }

    /// Prosody reads an open conference.
    async fn read(&self, id: &str) -> Reply {
        self.server(Method::GET, &format!("{CONFERENCES}/{id}")).send().await
    }

    /// Prosody closes a conference.
    async fn close(&self, id: &str) -> Reply {
        self.server(Method::DELETE, &format!("{CONFERENCES}/{id}")).send().await
    }
}

/// A practice with a confirmed booking, at this time.
async fn session(parts: Parts, now: &str) -> Practice {
    let (practice, ..) = parts.without_limits().with_session().await;
    practice.set_time(now);
    practice
}

const UNKNOWN: (u16, &str) = (404, "This room does not exist.");
const OVER: (u16, &str) = (403, "This appointment is over.");
const CANCELLED: (u16, &str) = (403, "This appointment was cancelled.");

/// Checks a rejection in Prosody's format.
#[track_caller]
fn assert_rejected(reply: &Reply, (status, message): (u16, &str)) {
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.assert_status(status).json(), json!({"message": message}), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_opens_once_and_again_after_it_was_closed() {
    let practice = session(Parts::new(), OPENS).await;
    let room = practice.room_name().await;
    let conference = |id: &str, owner: &str| {
        format!(r#"{{"id":"{id}","name":"{room}","mail_owner":"{owner}","start_time":"2024-01-15T10:00:00Z","#)
            + r#""duration":4800,"lobby":false}"#
    };
    let owner = "9d2b7c55-1c6e-4f0a-8e53-0d6a1f4b7c21@meet.example.org";
    practice.request_first().await.assert_body(200, &conference("1", owner));
    for _ in 0..2 {
        practice.request_first().await.assert_body(409, r#"{"conflict_id":"1"}"#);
    }
    for id in ["1", "1.0"] {
        practice.read(id).await.assert_body(200, &conference("1", "attune"));
    }
    // Closing it again has no effect.
    for id in ["1.0", "1"] {
        practice.close(id).await.assert_body(204, "");
    }
    assert_rejected(&practice.read("1").await, UNKNOWN);
    practice.request_first().await.assert_body(200, &conference("2", owner));
    // The end of the first is not that of the second.
    practice.close("1").await;
    practice.read("2").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_whose_end_was_reported_can_open_again() {
    let practice = session(Parts::new(), "2024-01-15T09:58:59Z").await;
    assert_eq!(practice.request_first().await.json()["id"], "1");
    practice.notify(BREAKOUT_DESTROYED).await;
    // The end of a breakout room is not the end of the room.
    practice.request_first().await.assert_status(409);
    practice.set_time("2024-01-15T10:51:00Z");
    practice.notify(ROOM_DESTROYED).await.assert_status(200);
    practice.read("1").await.assert_status(404);
    practice.set_time("2024-01-15T10:51:01Z");
    assert_eq!(practice.request_first().await.json()["id"], "2");
    // A delayed report about the first.
    practice.close("1").await.assert_status(204);
    practice.notify(ROOM_DESTROYED).await;
    practice.read("2").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_conference_opens_too_early_or_too_late() {
    let practice = session(Parts::new(), "2024-01-15T09:44:59Z").await;
    let early = "This room opens on Monday, 15\u{a0}January 2024 at 10:45 (Europe/Berlin, UTC+01:00).";
    assert_rejected(&practice.request_first().await, (403, early));
    practice.set_time("2024-01-15T11:19:59Z");
    practice.request_first().await.assert_status(200);
    practice.set_time("2024-01-15T11:20:00Z");
    assert_rejected(&practice.request_first().await, OVER);
    assert_rejected(&practice.read("1").await, OVER);
    practice.close("1").await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_confirmed_bookings_have_a_room() {
    let (practice, ..) = Parts::new().without_limits().with_hold().await;
    let (similar, long) = ("booking-1-1704873600-00000000000000000000000000000000", "x".repeat(60_000));
    for room in ["booking-1", similar, "lobby", "]", "/", "*", "%", "\0", "' OR 1=1 --", "räume", &long] {
        assert_rejected(&practice.request_room(room).await, UNKNOWN);
    }
    practice.pay(1).await;
    practice.set_time(OPENS);
    practice.request_first().await.assert_status(200);
    practice.cancel_at(OPENS).await;
    assert_rejected(&practice.request_first().await, CANCELLED);
    assert_rejected(&practice.read("1").await, CANCELLED);
    for id in ["0", "2", "99999999999999999999", "abc", "1.5", "-1", "1e0", "1.0.0", "%31%2e0%00"] {
        assert_rejected(&practice.read(id).await, UNKNOWN);
    }
    practice.close("2").await.assert_status(204);
    assert_rejected(&practice.close("abc").await, UNKNOWN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conference_of_a_rescheduled_booking_ends_at_the_new_time() {
    let practice = session(Parts::new(), OPENS).await;
    practice.request_first().await.assert_status(200);
    let (start, now) = ("2024-01-15T10:05:00Z".parse().unwrap(), OPENS.parse().unwrap());
    practice.change(|b| b.reschedule(start, Role::Admin, now).unwrap().0).await;
    practice.set_time("2024-01-15T09:50:00Z");
    let wanted = json!({"start_time": "2024-01-15T10:05:00Z", "duration": 4800});
    practice.read("1").await.assert_members(&wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_has_the_room_name_of_the_request() {
    let practice = session(Parts::new(), OPENS).await;
    let room = practice.room_name().await;
    for (id, requested) in [room.clone(), format!("[practice]{room}"), room.to_uppercase()].iter().enumerate() {
        let wanted = json!({"name": requested, "mail_owner": "attune"});
        practice.request_room(requested).await.assert_members(&wanted);
        practice.close(&(id + 1).to_string()).await.assert_status(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_contains_the_limits() {
    let limits = RoomLimits { max_occupants: Some(2), lobby: true };
    let practice = session(Parts { limits, ..Parts::new() }, NOW).await;
    let carl = practice.admin().await;
    let mary = r#"{"email":"mary@example.org","display_name":"Mary","role":"observer"}"#;
    practice.post("/api/admin/bookings/1/participants", &carl, mary).await.assert_status(201);
    practice.set_time(OPENS);
    // Invited participants are admitted in addition.
    practice.request_first().await.assert_members(&json!({"max_occupants": 3, "lobby": true}));
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
            reply.assert_problem(401, "invalid_server_secret");
        }
    }
    assert_eq!(practice.request_first().await.json()["id"], "1", "nothing was opened before");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_the_room_is_required() {
    let practice = session(Parts::new(), OPENS).await;
    let room = practice.room_name().await;
    for form in ["", "name=", "room=x", &format!(r#"{{"name":"{room}"}}"#)] {
        practice.request_conference(form).await.assert_invalid("name", "required");
    }
    let large = format!("name={room}&mail_owner={}", "x".repeat(70_000));
    practice.request_conference(&large).await.assert_problem(413, "payload_too_large");
    let more = format!("description=%00%ff&duration=1&name={room}&max_occupants=9999&mail_owner=");
    let reply = practice.request_conference(&more).await;
    reply.assert_members(&json!({"duration": 4800, "mail_owner": "attune"}));
    assert_eq!(reply.json().get("max_occupants"), None);
}
