//! Makes a whole mail, headers and parts, of what the core wants to say.

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
use crate::wording::{When, greeting_name, in_words, token};

/// Longest practice name in a mail, in UTF-16 units.
const MAX_PRACTICE_UNITS: usize = 100;

/// Longest subject, in UTF-16 units.
const MAX_SUBJECT_UNITS: usize = 150;

/// In whose name mails are written.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// What the practice is called: the sender's display name, and the signature.
    pub practice_name: String,
    /// The sender's address. Bounces come here.
    pub from: EmailAddress,
    /// A domain of the practice, as the right part of Message-IDs and calendar UIDs. Must not change once mails were
    /// sent, or readers' calendars show moved sessions twice.
    pub message_domain: String,
    /// Where templates are that replace built-in ones.
    pub templates_dir: Option<PathBuf>,
}

/// Why mails cannot be written with this configuration.
#[derive(Debug, Error)]
pub enum ComposerError {
    /// Nothing of the name would be visible.
    #[error("the name of the practice must not be empty")]
    PracticeName,
    /// Not a host name.
    #[error("the mail domain must be a host name such as practice.example.org")]
    MessageDomain,
    /// Something is wrong with the templates folder.
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// A template fails with sample values, so it would fail for every client.
    #[error("the mail template {template} does not work with sample values")]
    Sample {
        /// Its name.
        template: &'static str,
        /// Where and why.
        source: minijinja::Error,
    },
    /// The sender makes no valid header, or a subject is empty.
    #[error("no mail can be written with this sender and these templates")]
    Unusable(#[source] BoxError),
}

/// Writes mails. Made once at start, when everything that can be wrong with the configuration is found.
pub struct MailComposer {
    practice: String,
    from: EmailAddress,
    domain: String,
    templates: Templates,
}

/// A mail ready to leave.
pub(crate) struct ComposedMail {
    pub(crate) sender: Address,
    pub(crate) recipient: Address,
    /// ASCII only, with CRLF line ends, so that every mail server can carry it.
    pub(crate) bytes: Vec<u8>,
}

/// Why a single mail could not be written.
enum ComposeError {
    Template(&'static str, minijinja::Error),
    Message(BoxError),
}

impl MailComposer {
    /// Checks the configuration by writing a sample of everything there is to mail.
    pub fn new(config: MailConfig) -> Result<Self, ComposerError> {
        let practice = clean_line(&config.practice_name);
        let practice = truncate_utf16(&practice, MAX_PRACTICE_UNITS).to_owned();
        if practice.is_empty() {
            return Err(ComposerError::PracticeName);
        }
        // What makes a good mail domain is what makes a good domain of a mail address.
        let domain = EmailAddress::parse(&format!("a@{}", config.message_domain))
            .map_err(|_| ComposerError::MessageDomain)?
            .as_str()
            .trim_start_matches("a@")
            .to_owned();
        let templates = Templates::load(config.templates_dir.as_deref())?;
        let composer = Self { practice, from: config.from, domain, templates };
        for mail in samples(&composer.from).map_err(ComposerError::Unusable)? {
            composer.try_compose(&mail).map_err(|error| match error {
                ComposeError::Template(template, source) => ComposerError::Sample { template, source },
                ComposeError::Message(source) => ComposerError::Unusable(source),
            })?;
        }
        Ok(composer)
    }

    /// The domain of Message-IDs, which also names us to mail servers.
    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    /// Writes a mail.
    pub(crate) fn compose(&self, mail: &Email) -> Result<ComposedMail, NotifyError> {
        self.try_compose(mail).map_err(|error| {
            // What the libraries have to say may quote the reader's name, so only places are logged.
            match error {
                ComposeError::Template(template, error) => {
                    tracing::error!(template, line = error.line(), kind = ?error.kind(), "a mail template failed");
                }
                ComposeError::Message(_) => tracing::error!(kind = mail.kind.as_str(), "a mail cannot be composed"),
            }
            NotifyError::Unrenderable
        })
    }

