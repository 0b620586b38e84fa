//! The contents of emails about payments.

use std::sync::Arc;

use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError, PaymentDetails, Remainder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::content::{assert_html_is_harmless, html_part, html_words, text_part};
use crate::fixtures::{
    KINDS, LINK, PAY_LINK, composer, connected, delivered, email, failed, hold_email, money, payment_emails, practice,
    received, refund_scheduled, refunded,
};

/// Checks the subject and both parts.
async fn assert_content(email: &Email, heading: &str, subject: &str, opening: &str, after: &str) {
    let read = delivered(composer(), email).await;
    assert_eq!(read.subject, format!("{subject}: appointment on 15 January, 10:00 (UTC+01:00)"));
    assert_eq!(read.text.trim_end(), text_part(opening, after));
    assert_eq!(html_words(&read.html), html_part(heading, opening, after));
}

#[tokio::test]
async fn the_receipt() {
    assert_content(
        &received(money("100.00", "EUR")),
        "Thank you for your payment",
        "Payment received",
        "We received your payment of €100.00 on Tuesday, 1 August 2023 at 18:30 (Europe/Berlin, UTC+02:00). It is for \
         booking number 12:",
        "This email is your receipt, so please keep it. It is not a tax invoice.",
    )
    .await;
}

#[tokio::test]
async fn a_failed_payment() {
    for (retry_until, after) in [
        (
            Some("2024-01-14T09:30:00Z"),
            "We are holding this time for you until Sunday, 14 January 2024 at 10:30 (Europe/Berlin, UTC+01:00). Until \
             then, you can pay again from your bookings.",
        ),
        (
            None,
            "Without the payment, we could not hold this time for you. If you would still like an appointment, please \
             book again.",
        ),
    ] {
        let did_not = "Your payment did not go through";
        let opening = "Your payment of €100.00 for this appointment did not go through, and you have not been charged:";
        assert_content(&failed(money("100.00", "EUR"), retry_until), did_not, "Payment failed", opening, after).await;
    }
}

#[tokio::test]
async fn a_payment_that_will_be_refunded() {
    assert_content(
        &refund_scheduled(money("100.00", "EUR")),
        "Your payment will be refunded",
        "We will refund you",
        "Your payment of €100.00 arrived too late for this appointment, or the appointment had already been paid for:",
        "The full amount will be refunded automatically, usually within 5 to 10 days. You do not need to do anything. Your \
         bookings show whether the appointment is confirmed.",
    )
    .await;
}

#[tokio::test]
async fn the_refund() {
    assert_content(
        &refunded(money("60.00", "EUR")),
        "Your refund is on its way",
        "Your refund",
        "We refunded €60.00 to you on Sunday, 14 January 2024 at 09:45 (Europe/Berlin, UTC+01:00). This refund is for \
         booking number 12:",
        "Your bank may take a few days to show it.",
    )
    .await;
}

#[tokio::test]
async fn amounts_have_the_decimals_of_their_currency() {
    for (amount, written) in [
        (money("12000", "JPY"), "¥12,000"),
        (money("31.5", "KWD"), "KWD 31.500"),
        (money("0.005", "KWD"), "KWD 0.005"),
        (money("0.5", "EUR"), "€0.50"),
        (money("10000000000", "EUR"), "€10,000,000,000.00"),
    ] {
        for email in payment_emails(amount) {
            let read = delivered(composer(), &email).await;
            let words = format!(" {} ", read.text.replace('\n', " "));
            assert_eq!(words.matches(&format!(" {written} ")).count(), 1, "{}", read.text);
            let words = format!(" {} ", html_words(&read.html));
            assert_eq!(words.matches(&format!(" {written} ")).count(), 1, "{}", read.html);
        }
    }
}

#[tokio::test]
async fn every_time_is_in_the_recipients_time_zone_with_its_daylight_saving() {
    let new_york = TimeZone::get("America/New_York").unwrap();
    let email = Email { zone: new_york, ..received(money("100.00", "EUR")) };
    let text = delivered(composer(), &email).await.text;
    assert!(text.contains(" on Tuesday, 1 August 2023 at 12:30 (America/New_York, UTC-04:00). "), "{text}");
    assert!(text.contains("\nMonday, 15 January 2024 at 04:00\nAmerica/New_York, UTC-05:00\n"), "{text}");

    // The repeated hour in autumn: the appointment is an hour after the end of the hold, and both are at 02:30.
    let email = Email {
        starts_at: "2027-10-31T01:30:00Z".parse().unwrap(),
        ..failed(money("100.00", "EUR"), Some("2027-10-31T00:30:00Z"))
    };
    let read = delivered(composer(), &email).await;
    assert_eq!(read.subject, "Payment failed: appointment on 31 October, 02:30 (UTC+01:00)");
    for line in [
        "\nSunday, 31 October 2027 at 02:30\nEurope/Berlin, UTC+01:00\n50 minutes\n",
        " until Sunday, 31 October 2027 at 02:30 (Europe/Berlin, UTC+02:00). ",
    ] {
        assert!(read.text.contains(line), "{}", read.text);
    }

    // A zone without a name.
    let email = Email { zone: TimeZone::fixed(jiff::tz::offset(9)), ..refunded(money("12000", "JPY")) };
    let text = delivered(composer(), &email).await.text;
    assert!(text.contains(" on Sunday, 14 January 2024 at 17:45 (UTC+09:00). "), "{text}");
}

