//! Rescheduling, cancelling, completing and correcting bookings.

use attune_domain::calendar::{LocalTime, LocalTimeRange, WeeklySchedule};
use attune_domain::{ChangeTerms, PracticePolicy, TimeZoneName, UserId};
use futures_util::future::join_all;
use jiff::civil::Weekday;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const RESCHEDULE: &str = "/api/bookings/1/reschedule";
const CANCEL: &str = "/api/bookings/1/cancel";
const QUOTE: &str = "/api/bookings/1/cancellation-quote";
const ADMIN_RESCHEDULE: &str = "/api/admin/bookings/1/reschedule";
const ADMIN_CANCEL: &str = "/api/admin/bookings/1/cancel";

const LATER: &str = r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#;

/// Carl works from Monday to Friday, from nine to five in Berlin.
async fn office_hours(practice: &Practice) {
    let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    let hours = LocalTimeRange::new(LocalTime::parse("09:00").unwrap(), LocalTime::parse("17:00").unwrap()).unwrap();
    let zone = TimeZoneName::parse("Europe/Berlin").unwrap();
    let schedule = WeeklySchedule { zone, week: week.map(|day| (day, hours)).into() };
    practice.write(async |work| work.set_schedule(UserId::new(1).unwrap(), &schedule).await.unwrap()).await;
}

