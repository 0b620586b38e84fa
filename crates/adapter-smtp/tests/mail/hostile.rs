//! Names that want to be more than a name.

use attune_domain::EmailAddress;
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, PaymentDetails};
use attune_test_smtp::{ReceivedMail, SmtpSink};
use proptest::prelude::*;

use crate::fixtures::{LINK, REMINDER, composer_with, delivered, every_mail, mail, notifier};

const HEADERS: [&str; 8] =
    ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"];

/// What must hold whatever the reader is called.
fn assert_harmless(received: &ReceivedMail, mail: &Email) {
    assert_eq!(received.recipients, ["john@example.org"]);
    assert!(received.raw.is_ascii());
    let read = received.decode();
    let mut names: Vec<_> = read.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    let mut expected = HEADERS.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(read.recipients, ["john@example.org"]);
    let (subject, links, method) = match mail.kind {
        NotificationKind::MeetingInfo => ("Your appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Reminder { .. } => ("Reminder: your appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Invitation => ("Invitation: appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Rescheduled => ("New time: your appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Cancelled => ("Cancelled: your appointment", &[][..], Some("CANCEL")),
        NotificationKind::MeetingLink => ("Your link for the appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Receipt => ("We received your payment: session", &[][..], None),
        NotificationKind::PaymentProblem if matches!(mail.payment, Some(PaymentDetails::RefundScheduled { .. })) => {
            ("Your payment comes back to you: session", &[][..], None)
        }
        NotificationKind::PaymentProblem => ("Your payment did not go through: session", &[][..], None),
        NotificationKind::Refund => ("Your refund: session", &[][..], None),
    };
    assert_eq!(read.subject, format!("{subject} on 15 January, 10:00 (UTC+01:00)"));
    assert_eq!(read.attachments, method.map_or(vec![], |_| vec!["session.ics"]));
    // RFC 6047, section 2.4: both say the same.
    let raw = String::from_utf8_lossy(&received.raw);
    let types: Vec<_> = raw.lines().filter(|line| line.contains("text/calendar")).collect();
    let expected = method.map(|method| format!("Content-Type: text/calendar; charset=utf-8; method={method}"));
    assert_eq!(types, Vec::from_iter(expected));
    let calendar = read.calendar.unwrap_or_default();
    let methods: Vec<_> = calendar.lines().filter(|line| line.starts_with("METHOD")).collect();
    assert_eq!(methods, Vec::from_iter(method.map(|method| format!("METHOD:{method}"))));
    let lines: Vec<_> = read.text.lines().collect();
    assert!(lines[0].starts_with("Hello") && lines[0].ends_with(',') && lines[1].is_empty(), "{:?}", lines[0]);
    assert_eq!(lines.iter().filter(|line| line.contains("://")).copied().collect::<Vec<_>>(), links);
    let greeting = read.html.lines().find(|line| line.starts_with("<p>Hello")).expect("a greeting");
    let inner = greeting.trim_start_matches("<p>").trim_end_matches("</p>");
    assert!(!inner.contains(['<', '>', '"', '\'']), "{greeting}");
    assert_eq!(read.html.matches("<a ").count(), links.len());
}

#[tokio::test]
async fn a_name_stays_a_name() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    let cases = [
        ("Eve\r\nBcc: eve@evil.example", "Hello,"),
        ("Eve\r\nBcc: eve", "Hello,"),
        ("Eve\nSmith\r", "Hello Eve Smith,"),
        ("Eve\0Smith", "Hello Eve Smith,"),
        ("Eve\r\n.\r\nMAIL FROM", "Hello Eve . MAIL FROM,"),
        ("<img src=x onerror=alert(1)>", "Hello <img src=x onerror=alert(1)>,"),
        ("\" onmouseover=\"x", "Hello \" onmouseover=\"x,"),
        ("O'Brien & \"Co\"", "Hello O'Brien & \"Co\","),
        ("{{ join_url }}{% include 'x' %}", "Hello {{ join_url }}{% include 'x' %},"),
        ("\u{202e}evE", "Hello evE,"),
        ("مريم", "Hello مريم,"),
        ("👩‍👩‍👧 😀", "Hello 👩‍👩‍👧 😀,"),
        ("=?utf-8?q?Bcc=3A_eve?=", "Hello =?utf-8?q?Bcc=3A_eve?=,"),
        ("https://evil", "Hello,"),
        ("www.evil.example", "Hello,"),
        ("john@example.org", "Hello,"),
        ("", "Hello,"),
    ];
    for mail in every_mail() {
        for (name, greeting) in cases {
            let before = sink.messages().len();
            notifier.send(&Email { to_name: name.to_owned(), ..mail.clone() }).await.expect(name);
            let received = sink.messages();
            assert_eq!(received.len(), before + 1);
            assert_harmless(&received[before], &mail);
            assert_eq!(received[before].decode().text.lines().next(), Some(greeting), "{mail:?} {name:?}");
        }
    }
}

#[tokio::test]
async fn names_are_escaped_in_html() {
    let sink = SmtpSink::start();
    let name = "<img src=x onerror=alert(1)> \"&'";
    let notifier = notifier(&sink);
    for mail in every_mail() {
        notifier.send(&Email { to_name: name.to_owned(), ..mail }).await.unwrap();
        let html = sink.messages().last().unwrap().decode().html;
        assert!(html.contains("<p>Hello &lt;img src=x onerror=alert(1)&gt; &quot;&amp;&#x27;,</p>"), "{html}");
    }
}

#[test]
fn no_name_and_no_key_breaks_a_mail() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (sink, notifier) = runtime.block_on(async {
        let sink = SmtpSink::start();
        let notifier = notifier(&sink);
        (sink, notifier)
    });
    let evil = r#"(.|\r|\n|\x00|<|>|"|'|&|=\?|\?=|\r\nBcc: x@y\.z|\r\n\.\r\n|://|\{\{|%|@|[\u{200b}-\u{202e}]|[\u{10000}-\u{10ffff}])"#;
    let text = proptest::collection::vec(evil, 0..40).prop_map(|pieces| pieces.concat());
    proptest!(ProptestConfig::with_cases(400), |(mail in proptest::sample::select(every_mail()), to_name in text.clone(), message_id in text.clone(), calendar_uid in text)| {
        let mail = Email { to_name, message_id, calendar_uid, ..mail };
        let before = sink.messages().len();
        runtime.block_on(notifier.send(&mail)).expect("every name can be mailed");
        let received = sink.messages();
        prop_assert_eq!(received.len(), before + 1);
        assert_harmless(&received[before], &mail);
    });
}

#[tokio::test]
async fn every_address_the_domain_accepts_can_be_mailed() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    let long = format!("{}@{}.example", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(50)].join("."));
    for address in ["!#$%&'*+-/=?^_`{|}~@x.example", "a.b.c@x-y.example", "a@1.2", "x@a.b.c.d.e.example", &long] {
        let to = EmailAddress::parse(address).expect(address);
        notifier.send(&Email { to, ..mail(REMINDER) }).await.expect(address);
        assert_eq!(sink.messages().last().unwrap().recipients, [address]);
    }
}

#[tokio::test]
async fn lines_of_dots_arrive_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let body = "first\n.\n..\n.hidden\n.\r\nMAIL FROM:<eve@evil.example>\r\nlast\n";
    std::fs::write(folder.path().join("reminder.txt"), body).unwrap();
    let read = delivered(composer_with(folder.path()), &mail(REMINDER)).await;
    assert_eq!(read.text.trim_end(), body.replace("\r\n", "\n").trim_end());
}
