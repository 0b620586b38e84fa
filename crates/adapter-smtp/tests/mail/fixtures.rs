//! A practice, a client and an appointment.

use std::path::Path;
use std::time::Duration;

use attune_adapter_smtp::{MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingId, Currency, EmailAddress, Money};
use attune_ports::{Email, Notifier, PaymentDetails};
use attune_test_smtp::{DecodedMail, SmtpSink};
use jiff::tz::TimeZone;

/// Longer than anything takes that succeeds.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(20);

pub(crate) const LINK: &str = "https://meet.example.org/attune-7f3a9c#userInfo.displayName=%22John%20Doe%22&config.startWithAudioMuted=true&config.startWithVideoMuted=true";

/// The other form of a link: a join page.
pub(crate) const PAGE_LINK: &str = "https://practice.example.org/j/v1.AbC-dEf_0123456789.k2~x";

pub(crate) const REMINDER: NotificationKind = NotificationKind::Reminder { minutes_before: 1440 };

/// Every kind of email about an appointment.
pub(crate) const KINDS: [NotificationKind; 6] = [
    NotificationKind::MeetingInfo,
    REMINDER,
    NotificationKind::Invitation,
    NotificationKind::Rescheduled,
    NotificationKind::MeetingLink,
    NotificationKind::Cancelled,
];

/// Every kind with a link: all but the last.
pub(crate) fn linked_kinds() -> impl Iterator<Item = NotificationKind> {
    KINDS.into_iter().filter(|kind| *kind != NotificationKind::Cancelled)
}

/// An appointment on Monday, 15 January 2024 at 10:00 in Berlin; the email is sent exactly a day before.
pub(crate) fn email(kind: NotificationKind) -> Email {
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

/// An email about the payment of that appointment, which was received in the summer before.
pub(crate) fn payment_email(kind: NotificationKind, payment: PaymentDetails) -> Email {
    Email { join_url: None, payment: Some(payment), ..email(kind) }
}

pub(crate) fn received(amount: Money) -> Email {
    let at = "2023-08-01T16:30:00Z".parse().expect("an instant");
    payment_email(NotificationKind::Receipt, PaymentDetails::Received { booking: booking(), amount, at })
}

pub(crate) fn failed(amount: Money, retry_until: Option<&str>) -> Email {
    let retry_until = retry_until.map(|at| at.parse().expect("an instant"));
    payment_email(NotificationKind::PaymentProblem, PaymentDetails::Failed { amount, retry_until })
}

pub(crate) fn refund_scheduled(amount: Money) -> Email {
    payment_email(NotificationKind::PaymentProblem, PaymentDetails::RefundScheduled { amount })
}

pub(crate) fn refunded(amount: Money) -> Email {
    let at = "2024-01-14T08:45:00Z".parse().expect("an instant");
    payment_email(NotificationKind::Refund, PaymentDetails::Refunded { booking: booking(), amount, at })
}

fn booking() -> BookingId {
    BookingId::new(12).expect("a positive number")
}

/// Every email about a payment.
pub(crate) fn payment_emails(amount: Money) -> [Email; 5] {
    [
        received(amount),
        failed(amount, Some("2024-01-14T09:30:00Z")),
        failed(amount, None),
        refund_scheduled(amount),
        refunded(amount),
    ]
}

pub(crate) fn every_email() -> Vec<Email> {
    KINDS.into_iter().map(email).chain(payment_emails(money("100.00", "EUR"))).collect()
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
    let config = SmtpConfig::new(url).expect("a good URL").with_timeouts(TIME_LIMIT, total);
    SmtpNotifier::new(config, composer()).expect("TLS can be set up")
}

pub(crate) fn notifier(sink: &SmtpSink) -> SmtpNotifier {
    notifier_at(&sink.url(), TIME_LIMIT)
}

pub(crate) async fn delivered(composer: MailComposer, email: &Email) -> DecodedMail {
    let sink = SmtpSink::start();
    let config = SmtpConfig::new(&sink.url()).expect("a good URL");
    let notifier = SmtpNotifier::new(config, composer).expect("TLS can be set up");
    notifier.send(email).await.expect("the sink accepts every email");
    sink.messages()[0].decode()
}
