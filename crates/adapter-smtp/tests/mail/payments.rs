//! The contents of emails about payments.

use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError};
use attune_test_smtp::SmtpSink;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::content::assert_html_is_harmless;
use crate::fixtures::{
    KINDS, LINK, composer, delivered, email, every_email, failed, money, notifier, payment_emails, received,
    refund_scheduled, refunded,
};

/// The paragraphs of the HTML part.
fn paragraphs(html: &str) -> Vec<&str> {
    html.lines()
        .filter(|line| line.starts_with("<p>"))
        .map(|line| line.trim_start_matches("<p>").trim_end_matches("</p>"))
        .collect()
}

const WHEN: &str = "<strong>Monday, 15 January 2024 at 10:00 (Europe&#x2f;Berlin, UTC+01:00)</strong><br>50 minutes";

/// Checks the subject, and both parts between the greeting and the signature. `[when]` stands for time and length.
async fn assert_content(email: &Email, subject: &str, text: &str, html: &[&str]) {
    let read = delivered(composer(), email).await;
    assert_eq!(read.subject, format!("{subject}: appointment on 15 January, 10:00 (UTC+01:00)"));
    let when = "Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)\n50 minutes";
    let text = text.replace("[when]", when);
    assert_eq!(read.text.trim_end(), format!("Hello John Doe,\n\n{text}\n\nPractice Example"));
    let html: Vec<_> = html.iter().map(|line| if *line == "[when]" { WHEN } else { line }).collect();
    assert_eq!(paragraphs(&read.html), [&["Hello John Doe,"], &html[..], &["Practice Example"]].concat());
}

