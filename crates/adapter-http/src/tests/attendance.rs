//! The attendance report.

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::{BookingId, ParticipantId, UserId, ViewerId};
use attune_ports::Store;

use super::harness::*;

const REPORT: &str = "/api/admin/reports/attendance";
const EVENING: &str = "2024-01-16T20:00:00Z";

/// Ada's appointment on Monday (1), with everyone present, and Bob's on Tuesday (2), with no one.
async fn practice() -> (Practice, String) {
    let practice = Parts::new().without_limits().open().await;
    practice.agreed().await;
    let bob = practice.client("Bob").await;
    let held = practice.book(&bob, "2024-01-16T10:00:00Z").await;
    practice.pay(&held).await;
    let fact = |at: &str, kind, occupant: &str, participant| AttendanceEvent {
        at: at.parse().unwrap(),
        kind,
        occupant: occupant.into(),
        participant,
    };
    let account = |id| UserId::new(id).map(ViewerId::Account);
    let guest = ParticipantId::new(5).map(ViewerId::Participant);
    let facts = [
        fact("2024-01-15T09:58:00Z", AttendanceEventKind::Joined, "a", account(1)),
        fact("2024-01-15T10:01:00.750Z", AttendanceEventKind::Joined, "b", account(2)),
        fact("2024-01-15T10:11:00Z", AttendanceEventKind::Left, "b", account(2)),
        fact("2024-01-15T10:12:00Z", AttendanceEventKind::Joined, "c", account(2)),
        fact("2024-01-15T10:05:00Z", AttendanceEventKind::Joined, "d", guest),
        fact("2024-01-15T10:20:00Z", AttendanceEventKind::Left, "e", None),
        fact("2024-01-15T10:50:00Z", AttendanceEventKind::Ended, "", None),
    ];
    let mut work = practice.parts.store.begin().await.unwrap();
    work.add_attendance(BookingId::new(1).unwrap(), &facts).await.unwrap();
    work.commit().await.unwrap();
    practice.set_time(EVENING);
    let carl = practice.admin().await;
    (practice, carl)
}

/// The appointments of a response, and their total number.
fn sessions(reply: &Reply) -> (Vec<i64>, u64) {
    let body = reply.json();
    let ids = body["sessions"].as_array().unwrap().iter().map(|s| s["booking_id"].as_i64().unwrap()).collect();
    (ids, body["total"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn appointments_are_listed_with_everyone_who_was_there() {
    let (practice, carl) = practice().await;
    let reply = practice.get(REPORT, &carl).await;
    assert_eq!(
        reply.text,
        r#"{"sessions":[{"booking_id":2,"user_id":3,"therapist_id":1,"scheduled_at":"2024-01-16T10:00:00Z","#
            .to_owned()
            + r#""duration":50,"status":"scheduled","attendance":[]},"#
            + r#"{"booking_id":1,"user_id":2,"therapist_id":1,"scheduled_at":"2024-01-15T10:00:00Z","#
            + r#""duration":50,"status":"scheduled","attendance":["#
            + r#"{"role":"therapist","user_id":1,"participant_id":null,"joined_at":"2024-01-15T09:58:00Z","#
            + r#""left_at":"2024-01-15T10:50:00Z","minutes":52,"visits":1},"#
            + r#"{"role":"client","user_id":2,"participant_id":null,"joined_at":"2024-01-15T10:01:00Z","#
            + r#""left_at":"2024-01-15T10:50:00Z","minutes":48,"visits":2},"#
            + r#"{"role":"participant","user_id":null,"participant_id":5,"joined_at":"2024-01-15T10:05:00Z","#
            + r#""left_at":"2024-01-15T10:50:00Z","minutes":45,"visits":1},"#
            + r#"{"role":"unknown","user_id":null,"participant_id":null,"joined_at":null,"#
            + r#""left_at":"2024-01-15T10:20:00Z","minutes":0,"visits":1}]}],"total":2,"limit":50,"offset":0}"#
    );
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
        "booking_id,scheduled_at,duration,status,role,user_id,participant_id,joined_at,left_at,minutes,visits\r\n\
         2,2024-01-16T10:00:00Z,50,scheduled,,,,,,,\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,therapist,1,,2024-01-15T09:58:00Z,2024-01-15T10:50:00Z,52,1\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,client,2,,2024-01-15T10:01:00Z,2024-01-15T10:50:00Z,48,2\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,participant,,5,2024-01-15T10:05:00Z,2024-01-15T10:50:00Z,45,1\r\n\
         1,2024-01-15T10:00:00Z,50,scheduled,unknown,,,,2024-01-15T10:20:00Z,0,1\r\n"
    );
    let columns: Vec<usize> = reply.text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [11; 6]);
    let none = practice.get(&format!("{REPORT}?format=csv&user_id=1"), &carl).await;
    assert_eq!(none.text.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_filtered_and_paged() {
    let (practice, carl) = practice().await;
    for (query, wanted) in [
        ("", (vec![2, 1], 2)),
        ("?format=json", (vec![2, 1], 2)),
        ("?user_id=2", (vec![1], 1)),
        ("?user_id=1", (vec![], 0)),
        ("?limit=1", (vec![2], 2)),
        ("?limit=1&offset=1", (vec![1], 2)),
        ("?from=2024-01-15T10:00:00Z&to=2024-01-16T10:00:00Z", (vec![1], 1)),
        ("?from=2024-01-15T10:00:01Z", (vec![2], 1)),
        ("?to=2024-01-16T10:00:00Z", (vec![1], 1)),
        ("?to=2024-02-14T10:00:00Z", (vec![2, 1], 2)),
        ("?to=2024-02-14T10:00:01Z", (vec![2], 1)),
        ("?from=2025-01-01T00:00:00Z", (vec![], 0)),
    ] {
        assert_eq!(sessions(&practice.get(&format!("{REPORT}{query}"), &carl).await), wanted, "{query}");
    }
    for (now, wanted) in [
        ("2024-01-16T10:00:00Z", vec![1]),
        ("2024-02-14T10:00:00Z", vec![2, 1]),
        ("2024-02-15T09:59:00Z", vec![2]),
        ("2024-02-15T10:01:00Z", vec![]),
    ] {
        practice.set_time(now);
        let carl = practice.admin().await;
        assert_eq!(sessions(&practice.get(REPORT, &carl).await).0, wanted, "thirty days before {now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_parameters_are_reported() {
    let (practice, carl) = practice().await;
    for (query, field, code) in [
        ("format=xml", "format", "invalid_value"),
        ("format=", "format", "invalid_value"),
        ("from=yesterday", "from", "invalid_timestamp"),
        ("to=2024-01-15", "to", "invalid_timestamp"),
        ("user_id=0", "user_id", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("offset=-1", "offset", "out_of_range"),
        ("name=Ada", "name", "unknown_field"),
        ("format=csv&format=json", "format", "duplicate_field"),
    ] {
        let reply = practice.get(&format!("{REPORT}?{query}"), &carl).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{query}");
    }
    let ada = practice.token("ada@example.org").await;
    assert_eq!(practice.get(REPORT, &ada).await.problem(), (403, "forbidden".into()));
    for bad in ["/api/admin/reports", "/api/admin/reports/attendance/1"] {
        assert_eq!(practice.get(bad, &carl).await.problem(), (404, "not_found".into()));
    }
}
