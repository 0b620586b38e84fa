//! A practice, a client and an appointment.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use attune_adapter_smtp::{ComposerError, MailComposer, MailConfig, SmtpConfig, SmtpNotifier};
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingId, Currency, EmailAddress, Language, Money, Practice, PracticeName, Role, TimeZoneName};
use attune_ports::{
    AccountDetails, CancelledBy, CancelledPaymentDetails, ChangeDetails, Email, Notifier, PaymentDetails,
};
use attune_test_smtp::{DecodedMail, SmtpSink};
use attune_wording::Wording;
use jiff::Timestamp;
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
        language: Language::English,
        to_name: "John Doe".to_owned(),
        join_url: (!kind.removes_entry()).then(|| LINK.to_owned()),
        pay_url: None,
        starts_at: "2024-01-15T09:00:00Z".parse().expect("an instant"),
        minutes: 50,
        zone: TimeZone::get("Europe/Berlin").expect("a zone"),
        calendar_uid: "booking-12@installation".to_owned(),
        calendar_sequence: 1,
        practice: Arc::new(practice()),
        logo: None,
        payment: None,
        change: if matches!(kind, NotificationKind::Rescheduled | NotificationKind::TherapistRescheduled) {
            Some(ChangeDetails::Moved { was: Some(instant("2024-01-12T14:00:00Z")) })
        } else {
            kind.is_cancellation().then(|| cancelled(CancelledBy::Client, None, None))
        },
        client_name: kind.is_for_therapist().then(|| "Jane Rowland".to_owned()),
        therapist_name: matches!(kind, NotificationKind::Reassigned | NotificationKind::TherapistReassigned)
            .then(|| "Carl Rogers".to_owned()),
        account: None,
        agenda: Vec::new(),
        others: Vec::new(),
        sent_at: "2024-01-14T09:00:00Z".parse().expect("an instant"),
    }
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn cancelled(
    by: CancelledBy,
    reason: Option<&str>,
    payment: Option<CancelledPaymentDetails>,
) -> ChangeDetails {
    ChangeDetails::Cancelled { by, reason: reason.map(str::to_owned), payment }
}

/// A practice that has nothing but its name.
pub(crate) fn practice() -> Practice {
    let name = PracticeName::parse("Practice Example").expect("a name");
    Practice::new(name, TimeZoneName::parse("Europe/Berlin").expect("a time zone"))
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
    payment_email(NotificationKind::Receipt, PaymentDetails::Received { booking: booking(), amount, at, left: None })
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

pub(crate) const PAY_LINK: &str = "https://practice.example.org/pay/AQAAAAAAAAAqO0mX1dY2cWzZkY7l4m3u5g";

/// An email while the slot is held, or about the end of the hold. The practice says how it is paid, in two lines.
pub(crate) fn hold_email(kind: NotificationKind) -> Email {
    let (booking, amount) = (booking(), money("100.00", "EUR"));
    let until = "2024-01-14T17:00:00Z".parse().expect("an instant");
    let payment = if matches!(kind, NotificationKind::HoldExpired | NotificationKind::Cancelled) {
        PaymentDetails::NotReceived { booking, amount, received: None }
    } else {
        PaymentDetails::Due { booking, amount, until }
    };
    let mut practice = practice();
    practice.texts.offline_payment = Some("Please transfer to <Bank & Sons>.\nIBAN DE00 1234".to_owned());
    let pay_url = asks_online(kind).then(|| PAY_LINK.to_owned());
    Email { pay_url, practice: Arc::new(practice), ..payment_email(kind, payment) }
}

pub(crate) fn asks_online(kind: NotificationKind) -> bool {
    matches!(kind, NotificationKind::PaymentRequest | NotificationKind::PaymentReminder)
}

/// Every email about a hold; the last one is about a cancelled one.
pub(crate) fn hold_emails() -> [Email; 5] {
    [
        NotificationKind::PaymentInstructions,
        NotificationKind::PaymentRequest,
        NotificationKind::PaymentReminder,
        NotificationKind::HoldExpired,
        NotificationKind::Cancelled,
    ]
    .map(hold_email)
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

pub(crate) const ACCOUNT_LINK: &str = "https://practice.example.org/account/reset/AQEAAAAAAAAADJ2dmWzZkY7l4m3u5gAbC-_";

/// An email about an account at the time of that appointment. All details are there, whatever the kind.
pub(crate) fn account_email(kind: NotificationKind) -> Email {
    let starts_at = email(kind).starts_at;
    let account = AccountDetails {
        url: Some(ACCOUNT_LINK.to_owned()),
        expires_at: Some(instant("2024-01-15T10:00:00Z")),
        at: starts_at,
        role: Role::Client,
        email: EmailAddress::parse("new@example.net").expect("an address"),
        user_agent: Some("Firefox, Linux".to_owned()),
        chosen_start: Some(instant("2024-01-18T13:00:00Z")),
    };
    Email { join_url: None, minutes: 0, account: Some(account), ..email(kind) }
}

pub(crate) fn account_emails() -> impl Iterator<Item = Email> {
    NotificationKind::WITHOUT_OFFSET.into_iter().filter(|kind| kind.is_about_account()).map(account_email)
}

pub(crate) fn every_email() -> Vec<Email> {
    let changes = [NotificationKind::Reassigned, NotificationKind::Updated];
    KINDS
        .into_iter()
        .chain(changes)
        .map(email)
        .chain(payment_emails(money("100.00", "EUR")))
        .chain(hold_emails())
        .chain(account_emails())
        .collect()
}

pub(crate) fn config() -> MailConfig {
    MailConfig {
        from: EmailAddress::parse("office@practice.example.org").expect("an address"),
        message_domain: "practice.example.org".to_owned(),
        public_url: "https://booking.example.org".parse().expect("a URL"),
        templates_dir: None,
    }
}

pub(crate) fn composed(config: MailConfig) -> Result<MailComposer, ComposerError> {
    MailComposer::new(config, Arc::new(Wording::load().expect("the built-in texts are valid")))
}

pub(crate) fn composer() -> MailComposer {
    composed(config()).expect("the built-in templates work")
}

pub(crate) fn composer_with(templates: &Path) -> MailComposer {
    let config = MailConfig { templates_dir: Some(templates.to_owned()), ..config() };
    composed(config).expect("the templates work")
}

pub(crate) fn notifier_at(url: &str, total: Duration) -> SmtpNotifier {
    let config = SmtpConfig::new(url).expect("a good URL").with_timeouts(TIME_LIMIT, total);
    SmtpNotifier::new(config, composer()).expect("TLS can be set up")
}

pub(crate) fn notifier(sink: &SmtpSink) -> SmtpNotifier {
    notifier_at(&sink.url(), TIME_LIMIT)
}

/// A server, and a notifier for it.
pub(crate) fn connected() -> (SmtpSink, SmtpNotifier) {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    (sink, notifier)
}

pub(crate) async fn delivered(composer: MailComposer, email: &Email) -> DecodedMail {
    let sink = SmtpSink::start();
    let config = SmtpConfig::new(&sink.url()).expect("a good URL");
    let notifier = SmtpNotifier::new(config, composer).expect("TLS can be set up");
    notifier.send(email).await.expect("the sink accepts every email");
    sink.messages()[0].decode()
}
