//! Names that contain markup, headers or links.

use attune_domain::EmailAddress;
use attune_domain::notification::NotificationKind;
use attune_ports::{AccountDetails, Email, Notifier, PaymentDetails};
use attune_test_smtp::ReceivedMail;
use proptest::prelude::*;

use crate::fixtures::{
    ACCOUNT_LINK, LINK, PAY_LINK, REMINDER, composer_with, connected, delivered, email, every_email,
};

const HEADERS: [&str; 8] =
    ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"];

/// Holds for every name.
fn assert_harmless(received: &ReceivedMail, email: &Email) {
    assert_eq!(received.recipients, ["john@example.org"]);
    assert!(received.raw.is_ascii());
    let read = received.decode();
    let mut names: Vec<_> = read.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    let mut expected = HEADERS.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(read.recipients, ["john@example.org"]);
    let (subject, links, method) = match email.kind {
        NotificationKind::MeetingInfo => ("Your appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Reminder { .. } => ("Reminder: your appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Invitation => ("Invitation: appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Rescheduled => ("New time: your appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Cancelled if email.payment.is_some() => ("Cancelled: your appointment", &[][..], None),
        NotificationKind::Cancelled => ("Cancelled: your appointment", &[][..], Some("CANCEL")),
        NotificationKind::MeetingLink => ("Your link for the appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Reassigned | NotificationKind::Updated => {
            ("Change: your appointment", &[LINK][..], Some("PUBLISH"))
        }
        NotificationKind::TherapistReassigned => ("Handed over: appointment", &[][..], Some("CANCEL")),
        NotificationKind::TherapistUpdated => ("Change: appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::Receipt => ("Payment received: appointment", &[][..], None),
        NotificationKind::PaymentProblem if matches!(email.payment, Some(PaymentDetails::RefundScheduled { .. })) => {
            ("We will refund you: appointment", &[][..], None)
        }
        NotificationKind::PaymentProblem => ("Payment failed: appointment", &[][..], None),
        NotificationKind::Refund => ("Your refund: appointment", &[][..], None),
        NotificationKind::TherapistBooked => ("Booked: appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::TherapistRescheduled => ("New time: appointment", &[LINK][..], Some("PUBLISH")),
        NotificationKind::TherapistCancelled => ("Cancelled: appointment", &[][..], Some("CANCEL")),
        NotificationKind::TherapistPayment => ("Payment received: appointment", &[][..], None),
        NotificationKind::TherapistPaymentReview => ("Payment to review: appointment", &[][..], None),
        NotificationKind::Agenda => unreachable!("it is about no appointment"),
        NotificationKind::PaymentInstructions => ("How to pay: your appointment", &[][..], None),
        NotificationKind::PaymentRequest => ("Please pay: your appointment", &[PAY_LINK][..], None),
        NotificationKind::PaymentReminder => ("Not paid yet: your appointment", &[PAY_LINK][..], None),
        NotificationKind::HoldExpired => ("Not booked: appointment", &[][..], None),
        NotificationKind::PasswordReset => ("Set a new password", &[ACCOUNT_LINK][..], None),
        NotificationKind::LoginLink => ("Your link to log in", &[ACCOUNT_LINK][..], None),
        NotificationKind::EmailVerification => ("Please confirm your email address", &[ACCOUNT_LINK][..], None),
        NotificationKind::EmailConfirmation => ("Please confirm your new email address", &[ACCOUNT_LINK][..], None),
        NotificationKind::EmailChanged => ("The email address of your account was changed", &[ACCOUNT_LINK][..], None),
        NotificationKind::AccountInvitation => ("Your account: please set a password", &[ACCOUNT_LINK][..], None),
        NotificationKind::RegistrationAttempt => ("You already have an account", &[][..], None),
        NotificationKind::PasswordChanged => ("Your password was changed", &[][..], None),
        NotificationKind::SecondFactorAdded => ("A second factor was set up", &[][..], None),
        NotificationKind::SecondFactorRemoved => ("The second factor was removed", &[][..], None),
        NotificationKind::RoleChanged => ("The rights of your account have changed", &[][..], None),
        NotificationKind::AccountDisabled => ("Your account was disabled", &[][..], None),
        NotificationKind::NewLogin => ("New login to your account", &[][..], None),
    };
    let time = if email.kind.is_about_account() { "" } else { " on 15 January, 10:00 (UTC+01:00)" };
    assert_eq!(read.subject, format!("{subject}{time}"));
    assert_eq!(read.attachments, method.map_or(vec![], |_| vec!["appointment.ics"]));
    // RFC 6047, section 2.4: both are the same.
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
    let (sink, notifier) = connected();
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
    for email in every_email() {
        for (name, greeting) in cases {
            let before = sink.messages().len();
            notifier.send(&Email { to_name: name.to_owned(), ..email.clone() }).await.expect(name);
            let received = sink.messages();
            assert_eq!(received.len(), before + 1);
            assert_harmless(&received[before], &email);
            assert_eq!(received[before].decode().text.lines().next(), Some(greeting), "{email:?} {name:?}");
        }
    }
}

#[tokio::test]
async fn names_are_escaped_in_html() {
    let (sink, notifier) = connected();
    let name = "<img src=x onerror=alert(1)> \"&'";
    for email in every_email() {
        notifier.send(&Email { to_name: name.to_owned(), ..email }).await.unwrap();
        let html = sink.messages().last().unwrap().decode().html;
        assert!(html.contains("<p>Hello &lt;img src=x onerror=alert(1)&gt; &quot;&amp;&#x27;,</p>"), "{html}");
    }
}

#[test]
fn no_name_and_no_key_breaks_an_email() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (sink, notifier) = runtime.block_on(async { connected() });
    let evil = r#"(.|\r|\n|\x00|<|>|"|'|&|=\?|\?=|\r\nBcc: x@y\.z|\r\n\.\r\n|://|\{\{|%|@|[\u{200b}-\u{202e}]|[\u{10000}-\u{10ffff}])"#;
    let text = proptest::collection::vec(evil, 0..40).prop_map(|pieces| pieces.concat());
    proptest!(ProptestConfig::with_cases(400), |(email in proptest::sample::select(to_everyone()), to_name in text.clone(), message_id in text.clone(), calendar_uid in text)| {
        let client_name = email.client_name.is_some().then(|| to_name.clone());
        let account = email.account.clone().map(|account| AccountDetails { user_agent: Some(to_name.clone()), ..account });
        let email = Email { to_name, client_name, account, message_id, calendar_uid, ..email };
        let before = sink.messages().len();
        runtime.block_on(notifier.send(&email)).expect("every name can be sent");
        let received = sink.messages();
        prop_assert_eq!(received.len(), before + 1);
        assert_harmless(&received[before], &email);
    });
}

#[tokio::test]
async fn every_address_the_domain_accepts_can_receive_emails() {
    let (sink, notifier) = connected();
    let long = format!("{}@{}.example", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(50)].join("."));
    for address in ["!#$%&'*+-/=?^_`{|}~@x.example", "a.b.c@x-y.example", "a@1.b2", "x@a.b.c.d.e.example", &long] {
        let to = EmailAddress::parse(address).expect(address);
        notifier.send(&Email { to, ..email(REMINDER) }).await.expect(address);
        assert_eq!(sink.messages().last().unwrap().recipients, [address]);
    }
}

#[tokio::test]
async fn lines_of_dots_arrive_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let body = "first\n.\n..\n.hidden\n.\r\nMAIL FROM:<eve@evil.example>\r\nlast\n";
    std::fs::write(folder.path().join("reminder.txt"), body).unwrap();
    let read = delivered(composer_with(folder.path()), &email(REMINDER)).await;
    assert_eq!(read.text.trim_end(), body.replace("\r\n", "\n").trim_end());
}

/// The emails to clients, participants and therapists about an appointment.
fn to_everyone() -> Vec<Email> {
    let for_therapists = [
        NotificationKind::TherapistBooked,
        NotificationKind::TherapistRescheduled,
        NotificationKind::TherapistCancelled,
        NotificationKind::TherapistPaymentReview,
    ];
    every_email().into_iter().chain(for_therapists.map(email)).collect()
}
