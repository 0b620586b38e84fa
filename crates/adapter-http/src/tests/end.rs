//! Ending an appointment for everyone.

use std::sync::Arc;

use attune_test_doubles::RecordingRoomCloser;
use serde_json::json;

use super::harness::*;

const END: &str = "/api/admin/bookings/1/end";

#[tokio::test(flavor = "multi_thread")]
async fn a_therapist_ends_an_appointment_for_everyone() {
    let closer = Arc::new(RecordingRoomCloser::default());
    let (practice, ..) = Parts { room_closer: Some(closer.clone()), ..Parts::new() }.with_session().await;
    let carl = practice.admin_at("2024-01-15T09:59:59Z").await;
    practice.post_empty(END, &carl).await.assert_problem(409, "window_closed");
    let carl = practice.admin_at("2024-01-15T10:20:00Z").await;
    practice.post(END, &carl, r#"{"version":1}"#).await.assert_problem(409, "version_conflict");
    assert!(closer.take().is_empty());
    closer.set_down(true);
    let wanted = json!({"id": 1, "status": "completed", "room_closed": false, "closes_at": "2024-01-15T11:20:00Z"});
    practice.post_empty(END, &carl).await.assert_status(200).assert_members(&wanted);
    closer.set_down(false);
    let ended = practice.post_empty(END, &carl).await;
    ended.assert_status(200).assert_members(&json!({"status": "completed", "room_closed": true}));
    let room = practice.room_name().await;
    assert_eq!(closer.take(), [room.clone(), room]);
    let history = lines(&ended.json()["history"], &["action", "actor_id"]);
    assert_eq!(history[history.len() - 2..], ["appointment.ended 1", "appointment.ended 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_that_closes_rooms_the_booking_is_completed() {
    let (practice, ..) = Parts::new().with_session().await;
    let carl = practice.admin_at("2024-01-15T10:20:00Z").await;
    let wanted = json!({"status": "completed", "room_closed": false, "closes_at": "2024-01-15T11:20:00Z"});
    practice.post_empty(END, &carl).await.assert_status(200).assert_members(&wanted);
    practice.post_empty("/api/admin/bookings/2/end", &carl).await.assert_problem(404, "booking_not_found");
    practice.post(END, &carl, r#"{"reason":"x"}"#).await.assert_invalid("reason", "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_cancels_leaves_no_open_room() {
    let closer = Arc::new(RecordingRoomCloser::default());
    let (practice, ..) = Parts { room_closer: Some(closer.clone()), ..Parts::new() }.with_session().await;
    let ada = practice.ada_at("2024-01-15T09:50:00Z").await;
    practice.post_empty("/api/bookings/1/cancel", &ada).await.assert_members(&json!({"status": "cancelled"}));
    assert_eq!(closer.take(), [practice.room_name().await]);
}
