use attune_domain::EmailAddress;
use attune_domain::notification::NotificationKind;

use super::*;

fn email(starts_at: &str) -> Email {
    Email {
        kind: NotificationKind::MeetingInfo,
        message_id: "m".into(),
        to: EmailAddress::parse("john@example.org").unwrap(),
        to_name: String::new(),
        join_url: None,
        starts_at: starts_at.parse().unwrap(),
        minutes: 50,
        zone: TimeZone::UTC,
        calendar_uid: "c".into(),
        calendar_sequence: 0,
        payment: None,
        sent_at: starts_at.parse().unwrap(),
    }
}

fn when(instant: &str, zone: &TimeZone) -> LocalTexts {
    LocalTexts::of(instant.parse().unwrap(), zone)
}

fn sentence(instant: &str, zone: &str) -> String {
    when(instant, &TimeZone::get(zone).unwrap()).full
}

#[test]
fn times_are_in_the_recipients_time_zone() {
    assert_eq!(
        sentence("2024-01-15T09:00:00Z", "Europe/Berlin"),
        "Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)"
    );
    assert_eq!(
        sentence("2024-07-15T09:00:00Z", "Europe/Berlin"),
        "Monday, 15 July 2024 at 11:00 (Europe/Berlin, UTC+02:00)"
    );
    assert_eq!(
        sentence("2024-01-15T02:00:00Z", "America/New_York"),
        "Sunday, 14 January 2024 at 21:00 (America/New_York, UTC-05:00)"
    );
    assert_eq!(
        sentence("2024-02-29T20:00:00Z", "Asia/Kolkata"),
        "Friday, 1 March 2024 at 01:30 (Asia/Kolkata, UTC+05:30)"
    );
}

#[test]
fn both_instants_of_the_repeated_hour_are_distinguishable() {
    assert_eq!(
        sentence("2027-10-31T00:30:00Z", "Europe/Berlin"),
        "Sunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+02:00)"
    );
    assert_eq!(
        sentence("2027-10-31T01:30:00Z", "Europe/Berlin"),
        "Sunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+01:00)"
    );
    // The hour that spring leaves out: 01:59 is followed by 03:00.
    assert_eq!(
        sentence("2027-03-28T01:00:00Z", "Europe/Berlin"),
        "Sunday, 28 March 2027 at 03:00 (Europe/Berlin, UTC+02:00)"
    );
}

#[test]
fn a_zone_without_a_name_shows_its_offset_once() {
    let fixed = when("2024-01-15T09:00:00Z", &TimeZone::fixed(jiff::tz::offset(-3)));
    assert_eq!(fixed.full, "Monday, 15 January 2024 at 06:00 (UTC-03:00)");
    assert_eq!((fixed.zone.as_str(), fixed.offset.as_str()), ("UTC-03:00", "UTC-03:00"));
    assert_eq!(sentence("2024-01-15T09:00:00Z", "UTC"), "Monday, 15 January 2024 at 09:00 (UTC+00:00)");
    let unknown = when("2024-01-15T09:00:00Z", &TimeZone::unknown());
    assert_eq!(unknown.full, "Monday, 15 January 2024 at 09:00 (UTC+00:00)");
}

#[test]
fn a_punctual_reminder_contains_the_planned_time() {
    let words = |planned: u32| {
        let mut email = email("2024-01-15T09:00:00Z");
        email.sent_at = email.starts_at - jiff::SignedDuration::from_mins(i64::from(planned) - 1);
        starts_in(planned, &email)
    };
    assert_eq!(words(1440), "in 24 hours");
    assert_eq!(words(60), "in 1 hour");
    assert_eq!(words(90), "in 90 minutes");
    assert_eq!(words(120), "in 2 hours");
    assert_eq!(words(2880), "in 2 days");
    assert_eq!(words(10_080), "in 7 days");
    assert_eq!(words(2160), "in 36 hours");
    assert_eq!(words(15), "in 15 minutes");
}

#[test]
fn a_late_reminder_contains_the_time_left() {
    let words = |planned: u32, left: i64| {
        let mut email = email("2024-01-15T09:00:00Z");
        email.sent_at = email.starts_at - jiff::SignedDuration::from_mins(left);
        starts_in(planned, &email)
    };
    assert_eq!(words(1440, 1435), "in 24 hours");
    assert_eq!(words(1440, 1434), "in about 24 hours");
    assert_eq!(words(1440, 1250), "in about 21 hours");
    assert_eq!(words(1440, 120), "in about 2 hours");
    assert_eq!(words(1440, 119), "in about 119 minutes");
    assert_eq!(words(60, 10), "in about 10 minutes");
    assert_eq!(words(60, 1), "now");
    assert_eq!(words(60, -30), "now");
}

#[test]
fn names_that_could_become_links_are_not_used() {
    for name in ["John Doe", "J.R. Smith", "Zoë O'Brien", "Dr. Anna-Maria López", "李小龍", "Louis XIV", "John Doe 3rd"]
    {
        assert_eq!(greeting_name(name), name);
    }
    for name in [
        "https://evil",
        "john@example.org",
        "Visit evil.com now",
        "www.evil.example",
        "evil\u{3002}com",
        "evil\u{ff0e}com",
        "tel:1",
        "Call 0900 12345",
        "\\\\evil\\share",
        "",
        "\u{200b}",
    ] {
        assert_eq!(greeting_name(name), "", "{name}");
    }
}

#[test]
fn a_name_is_one_short_line() {
    assert_eq!(greeting_name("John\r\nBcc x\0\u{202e}Doe"), "John Bcc x Doe");
    assert_eq!(greeting_name(&"a".repeat(500)).len(), 80);
}

#[test]
fn keys_become_tokens() {
    assert_eq!(token("reminder:12:60:v1"), "reminder-12-60-v1");
    assert_eq!(token("a>\r\nBcc: <x@y.z"), "a---Bcc---x-y.z");
    assert_eq!(token("../../etc/passwd"), "..-..-etc-passwd");
}