#[tokio::test]
async fn an_email_about_a_payment_is_not_sent_without_its_details() {
    let (sink, notifier) = connected();
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
        let (sink, notifier) = connected();
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
async fn an_appointment_beyond_the_last_date_can_still_be_paid_for() {
    let email = Email { starts_at: Timestamp::MAX, ..received(money("100.00", "EUR")) };
    let read = delivered(composer(), &email).await;
    assert!(read.text.contains("9999"), "{}", read.text);
}

/// The lines of a text below its greeting, without the blank ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().skip(2).filter(|line| !line.is_empty()).collect()
}

#[tokio::test]
async fn a_held_slot_comes_with_the_practices_own_words_on_how_to_pay() {
    let read = delivered(composer(), &hold_email(NotificationKind::PaymentInstructions)).await;
    assert_eq!(read.subject, "How to pay: your appointment on 15 January, 10:00 (UTC+01:00)");
    let until = "Sunday, 14 January 2024 at 18:00 (Europe/Berlin, UTC+01:00)";
    let expected = [
        &format!("Please pay €100.00 by {until}, with the reference 12. We are holding this time for you until then:"),
        "Monday, 15 January 2024 at 10:00",
        "Europe/Berlin, UTC+01:00",
        "50 minutes",
        "Please transfer to <Bank & Sons>.",
        "IBAN DE00 1234",
    ];
    assert_eq!(lines(&read.text)[..expected.len()], expected);
    assert!(
        read.html.contains("<p>Please transfer to &lt;Bank &amp; Sons&gt;.<br>IBAN DE00 1234</p>"),
        "{}",
        read.html
    );
    // A practice that has not said how it is paid.
    let silent = Email { practice: Arc::new(practice()), ..hold_email(NotificationKind::PaymentInstructions) };
    let read = delivered(composer(), &silent).await;
    assert!(
        lines(&read.text).contains(&"If you do not know how to pay, please contact the practice."),
        "{}",
        read.text
    );
}

#[tokio::test]
async fn a_client_who_is_asked_to_pay_online_gets_a_button() {
    for kind in [NotificationKind::PaymentRequest, NotificationKind::PaymentReminder] {
        let read = delivered(composer(), &hold_email(kind)).await;
        assert!(read.text.contains(&format!("View and pay:\n\n{PAY_LINK}\n")), "{}", read.text);
        assert!(read.html.contains(&format!("<a href=\"{PAY_LINK}\" class=\"button\"")), "{}", read.html);
        for part in [&read.text, &read.html] {
            for present in ["€100.00", "Sunday, 14 January 2024 at 18:00", "booking is 12"] {
                assert!(part.contains(present), "{present}: {part}");
            }
            assert!(!part.contains("IBAN"), "the practice's account is for transfers");
        }
        let without = Email { pay_url: None, ..hold_email(kind) };
        let (sink, notifier) = connected();
        assert_eq!(notifier.send(&without).await, Err(NotifyError::Unrenderable), "{kind:?}");
        assert!(sink.messages().is_empty());
    }
}

#[tokio::test]
async fn the_end_of_a_hold_asks_for_nothing() {
    for kind in [NotificationKind::HoldExpired, NotificationKind::Cancelled] {
        let read = delivered(composer(), &hold_email(kind)).await;
        assert!(read.text.contains("please contact the practice and name booking number 12"), "{}", read.text);
        assert!(!read.text.contains("://") && read.calendar.is_none(), "{}", read.text);
        assert_html_is_harmless(&read.html, kind);
    }
}

#[tokio::test]
async fn a_part_of_the_price_has_a_receipt_that_says_what_is_left() {
    let (email, until) = (received(money("40.00", "EUR")), "2024-01-14T17:00:00Z".parse().unwrap());
    let Some(PaymentDetails::Received { booking, amount, at, .. }) = email.payment else { unreachable!() };
    let left = Some(Remainder { amount: money("60.00", "EUR"), until });
    let part = Email { payment: Some(PaymentDetails::Received { booking, amount, at, left }), ..email };
    let read = delivered(composer(), &part).await;
    let expected = "€60.00 is left to pay by Sunday, 14 January 2024 at 18:00 (Europe/Berlin, UTC+01:00). ";
    assert!(read.text.contains(expected) && read.text.contains("payment of €40.00"), "{}", read.text);
    for kind in [NotificationKind::HoldExpired, NotificationKind::Cancelled] {
        let received = Some(money("40.00", "EUR"));
        let payment = Some(PaymentDetails::NotReceived { booking, amount: money("60.00", "EUR"), received });
        let read = delivered(composer(), &Email { payment, ..hold_email(kind) }).await;
        assert!(read.text.contains("The €40.00 that we have received will be refunded."), "{}", read.text);
    }
}