/// Ada's confirmed booking (1), of whose price half is refunded during the last day.
async fn session_with_half_refunds() -> (Practice, String, String) {
    let practice = Practice::open().await;
    let terms = ChangeTerms { late_refund_percent: 50, ..ChangeTerms::default() };
    let policy = PracticePolicy { terms, ..PracticePolicy::default() };
    practice.write(async |work| work.set_policy(&policy).await.unwrap()).await;
    let (ada, carl) = (practice.session().await, practice.admin().await);
    (practice, ada, carl)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescheduled_booking_keeps_everything_else() {
    let (practice, ada, carl) = Parts::new().with_session().await;
    let before = practice.get("/api/bookings/1", &ada).await.json();
    let moved = practice.post(RESCHEDULE, &ada, r#"{"scheduled_at":"2024-01-16T12:00:00.0+01:00","version":2}"#).await;
    moved.assert_body(200, &practice.get("/api/bookings/1", &ada).await.text);
    let expected = but(&before, &json!({"scheduled_at": "2024-01-16T11:00:00Z", "version": 3}));
    assert_eq!(moved.json(), expected, "everything else stays, room and payment first of all");
    assert!(before["jitsi_room_id"].is_string() && before["payment_status"] == "succeeded");
    let detail = practice.get("/api/admin/bookings/1", &carl).await.json();
    let planned = lines(&detail["notifications"], &["kind", "send_after"]);
    assert_eq!(planned.iter().filter(|line| line.starts_with("rescheduled ")).count(), 1, "{planned:?}");
    for reminder in ["reminder 2024-01-15T11:00:00Z", "reminder 2024-01-16T10:00:00Z"] {
        assert!(planned.iter().any(|line| line == reminder), "{reminder} {planned:?}");
    }
    let history = lines(&detail["history"], &["action", "actor_id"]);
    assert_eq!(history.last().unwrap(), "booking.rescheduled 2");
    // The old time is available again, the new one is not.
    let bob = practice.client("Bob").await;
    practice.book(&bob, SLOT).await;
    practice.post("/api/bookings", &bob, &slot("2024-01-16T11:00:00Z")).await.assert_problem(409, "slot_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reschedules_until_the_notice_period_and_an_admin_until_the_end() {
    let (practice, ..) = Parts::new().with_session().await;
    let ada = practice.ada_at("2024-01-14T09:59:59Z").await;
    practice.post(RESCHEDULE, &ada, &slot("2024-01-15T11:00:00Z")).await.assert_status(200);
    let ada = practice.ada_at("2024-01-14T11:00:00Z").await;
    practice.post(RESCHEDULE, &ada, LATER).await.assert_problem(409, "window_closed");
    // The practice itself needs no notice, at either endpoint.
    let carl = practice.admin().await;
    let moved = practice.post(RESCHEDULE, &carl, &slot("2024-01-15T12:00:00Z")).await;
    moved.assert_members(&json!({"scheduled_at": "2024-01-15T12:00:00Z"}));
    let carl = practice.admin_at("2024-01-15T12:49:59Z").await;
    let moved = practice.post(ADMIN_RESCHEDULE, &carl, &slot("2024-01-15T15:00:00Z")).await;
    moved.assert_status(200).assert_members(&json!({"scheduled_at": "2024-01-15T15:00:00Z"}));
    let carl = practice.admin_at("2024-01-15T15:50:00Z").await;
    practice.post(ADMIN_RESCHEDULE, &carl, LATER).await.assert_problem(409, "window_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rescheduling_to_the_same_time_changes_nothing() {
    let (practice, ada, carl) = Parts::new().with_session().await;
    let before = (practice.get("/api/bookings/1", &ada).await.text, practice.emails().await);
    for _ in 0..2 {
        assert_eq!(practice.post(RESCHEDULE, &ada, &slot(SLOT)).await.text, before.0);
        assert_eq!(practice.post(ADMIN_RESCHEDULE, &carl, &slot(SLOT)).await.json()["version"], 2);
    }
    assert_eq!(practice.emails().await, before.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_time_is_rejected_and_the_booking_stays() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let bob = practice.client("Bob").await;
    practice.book(&bob, "2024-01-16T10:00:00Z").await;
    office_hours(&practice).await;
    let before = practice.get("/api/bookings/1", &ada).await.text;
    for (path, token) in [(RESCHEDULE, &ada), (RESCHEDULE, &carl), (ADMIN_RESCHEDULE, &carl)] {
        for at in ["2024-01-16T10:00:00Z", "2024-01-16T10:59:59Z", "2024-01-16T09:15:00Z"] {
            practice.post(path, token, &slot(at)).await.assert_problem(409, "slot_taken");
        }
        for (at, code) in [
            (NOW, "in_the_past"),
            ("2024-01-09T10:00:00Z", "in_the_past"),
            ("2025-01-10T08:00:01Z", "beyond_booking_horizon"),
            ("2024-01-16T07:00:00Z", "outside_hours"),
            ("2024-01-16T15:15:00Z", "outside_hours"),
            ("2024-01-20T10:00:00Z", "outside_hours"),
        ] {
            practice.post(path, token, &slot(at)).await.assert_invalid("scheduled_at", code);
        }
    }
    assert_eq!(practice.get("/api/bookings/1", &ada).await.text, before);
    // Other times than those offered are fine within the working hours.
    practice.post(RESCHEDULE, &ada, &slot("2024-01-17T10:07:00Z")).await.assert_status(200);
    // Working hours can be overridden, another booking and the past cannot.
    let over = |at: &str| format!(r#"{{"scheduled_at":"{at}","override_hours":true}}"#);
    practice.post(ADMIN_RESCHEDULE, &carl, &over("2024-01-20T20:00:00Z")).await.assert_status(200);
    for (at, status, code) in [
        ("2024-01-16T10:00:00Z", 409, "slot_taken"),
        (NOW, 422, "in_the_past"),
        ("2025-01-10T08:00:01Z", 422, "beyond_booking_horizon"),
    ] {
        practice.post(ADMIN_RESCHEDULE, &carl, &over(at)).await.assert_problem(status, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_slot_is_available_once_its_hold_has_expired() {
    let (practice, ..) = Parts::new().with_session().await;
    let bob = practice.client("Bob").await;
    practice.book(&bob, "2024-01-16T10:00:00Z").await;
    let ada = practice.ada_at("2024-01-10T08:15:00Z").await;
    practice.post(RESCHEDULE, &ada, LATER).await.assert_status(200);
    let bob = practice.token("bob@example.org").await;
    practice.get("/api/bookings/2", &bob).await.assert_members(&json!({"status": "expired"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_an_integer_however_it_is_written() {
    let (practice, ada, _) = Parts::new().without_limits().with_session().await;
    for (body, status) in [
        (r#"{"scheduled_at":"2024-01-16T10:00:00Z","version":196.0}"#, 409),
        (r#"{"scheduled_at":"2024-01-16T10:00:00.000Z","version":2.0}"#, 200),
        (r#"{"scheduled_at":"2024-01-17T10:00:00Z","version":30e-1}"#, 200),
        (r#"{"scheduled_at":"2024-01-18T10:00:00Z","version":4.5}"#, 422),
    ] {
        practice.post(RESCHEDULE, &ada, body).await.assert_status(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_of_changes_are_rejected() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let long = format!("\"{}\"", "é".repeat(501));
    let reschedule: Invalid<'_> = &[
        ("scheduled_at", "required", &[""]),
        ("scheduled_at", "invalid_timestamp", &[r#""2024-01-16T10:00""#]),
        ("version", "out_of_range", &["0"]),
        ("version", "wrong_type", &[r#""2""#, "2.5", "1.96e1"]),
        ("scheduled_at", "invalid_timestamp", &[r#""2024-01-16T10:00:00.5Z""#, r#""2024-01-17T10:00:00+24:00""#]),
        ("reason", "invalid_characters", &[r#""a\u0000""#]),
        ("reason", "too_long", &[&long]),
        ("override_hours", "unknown_field", &["true"]),
    ];
    let cancel: Invalid<'_> = &[
        ("refund", "unknown_field", &["100"]),
        ("expected_refund", "invalid_amount", &["-1", "99.999", "1e2"]),
        ("expected_refund", "wrong_type", &[r#""100""#]),
        ("reason", "invalid_characters", &[r#""a\u0000""#]),
        ("reason", "too_long", &[&long]),
    ];
    for (path, token, valid, rows) in [
        (RESCHEDULE, &ada, LATER, reschedule),
        (ADMIN_RESCHEDULE, &carl, r#"{"override_hours":true}"#, &[("scheduled_at", "required", &[""])]),
        (CANCEL, &ada, "{}", cancel),
        (ADMIN_CANCEL, &carl, "{}", &[("late", "unknown_field", &["false"])]),
        ("/api/admin/bookings/1/complete", &carl, "{}", &[("reason", "unknown_field", &[r#""x""#])]),
    ] {
        practice.assert_invalid_values(Method::POST, path, token, valid, rows).await;
    }
    assert_eq!(practice.get("/api/bookings/1", &ada).await.json()["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_based_on_an_old_version_changes_nothing() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let before = (practice.get("/api/bookings/1", &ada).await.text, practice.emails().await);
    for (path, token, at) in [
        (RESCHEDULE, &ada, r#""scheduled_at":"2024-01-16T10:00:00Z","#),
        (ADMIN_RESCHEDULE, &carl, r#""scheduled_at":"2024-01-15T10:00:00Z","#),
        (CANCEL, &ada, ""),
        (ADMIN_CANCEL, &carl, ""),
        ("/api/admin/bookings/1/complete", &carl, ""),
        ("/api/admin/bookings/1/no-show", &carl, ""),
        ("/api/admin/bookings/1/reopen", &carl, ""),
    ] {
        for version in [1, 3, u32::MAX] {
            let body = format!(r#"{{{at}"version":{version}}}"#);
            practice.post(path, token, &body).await.assert_problem(409, "version_conflict");
        }
    }
    assert_eq!((practice.get("/api/bookings/1", &ada).await.text, practice.emails().await), before);
    practice.post(CANCEL, &ada, r#"{"version":2}"#).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_one_changes_the_bookings_of_others() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let bob = practice.client("Bob").await;
    let before = practice.get("/api/bookings/1", &ada).await.text;
    for (method, path) in [
        (Method::POST, "reschedule"),
        (Method::POST, "cancel"),
        (Method::GET, "cancellation-quote"),
        (Method::GET, "calendar.ics"),
    ] {
        let call =
            |id: &str, token| practice.request(method.clone(), &format!("/api/bookings/{id}/{path}")).token(token);
        // The body is not even read.
        let body = if method == Method::POST { "<" } else { "" };
        let sent = |id, token| call(id, token).header("Content-Type", "text/xml").body(body).send();
        sent("1", &bob).await.assert_problem(403, "forbidden");
        sent("1", "").await.assert_problem(401, "unauthenticated");
        sent("9", &bob).await.assert_problem(404, "booking_not_found");
        sent("9", &carl).await.assert_problem(404, "booking_not_found");
        sent("x", &bob).await.assert_problem(400, "invalid_booking_id");
    }
    for path in ["reschedule", "cancel", "complete", "no-show", "reopen"] {
        let path = format!("/api/admin/bookings/9/{path}");
        let body = if path.ends_with("reschedule") { LATER } else { "{}" };
        practice.post(&path, &carl, body).await.assert_problem(404, "booking_not_found");
        practice.post(&path, &bob, body).await.assert_problem(403, "forbidden");
    }
    assert_eq!(practice.get("/api/bookings/1", &ada).await.text, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quote_is_that_of_a_cancellation_now() {
    let (practice, ada, _) = session_with_half_refunds().await;
    let rest = r#""currency":"EUR","free_until":"2024-01-14T10:00:00Z"}"#;
    let free = format!(r#"{{"late":false,"refund_amount":100.00,"fee_amount":0.00,{rest}"#);
    let late = format!(r#"{{"late":true,"refund_amount":50.00,"fee_amount":50.00,{rest}"#);
    practice.get(QUOTE, &ada).await.assert_body(200, &free);
    for (now, wanted) in
        [("2024-01-14T09:59:59Z", &free), ("2024-01-14T10:00:00Z", &late), ("2024-01-15T09:59:59Z", &late)]
    {
        let ada = practice.ada_at(now).await;
        practice.get(QUOTE, &ada).await.assert_body(200, wanted);
    }
    // A cancellation by the practice is never late.
    let carl = practice.admin().await;
    practice.get(QUOTE, &carl).await.assert_body(200, &free);
    let (ada, carl) = (practice.ada_at(SLOT).await, practice.admin().await);
    practice.get(QUOTE, &ada).await.assert_problem(409, "window_closed");
    practice.get(QUOTE, &carl).await.assert_body(200, &free);
    practice.post(ADMIN_CANCEL, &carl, "{}").await.assert_status(200);
    practice.get(QUOTE, &carl).await.assert_problem(409, "invalid_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_bookings_are_not_refunded() {
    let (practice, ada, _) = Parts::new().with_hold().await;
    practice.get(QUOTE, &ada).await.assert_members(&json!({"late": false, "refund_amount": 0.0, "fee_amount": 0.0}));
    let cancelled = practice.post(CANCEL, &ada, r#"{"expected_refund":0}"#).await;
    cancelled.assert_members(&json!({"status": "cancelled", "payment_status": "cancelled"}));
    assert_eq!(cancelled.json()["cancellation"]["refund_amount"], 0.0);
    // It can no longer be paid, another client can book the slot, and no email is sent.
    practice.post_empty(&practice.checkout_path(1).await, "").await.assert_status(410);
    assert_eq!(practice.emails().await, [""; 0]);
    practice.book(&practice.client("Bob").await, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_cancelled_once_with_one_email() {
    let (practice, ada, carl) = Parts::new().with_session().await;
    let before = practice.get("/api/bookings/1", &ada).await.json();
    let body = "{\"reason\":\" Ill,\\nsorry \",\"expected_refund\":100.0,\"version\":2}";
    let cancelled = practice.post(CANCEL, &ada, body).await;
    cancelled.assert_body(200, &practice.get("/api/bookings/1", &ada).await.text);
    let cancellation = json!({"at": NOW, "by": 2, "late": false, "reason": "Ill,\nsorry", "refund_amount": 100.0});
    let changes = json!({
        "jitsi_room_id": null, "jitsi_room_url": null, "personalized_meeting_url": null, "status": "cancelled",
        "payment_status": "refund_pending", "version": 3, "cancellation": cancellation,
    });
    assert_eq!(cancelled.json(), but(&before, &changes));
    cancelled.assert_contains(&[r#""refund_amount":100.00}"#]);
    for (path, token) in [(CANCEL, &ada), (CANCEL, &carl), (ADMIN_CANCEL, &carl)] {
        for body in ["{}", r#"{"expected_refund":100}"#] {
            practice.post(path, token, body).await.assert_problem(409, "invalid_state");
        }
    }
    assert_eq!(practice.count_emails("cancelled").await, 1);
    for (path, token) in [(RESCHEDULE, &ada), (ADMIN_RESCHEDULE, &carl)] {
        practice.post(path, token, LATER).await.assert_problem(409, "invalid_state");
    }
    practice.book(&practice.client("Bob").await, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_requests_cancel_a_booking_once() {
    let (practice, ada, _) = Parts::new().without_limits().with_session().await;
    let replies = join_all((0..50).map(|_| practice.post(CANCEL, &ada, "{}"))).await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.assert_problem(409, "invalid_state");
    }
    assert_eq!(practice.count_emails("cancelled").await, 1);
    assert_eq!(practice.get("/api/bookings/1", &ada).await.json()["version"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_expected_refund_changes_nothing() {
    let (practice, ..) = session_with_half_refunds().await;
    let ada = practice.ada_at("2024-01-14T10:00:00Z").await;
    let before = (practice.get("/api/bookings/1", &ada).await.text, practice.emails().await);
    for refund in ["100", "0", "50.01"] {
        let body = format!(r#"{{"expected_refund":{refund}}}"#);
        practice.post(CANCEL, &ada, &body).await.assert_problem(409, "quote_changed");
    }
    assert_eq!((practice.get("/api/bookings/1", &ada).await.text, practice.emails().await), before);
    let cancelled = practice.post(CANCEL, &ada, r#"{"expected_refund":50}"#).await.json();
    assert_members(&cancelled["cancellation"], &json!({"late": true, "refund_amount": 50.0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cancels_until_the_start_and_an_admin_until_the_end() {
    let (practice, ..) = Parts::new().with_session().await;
    let ada = practice.ada_at(SLOT).await;
    practice.post(CANCEL, &ada, "{}").await.assert_problem(409, "window_closed");
    let carl = practice.admin_at("2024-01-15T10:50:00Z").await;
    for path in [CANCEL, ADMIN_CANCEL] {
        practice.post(path, &carl, "{}").await.assert_problem(409, "window_closed");
    }
    let carl = practice.admin_at("2024-01-15T10:49:59Z").await;
    let cancelled = practice.post_empty(ADMIN_CANCEL, &carl).await.json();
    let wanted = json!({"by": 1, "late": false, "reason": null, "refund_amount": 100.0});
    assert_members(&cancelled["cancellation"], &wanted);
    // The response has the queued emails.
    let emails = column(&cancelled["notifications"], "kind");
    assert_eq!(emails.iter().filter(|kind| **kind == "cancelled").count(), 1, "{emails:?}");
    assert_eq!(column(&cancelled["history"], "action").last().unwrap(), "booking.cancelled");
    assert_eq!(cancelled["user"]["email"], "ada@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_completes_and_corrects_a_booking() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let before = practice.count_emails("meeting_info").await;
    // There are no such routes for clients.
    for path in ["complete", "no-show", "reopen"] {
        practice.post(&format!("/api/bookings/1/{path}"), &ada, "{}").await.assert_problem(404, "not_found");
    }
    for (now, call, wanted) in [
        ("2024-01-15T09:59:59Z", "complete", Err("window_closed")),
        ("2024-01-15T10:00:00Z", "reopen", Err("invalid_state")),
        ("2024-01-15T10:00:00Z", "complete", Ok("completed")),
        ("2024-01-15T10:00:01Z", "complete", Err("invalid_state")),
        ("2024-01-15T10:14:59Z", "no-show", Err("window_closed")),
        ("2024-01-15T10:15:00Z", "no-show", Ok("no_show")),
        ("2024-01-15T10:49:59Z", "reopen", Ok("scheduled")),
        ("2024-01-15T10:49:59Z", "no-show", Ok("no_show")),
        ("2024-01-15T10:50:00Z", "reopen", Err("window_closed")),
        ("2024-01-22T10:49:59Z", "complete", Ok("completed")),
        ("2024-01-22T10:50:00Z", "no-show", Err("window_closed")),
    ] {
        let carl = practice.admin_at(now).await;
        let reply = practice.post_empty(&format!("/api/admin/bookings/1/{call}"), &carl).await;
        match wanted {
            Ok(status) => reply.assert_members(&json!({"status": status})),
            Err(code) => reply.assert_problem(409, code),
        };
    }
    // Reminders may be planned again for a reopened booking; no email reports the outcome.
    assert_eq!(practice.count_emails("meeting_info").await, before);
    assert_eq!((practice.count_emails("cancelled").await, practice.count_emails("rescheduled").await), (0, 0));
}
