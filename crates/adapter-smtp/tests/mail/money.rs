//! What mails about money say.

use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError};
use attune_test_smtp::SmtpSink;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::content::assert_html_is_harmless;
use crate::fixtures::{
    KINDS, LINK, comes_back, composer, delivered, every_mail, failed, mail, money, money_mails, notifier, received,
    returned,
};

/// The sentences between greeting and signature in the HTML part, as their paragraphs stand there.
fn paragraphs(html: &str) -> Vec<&str> {
    html.lines()
        .filter(|line| line.starts_with("<p>"))
        .map(|line| line.trim_start_matches("<p>").trim_end_matches("</p>"))
        .collect()
}

const SESSION: &str = "<strong>Monday, 15 January 2024 at 10:00 (Europe&#x2f;Berlin, UTC+01:00)</strong><br>50 minutes";

#[tokio::test]
async fn the_receipt() {
    let read = delivered(composer(), &received(money("100.00", "EUR"))).await;
    assert_eq!(read.subject, "We received your payment: session on 15 January, 10:00 (UTC+01:00)");
    let expected = "Hello John Doe,

we received your payment of 100.00 EUR on
Tuesday, 1 August 2023 at 18:30 (Europe/Berlin, UTC+02:00). Thank you!

It is for booking number 12, your session with Practice Example:

Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)
50 minutes

This mail is your receipt, so please keep it. It is not a tax invoice.

Practice Example
";
    assert_eq!(read.text.trim_end(), expected.trim_end());
    let expected = [
        "Hello John Doe,",
        "we received your payment of <strong>100.00 EUR</strong> on Tuesday, 1 August 2023 at 18:30 \
         (Europe&#x2f;Berlin, UTC+02:00). Thank you!",
        "It is for booking number 12, your session with Practice Example:",
        SESSION,
        "This mail is your receipt, so please keep it. It is not a tax invoice.",
        "Practice Example",
    ];
    assert_eq!(paragraphs(&read.html), expected);
}

#[tokio::test]
async fn a_failed_payment_that_can_be_tried_again() {
    let read = delivered(composer(), &failed(money("100.00", "EUR"), Some("2024-01-14T09:30:00Z"))).await;
    assert_eq!(read.subject, "Your payment did not go through: session on 15 January, 10:00 (UTC+01:00)");
    let expected = "Hello John Doe,

your payment of 100.00 EUR for this session with Practice Example did not go
through, and nothing was taken from you:

Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)
50 minutes

We keep this time for you until
Sunday, 14 January 2024 at 10:30 (Europe/Berlin, UTC+01:00).
Until then, you can pay again from your bookings.

Practice Example
";
    assert_eq!(read.text.trim_end(), expected.trim_end());
    let expected = [
        "Hello John Doe,",
        "your payment of <strong>100.00 EUR</strong> for this session with Practice Example did not go through, and \
         nothing was taken from you:",
        SESSION,
        "We keep this time for you until <strong>Sunday, 14 January 2024 at 10:30 (Europe&#x2f;Berlin, \
         UTC+01:00)</strong>. Until then, you can pay again from your bookings.",
        "Practice Example",
    ];
    assert_eq!(paragraphs(&read.html), expected);
}

#[tokio::test]
async fn a_failed_payment_of_a_time_that_was_given_up() {
    let read = delivered(composer(), &failed(money("100.00", "EUR"), None)).await;
    assert_eq!(read.subject, "Your payment did not go through: session on 15 January, 10:00 (UTC+01:00)");
    let expected = "Hello John Doe,

your payment of 100.00 EUR for this session with Practice Example did not go
through, and nothing was taken from you:

Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)
50 minutes

Without the payment we could not keep this time for you. If you would still
like to have a session, please book again.

Practice Example
";
    assert_eq!(read.text.trim_end(), expected.trim_end());
    let expected = [
        "Hello John Doe,",
        "your payment of <strong>100.00 EUR</strong> for this session with Practice Example did not go through, and \
         nothing was taken from you:",
        SESSION,
        "Without the payment we could not keep this time for you. If you would still like to have a session, please \
         book again.",
        "Practice Example",
    ];
    assert_eq!(paragraphs(&read.html), expected);
}

