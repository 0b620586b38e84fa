//! Invited participants, revoked links and attendance.

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::{BookingId, ParticipantId, UserId, ViewerId};
use attune_ports::Store;
use reqwest::Method;

use super::harness::*;

const PARTICIPANTS: &str = "/api/admin/bookings/1/participants";
const MARY: &str =
    r#"{"email":"Mary@Example.org","display_name":" Mary Somerville ","role":"observer","timezone":"Europe/London"}"#;

fn whom(email: &str, name: &str, role: &str) -> String {
    serde_json::json!({"email": email, "display_name": name, "role": role}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_is_invited_and_revoked() {
    let practice = Parts::new().signed().open().await;
    practice.agreed().await;
    let carl = practice.admin().await;
    let reply = practice.post(PARTICIPANTS, &carl, MARY).await;
    let invited = r#"{"id":1,"email":"mary@example.org","display_name":"Mary Somerville","role":"observer","#
        .to_owned()
        + r#""timezone":"Europe/London","invited_at":"2024-01-10T08:00:00Z","revoked_at":"#;
    assert_eq!((reply.status.as_u16(), reply.text), (201, format!("{invited}null}}")));
    let detail = practice.get("/api/admin/bookings/1", &carl).await;
    assert!(
        detail.text.contains(&format!(r#""participants":[{invited}null}}],"attendance":[],"payments":["#)),
        "{}",
        detail.text
    );
    let detail = detail.json();
    let hers = |n: &&serde_json::Value| n["participant_id"] == 1;
    let emails: Vec<_> = detail["notifications"].as_array().unwrap().iter().filter(hers).collect();
    let emails: Vec<_> = emails.iter().map(|n| format!("{} {}", n["kind"], n["send_after"])).collect();
    assert_eq!(
        emails,
        [
            r#""invitation" "2024-01-10T08:00:00Z""#,
            r#""reminder" "2024-01-14T10:00:00Z""#,
            r#""reminder" "2024-01-15T09:00:00Z""#
        ]
    );
    let link = || practice.get("/j/plain.1.guest-1.1", "");
    assert_eq!(link().await.status, 200);
    let one = format!("{PARTICIPANTS}/1");
    for _ in 0..2 {
        let reply = practice.delete(&one, &carl).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
        assert_eq!(link().await.status, 410);
    }
    let detail = practice.get("/api/admin/bookings/1", &carl).await;
    assert!(detail.text.contains(&format!(r#"[{invited}"2024-01-10T08:00:00Z"}}]"#)), "{}", detail.text);
    let history = detail.json()["history"].as_array().unwrap().clone();
    let history: Vec<_> = history.iter().map(|h| format!("{} {}", h["action"], h["actor_id"])).collect();
    assert_eq!(history[2..], [r#""participant.invited" 1"#, r#""participant.revoked" 1"#]);
    let again = practice.post(PARTICIPANTS, &carl, MARY).await.json();
    assert_eq!((&again["id"], &again["revoked_at"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!(link().await.status, 410, "the old link stays closed");
    assert_eq!(practice.get("/j/plain.1.guest-2.1", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_invitation_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let carl = practice.admin().await;
    let held = practice.book(&ada, SLOT).await;
    let invite = |body: String| {
        let (practice, carl) = (&practice, &carl);
        async move { practice.post(PARTICIPANTS, carl, &body).await }
    };
    let problem = |status: u16, code: &str| (status, code.to_owned());
    let mary = || whom("mary@example.org", "Mary", "participant");
    assert_eq!(invite(mary()).await.problem(), problem(409, "invalid_state"), "it is not confirmed yet");
    practice.pay(&held).await;
    let nowhere = practice.post("/api/admin/bookings/9/participants", &carl, &mary()).await;
    assert_eq!(nowhere.problem(), problem(404, "booking_not_found"));
    for (body, field, code) in [
        (r#"{"display_name":"M","role":"observer"}"#.to_owned(), "email", "required"),
        (whom("mary", "M", "observer"), "email", "invalid_email"),
        (whom("m@example.org", " ", "observer"), "display_name", "required"),
        (whom("m@example.org", &"M".repeat(101), "observer"), "display_name", "too_long"),
        (whom("m@example.org", "M\nM", "observer"), "display_name", "invalid_characters"),
        (whom("m@example.org", "M", "moderator"), "role", "invalid_value"),
        (whom("m@example.org", "M", ""), "role", "invalid_value"),
        (r#"{"email":"m@example.org","display_name":"M"}"#.into(), "role", "required"),
        (
            whom("m@example.org", "M", "observer").replace('}', r#","timezone":"Mars/Base"}"#),
            "timezone",
            "invalid_timezone",
        ),
        (whom("m@example.org", "M", "observer").replace('}', r#","timezone":"../x"}"#), "timezone", "invalid_timezone"),
        (whom("m@example.org", "M", "observer").replace('}', r#","user_id":1}"#), "user_id", "unknown_field"),
    ] {
        let reply = invite(body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{body}");
    }
    assert_eq!(invite(whom("ADA@example.org", "A", "observer")).await.problem(), problem(409, "already_invited"));
    assert_eq!(invite(mary()).await.status, 201);
    assert_eq!(invite(mary()).await.problem(), problem(409, "already_invited"));
    for n in 2..=10 {
        assert_eq!(invite(whom(&format!("m{n}@example.org"), "M", "presenter")).await.status, 201);
    }
    assert_eq!(
        invite(whom("m11@example.org", "M", "presenter")).await.problem(),
        problem(409, "too_many_participants")
    );
    assert_eq!(practice.delete(&format!("{PARTICIPANTS}/5"), &carl).await.status, 204);
    assert_eq!(invite(whom("m11@example.org", "M", "presenter")).await.status, 201);
    practice.set_time("2024-01-15T10:50:00Z");
    let carl = practice.admin().await;
    let late = practice.post(PARTICIPANTS, &carl, &whom("late@example.org", "L", "observer")).await;
    assert_eq!(late.problem(), problem(409, "invalid_state"), "the appointment is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_invitations_of_this_booking_can_be_revoked() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.agreed().await;
    let carl = practice.admin().await;
    practice.book(&ada, "2024-01-16T10:00:00Z").await;
    assert_eq!(practice.post(PARTICIPANTS, &carl, MARY).await.status, 201);
    for (path, status, code) in [
        ("/api/admin/bookings/1/participants/2", 404, "participant_not_found"),
        ("/api/admin/bookings/2/participants/1", 404, "participant_not_found"),
        ("/api/admin/bookings/9/participants/1", 404, "booking_not_found"),
        ("/api/admin/bookings/x/participants/1", 400, "invalid_booking_id"),
        ("/api/admin/bookings/1/participants/x", 400, "invalid_id"),
        ("/api/admin/bookings/1/participants/0", 400, "invalid_id"),
        ("/api/admin/bookings/1/participants/9223372036854775808", 400, "invalid_id"),
        ("/api/admin/bookings/1/participants/1?force=true", 422, "unknown_field"),
    ] {
        assert_eq!(practice.delete(path, &carl).await.problem(), (status, code.into()), "{path}");
        assert_eq!(practice.delete(path, &ada).await.problem(), (403, "forbidden".into()), "{path}");
    }
    assert_eq!(practice.get("/j/plain.1.guest-1.1", "").await.status, 200, "it still stands");
    let allow = practice.request(Method::GET, &format!("{PARTICIPANTS}/1")).token(&carl).send().await;
    assert_eq!((allow.status.as_u16(), allow.header("allow")), (405, Some("DELETE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn join_links_are_revoked_and_new_ones_sent() {
    let practice = Parts::new().signed().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let carl = practice.admin().await;
    let held = practice.book(&ada, SLOT).await;
    let revoke = |body: &'static str| practice.post("/api/admin/bookings/1/links/revoke", &carl, body);
    assert_eq!(revoke("").await.problem(), (409, "invalid_state".into()));
    practice.pay(&held).await;
    assert_eq!(practice.post(PARTICIPANTS, &carl, MARY).await.status, 201);
    let before = practice.get("/api/admin/bookings/1", &carl).await.json();
    let reply = revoke("{}").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["id"], &reply.json()["status"]),
        (200, &1.into(), &"scheduled".into())
    );
    let after = reply.json();
    assert_eq!(before["jitsi_room_id"], after["jitsi_room_id"], "the room stays");
    assert_eq!(after["version"].as_i64().unwrap(), before["version"].as_i64().unwrap() + 1);
    assert_eq!(after["admin_meeting_url"], "https://practice.example.org/j/plain.1.user-1.2");
    let emails = after["notifications"].as_array().unwrap();
    let mut readers: Vec<_> =
        emails.iter().filter(|n| n["kind"] == "meeting_link").map(|n| n["participant_id"].to_string()).collect();
    readers.sort();
    assert_eq!(readers, ["1", "null"]);
    assert_eq!(after["history"].as_array().unwrap().last().unwrap()["actor_id"], 1);
    for person in ["user-1", "user-2", "guest-1"] {
        for (version, status) in [(1, 410), (2, 200), (3, 410)] {
            let page = practice.get(&format!("/j/plain.1.{person}.{version}"), "").await;
            assert_eq!(page.status, status, "{person} {version}");
        }
    }
    // Without a body, and repeated.
    let call = practice.request(Method::POST, "/api/admin/bookings/1/links/revoke").token(&carl).send().await;
    assert_eq!(call.status, 200);
    assert_eq!(practice.get("/j/plain.1.user-2.2", "").await.status, 410);
    let nowhere = practice.post("/api/admin/bookings/9/links/revoke", &carl, "{}").await;
    assert_eq!(nowhere.problem(), (404, "booking_not_found".into()));
    assert_eq!(revoke(r#"{"why":"x"}"#).await.problem(), (422, "unknown_field".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_who_was_there() {
    let practice = Parts::new().signed().without_limits().open().await;
    practice.agreed().await;
    let carl = practice.admin().await;
    assert_eq!(practice.post(PARTICIPANTS, &carl, MARY).await.status, 201);
    let fact = |at: &str, kind, occupant: &str, participant| AttendanceEvent {
        at: at.parse().unwrap(),
        kind,
        occupant: occupant.into(),
        participant,
    };
    let account = |id| UserId::new(id).map(ViewerId::Account);
    let mary = ParticipantId::new(1).map(ViewerId::Participant);
    let facts = [
        fact("2024-01-15T09:58:00Z", AttendanceEventKind::Joined, "a", account(1)),
        fact("2024-01-15T10:01:00Z", AttendanceEventKind::Joined, "b", account(2)),
        fact("2024-01-15T10:11:00Z", AttendanceEventKind::Left, "b", account(2)),
        fact("2024-01-15T10:12:00Z", AttendanceEventKind::Joined, "c", account(2)),
        fact("2024-01-15T10:05:00Z", AttendanceEventKind::Joined, "d", mary),
        fact("2024-01-15T10:20:00Z", AttendanceEventKind::Left, "d", mary),
        fact("2024-01-15T10:21:00Z", AttendanceEventKind::Left, "e", None),
    ];
    let mut work = practice.parts.store.begin().await.unwrap();
    work.add_attendance(BookingId::new(1).unwrap(), &facts).await.unwrap();
    work.commit().await.unwrap();
    practice.set_time("2024-01-15T10:30:00Z");
    let carl = practice.admin().await;
    let detail = practice.get("/api/admin/bookings/1", &carl).await.text;
    let (_, attendance) = detail.split_once(r#""attendance":"#).unwrap();
    let (attendance, _) = attendance.split_once(r#","payments":"#).unwrap();
    assert_eq!(
        attendance,
        r#"[{"role":"therapist","user_id":1,"participant_id":null,"joined_at":"2024-01-15T09:58:00Z","#.to_owned()
            + r#""left_at":null,"minutes":32,"visits":1},"#
            + r#"{"role":"client","user_id":2,"participant_id":null,"joined_at":"2024-01-15T10:01:00Z","#
            + r#""left_at":null,"minutes":28,"visits":2},"#
            + r#"{"role":"participant","user_id":null,"participant_id":1,"joined_at":"2024-01-15T10:05:00Z","#
            + r#""left_at":"2024-01-15T10:20:00Z","minutes":15,"visits":1},"#
            + r#"{"role":"unknown","user_id":null,"participant_id":null,"joined_at":null,"#
            + r#""left_at":"2024-01-15T10:21:00Z","minutes":0,"visits":1}]"#
    );
}
