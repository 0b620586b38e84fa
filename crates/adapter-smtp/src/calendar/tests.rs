use std::sync::Arc;

use attune_domain::notification::NotificationKind;
use attune_domain::{EmailAddress, Language, Practice, PracticeName, TimeZoneName};
use attune_wording::Wording;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;

fn email() -> Email {
    Email {
        kind: NotificationKind::MeetingInfo,
        message_id: "m".into(),
        to: EmailAddress::parse("john@example.org").unwrap(),
        language: Language::English,
        to_name: "John Doe".into(),
        join_url: Some("https://meet.example.org/secret-room".into()),
        pay_url: None,
        starts_at: "2024-03-31T00:30:00Z".parse().unwrap(),
        minutes: 50,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        calendar_uid: "booking-12@practice.example".into(),
        calendar_sequence: 3,
        practice: Arc::new(Practice::new(
            PracticeName::parse("Practice Example").unwrap(),
            TimeZoneName::parse("Europe/Berlin").unwrap(),
        )),
        logo: None,
        payment: None,
        change: None,
        client_name: None,
        therapist_name: None,
        account: None,
        agenda: Vec::new(),
        others: Vec::new(),
        sent_at: "2024-03-01T08:00:00Z".parse().unwrap(),
    }
}

fn entry_of(email: &Email) -> Result<Option<Entry>, jiff::Error> {
    entry(email, Wording::load().unwrap().phrases(email.language))
}

fn written(email: &Email) -> Entry {
    entry_of(email).unwrap().unwrap()
}

#[test]
fn the_entry_contains_the_time_and_nothing_personal() {
    let cancelled = Email { kind: NotificationKind::Cancelled, join_url: None, calendar_sequence: 4, ..email() };
    let (join, gone) = ("To join\\, open the link in your email.", "This appointment was cancelled.");
    for (email, method, name, sequence, description, status) in [
        (email(), Method::Publish, "PUBLISH", 3, join, "CONFIRMED"),
        (cancelled, Method::Cancel, "CANCEL", 4, gone, "CANCELLED"),
    ] {
        let entry = written(&email);
        let expected = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nMETHOD:{name}\r\nBEGIN:VEVENT\r\n\
             UID:booking-12@practice.example\r\nORGANIZER:mailto:appointments@attune.invalid\r\nSEQUENCE:{sequence}\r\nDTSTAMP:20240301T080000Z\r\n\
             DTSTART:20240331T003000Z\r\nDTEND:20240331T012000Z\r\nSUMMARY:Your appointment\r\n\
             DESCRIPTION:{description}\r\nSTATUS:{status}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        assert_eq!((entry.method, entry.text), (method, expected));
    }
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
fn a_key_cannot_add_lines() {
    let email = Email { calendar_uid: "x\r\nATTENDEE:mailto:eve@evil.example".into(), ..email() };
    assert_eq!(written(&email).text.lines().count(), 16);
}

#[test]
fn an_end_beyond_the_calendar_is_no_entry() {
    let email = Email { starts_at: Timestamp::MAX, ..email() };
    assert!(entry_of(&email).is_err());
}

#[test]
fn emails_about_payments_and_accounts_have_no_entry() {
    let all = NotificationKind::WITHOUT_OFFSET.into_iter();
    for kind in all.filter(|kind| kind.is_about_payment() || kind.is_about_account()) {
        for starts_at in [email().starts_at, Timestamp::MAX] {
            assert!(entry_of(&Email { kind, starts_at, ..email() }).unwrap().is_none(), "{kind:?}");
        }
    }
}
