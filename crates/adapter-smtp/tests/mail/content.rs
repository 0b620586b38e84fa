//! The contents of emails.

use attune_adapter_smtp::{ComposerError, MailComposer, MailConfig};
use attune_domain::EmailAddress;
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError};
use attune_test_smtp::SmtpSink;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::fixtures::{
    KINDS, LINK, PAGE_LINK, REMINDER, composer, config, delivered, email, every_email, linked_kinds, notifier,
};

#[tokio::test]
async fn the_texts_of_emails_with_a_link() {
    let usual = "The link is personal. Please do not pass it on.
The attached calendar entry does not contain it, so please keep this email.";
    let invited = &format!("You do not need an account. {usual}");
    let again = "Links in earlier emails may no longer work; please use this one. It is personal.
Please do not pass it on.
The attached calendar entry does not contain it, so please keep this email.";
    let rescheduled = "The link is personal. Please do not pass it on.
The attached calendar entry contains the new time, but not the link, so please
keep this email.";
    for (kind, subject, opening, closing) in [
        (
            NotificationKind::MeetingInfo,
            "Your appointment",
            "Your appointment with Practice Example is confirmed:",
            usual,
        ),
        (REMINDER, "Reminder: your appointment", "Your appointment with Practice Example begins in 24 hours:", usual),
        (
            NotificationKind::Invitation,
            "Invitation: appointment",
            "You are invited to an appointment with Practice Example:",
            invited,
        ),
        (
            NotificationKind::MeetingLink,
            "Your link for the appointment",
            "Here is your link for the appointment with Practice Example again:",
            again,
        ),
        (
            NotificationKind::Rescheduled,
            "New time: your appointment",
            "Your appointment with Practice Example was rescheduled. The new time is:",
            rescheduled,
        ),
    ] {
        let read = delivered(composer(), &email(kind)).await;
        assert_eq!(read.subject, format!("{subject} on 15 January, 10:00 (UTC+01:00)"));
        let expected = format!(
            "Hello John Doe,

{opening}

Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)
50 minutes

At that time, open this link to join:

{LINK}

{closing}

Practice Example"
        );
        assert_eq!(read.text.trim_end(), expected);
    }
}

#[tokio::test]
async fn a_cancellation_has_no_button_and_no_link() {
    let given = Email { join_url: Some(LINK.to_owned()), ..email(NotificationKind::Cancelled) };
    for email in [email(NotificationKind::Cancelled), given] {
        let read = delivered(composer(), &email).await;
        assert_eq!(read.subject, "Cancelled: your appointment on 15 January, 10:00 (UTC+01:00)");
        let expected = "Hello John Doe,

Your appointment with Practice Example on
Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00) was cancelled.

The attached calendar entry is marked as cancelled. Please check that the
appointment has been removed from your calendar.

Practice Example
";
        assert_eq!(read.text.trim_end(), expected.trim_end());
        assert_html_is_harmless(&read.html, NotificationKind::Cancelled);
        for joining in ["<a", "href", "//", "Join", "button", "link", "attune-7f3a9c"] {
            assert!(!read.html.contains(joining), "{joining}");
        }
        let sentence = "<p>Your appointment with Practice Example on <strong>Monday, 15 January 2024 at 10:00 \
                        (Europe&#x2f;Berlin, UTC+01:00)</strong> was cancelled.</p>";
        assert!(read.html.contains(sentence), "{}", read.html);
    }
}

#[tokio::test]
async fn an_email_that_needs_a_link_is_not_sent_without_one() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    for kind in linked_kinds() {
        let email = Email { join_url: None, ..email(kind) };
        assert_eq!(notifier.send(&email).await, Err(NotifyError::Unrenderable), "{kind:?}");
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn the_html_part_has_a_button_and_hides_the_raw_link() {
    for (kind, link) in linked_kinds().flat_map(|kind| [(kind, LINK), (kind, PAGE_LINK)]) {
        let html = delivered(composer(), &Email { join_url: Some(link.to_owned()), ..email(kind) }).await.html;
        let (before, rest) = html.split_once("<a href=\"").unwrap();
        let (href, rest) = rest.split_once('"').unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let (label, after) = rest.split_once("</a>").unwrap();
        assert_eq!(label, "Join Meeting");
        assert_eq!(href, link.replace('&', "&amp;"), "nothing but & needs escaping in a link");
        assert!(!before.contains("//") && !after.contains("//"), "no other link, no remote content: {kind:?}");
        assert!(html.contains("<p>At that time, use this button to join:</p>"));
        assert!(html.contains("personal") && html.contains("Please do not pass it on."));
        assert_html_is_harmless(&html, kind);
    }
}

/// The HTML part is complete, and nothing in it runs or loads anything.
pub(crate) fn assert_html_is_harmless(html: &str, kind: NotificationKind) {
    assert!(html.contains("<html lang=\"en\">") && html.contains("<p>Hello John Doe,</p>"));
    assert!(html.contains("Monday, 15 January 2024 at 10:00 (Europe&#x2f;Berlin, UTC+01:00)"));
    let lower = html.to_lowercase();
    for tag in lower.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().expect("even an empty piece has a first word");
        assert!(HARMLESS_TAGS.contains(&name), "{kind:?}: <{name}>");
    }
    for loading in ["src", "background=", "url(", "@import", "http-equiv", "javascript:"] {
        assert!(!lower.contains(loading), "{kind:?}: {loading}");
    }
    let handlers = lower.split_whitespace().filter(|word| word.starts_with("on") && word.contains('='));
    assert_eq!(handlers.count(), 0, "{kind:?}");
}

