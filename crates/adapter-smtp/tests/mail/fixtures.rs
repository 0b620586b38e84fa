//! What the tests have in common: a practice, a client, a session.

use std::path::Path;
use std::time::Duration;

use attune_adapter_smtp::{MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingId, Currency, EmailAddress, Money};
use attune_ports::{Email, Notifier, PaymentDetails};
use attune_test_smtp::{DecodedMail, SmtpSink};
use jiff::tz::TimeZone;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const LINK: &str = "https://meet.example.org/attune-7f3a9c#userInfo.displayName=%22John%20Doe%22&config.startWithAudioMuted=true&config.startWithVideoMuted=true";

/// The other form of a link: a page of the practice that leads into the room.
pub(crate) const PAGE_LINK: &str = "https://practice.example.org/j/v1.AbC-dEf_0123456789.k2~x";

pub(crate) const REMINDER: NotificationKind = NotificationKind::Reminder { minutes_before: 1440 };

/// Every kind of mail about a session.
pub(crate) const KINDS: [NotificationKind; 6] = [
    NotificationKind::MeetingInfo,
    REMINDER,
    NotificationKind::Invitation,
    NotificationKind::Rescheduled,
    NotificationKind::MeetingLink,
    NotificationKind::Cancelled,
];

/// Every kind that leads into the room: all but the last.
pub(crate) fn linked_kinds() -> impl Iterator<Item = NotificationKind> {
    KINDS.into_iter().filter(|kind| *kind != NotificationKind::Cancelled)
}

/// A session on Monday, 15 January 2024 at 10:00 in Berlin; the mail leaves exactly a day before.
pub(crate) fn mail(kind: NotificationKind) -> Email {
    Email {
        kind,
        message_id: "meeting_info-12-v1".to_owned(),
        to: EmailAddress::parse("john@example.org").expect("an address"),
        to_name: "John Doe".to_owned(),
        join_url: (kind != NotificationKind::Cancelled).then(|| LINK.to_owned()),
        starts_at: "2024-01-15T09:00:00Z".parse().expect("an instant"),
        minutes: 50,
        zone: TimeZone::get("Europe/Berlin").expect("a zone"),
        calendar_uid: "booking-12".to_owned(),
        calendar_sequence: 1,
        payment: None,
        sent_at: "2024-01-14T09:00:00Z".parse().expect("an instant"),
    }
}

/// An amount such as `100.00 EUR`.
pub(crate) fn money(decimal: &str, currency: &str) -> Money {
    Money::parse_decimal(decimal, Currency::parse(currency).expect("a currency")).expect("an amount")
}

/// A mail about money of that session; the payment came in the summer before.
pub(crate) fn money_mail(kind: NotificationKind, payment: PaymentDetails) -> Email {
    Email { join_url: None, payment: Some(payment), ..mail(kind) }
}

pub(crate) fn received(amount: Money) -> Email {
    let at = "2023-08-01T16:30:00Z".parse().expect("an instant");
    money_mail(NotificationKind::Receipt, PaymentDetails::Received { booking: booking(), amount, at })
}

pub(crate) fn failed(amount: Money, retry_until: Option<&str>) -> Email {
    let retry_until = retry_until.map(|at| at.parse().expect("an instant"));
    money_mail(NotificationKind::PaymentProblem, PaymentDetails::Failed { amount, retry_until })
}

pub(crate) fn comes_back(amount: Money) -> Email {
    money_mail(NotificationKind::PaymentProblem, PaymentDetails::RefundScheduled { amount })
}

pub(crate) fn returned(amount: Money) -> Email {
    let at = "2024-01-14T08:45:00Z".parse().expect("an instant");
    money_mail(NotificationKind::Refund, PaymentDetails::Refunded { booking: booking(), amount, at })
}

fn booking() -> BookingId {
    BookingId::new(12).expect("a positive number")
}

/// Everything there is to say about money.
pub(crate) fn money_mails(amount: Money) -> [Email; 5] {
    [
        received(amount),
        failed(amount, Some("2024-01-14T09:30:00Z")),
        failed(amount, None),
        comes_back(amount),
        returned(amount),
    ]
}

/// One of each mail there is.
pub(crate) fn every_mail() -> Vec<Email> {
    KINDS.into_iter().map(mail).chain(money_mails(money("100.00", "EUR"))).collect()
}

pub(crate) fn config() -> MailConfig {
    MailConfig {
        practice_name: "Practice Example".to_owned(),
        from: EmailAddress::parse("office@practice.example.org").expect("an address"),
        message_domain: "practice.example.org".to_owned(),
        templates_dir: None,
    }
}

pub(crate) fn composer() -> MailComposer {
    MailComposer::new(config()).expect("the built-in templates work")
}

pub(crate) fn composer_with(templates: &Path) -> MailComposer {
    let config = MailConfig { templates_dir: Some(templates.to_owned()), ..config() };
    MailComposer::new(config).expect("the templates work")
}

pub(crate) fn notifier_at(url: &str, total: Duration) -> SmtpNotifier {
    let config = SmtpConfig::new(url).expect("a good URL").with_timeouts(PATIENCE, total);
    SmtpNotifier::new(config, composer()).expect("TLS can be set up")
}

pub(crate) fn notifier(sink: &SmtpSink) -> SmtpNotifier {
    notifier_at(&sink.url(), PATIENCE)
}

/// Sends one mail and reads it as its reader would.
pub(crate) async fn delivered(composer: MailComposer, mail: &Email) -> DecodedMail {
    let sink = SmtpSink::start();
    let config = SmtpConfig::new(&sink.url()).expect("a good URL");
    let notifier = SmtpNotifier::new(config, composer).expect("TLS can be set up");
    notifier.send(mail).await.expect("the sink takes every mail");
    sink.messages()[0].decode()
}