#[tokio::test]
async fn a_payment_that_comes_back() {
    let read = delivered(composer(), &comes_back(money("100.00", "EUR"))).await;
    assert_eq!(read.subject, "Your payment comes back to you: session on 15 January, 10:00 (UTC+01:00)");
    let expected = "Hello John Doe,

your payment of 100.00 EUR reached us when we could no longer keep this
session with Practice Example for you, or when it was already paid for:

Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)
50 minutes

The full amount goes back by itself to where it came from, usually within 5 to
10 days. There is nothing you need to do. Your bookings show how the session
stands now.

Practice Example
";
    assert_eq!(read.text.trim_end(), expected.trim_end());
    let expected = [
        "Hello John Doe,",
        "your payment of <strong>100.00 EUR</strong> reached us when we could no longer keep this session with \
         Practice Example for you, or when it was already paid for:",
        SESSION,
        "The full amount goes back by itself to where it came from, usually within 5 to 10 days. There is nothing you \
         need to do. Your bookings show how the session stands now.",
        "Practice Example",
    ];
    assert_eq!(paragraphs(&read.html), expected);
}

#[tokio::test]
async fn the_refund() {
    let read = delivered(composer(), &returned(money("60.00", "EUR"))).await;
    assert_eq!(read.subject, "Your refund: session on 15 January, 10:00 (UTC+01:00)");
    let expected = "Hello John Doe,

we sent 60.00 EUR back to you on
Sunday, 14 January 2024 at 09:45 (Europe/Berlin, UTC+01:00).

This refund is for booking number 12, your session with Practice Example:

Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)
50 minutes

Your bank may take some days to show it.

Practice Example
";
    assert_eq!(read.text.trim_end(), expected.trim_end());
    let expected = [
        "Hello John Doe,",
        "we sent <strong>60.00 EUR</strong> back to you on Sunday, 14 January 2024 at 09:45 (Europe&#x2f;Berlin, \
         UTC+01:00).",
        "This refund is for booking number 12, your session with Practice Example:",
        SESSION,
        "Your bank may take some days to show it.",
        "Practice Example",
    ];
    assert_eq!(paragraphs(&read.html), expected);
}

#[tokio::test]
async fn amounts_have_the_decimals_of_their_currency() {
    for (amount, written) in [
        (money("12000", "JPY"), "12000 JPY"),
        (money("31.5", "KWD"), "31.500 KWD"),
        (money("0.005", "KWD"), "0.005 KWD"),
        (money("0.5", "EUR"), "0.50 EUR"),
        (money("10000000000", "EUR"), "10000000000.00 EUR"),
    ] {
        for mail in money_mails(amount) {
            let read = delivered(composer(), &mail).await;
            let words = format!(" {} ", read.text.replace('\n', " "));
            assert_eq!(words.matches(&format!(" {written} ")).count(), 1, "{}", read.text);
            assert_eq!(read.html.matches(&format!("<strong>{written}</strong>")).count(), 1, "{}", read.html);
        }
    }
}

#[tokio::test]
async fn every_time_follows_the_reader_through_the_changes_of_the_clock() {
    let new_york = TimeZone::get("America/New_York").unwrap();
    let mail = Email { zone: new_york, ..received(money("100.00", "EUR")) };
    let text = delivered(composer(), &mail).await.text;
    assert!(text.contains("\nTuesday, 1 August 2023 at 12:30 (America/New_York, UTC-04:00). Thank you!\n"), "{text}");
    assert!(text.contains("\nMonday, 15 January 2024 at 04:00 (America/New_York, UTC-05:00)\n"), "{text}");

    // The hour that autumn doubles: the session is an hour after the end of the hold, and both are at half past two.
    let mail = Email {
        starts_at: "2027-10-31T01:30:00Z".parse().unwrap(),
        ..failed(money("100.00", "EUR"), Some("2027-10-31T00:30:00Z"))
    };
    let read = delivered(composer(), &mail).await;
    assert_eq!(read.subject, "Your payment did not go through: session on 31 October, 02:30 (UTC+01:00)");
    for line in [
        "\nSunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+01:00)\n50 minutes\n",
        "\nSunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+02:00).\n",
    ] {
        assert!(read.text.contains(line), "{}", read.text);
    }

    // A zone without a name.
    let mail = Email { zone: TimeZone::fixed(jiff::tz::offset(9)), ..returned(money("12000", "JPY")) };
    let text = delivered(composer(), &mail).await.text;
    assert!(text.contains("\nSunday, 14 January 2024 at 17:45 (UTC+09:00).\n"), "{text}");
}