    fn try_compose(&self, mail: &Email) -> Result<ComposedMail, ComposeError> {
        let [subject, text, html] = match mail.kind {
            NotificationKind::MeetingInfo => ["meeting_info.subject.txt", "meeting_info.txt", "meeting_info.html"],
            NotificationKind::Reminder { .. } => ["reminder.subject.txt", "reminder.txt", "reminder.html"],
            NotificationKind::Invitation => ["invitation.subject.txt", "invitation.txt", "invitation.html"],
            NotificationKind::Rescheduled => ["rescheduled.subject.txt", "rescheduled.txt", "rescheduled.html"],
            NotificationKind::Cancelled => ["cancelled.subject.txt", "cancelled.txt", "cancelled.html"],
            NotificationKind::MeetingLink => ["meeting_link.subject.txt", "meeting_link.txt", "meeting_link.html"],
            NotificationKind::Receipt => ["receipt.subject.txt", "receipt.txt", "receipt.html"],
            NotificationKind::PaymentProblem => {
                ["payment_problem.subject.txt", "payment_problem.txt", "payment_problem.html"]
            }
            NotificationKind::Refund => ["refund.subject.txt", "refund.txt", "refund.html"],
        };
        let render = |name, values: &Values| {
            self.templates.render(name, values).map_err(|error| ComposeError::Template(name, error))
        };

        let mut values = self.public_values(mail);
        values.extend(money_values(mail).map_err(ComposeError::Message)?);
        let subject = render(subject, &values)?;
        // From here on the reader's name and link are known; a subject can never hold them.
        values.insert("name", Value::from(greeting_name(&mail.to_name)));
        let join_url = link(mail).map_err(ComposeError::Message)?;
        if let Some(url) = join_url {
            values.insert("join_url", Value::from(url));
        }
        let text = render(text, &values)?;
        if let Some(url) = join_url {
            values.insert("join_url", Value::from_safe_string(escape_attribute(url)));
        }
        let html = render(html, &values)?;

        self.assemble(mail, &subject, text, html).map_err(ComposeError::Message)
    }

    /// What a template may use even in a subject: nothing that a client typed.
    fn public_values(&self, mail: &Email) -> Values {
        let when = When::at(mail.starts_at, &mail.zone);
        let mut values = Values::from([
            ("practice", Value::from(self.practice.as_str())),
            ("minutes", Value::from(mail.minutes)),
            ("date", Value::from(when.date)),
            ("day", Value::from(when.day)),
            ("time", Value::from(when.time)),
            ("zone", Value::from(when.zone)),
            ("offset", Value::from(when.offset)),
            ("when", Value::from(when.sentence)),
        ]);
        match mail.kind {
            NotificationKind::MeetingInfo
            | NotificationKind::Invitation
            | NotificationKind::Rescheduled
            | NotificationKind::Cancelled
            | NotificationKind::MeetingLink
            | NotificationKind::Receipt
            | NotificationKind::PaymentProblem
            | NotificationKind::Refund => {}
            NotificationKind::Reminder { minutes_before } => {
                values.insert("in_words", Value::from(in_words(minutes_before, mail)));
            }
        }
        values
    }

