use attune_domain::EmailAddress;
use attune_domain::notification::NotificationKind;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;

fn email() -> Email {
    Email {
        kind: NotificationKind::MeetingInfo,
        message_id: "m".into(),
        to: EmailAddress::parse("john@example.org").unwrap(),
        to_name: "John Doe".into(),
        join_url: Some("https://meet.example.org/secret-room".into()),
        starts_at: "2024-03-31T00:30:00Z".parse().unwrap(),
        minutes: 50,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        calendar_uid: "booking-12".into(),
        calendar_sequence: 3,
        payment: None,
        sent_at: "2024-03-01T08:00:00Z".parse().unwrap(),
    }
}

fn written(email: &Email) -> Entry {
    entry(email, "practice.example").unwrap().unwrap()
}

#[test]
fn the_entry_contains_the_time_and_nothing_personal() {
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n\
        UID:booking-12@practice.example\r\nSEQUENCE:3\r\nDTSTAMP:20240301T080000Z\r\nDTSTART:20240331T003000Z\r\n\
        DTEND:20240331T012000Z\r\nSUMMARY:Your appointment\r\nDESCRIPTION:To join\\, open the link in your email.\r\n\
        STATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let entry = written(&email());
    assert_eq!((entry.method, entry.text.as_str()), (Method::Publish, expected));
}

#[test]
fn a_cancelled_appointment_cancels_its_entry() {
    let email = Email { kind: NotificationKind::Cancelled, join_url: None, calendar_sequence: 4, ..email() };
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\n\
        UID:booking-12@practice.example\r\nSEQUENCE:4\r\nDTSTAMP:20240301T080000Z\r\nDTSTART:20240331T003000Z\r\n\
        DTEND:20240331T012000Z\r\nSUMMARY:Your appointment\r\nDESCRIPTION:This appointment was cancelled.\r\n\
        STATUS:CANCELLED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let entry = written(&email);
    assert_eq!((entry.method, entry.text.as_str()), (Method::Cancel, expected));
}

#[test]
fn rescheduling_changes_only_time_and_sequence_of_the_entry() {
    let before = email();
    let after = Email {
        kind: NotificationKind::Rescheduled,
        starts_at: "2024-04-02T08:00:00Z".parse().unwrap(),
        calendar_sequence: 4,
        ..email()
    };
    let entries = [before, after].map(|email| written(&email));
    assert_eq!(entries.each_ref().map(|entry| entry.method), [Method::Publish; 2]);
    let [before, after] = &entries;
    let changed: Vec<_> = before.text.lines().zip(after.text.lines()).filter(|(old, new)| old != new).collect();
    let expected = [
        ("SEQUENCE:3", "SEQUENCE:4"),
        ("DTSTART:20240331T003000Z", "DTSTART:20240402T080000Z"),
        ("DTEND:20240331T012000Z", "DTEND:20240402T085000Z"),
    ];
    assert_eq!(changed, expected);
    assert_eq!(before.text.lines().count(), after.text.lines().count());
}

#[test]
fn long_lines_are_folded_and_unfold_unchanged() {
    for length in [50, 53, 54, 55, 200, 500] {
        let key = "k".repeat(length);
        let entry = written(&Email { calendar_uid: key.clone(), ..email() }).text;
        assert!(entry.split("\r\n").all(|line| line.len() <= 75), "{length}");
        assert!(!entry.replace("\r\n", "").contains(['\r', '\n']));
        assert!(entry.replace("\r\n ", "").contains(&format!("\r\nUID:{key}@practice.example\r\n")), "{length}");
    }
}

#[test]
fn a_key_cannot_add_lines() {
    let email = Email { calendar_uid: "x\r\nATTENDEE:mailto:eve@evil.example".into(), ..email() };
    assert_eq!(written(&email).text.lines().count(), 15);
}

#[test]
fn an_end_beyond_the_calendar_is_no_entry() {
    let email = Email { starts_at: Timestamp::MAX, ..email() };
    assert!(entry(&email, "d.example").is_err());
}

#[test]
fn emails_about_payments_have_no_entry() {
    for kind in [NotificationKind::Receipt, NotificationKind::PaymentProblem, NotificationKind::Refund] {
        for starts_at in [email().starts_at, Timestamp::MAX] {
            assert!(entry(&Email { kind, starts_at, ..email() }, "d.example").unwrap().is_none(), "{kind:?}");
        }
    }
}
