//! Renders an email: headers, text part, HTML part, calendar entry.

use std::path::PathBuf;

use attune_domain::notification::NotificationKind;
use attune_domain::text::{clean_line, truncate_utf16};
use attune_domain::{BookingId, Currency, EmailAddress, Money};
use attune_ports::{BoxError, Email, NotifyError, PaymentDetails};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use minijinja::Value;
use thiserror::Error;

use crate::calendar;
use crate::templates::{TemplateError, Templates, Values};
use crate::wording::{LocalTexts, greeting_name, starts_in, token};

const MAX_PRACTICE_UTF16: usize = 100;
const MAX_SUBJECT_UTF16: usize = 150;

#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The sender's display name, and the signature.
    pub practice_name: String,
    /// The sender's address, which also receives bounces.
    pub from: EmailAddress,
    /// A domain of the practice, the right part of Message-IDs and calendar UIDs. Must not change once emails were sent, or
    /// calendars show rescheduled appointments twice.
    pub message_domain: String,
    /// Templates that replace built-in ones.
    pub templates_dir: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum ComposerError {
    #[error("the name of the practice must not be empty")]
    PracticeName,
    #[error("the email domain must be a host name such as practice.example.org")]
    MessageDomain,
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// A template that fails with sample values would fail for every client.
    #[error("the email template {template} fails with sample values")]
    Sample { template: &'static str, source: minijinja::Error },
    /// The sender is not a valid header, or a subject is empty.
    #[error("no email can be written with this sender and these templates")]
    Unusable(#[source] BoxError),
}

/// Renders emails. Creating it checks the whole configuration.
pub struct MailComposer {
    practice: String,
    from: EmailAddress,
    domain: String,
    templates: Templates,
}

pub(crate) struct ComposedEmail {
    pub(crate) sender: Address,
    pub(crate) recipient: Address,
    /// ASCII only, with CRLF line ends, so that every mail server can transport it.
    pub(crate) bytes: Vec<u8>,
}

enum ComposeError {
    Template(&'static str, minijinja::Error),
    Message(BoxError),
}

/// Subject, text part and HTML part.
macro_rules! templates {
    ($kind:literal) => {
        [concat!($kind, ".subject.txt"), concat!($kind, ".txt"), concat!($kind, ".html")]
    };
}

impl MailComposer {
    /// Checks the configuration by rendering a sample of every kind of email.
    pub fn new(config: MailConfig) -> Result<Self, ComposerError> {
        let practice = clean_line(&config.practice_name);
        let practice = truncate_utf16(&practice, MAX_PRACTICE_UTF16).to_owned();
        if practice.is_empty() {
            return Err(ComposerError::PracticeName);
        }
        // Valid is what is valid in an email address.
        let domain = EmailAddress::parse(&format!("a@{}", config.message_domain))
            .map_err(|_| ComposerError::MessageDomain)?
            .as_str()
            .trim_start_matches("a@")
            .to_owned();
        let templates = Templates::load(config.templates_dir.as_deref())?;
        let composer = Self { practice, from: config.from, domain, templates };
        for email in samples(&composer.from).map_err(ComposerError::Unusable)? {
            composer.try_compose(&email).map_err(|error| match error {
                ComposeError::Template(template, source) => ComposerError::Sample { template, source },
                ComposeError::Message(source) => ComposerError::Unusable(source),
            })?;
        }
        Ok(composer)
    }

    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    pub(crate) fn compose(&self, email: &Email) -> Result<ComposedEmail, NotifyError> {
        self.try_compose(email).map_err(|error| {
            // The libraries' messages may quote the recipient's name, so only the position is logged.
            match error {
                ComposeError::Template(template, error) => {
                    tracing::error!(template, line = error.line(), kind = ?error.kind(), "email template failed");
                }
                ComposeError::Message(_) => tracing::error!(kind = email.kind.as_str(), "email cannot be rendered"),
            }
            NotifyError::Unrenderable
        })
    }

    fn try_compose(&self, email: &Email) -> Result<ComposedEmail, ComposeError> {
        let [subject, text, html] = match email.kind {
            NotificationKind::MeetingInfo => templates!("meeting_info"),
            NotificationKind::Reminder { .. } => templates!("reminder"),
            NotificationKind::Invitation => templates!("invitation"),
            NotificationKind::Rescheduled => templates!("rescheduled"),
            NotificationKind::Cancelled => templates!("cancelled"),
            NotificationKind::MeetingLink => templates!("meeting_link"),
            NotificationKind::Receipt => templates!("receipt"),
            NotificationKind::PaymentProblem => templates!("payment_problem"),
            NotificationKind::Refund => templates!("refund"),
        };
        let render = |name, values: &Values| {
            self.templates.render(name, values).map_err(|error| ComposeError::Template(name, error))
        };

        let mut values = self.public_values(email);
        values.extend(payment_values(email).map_err(ComposeError::Message)?);
        let subject = render(subject, &values)?;
        // Added only now, so that no subject can contain the recipient's name or link.
        values.insert("name", Value::from(greeting_name(&email.to_name)));
        let join_url = join_url(email).map_err(ComposeError::Message)?;
        if let Some(url) = join_url {
            values.insert("join_url", Value::from(url));
        }
        let text = render(text, &values)?;
        if let Some(url) = join_url {
            values.insert("join_url", Value::from_safe_string(escape_attribute(url)));
        }
        let html = render(html, &values)?;

        self.assemble(email, &subject, text, html).map_err(ComposeError::Message)
    }

    /// The variables that a subject may use, too: nothing that a client typed.
    fn public_values(&self, email: &Email) -> Values {
        let start = LocalTexts::of(email.starts_at, &email.zone);
        let mut values = Values::from([
            ("practice", Value::from(self.practice.as_str())),
            ("minutes", Value::from(email.minutes)),
            ("date", Value::from(start.date)),
            ("short_date", Value::from(start.short_date)),
            ("time", Value::from(start.time)),
            ("zone", Value::from(start.zone)),
            ("offset", Value::from(start.offset)),
            ("when", Value::from(start.full)),
        ]);
        if let NotificationKind::Reminder { minutes_before } = email.kind {
            values.insert("starts_in", Value::from(starts_in(minutes_before, email)));
        }
        values
    }

    fn assemble(&self, email: &Email, subject: &str, text: String, html: String) -> Result<ComposedEmail, BoxError> {
        let subject = clean_line(subject);
        let subject = truncate_utf16(&subject, MAX_SUBJECT_UTF16);
        if subject.is_empty() {
            return Err("the subject is empty".into());
        }
        // The library panics at dates before 1970.
        if email.sent_at < Timestamp::UNIX_EPOCH {
            return Err("the date is before 1970".into());
        }
        // "=_" never occurs in quoted-printable and base64, so boundaries can be constant.
        let alternatives = MultiPart::alternative()
            .boundary("=_attune_alternative")
            .singlepart(part(ContentType::TEXT_PLAIN, text)?)
            .singlepart(part(ContentType::TEXT_HTML, html)?);
        let content = match calendar::entry(email, &self.domain)? {
            None => alternatives,
            Some(entry) => MultiPart::mixed().boundary("=_attune_mixed").multipart(alternatives).singlepart(
                Attachment::new("appointment.ics".to_owned()).body(
                    encoded(entry.text, ContentTransferEncoding::Base64)?,
                    ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", entry.method.as_str()))?,
                ),
            ),
        };
        let sender: Address = self.from.as_str().parse()?;
        let recipient: Address = email.to.as_str().parse()?;

        let message = Message::builder()
            .envelope(Envelope::new(Some(sender.clone()), vec![recipient.clone()])?)
            .from(Mailbox::new(Some(self.practice.clone()), sender.clone()))
            .to(Mailbox::new(None, recipient.clone()))
            .subject(subject)
            .date(email.sent_at.into())
            .message_id(Some(format!("<{}@{}>", token(&email.message_id), self.domain)))
            .header(AutoSubmitted)
            .multipart(content)?;
        Ok(ComposedEmail { sender, recipient, bytes: message.formatted() })
    }
}

/// The variables of an email about a payment, also for its subject. Without payment details such an email has nothing to
/// say, and details of another kind would be wrong.
fn payment_values(email: &Email) -> Result<Values, BoxError> {
    let time = |instant| Value::from(LocalTexts::of(instant, &email.zone).full);
    let text = |amount: Money| Value::from(amount.to_string());
    match (email.kind, email.payment) {
        (NotificationKind::Receipt, Some(PaymentDetails::Received { booking, amount, at })) => Ok(Values::from([
            ("booking", Value::from(booking.get())),
            ("amount", text(amount)),
            ("received_at", time(at)),
        ])),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { amount, retry_until })) => Ok(Values::from([
            ("will_be_refunded", Value::from(false)),
            ("amount", text(amount)),
            ("retry_until", retry_until.map_or_else(|| Value::from(""), time)),
        ])),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::RefundScheduled { amount })) => Ok(Values::from([
            ("will_be_refunded", Value::from(true)),
            ("amount", text(amount)),
            ("retry_until", Value::from("")),
        ])),
        (NotificationKind::Refund, Some(PaymentDetails::Refunded { booking, amount, at })) => Ok(Values::from([
            ("booking", Value::from(booking.get())),
            ("amount", text(amount)),
            ("refunded_at", time(at)),
        ])),
        (kind, _) if kind.is_about_payment() => Err("payment details are missing or of another kind".into()),
        _ => Ok(Values::new()),
    }
}

