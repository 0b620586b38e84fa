use attune_domain::EmailAddress;
use attune_domain::notice::NoticeKind;
use jiff::tz::TimeZone;

use super::*;

fn mail() -> MeetingMail {
    MeetingMail {
        kind: NoticeKind::MeetingInfo,
        message_key: "m".into(),
        to: EmailAddress::parse("john@example.org").unwrap(),
        to_name: "John Doe".into(),
        join_url: "https://meet.example.org/secret-room".into(),
        starts_at: "2024-03-31T00:30:00Z".parse().unwrap(),
        minutes: 50,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        calendar_key: "booking-12".into(),
        calendar_sequence: 3,
        sent_at: "2024-03-01T08:00:00Z".parse().unwrap(),
    }
}

#[test]
fn the_entry_says_when_and_nothing_else() {
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n\
        UID:booking-12@practice.example\r\nSEQUENCE:3\r\nDTSTAMP:20240301T080000Z\r\nDTSTART:20240331T003000Z\r\n\
        DTEND:20240331T012000Z\r\nSUMMARY:Your appointment\r\nDESCRIPTION:To join\\, open the link in your mail.\r\n\
        STATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(entry(&mail(), "practice.example").unwrap(), expected);
}

#[test]
fn long_lines_are_folded_and_unfold_to_what_they_were() {
    for length in [50, 53, 54, 55, 200, 500] {
        let key = "k".repeat(length);
        let entry = entry(&MeetingMail { calendar_key: key.clone(), ..mail() }, "practice.example").unwrap();
        assert!(entry.split("\r\n").all(|line| line.len() <= 75), "{length}");
        assert!(!entry.replace("\r\n", "").contains(['\r', '\n']));
        assert!(entry.replace("\r\n ", "").contains(&format!("\r\nUID:{key}@practice.example\r\n")), "{length}");
    }
}

#[test]
fn a_key_cannot_add_lines() {
    let mail = MeetingMail { calendar_key: "x\r\nATTENDEE:mailto:eve@evil.example".into(), ..mail() };
    assert_eq!(entry(&mail, "d.example").unwrap().lines().count(), 15);
}

#[test]
fn an_end_beyond_the_calendar_is_no_entry() {
    let mail = MeetingMail { starts_at: Timestamp::MAX, ..mail() };
    assert_eq!(entry(&mail, "d.example"), None);
}