    fn assemble(&self, mail: &Email, subject: &str, text: String, html: String) -> Result<ComposedMail, BoxError> {
        let subject = clean_line(subject);
        let subject = truncate_utf16(&subject, MAX_SUBJECT_UNITS);
        if subject.is_empty() {
            return Err("the subject is empty".into());
        }
        // The mail library panics at dates before 1970.
        if mail.sent_at < Timestamp::UNIX_EPOCH {
            return Err("the date is before 1970".into());
        }
        // "=_" cannot occur in what quoted-printable and base64 produce, so boundaries can be constant.
        let readings = MultiPart::alternative()
            .boundary("=_attune_alternative")
            .singlepart(part(ContentType::TEXT_PLAIN, text)?)
            .singlepart(part(ContentType::TEXT_HTML, html)?);
        let content = match calendar::entry(mail, &self.domain)? {
            None => readings,
            Some(entry) => MultiPart::mixed().boundary("=_attune_mixed").multipart(readings).singlepart(
                Attachment::new("session.ics".to_owned()).body(
                    encoded(entry.text, ContentTransferEncoding::Base64)?,
                    ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", entry.method.as_str()))?,
                ),
            ),
        };
        let sender: Address = self.from.as_str().parse()?;
        let recipient: Address = mail.to.as_str().parse()?;

        let message = Message::builder()
            .envelope(Envelope::new(Some(sender.clone()), vec![recipient.clone()])?)
            .from(Mailbox::new(Some(self.practice.clone()), sender.clone()))
            .to(Mailbox::new(None, recipient.clone()))
            .subject(subject)
            .date(mail.sent_at.into())
            .message_id(Some(format!("<{}@{}>", token(&mail.message_id), self.domain)))
            .header(AutoSubmitted)
            .multipart(content)?;
        Ok(ComposedMail { sender, recipient, bytes: message.formatted() })
    }
}

/// What templates may use in a mail about money, in the subject too. Such a mail has nothing to say without the money,
/// and must not call a refund a receipt.
fn money_values(mail: &Email) -> Result<Values, BoxError> {
    let when = |instant| Value::from(When::at(instant, &mail.zone).sentence);
    let amount_of = |amount: Money| Value::from(amount.to_string());
    match (mail.kind, mail.payment) {
        (NotificationKind::Receipt, Some(PaymentDetails::Received { booking, amount, at })) => Ok(Values::from([
            ("booking", Value::from(booking.get())),
            ("amount", amount_of(amount)),
            ("received_at", when(at)),
        ])),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { amount, retry_until })) => Ok(Values::from([
            ("comes_back", Value::from(false)),
            ("amount", amount_of(amount)),
            ("retry_until", retry_until.map_or_else(|| Value::from(""), when)),
        ])),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::RefundScheduled { amount })) => Ok(Values::from([
            ("comes_back", Value::from(true)),
            ("amount", amount_of(amount)),
            ("retry_until", Value::from("")),
        ])),
        (NotificationKind::Refund, Some(PaymentDetails::Refunded { booking, amount, at })) => Ok(Values::from([
            ("booking", Value::from(booking.get())),
            ("amount", amount_of(amount)),
            ("returned_at", when(at)),
        ])),
        (NotificationKind::Receipt | NotificationKind::PaymentProblem | NotificationKind::Refund, _) => {
            Err("the money is missing, or is not what the mail is about".into())
        }
        (
            NotificationKind::MeetingInfo
            | NotificationKind::Reminder { .. }
            | NotificationKind::Invitation
            | NotificationKind::Rescheduled
            | NotificationKind::Cancelled
            | NotificationKind::MeetingLink,
            _,
        ) => Ok(Values::new()),
    }
}

/// The link that templates may use. A mail about a session that was called off or about money has none, whatever the core
/// gives; any other mail without one would be of no use to its reader.
fn link(mail: &Email) -> Result<Option<&str>, BoxError> {
    match mail.kind {
        NotificationKind::Cancelled
        | NotificationKind::Receipt
        | NotificationKind::PaymentProblem
        | NotificationKind::Refund => Ok(None),
        NotificationKind::MeetingInfo
        | NotificationKind::Reminder { .. }
        | NotificationKind::Invitation
        | NotificationKind::Rescheduled
        | NotificationKind::MeetingLink => mail.join_url.as_deref().map(Some).ok_or_else(|| "there is no link".into()),
    }
}

/// Quoted-printable always, also for plain ASCII: relays may break or trim long lines, and a link is one.
fn part(content_type: ContentType, content: String) -> Result<SinglePart, BoxError> {
    let body = encoded(content, ContentTransferEncoding::QuotedPrintable)?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

fn encoded(content: String, encoding: ContentTransferEncoding) -> Result<Body, BoxError> {
    Body::new_with_encoding(content, encoding).map_err(|_| "a mail part cannot be encoded".into())
}

/// The template engine would also escape slashes, which is right, but more than some link scanners understand.
fn escape_attribute(url: &str) -> String {
    url.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;").replace('<', "&lt;").replace('>', "&gt;")
}

/// RFC 3834, section 5: nobody's holiday notice should answer.
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

/// Mails like any other, to try templates with: one of each kind, and one for everything that a payment problem can be.
fn samples(to: &EmailAddress) -> Result<Vec<Email>, BoxError> {
    let (at, amount) = (Timestamp::UNIX_EPOCH, Money::new(10_000, Currency::parse("EUR")?)?);
    let booking = BookingId::new(1).ok_or("1 is no booking")?;
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