#[tokio::test]
async fn the_receipt() {
    assert_content(
        &received(money("100.00", "EUR")),
        "We received your payment",
        "We received your payment of 100.00 EUR on
Tuesday, 1 August 2023 at 18:30 (Europe/Berlin, UTC+02:00). Thank you!

It is for booking number 12, your appointment with Practice Example:

[when]

This email is your receipt, so please keep it. It is not a tax invoice.",
        &[
            "We received your payment of <strong>100.00 EUR</strong> on Tuesday, 1 August 2023 at 18:30 \
             (Europe&#x2f;Berlin, UTC+02:00). Thank you!",
            "It is for booking number 12, your appointment with Practice Example:",
            "[when]",
            "This email is your receipt, so please keep it. It is not a tax invoice.",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_failed_payment() {
    let text = "Your payment of 100.00 EUR for this appointment with Practice Example did not go
through, and you have not been charged:

[when]

";
    let html = "Your payment of <strong>100.00 EUR</strong> for this appointment with Practice Example did not go through, \
                and you have not been charged:";
    assert_content(
        &failed(money("100.00", "EUR"), Some("2024-01-14T09:30:00Z")),
        "Your payment did not go through",
        &format!(
            "{text}We are holding this time for you until
Sunday, 14 January 2024 at 10:30 (Europe/Berlin, UTC+01:00).
Until then, you can pay again from your bookings."
        ),
        &[
            html,
            "[when]",
            "We are holding this time for you until <strong>Sunday, 14 January 2024 at 10:30 (Europe&#x2f;Berlin, \
             UTC+01:00)</strong>. Until then, you can pay again from your bookings.",
        ],
    )
    .await;
    assert_content(
        &failed(money("100.00", "EUR"), None),
        "Your payment did not go through",
        &format!(
            "{text}Without the payment, we could not hold this time for you. If you would still
like an appointment, please book again."
        ),
        &[
            html,
            "[when]",
            "Without the payment, we could not hold this time for you. If you would still like an appointment, please \
             book again.",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_payment_that_will_be_refunded() {
    assert_content(
        &refund_scheduled(money("100.00", "EUR")),
        "Your payment will be refunded",
        "Your payment of 100.00 EUR arrived too late for this appointment with
Practice Example, or the appointment had already been paid for:

[when]

The full amount will be refunded automatically, usually within 5 to 10 days.
You do not need to do anything. Your bookings show whether the appointment is
confirmed.",
        &[
            "Your payment of <strong>100.00 EUR</strong> arrived too late for this appointment with Practice Example, or \
             the appointment had already been paid for:",
            "[when]",
            "The full amount will be refunded automatically, usually within 5 to 10 days. You do not need to do \
             anything. Your bookings show whether the appointment is confirmed.",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_refund() {
    assert_content(
        &refunded(money("60.00", "EUR")),
        "Your refund",
        "We refunded 60.00 EUR to you on
Sunday, 14 January 2024 at 09:45 (Europe/Berlin, UTC+01:00).

This refund is for booking number 12, your appointment with
Practice Example:

[when]

Your bank may take a few days to show it.",
        &[
            "We refunded <strong>60.00 EUR</strong> to you on Sunday, 14 January 2024 at 09:45 (Europe&#x2f;Berlin, \
             UTC+01:00).",
            "This refund is for booking number 12, your appointment with Practice Example:",
            "[when]",
            "Your bank may take a few days to show it.",
        ],
    )
    .await;
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
        for email in payment_emails(amount) {
            let read = delivered(composer(), &email).await;
            let words = format!(" {} ", read.text.replace('\n', " "));
            assert_eq!(words.matches(&format!(" {written} ")).count(), 1, "{}", read.text);
            assert_eq!(read.html.matches(&format!("<strong>{written}</strong>")).count(), 1, "{}", read.html);
        }
    }
}

#[tokio::test]
async fn every_time_is_in_the_recipients_time_zone_with_its_daylight_saving() {
    let new_york = TimeZone::get("America/New_York").unwrap();
    let email = Email { zone: new_york, ..received(money("100.00", "EUR")) };
    let text = delivered(composer(), &email).await.text;
    assert!(text.contains("\nTuesday, 1 August 2023 at 12:30 (America/New_York, UTC-04:00). Thank you!\n"), "{text}");
    assert!(text.contains("\nMonday, 15 January 2024 at 04:00 (America/New_York, UTC-05:00)\n"), "{text}");

    // The repeated hour in autumn: the appointment is an hour after the end of the hold, and both are at 02:30.
    let email = Email {
        starts_at: "2027-10-31T01:30:00Z".parse().unwrap(),
        ..failed(money("100.00", "EUR"), Some("2027-10-31T00:30:00Z"))
    };
    let read = delivered(composer(), &email).await;
    assert_eq!(read.subject, "Your payment did not go through: appointment on 31 October, 02:30 (UTC+01:00)");
    for line in [
        "\nSunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+01:00)\n50 minutes\n",
        "\nSunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+02:00).\n",
    ] {
        assert!(read.text.contains(line), "{}", read.text);
    }

    // A zone without a name.
    let email = Email { zone: TimeZone::fixed(jiff::tz::offset(9)), ..refunded(money("12000", "JPY")) };
    let text = delivered(composer(), &email).await.text;
    assert!(text.contains("\nSunday, 14 January 2024 at 17:45 (UTC+09:00).\n"), "{text}");
}

#[tokio::test]
async fn an_email_about_a_payment_is_not_sent_without_its_details() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    let right = payment_emails(money("100.00", "EUR"));
    for kind in [NotificationKind::Receipt, NotificationKind::PaymentProblem, NotificationKind::Refund] {
        let wrong = right.iter().filter(|email| email.kind != kind).map(|email| email.payment);
        for payment in wrong.chain([None]) {
            let email = Email { join_url: None, payment, ..email(kind) };
            assert_eq!(notifier.send(&email).await, Err(NotifyError::Unrenderable), "{kind:?} {payment:?}");
        }
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn payment_details_are_ignored_in_other_emails() {
    let payment = received(money("100.00", "EUR")).payment;
    for kind in KINDS {
        let read = delivered(composer(), &Email { payment, ..email(kind) }).await;
        let plain = delivered(composer(), &email(kind)).await;
        assert_eq!((read.subject, read.text, read.html), (plain.subject, plain.text, plain.html), "{kind:?}");
    }
}

#[tokio::test]
async fn an_email_about_a_payment_has_two_parts_no_calendar_entry_and_no_link() {
    for plain in payment_emails(money("100.00", "EUR")) {
        let sink = SmtpSink::start();
        let notifier = notifier(&sink);
        let given = Email { join_url: Some(LINK.to_owned()), ..plain.clone() };
        for email in [&plain, &given] {
            notifier.send(email).await.unwrap();
        }
        let emails = sink.messages();
        assert_eq!(emails[0].raw, emails[1].raw, "a link that is passed is not used");
        let read = emails[0].decode();
        assert_eq!((read.calendar, read.attachments), (None, vec![]));
        let kind = read.headers.iter().find(|(name, _)| name == "Content-Type").map(|(_, value)| value.as_str());
        assert_eq!(kind, Some("multipart/alternative; boundary=\"=_attune_alternative\""));
        let raw = String::from_utf8(emails[0].raw.clone()).unwrap();
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
async fn the_text_and_the_html_part_have_the_same_content() {
    for email in every_email().iter().filter(|email| email.kind.is_about_payment()) {
        let read = delivered(composer(), email).await;
        let html = paragraphs(&read.html).join(" ").replace("<br>", " ").replace("&#x2f;", "/");
        let html = html.replace("<strong>", "").replace("</strong>", "");
        assert_eq!(html, read.text.split_whitespace().collect::<Vec<_>>().join(" "), "{email:?}");
    }
}

#[tokio::test]
async fn an_appointment_beyond_the_last_date_can_still_be_paid_for() {
    let email = Email { starts_at: Timestamp::MAX, ..received(money("100.00", "EUR")) };
    let read = delivered(composer(), &email).await;
    assert!(read.text.contains("9999"), "{}", read.text);
}
