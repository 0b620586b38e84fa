//! The attendance report.

use attune_domain::meeting::AttendanceEventKind::{Ended, Joined, Left};
use attune_domain::{ParticipantId, ViewerId};

use super::harness::*;

const REPORT: &str = "/api/admin/reports/attendance";
const EVENING: &str = "2024-01-16T20:00:00Z";

/// Ada's appointment on Monday (1), with everyone present, and Bob's on Tuesday (2), with no one.
async fn practice() -> (Practice, String) {
    let (practice, ..) = Parts::new().without_limits().with_session().await;
    let bob = practice.client("Bob").await;
    practice.book(&bob, "2024-01-16T10:00:00Z").await;
    practice.pay(2).await;
    let guest = ParticipantId::new(5).map(ViewerId::Participant);
    let events = [
        event("2024-01-15T09:58:00Z", Joined, "a", account(1)),
        event("2024-01-15T10:01:00.750Z", Joined, "b", account(2)),
        event("2024-01-15T10:11:00Z", Left, "b", account(2)),
        event("2024-01-15T10:12:00Z", Joined, "c", account(2)),
        event("2024-01-15T10:05:00Z", Joined, "d", guest),
        event("2024-01-15T10:20:00Z", Left, "e", None),
        event("2024-01-15T10:50:00Z", Ended, "", None),
    ];
    practice.add_attendance(&events).await;
    let carl = practice.admin_at(EVENING).await;
    (practice, carl)
}

#[tokio::test(flavor = "multi_thread")]
async fn appointments_are_listed_with_everyone_who_was_there() {
    let (practice, carl) = practice().await;
    let reply = practice.get(REPORT, &carl).await;
    let report = r#"{"sessions":[{"booking_id":2,"user_id":3,"therapist_id":1,"scheduled_at":"2024-01-16T10:00:00Z","#
        .to_owned()
        + r#""duration":50,"status":"scheduled","attendance":[]},"#
        + r#"{"booking_id":1,"user_id":2,"therapist_id":1,"scheduled_at":"2024-01-15T10:00:00Z","#
        + r#""duration":50,"status":"scheduled","attendance":["#
        + r#"{"role":"therapist","user_id":1,"participant_id":null,"joined_at":"2024-01-15T09:58:00Z","#
        + r#""left_at":"2024-01-15T10:50:00Z","minutes":52,"visits":1,"estimated":false},"#
        + r#"{"role":"client","user_id":2,"participant_id":null,"joined_at":"2024-01-15T10:01:00Z","#
        + r#""left_at":"2024-01-15T10:50:00Z","minutes":48,"visits":2,"estimated":false},"#
        + r#"{"role":"participant","user_id":null,"participant_id":5,"joined_at":"2024-01-15T10:05:00Z","#
        + r#""left_at":"2024-01-15T10:50:00Z","minutes":45,"visits":1,"estimated":false},"#
        + r#"{"role":"unknown","user_id":null,"participant_id":null,"joined_at":null,"#
        + r#""left_at":"2024-01-15T10:20:00Z","minutes":0,"visits":1,"estimated":false}]}],"total":2,"limit":50,"offset":0}"#;
    reply.assert_body(200, &report);
    assert_eq!(reply.header("x-total-count"), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_csv_report_has_the_same_content() {
    let (practice, carl) = practice().await;
    let reply = practice.get(&format!("{REPORT}?format=csv"), &carl).await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"attendance.csv\""));
    assert_eq!(reply.header("x-total-count"), Some("2"));
    assert_eq!(
        reply.text,
        "booking_id,scheduled_at,duration,status,role,user_id,participant_id,joined_at,left_at,minutes,visits,estimated\r\n\
         2,2024-01-16T10:00:00Z,50,scheduled,,,,,,,,\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,therapist,1,,2024-01-15T09:58:00Z,2024-01-15T10:50:00Z,52,1,false\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,client,2,,2024-01-15T10:01:00Z,2024-01-15T10:50:00Z,48,2,false\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,participant,,5,2024-01-15T10:05:00Z,2024-01-15T10:50:00Z,45,1,false\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,unknown,,,,2024-01-15T10:20:00Z,0,1,false\r\n"
    );
    let columns: Vec<usize> = reply.text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [12; 6]);
    let none = practice.get(&format!("{REPORT}?format=csv&user_id=1"), &carl).await;
    assert_eq!(none.text.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_filtered_and_paged() {
    let (practice, carl) = practice().await;
    for (query, ids, total) in [
        ("", vec![2, 1], 2),
        ("?format=json", vec![2, 1], 2),
        ("?user_id=2", vec![1], 1),
        ("?user_id=1", vec![], 0),
        ("?limit=1", vec![2], 2),
        ("?limit=1&offset=1", vec![1], 2),
        ("?from=2024-01-15T10:00:00Z&to=2024-01-16T10:00:00Z", vec![1], 1),
        ("?from=2024-01-15T10:00:01Z", vec![2], 1),
        ("?to=2024-01-16T10:00:00Z", vec![1], 1),
        ("?to=2024-02-14T10:00:00Z", vec![2, 1], 2),
        ("?to=2024-02-14T10:00:01Z", vec![2], 1),
        ("?from=2025-01-01T00:00:00Z", vec![], 0),
    ] {
        let report = practice.get(&format!("{REPORT}{query}"), &carl).await.json();
        assert_eq!(column(&report["sessions"], "booking_id"), ids, "{query}");
        assert_eq!(report["total"], total, "{query}");
    }
    for (now, wanted) in [
        ("2024-01-16T10:00:00Z", vec![1]),
        ("2024-02-14T10:00:00Z", vec![2, 1]),
        ("2024-02-15T09:59:00Z", vec![2]),
        ("2024-02-15T10:01:00Z", vec![]),
    ] {
        let carl = practice.admin_at(now).await;
        let report = practice.get(REPORT, &carl).await.json();
        assert_eq!(column(&report["sessions"], "booking_id"), wanted, "thirty days before {now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_parameters_are_reported() {
    let (practice, carl) = practice().await;
    let rows: Invalid<'_> = &[
        ("format", "invalid_value", &["format=xml", "format="]),
        ("from", "invalid_timestamp", &["from=yesterday"]),
        ("to", "invalid_timestamp", &["to=2024-01-15"]),
        ("user_id", "out_of_range", &["user_id=0"]),
        ("limit", "out_of_range", &["limit=201"]),
        ("offset", "out_of_range", &["offset=-1"]),
        ("name", "unknown_field", &["name=Ada"]),
        ("format", "duplicate_field", &["format=csv&format=json"]),
    ];
    practice.assert_invalid_queries(REPORT, &carl, rows).await;
    let ada = practice.token("ada@example.org").await;
    practice.get(REPORT, &ada).await.assert_problem(403, "forbidden");
    for bad in ["/api/admin/reports", "/api/admin/reports/attendance/1"] {
        practice.get(bad, &carl).await.assert_problem(404, "not_found");
    }
}
