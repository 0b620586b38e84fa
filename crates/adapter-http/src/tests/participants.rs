//! Invited participants, revoked links and attendance.

use attune_domain::meeting::AttendanceEventKind::{Joined, Left};
use attune_domain::{ParticipantId, ViewerId};
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const PARTICIPANTS: &str = "/api/admin/bookings/1/participants";
const MARY: &str = r#"{"email":"Mary@Example.org","display_name":" Mary Somerville ","role":"observer","timezone":"Europe/London","language":"fr"}"#;

fn invitation(email: &str, name: &str, role: &str) -> String {
    json!({"email": email, "display_name": name, "role": role}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_is_invited_and_revoked() {
    let (practice, _, carl) = Parts::new().signed().with_session().await;
    let invited = r#"{"id":1,"email":"mary@example.org","display_name":"Mary Somerville","role":"observer","#
        .to_owned()
        + r#""timezone":"Europe/London","language":"fr","invited_at":"2024-01-10T08:00:00Z","revoked_at":"#;
    practice.post(PARTICIPANTS, &carl, MARY).await.assert_body(201, &format!("{invited}null}}"));
    let detail = practice.get("/api/admin/bookings/1", &carl).await;
    detail.assert_contains(&[&format!(r#""participants":[{invited}null}}],"attendance":[],"payments":["#)]);
    let mut emails = lines(&detail.json()["notifications"], &["participant_id", "kind", "send_after"]);
    emails.retain(|email| email.starts_with("1 "));
    assert_eq!(
        emails,
        ["1 invitation 2024-01-10T08:00:00Z", "1 reminder 2024-01-14T10:00:00Z", "1 reminder 2024-01-15T09:00:00Z"]
    );
    let link = || practice.get("/j/plain.1.guest-1.1", "");
    link().await.assert_status(200).assert_contains(&[r#"<html lang="fr">"#]);
    for _ in 0..2 {
        practice.delete(&format!("{PARTICIPANTS}/1"), &carl).await.assert_body(204, "");
        link().await.assert_status(410);
    }
    let detail = practice.get("/api/admin/bookings/1", &carl).await;
    detail.assert_contains(&[&format!(r#"[{invited}"2024-01-10T08:00:00Z"}}]"#)]);
    let history = lines(&detail.json()["history"], &["action", "actor_id"]);
    assert_eq!(history[2..], ["participant.invited 1", "participant.revoked 1"]);
    practice.post(PARTICIPANTS, &carl, MARY).await.assert_members(&json!({"id": 2, "revoked_at": null}));
    // The old link stays revoked.
    link().await.assert_status(410);
    practice.get("/j/plain.1.guest-2.1", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_invitation_says_why() {
    let (practice, _, carl) = Parts::new().without_limits().with_hold().await;
    let invite =
        async |email: &str, role: &str| practice.post(PARTICIPANTS, &carl, &invitation(email, "M", role)).await;
    let mary = invitation("mary@example.org", "Mary", "participant");
    // It is not confirmed yet.
    practice.post(PARTICIPANTS, &carl, &mary).await.assert_problem(409, "invalid_state");
    practice.pay(1).await;
    practice.post("/api/admin/bookings/9/participants", &carl, &mary).await.assert_problem(404, "booking_not_found");
    let long = format!("\"{}\"", "M".repeat(101));
    let rows: Invalid<'_> = &[
        ("email", "required", &[""]),
        ("email", "invalid_email", &[r#""mary""#]),
        ("display_name", "required", &[r#"" ""#]),
        ("display_name", "too_long", &[&long]),
        ("display_name", "invalid_characters", &[r#""M\nM""#]),
        ("role", "invalid_value", &[r#""moderator""#, r#""""#]),
        ("role", "required", &[""]),
        ("timezone", "invalid_timezone", &[r#""Mars/Base""#, r#""../x""#]),
        ("language", "invalid_value", &[r#""it""#, r#""FR""#]),
        ("user_id", "unknown_field", &["1"]),
    ];
    let valid = invitation("m@example.org", "M", "observer");
    practice.assert_invalid_values(Method::POST, PARTICIPANTS, &carl, &valid, rows).await;
    invite("ADA@example.org", "observer").await.assert_problem(409, "already_invited");
    practice.post(PARTICIPANTS, &carl, &mary).await.assert_status(201);
    practice.post(PARTICIPANTS, &carl, &mary).await.assert_problem(409, "already_invited");
    for n in 2..=10 {
        invite(&format!("m{n}@example.org"), "presenter").await.assert_status(201);
    }
    invite("m11@example.org", "presenter").await.assert_problem(409, "too_many_participants");
    practice.delete(&format!("{PARTICIPANTS}/5"), &carl).await.assert_status(204);
    invite("m11@example.org", "presenter").await.assert_status(201);
    let carl = practice.admin_at("2024-01-15T10:50:00Z").await;
    let late = practice.post(PARTICIPANTS, &carl, &invitation("late@example.org", "L", "observer")).await;
    assert_eq!(late.problem(), (409, "invalid_state".into()), "the appointment is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_invitations_of_this_booking_can_be_revoked() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    practice.book(&ada, "2024-01-16T10:00:00Z").await;
    practice.post(PARTICIPANTS, &carl, MARY).await.assert_status(201);
    for (booking, participant, status, code) in [
        ("1", "2", 404, "participant_not_found"),
        ("2", "1", 404, "participant_not_found"),
        ("9", "1", 404, "booking_not_found"),
        ("x", "1", 400, "invalid_booking_id"),
        ("1", "x", 400, "invalid_id"),
        ("1", "0", 400, "invalid_id"),
        ("1", "9223372036854775808", 400, "invalid_id"),
        ("1", "1?force=true", 422, "unknown_field"),
    ] {
        let path = format!("/api/admin/bookings/{booking}/participants/{participant}");
        practice.delete(&path, &carl).await.assert_problem(status, code);
        practice.delete(&path, &ada).await.assert_problem(403, "forbidden");
    }
    assert_eq!(practice.get("/j/plain.1.guest-1.1", "").await.status, 200, "it still stands");
    let read = practice.get(&format!("{PARTICIPANTS}/1"), &carl).await;
    assert_eq!(read.assert_status(405).header("allow"), Some("DELETE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn join_links_are_revoked_and_new_ones_sent() {
    let (practice, _, carl) = Parts::new().signed().without_limits().with_hold().await;
    let revoke = |body: &'static str| practice.post("/api/admin/bookings/1/links/revoke", &carl, body);
    revoke("").await.assert_problem(409, "invalid_state");
    practice.pay(1).await;
    practice.post(PARTICIPANTS, &carl, MARY).await.assert_status(201);
    let before = practice.get("/api/admin/bookings/1", &carl).await.json();
    let reply = revoke("{}").await;
    // The room stays.
    reply.assert_status(200).assert_members(&json!({
        "id": 1, "status": "scheduled", "jitsi_room_id": before["jitsi_room_id"],
        "version": before["version"].as_i64().unwrap() + 1,
        "admin_meeting_url": "https://practice.example.org/j/plain.1.user-1.2",
    }));
    let after = reply.json();
    let mut emails = lines(&after["notifications"], &["kind", "participant_id"]);
    emails.retain(|email| email.starts_with("meeting_link "));
    emails.sort();
    assert_eq!(emails, ["meeting_link 1", "meeting_link null"]);
    assert_eq!(column(&after["history"], "actor_id").last().unwrap(), 1);
    for person in ["user-1", "user-2", "guest-1"] {
        for (version, status) in [(1, 410), (2, 200), (3, 410)] {
            practice.get(&format!("/j/plain.1.{person}.{version}"), "").await.assert_status(status);
        }
    }
    // Without a body, and repeated.
    practice.post_empty("/api/admin/bookings/1/links/revoke", &carl).await.assert_status(200);
    practice.get("/j/plain.1.user-2.2", "").await.assert_status(410);
    practice.post("/api/admin/bookings/9/links/revoke", &carl, "{}").await.assert_problem(404, "booking_not_found");
    revoke(r#"{"why":"x"}"#).await.assert_problem(422, "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_who_was_there() {
    let (practice, _, carl) = Parts::new().signed().without_limits().with_session().await;
    practice.post(PARTICIPANTS, &carl, MARY).await.assert_status(201);
    let mary = ParticipantId::new(1).map(ViewerId::Participant);
    let events = [
        event("2024-01-15T09:58:00Z", Joined, "a", account(1)),
        event("2024-01-15T10:01:00Z", Joined, "b", account(2)),
        event("2024-01-15T10:11:00Z", Left, "b", account(2)),
        event("2024-01-15T10:12:00Z", Joined, "c", account(2)),
        event("2024-01-15T10:05:00Z", Joined, "d", mary),
        event("2024-01-15T10:20:00Z", Left, "d", mary),
        event("2024-01-15T10:21:00Z", Left, "e", None),
    ];
    practice.add_attendance(&events).await;
    let carl = practice.admin_at("2024-01-15T10:30:00Z").await;
    let detail = practice.get("/api/admin/bookings/1", &carl).await.text;
    let (_, attendance) = detail.split_once(r#""attendance":"#).unwrap();
    let (attendance, _) = attendance.split_once(r#","payments":"#).unwrap();
    assert_eq!(
        attendance,
        r#"[{"role":"therapist","user_id":1,"participant_id":null,"joined_at":"2024-01-15T09:58:00Z","#.to_owned()
            + r#""left_at":null,"minutes":32,"visits":1,"estimated":false},"#
            + r#"{"role":"client","user_id":2,"participant_id":null,"joined_at":"2024-01-15T10:01:00Z","#
            + r#""left_at":null,"minutes":28,"visits":2,"estimated":false},"#
            + r#"{"role":"participant","user_id":null,"participant_id":1,"joined_at":"2024-01-15T10:05:00Z","#
            + r#""left_at":"2024-01-15T10:20:00Z","minutes":15,"visits":1,"estimated":false},"#
            + r#"{"role":"unknown","user_id":null,"participant_id":null,"joined_at":null,"#
            + r#""left_at":"2024-01-15T10:21:00Z","minutes":0,"visits":1,"estimated":false}]"#
    );
}
