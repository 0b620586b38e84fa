//! Calendar files.

use reqwest::Method;

use super::harness::*;

const FILE: &str = "/api/bookings/1/calendar.ics";

#[tokio::test(flavor = "multi_thread")]
async fn the_file_contains_the_time_and_nothing_personal() {
    let (practice, ada, carl) = Parts::new().with_session().await;
    let file = practice.get(FILE, &ada).await;
    file.assert_status(200);
    assert_eq!(file.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"appointment.ics\""));
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n\
        UID:booking-1@memory\r\nORGANIZER:mailto:appointments@attune.invalid\r\nSEQUENCE:2\r\n\
        DTSTAMP:20240110T080000Z\r\nDTSTART:20240115T100000Z\r\n\
        DTEND:20240115T105000Z\r\nSUMMARY:Your appointment\r\nDESCRIPTION:To join\\, open the link in your email.\r\n\
        STATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(file.text, expected);
    practice.get(FILE, &carl).await.assert_body(200, expected);
    practice.request(Method::HEAD, FILE).token(&ada).send().await.assert_body(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_follows_the_booking() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let assert_lines = async |sequence: &str, status: &str| {
        let file = practice.get(FILE, &ada).await;
        for line in ["UID:booking-1@memory", sequence, "DTSTART:20240116T100000Z", status] {
            file.assert_contains(&[&format!("\r\n{line}\r\n")]);
        }
        file
    };
    practice.post("/api/bookings/1/reschedule", &ada, &slot("2024-01-16T10:00:00Z")).await.assert_status(200);
    assert_lines("SEQUENCE:3", "STATUS:CONFIRMED").await;
    practice.post("/api/bookings/1/cancel", &ada, "{}").await.assert_status(200);
    assert_lines("SEQUENCE:4", "STATUS:CANCELLED").await.assert_lacks(&["link"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_booking_has_no_calendar_file() {
    let (practice, ada, _) = Parts::new().with_hold().await;
    practice.get(FILE, &ada).await.assert_problem(404, "calendar_entry_unavailable");
    practice.post("/api/bookings/1/cancel", &ada, "{}").await.assert_status(200);
    practice.get(FILE, &ada).await.assert_problem(404, "calendar_entry_unavailable");
    practice.get(&format!("{FILE}?token=x"), &ada).await.assert_problem(422, "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn calendar_applications_may_accept_calendars_only() {
    let (practice, ada, _) = Parts::new().with_session().await;
    for (accept, status) in [("text/calendar", 200), ("text/*", 200), ("*/*", 200), ("text/html", 406)] {
        practice.request(Method::GET, FILE).token(&ada).header("Accept", accept).send().await.assert_status(status);
    }
    let reply = practice.request(Method::GET, "/api/bookings/1").token(&ada).header("Accept", "text/calendar");
    reply.send().await.assert_status(406);
}
