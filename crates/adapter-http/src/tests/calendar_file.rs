//! Calendar files.

use reqwest::Method;

use super::harness::*;

const FILE: &str = "/api/bookings/1/calendar.ics";

#[tokio::test(flavor = "multi_thread")]
async fn the_file_contains_the_time_and_nothing_personal() {
    let practice = Parts::new().settings(|s| s.calendar_domain = "practice.example".into()).open().await;
    let ada = practice.agreed().await;
    let file = practice.get(FILE, &ada).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"appointment.ics\""));
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n\
        UID:booking-1@practice.example\r\nSEQUENCE:2\r\nDTSTAMP:20240110T080000Z\r\nDTSTART:20240115T100000Z\r\n\
        DTEND:20240115T105000Z\r\nSUMMARY:Your appointment\r\nDESCRIPTION:To join\\, open the link in your email.\r\n\
        STATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(file.text, expected);
    let carl = practice.admin().await;
    assert_eq!(practice.get(FILE, &carl).await.text, expected, "the same for an admin");
    let head = practice.request(Method::HEAD, FILE).token(&ada).send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_follows_the_booking() {
    let practice = Practice::open().await;
    let ada = practice.agreed().await;
    let moved = practice.post("/api/bookings/1/reschedule", &ada, r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#).await;
    assert_eq!(moved.status, 200);
    let file = practice.get(FILE, &ada).await.text;
    for line in ["UID:booking-1@attune.localhost", "SEQUENCE:3", "DTSTART:20240116T100000Z", "STATUS:CONFIRMED"] {
        assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} {file}");
    }
    assert_eq!(practice.post("/api/bookings/1/cancel", &ada, "{}").await.status, 200);
    let file = practice.get(FILE, &ada).await.text;
    for line in ["UID:booking-1@attune.localhost", "SEQUENCE:4", "DTSTART:20240116T100000Z", "STATUS:CANCELLED"] {
        assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} {file}");
    }
    assert!(!file.contains("link"), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_booking_has_no_calendar_file() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let none = (404, "calendar_entry_unavailable".to_owned());
    assert_eq!(practice.get(FILE, &ada).await.problem(), none);
    assert_eq!(practice.post("/api/bookings/1/cancel", &ada, "{}").await.status, 200);
    assert_eq!(practice.get(FILE, &ada).await.problem(), none);
    assert_eq!(practice.get(&format!("{FILE}?token=x"), &ada).await.problem(), (422, "unknown_field".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lines_are_folded_and_unfold_unchanged() {
    for length in [56, 57, 58, 59, 131, 132, 133] {
        let domain = "d".repeat(length);
        let practice = Parts::new().settings(|s| s.calendar_domain = domain.clone()).open().await;
        let file = practice.get(FILE, &practice.agreed().await).await.text;
        assert!(file.split("\r\n").all(|line| line.len() <= 75 && line != " "), "{length}");
        assert!(!file.replace("\r\n", "").contains(['\r', '\n']));
        assert!(file.replace("\r\n ", "").contains(&format!("\r\nUID:booking-1@{domain}\r\n")), "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calendar_applications_may_accept_calendars_only() {
    let practice = Practice::open().await;
    let ada = practice.agreed().await;
    for (accept, status) in [("text/calendar", 200), ("text/*", 200), ("*/*", 200), ("text/html", 406)] {
        let reply = practice.request(Method::GET, FILE).token(&ada).header("Accept", accept).send().await;
        assert_eq!(reply.status, status, "{accept}");
    }
    let reply = practice.request(Method::GET, "/api/bookings/1").token(&ada).header("Accept", "text/calendar");
    assert_eq!(reply.send().await.status, 406);
}
