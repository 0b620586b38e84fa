use super::*;

fn appointment() -> Appointment {
    Appointment {
        uid: "booking-12@practice.example".to_owned(),
        sequence: 3,
        written_at: "2024-03-01T08:00:00Z".parse().unwrap(),
        starts_at: "2024-03-31T00:30:00Z".parse().unwrap(),
        ends_at: "2024-03-31T01:20:00Z".parse().unwrap(),
        cancelled: false,
        summary: "Your appointment".to_owned(),
        description: "To join, open the link in your email.".to_owned(),
    }
}

#[test]
fn text_is_escaped_and_cannot_add_lines() {
    let uid = "a,b;c\\d\r\nATTENDEE:mailto:eve@evil.example\0".to_owned();
    let ics = Appointment { uid, ..appointment() }.to_ics(Method::Publish);
    assert_eq!(ics.lines().count(), 16);
    assert!(ics.contains("\r\nUID:a\\,b\\;c\\\\d\\nATTENDEE:mailto:eve@evil.example\r\n"), "{ics}");
}

#[test]
fn an_organizer_and_no_attendee_is_named() {
    let cancelled = Appointment { cancelled: true, ..appointment() };
    for ics in [appointment().to_ics(Method::Publish), cancelled.to_ics(Method::Cancel)] {
        assert_eq!(ics.matches("\r\nORGANIZER:mailto:appointments@attune.invalid\r\n").count(), 1, "{ics}");
        assert!(!ics.contains("ATTENDEE"), "{ics}");
    }
}

#[test]
fn lines_are_folded_at_75_octets_between_characters() {
    for character in ["k", "ü", "心", "😀"] {
        for length in [17, 18, 24, 35, 36, 67, 70, 71, 72, 145, 146, 217, 500, 517] {
            let uid = character.repeat(length);
            let ics = Appointment { uid: uid.clone(), ..appointment() }.to_ics(Method::Publish);
            assert!(ics.split("\r\n").all(|line| line.len() <= 75 && line != " "), "{character} {length}");
            assert!(!ics.replace("\r\n", "").contains(['\r', '\n']));
            assert!(ics.replace("\r\n ", "").contains(&format!("\r\nUID:{uid}\r\n")), "{character} {length}");
        }
    }
}

#[test]
fn a_feed_is_no_message_and_says_how_often_to_load_it() {
    let url = "https://practice.example/appointments/12".to_owned();
    let ics = feed("Rogers; Smith, & Co\r\nX:1", &[FeedEvent { appointment: appointment(), url }]);
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\n\
        NAME:Rogers\\; Smith\\, & Co\\nX:1\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n\
        X-WR-CALNAME:Rogers\\; Smith\\, & Co\\nX:1\r\nX-PUBLISHED-TTL:PT1H\r\n\
        BEGIN:VEVENT\r\nUID:booking-12@practice.example\r\nURL:https://practice.example/appointments/12\r\nSEQUENCE:3\r\n\
        DTSTAMP:20240301T080000Z\r\nDTSTART:20240331T003000Z\r\nDTEND:20240331T012000Z\r\nSUMMARY:Your appointment\r\n\
        DESCRIPTION:To join\\, open the link in your email.\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(ics, expected);
}