/// Emails about a cancelled appointment or a payment have no link, whatever the core passes; the others need one.
fn join_url(email: &Email) -> Result<Option<&str>, BoxError> {
    if email.kind == NotificationKind::Cancelled || email.kind.is_about_payment() {
        return Ok(None);
    }
    email.join_url.as_deref().map(Some).ok_or_else(|| "there is no link".into())
}

/// Quoted-printable even for plain ASCII: relays may break long lines such as a link.
fn part(content_type: ContentType, content: String) -> Result<SinglePart, BoxError> {
    let body = encoded(content, ContentTransferEncoding::QuotedPrintable)?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

fn encoded(content: String, encoding: ContentTransferEncoding) -> Result<Body, BoxError> {
    Body::new_with_encoding(content, encoding).map_err(|_| "an email part cannot be encoded".into())
}

/// The template engine would also escape slashes, which is correct, but some link scanners do not understand it.
fn escape_attribute(url: &str) -> String {
    url.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;").replace('<', "&lt;").replace('>', "&gt;")
}

/// RFC 3834, section 5: prevents automatic replies.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// One email of each kind, and one for each variant of a payment problem.
fn samples(to: &EmailAddress) -> Result<Vec<Email>, BoxError> {
    let (at, amount) = (Timestamp::UNIX_EPOCH, Money::new(10_000, Currency::parse("EUR")?)?);
    let booking = BookingId::new(1).ok_or("1 is not a booking id")?;
    let all = [
        (NotificationKind::MeetingInfo, None),
        (NotificationKind::Reminder { minutes_before: 60 }, None),
        (NotificationKind::Invitation, None),
        (NotificationKind::Rescheduled, None),
        (NotificationKind::Cancelled, None),
        (NotificationKind::MeetingLink, None),
        (NotificationKind::Receipt, Some(PaymentDetails::Received { booking, amount, at })),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { amount, retry_until: Some(at) })),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { amount, retry_until: None })),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::RefundScheduled { amount })),
        (NotificationKind::Refund, Some(PaymentDetails::Refunded { booking, amount, at })),
    ];
    let sample = |(kind, payment)| Email {
        kind,
        message_id: "sample".to_owned(),
        to: to.clone(),
        to_name: "John Doe".to_owned(),
        join_url: Some("https://meet.example.org/room#userInfo.displayName=%22John%20Doe%22".to_owned()),
        starts_at: at,
        minutes: 50,
        zone: TimeZone::UTC,
        calendar_uid: "sample".to_owned(),
        calendar_sequence: 0,
        payment,
        sent_at: at,
    };
    Ok(all.map(sample).into())
}