/// None of these runs, loads or sends anything.
const HARMLESS_TAGS: [&str; 11] =
    ["!doctype", "html", "head", "meta", "title", "body", "main", "p", "strong", "br", "a"];

#[tokio::test]
async fn the_text_part_has_the_link_alone_on_its_line_and_no_other() {
    for (kind, link) in linked_kinds().flat_map(|kind| [(kind, LINK), (kind, PAGE_LINK)]) {
        let text = delivered(composer(), &Email { join_url: Some(link.to_owned()), ..email(kind) }).await.text;
        assert_eq!(text.lines().filter(|line| line.contains("//")).collect::<Vec<_>>(), [link], "{kind:?}");
    }
}

#[tokio::test]
async fn an_email_names_only_its_recipient_and_the_practice() {
    for first in every_email() {
        let kind = first.kind;
        let sink = SmtpSink::start();
        let notifier = notifier(&sink);
        let mary = Email {
            to: EmailAddress::parse("mary@example.org").unwrap(),
            to_name: "Mary Major".to_owned(),
            join_url: first.join_url.as_ref().map(|_| PAGE_LINK.to_owned()),
            ..first.clone()
        };
        // Over the same connection: nothing of the first email is in the second.
        for email in [&first, &mary] {
            notifier.send(email).await.unwrap();
        }
        let received = &sink.messages()[1];
        assert_eq!(received.recipients, ["mary@example.org"]);
        let read = received.decode();
        let headers = read.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n");
        let whole = [headers, read.subject, read.text, read.html, read.calendar.unwrap_or_default()].join("\n");
        for other in ["John", "Doe", "john", "attune-7f3a9c"] {
            assert!(!whole.contains(other), "{kind:?}: {other}");
        }
        for telling in ["therap", "client", "patient", "treatment", "counsel", "video"] {
            assert!(!whole.to_lowercase().contains(telling), "{kind:?}: {telling}");
        }
        let contains = |word| whole.to_lowercase().contains(word);
        assert_eq!((contains("session"), contains("appointment")), (false, true), "{kind:?}");
        let mut addresses: Vec<_> = whole
            .split(|c: char| !c.is_ascii_alphanumeric() && !"@.-_".contains(c))
            .filter(|word| word.contains('@'))
            .collect();
        addresses.sort_unstable();
        let mut expected =
            vec!["mary@example.org", "meeting_info-12-v1@practice.example.org", "office@practice.example.org"];
        if !kind.is_about_payment() {
            expected.insert(0, "booking-12@practice.example.org");
        }
        assert_eq!(addresses, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn headers_are_complete_and_the_same_at_every_attempt() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    for _ in 0..2 {
        notifier.send(&email(NotificationKind::MeetingInfo)).await.unwrap();
    }
    let emails = sink.messages();
    assert_eq!(emails[0].raw, emails[1].raw, "byte for byte");
    assert!(emails[0].raw.is_ascii());
    assert!(emails[0].raw.split(|&b| b == b'\n').all(|line| line.len() <= 78 + 1 && !line[..].ends_with(b" \r")));
    assert_eq!(
        (emails[0].sender.as_str(), &emails[0].recipients[..]),
        ("office@practice.example.org", &["john@example.org".to_owned()][..])
    );

    let read = emails[0].decode();
    assert_eq!(read.header("From"), Some("\"Practice Example\" <office@practice.example.org>"));
    assert_eq!(read.header("To"), Some("john@example.org"), "no name: headers contain nothing that a client typed");
    assert_eq!(read.header("Date"), Some("Sun, 14 Jan 2024 09:00:00 +0000"));
    assert_eq!(read.header("Message-ID"), Some("<meeting_info-12-v1@practice.example.org>"));
    assert_eq!(read.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(read.header("MIME-Version"), Some("1.0"));
    assert_eq!(read.headers.len(), 8, "{:?}", read.headers);
}

#[tokio::test]
async fn the_calendar_entry_contains_no_link_and_no_name() {
    for kind in KINDS {
        let read = delivered(composer(), &email(kind)).await;
        assert_eq!(read.attachments, ["appointment.ics"]);
        let calendar = read.calendar.unwrap();
        assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n") && calendar.ends_with("END:VCALENDAR\r\n"));
        let (method, status) = match kind {
            NotificationKind::Cancelled => ("METHOD:CANCEL", "STATUS:CANCELLED"),
            NotificationKind::MeetingInfo
            | NotificationKind::Reminder { .. }
            | NotificationKind::Invitation
            | NotificationKind::Rescheduled
            | NotificationKind::MeetingLink => ("METHOD:PUBLISH", "STATUS:CONFIRMED"),
            NotificationKind::Receipt | NotificationKind::PaymentProblem | NotificationKind::Refund => {
                unreachable!("emails about payments have no entry")
            }
        };
        for line in [
            method,
            status,
            "UID:booking-12@practice.example.org",
            "SEQUENCE:1",
            "DTSTAMP:20240114T090000Z",
            "DTSTART:20240115T090000Z",
            "DTEND:20240115T095000Z",
            "SUMMARY:Your appointment",
        ] {
            assert_eq!(calendar.matches(&format!("\r\n{line}\r\n")).count(), 1, "{kind:?}: {line}");
        }
        for secret in ["http", "John", "Practice Example", "attune-7f3a9c", "office@"] {
            assert!(!calendar.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn times_are_in_the_recipients_time_zone() {
    let at = async |starts_at: &str, zone: &str| {
        let starts_at: Timestamp = starts_at.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let read = delivered(composer(), &Email { starts_at, zone, ..email(REMINDER) }).await;
        (read.subject, read.text.lines().nth(4).unwrap().to_owned())
    };
    let (subject, when) = at("2024-07-01T23:00:00Z", "America/New_York").await;
    assert_eq!(subject, "Reminder: your appointment on 1 July, 19:00 (UTC-04:00)");
    assert_eq!(when, "Monday, 1 July 2024 at 19:00 (America/New_York, UTC-04:00)");
    let (subject, when) = at("2024-12-31T23:00:00Z", "Asia/Kolkata").await;
    assert_eq!(subject, "Reminder: your appointment on 1 January, 04:30 (UTC+05:30)");
    assert_eq!(when, "Wednesday, 1 January 2025 at 04:30 (Asia/Kolkata, UTC+05:30)");
}

#[tokio::test]
async fn a_very_long_link_survives() {
    let join_url = format!("https://meet.example.org/r#userInfo.displayName=%22{}%22&a=b", "%5Cu4e2d".repeat(300));
    let read = delivered(composer(), &Email { join_url: Some(join_url.clone()), ..email(REMINDER) }).await;
    assert_eq!(read.text.lines().filter(|line| *line == join_url).count(), 1);
    assert!(read.html.contains(&format!("href=\"{}\"", join_url.replace('&', "&amp;"))));
}

#[tokio::test]
async fn every_practice_name_is_either_shown_or_refused_at_start() {
    let shown = [
        "Praxis Müller & Söhne",
        "\"Quoted\" <x@y.z>",
        "a, b; c: d@e.f",
        "(comment) \\ back",
        "=?utf-8?q?evil?=",
        "心理",
        "😀",
        "A.",
        "'",
    ];
    for name in shown {
        let composer = MailComposer::new(MailConfig { practice_name: name.to_owned(), ..config() });
        let read = delivered(composer.expect(name), &email(REMINDER)).await;
        assert_eq!(read.from, ["office@practice.example.org"], "{name}");
        assert_eq!(read.recipients, ["john@example.org"], "{name}");
        assert_eq!(read.headers.len(), 8, "{name}");
        if !name.starts_with("=?") {
            assert_eq!(read.from_name.as_deref(), Some(name));
        }
    }
    let injected = MailConfig { practice_name: "Evil\r\nBcc: eve@evil.example\0".to_owned(), ..config() };
    let read = delivered(MailComposer::new(injected).unwrap(), &email(REMINDER)).await;
    assert_eq!(read.from_name.as_deref(), Some("Evil Bcc: eve@evil.example"));
    assert_eq!((read.headers.len(), read.recipients.len()), (8, 1));
}

#[test]
fn bad_configuration_is_found_at_start() {
    let error = |config| MailComposer::new(config).err().expect("refused");
    for practice_name in ["", " \r\n", "\u{200b}\u{202e}"] {
        let config = MailConfig { practice_name: practice_name.to_owned(), ..config() };
        assert!(matches!(error(config), ComposerError::PracticeName));
    }
    for message_domain in ["", "localhost", "a b.example", "x@y.example", "evil\r\n.example", "https://x.example"] {
        let config = MailConfig { message_domain: message_domain.to_owned(), ..config() };
        assert!(matches!(error(config), ComposerError::MessageDomain), "{message_domain}");
    }
}

#[tokio::test]
async fn impossible_instants_are_refused_without_a_panic() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    let before_1970 = Email { sent_at: Timestamp::MIN, ..email(REMINDER) };
    let beyond_the_last_date = Email { starts_at: Timestamp::MAX, ..email(REMINDER) };
    for email in [before_1970, beyond_the_last_date] {
        assert_eq!(notifier.send(&email).await, Err(NotifyError::Unrenderable));
    }
    assert_eq!(sink.connections(), 0);
}