#[tokio::test]
async fn a_mail_about_money_without_its_money_does_not_leave() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    let right = money_mails(money("100.00", "EUR"));
    for kind in [NotificationKind::Receipt, NotificationKind::PaymentProblem, NotificationKind::Refund] {
        let wrong = right.iter().filter(|mail| mail.kind != kind).map(|mail| mail.payment);
        for payment in wrong.chain([None]) {
            let mail = Email { join_url: None, payment, ..mail(kind) };
            assert_eq!(notifier.send(&mail).await, Err(NotifyError::Unrenderable), "{kind:?} {payment:?}");
        }
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn money_is_not_told_where_it_is_not_asked_for() {
    let payment = received(money("100.00", "EUR")).payment;
    for kind in KINDS {
        let read = delivered(composer(), &Email { payment, ..mail(kind) }).await;
        let plain = delivered(composer(), &mail(kind)).await;
        assert_eq!((read.subject, read.text, read.html), (plain.subject, plain.text, plain.html), "{kind:?}");
    }
}

#[tokio::test]
async fn a_mail_about_money_has_two_parts_no_calendar_entry_and_no_link() {
    for plain in money_mails(money("100.00", "EUR")) {
        let sink = SmtpSink::start();
        let notifier = notifier(&sink);
        let given = Email { join_url: Some(LINK.to_owned()), ..plain.clone() };
        for mail in [&plain, &given] {
            notifier.send(mail).await.unwrap();
        }
        let mails = sink.messages();
        assert_eq!(mails[0].raw, mails[1].raw, "a link that is given is not used");
        let read = mails[0].decode();
        assert_eq!((read.calendar, read.attachments), (None, vec![]));
        let kind = read.headers.iter().find(|(name, _)| name == "Content-Type").map(|(_, value)| value.as_str());
        assert_eq!(kind, Some("multipart/alternative; boundary=\"=_attune_alternative\""));
        let raw = String::from_utf8(mails[0].raw.clone()).unwrap();
        assert_eq!(raw.matches("Content-Type:").count(), 3, "{raw}");
        for absent in ["calendar", ".ics", "attachment", "mixed"] {
            assert!(!raw.contains(absent), "{absent}");
        }
        for part in [&read.text, &read.html] {
            for absent in ["//", "http", "href", "<a", "Join", "join", "attune-7f3a9c"] {
                assert!(!part.contains(absent), "{absent}");
            }
        }
        assert_html_is_harmless(&read.html, plain.kind);
    }
}

#[tokio::test]
async fn the_text_and_the_html_part_say_the_same() {
    for mail in every_mail().iter().filter(|mail| mail.kind.is_about_payment()) {
        let read = delivered(composer(), mail).await;
        let html = paragraphs(&read.html).join(" ").replace("<br>", " ").replace("&#x2f;", "/");
        let html = html.replace("<strong>", "").replace("</strong>", "");
        assert_eq!(html, read.text.split_whitespace().collect::<Vec<_>>().join(" "), "{mail:?}");
    }
}

#[tokio::test]
async fn a_session_beyond_the_calendar_can_still_be_paid_for() {
    let mail = Email { starts_at: Timestamp::MAX, ..received(money("100.00", "EUR")) };
    let read = delivered(composer(), &mail).await;
    assert!(read.text.contains("9999"), "{}", read.text);
}
