//! Renders an email: headers, text part, HTML part, calendar entry.

use std::path::PathBuf;
use std::sync::Arc;

use attune_domain::notification::NotificationKind;
use attune_domain::practice::{Logo, PhoneNumber, WebUrl};
use attune_domain::text::{clean_line, truncate_utf16};
use attune_domain::{
    BookingId, CancelledPayment, Currency, EmailAddress, Language, Money, PaymentStatus, Practice, PracticeName,
    PracticeTexts, Role, TimeZoneName,
};
use attune_ports::{
    AccountDetails, AgendaEntry, BoxError, CancelledBy, CancelledPaymentDetails, ChangeDetails, Email, NotifyError,
    PaymentDetails, Remainder,
};
use attune_wording::{Phrases, Wording};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use minijinja::Value;
use thiserror::Error;
use url::Url;

use crate::calendar;
use crate::content::{personal_values, public_values};
use crate::logo::ShownLogo;
use crate::sanitize::token;
use crate::templates::{TemplateError, TemplatePart, Templates, Values};

const MAX_SUBJECT_UTF16: usize = 150;

#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The sender's address, which also receives bounces.
    pub from: EmailAddress,
    /// A domain of the practice, the right part of Message-IDs.
    pub message_domain: String,
    /// The URL of our pages, for the practice's imprint and privacy policy.
    pub public_url: Url,
    /// Templates that replace built-in ones.
    pub templates_dir: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum ComposerError {
    #[error("the email domain must be a host name such as practice.example.org")]
    MessageDomain,
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// A template that fails with sample values would fail for every client.
    #[error("the email template {template} fails with sample values")]
    Sample { template: String, source: minijinja::Error },
    /// The sender is not a valid header, or a subject is empty.
    #[error("no email can be written with this sender and these templates")]
    Unusable(#[source] BoxError),
}

/// Renders emails. Creating it checks the whole configuration.
pub struct MailComposer {
    from: EmailAddress,
    domain: String,
    public_url: Url,
    templates: Templates,
    wording: Arc<Wording>,
}

pub(crate) struct ComposedEmail {
    pub(crate) sender: Address,
    pub(crate) recipient: Address,
    /// ASCII only, with CRLF line ends, so that every mail server can transport it.
    pub(crate) bytes: Vec<u8>,
}

enum ComposeError {
    Template(String, minijinja::Error),
    Message(BoxError),
}

impl MailComposer {
    /// Checks the configuration by rendering a sample of every kind of email.
    pub fn new(config: MailConfig, wording: Arc<Wording>) -> Result<Self, ComposerError> {
        // Valid is what is valid in an email address.
        let domain = EmailAddress::parse(&format!("a@{}", config.message_domain))
            .map_err(|_| ComposerError::MessageDomain)?
            .as_str()
            .trim_start_matches("a@")
            .to_owned();
        let templates = Templates::load(config.templates_dir.as_deref())?;
        let composer = Self { from: config.from, domain, public_url: config.public_url, templates, wording };
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
        let render = |part, values: &Values| {
            let name = self.templates.name(part, email.kind, !email.others.is_empty());
            self.templates.render(&name, values).map_err(|error| ComposeError::Template(name, error))
        };
        let phrases = self.wording.phrases_with(email.language, email.practice.german_formality);
        let mut values = public_values(email, phrases, &self.public_url).map_err(ComposeError::Message)?;
        let subject = render(TemplatePart::Subject, &values)?;
        // Added only now, so that no subject can contain the recipient's name or link.
        values.extend(personal_values(email, phrases, &self.domain).map_err(ComposeError::Message)?);
        let text = render(TemplatePart::Text, &values)?;
        for name in ["join_url", "pay_url", "account_url"] {
            if let Some(url) = values.get(name).and_then(Value::as_str) {
                let escaped = Value::from_safe_string(escape_attribute(url));
                values.insert(name, escaped);
            }
        }
        let html = render(TemplatePart::Html, &values)?;
        // Mail programs list an image that the HTML does not show as an attachment.
        let logo = ShownLogo::of(email, &self.domain).filter(|logo| html.contains(&logo.url()));
        self.assemble(email, phrases, &subject, Bodies { text, html, logo }).map_err(ComposeError::Message)
    }

    fn assemble(
        &self,
        email: &Email,
        phrases: Phrases<'_>,
        subject: &str,
        bodies: Bodies<'_>,
    ) -> Result<ComposedEmail, BoxError> {
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
        let Bodies { text, html, logo } = bodies;
        let alternatives =
            MultiPart::alternative().boundary("=_attune_alternative").singlepart(part(ContentType::TEXT_PLAIN, text)?);
        let html = part(ContentType::TEXT_HTML, html)?;
        let alternatives = match logo {
            None => alternatives.singlepart(html),
            Some(logo) => alternatives.multipart(logo.beside(html)?),
        };
        let content = match calendar::entry(email, phrases)? {
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

        let practice = &email.practice;
        let mut message = Message::builder()
            .envelope(Envelope::new(Some(sender.clone()), vec![recipient.clone()])?)
            .from(Mailbox::new(Some(practice.name.as_str().to_owned()), sender.clone()))
            .to(Mailbox::new(None, recipient.clone()))
            .subject(subject)
            .date(email.sent_at.into())
            .message_id(Some(format!("<{}@{}>", token(&email.message_id), self.domain)))
            // RFC 3834, section 5: prevents automatic replies.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(address) = &practice.email {
            message = message.reply_to(Mailbox::new(None, address.as_str().parse()?));
        }
        let message = message.multipart(content)?;
        Ok(ComposedEmail { sender, recipient, bytes: message.formatted() })
    }
}

/// What the parts of an email show.
struct Bodies<'a> {
    text: String,
    html: String,
    logo: Option<ShownLogo<'a>>,
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

/// One email of each kind, and one for each of its variants, from a practice that has everything.
fn samples(to: &EmailAddress) -> Result<Vec<Email>, BoxError> {
    let (at, amount) = (Timestamp::UNIX_EPOCH, Money::new(10_000, Currency::parse("EUR")?)?);
    let booking = BookingId::new(1).ok_or("1 is not a booking id")?;
    let practice = Arc::new(Practice {
        phone: Some(PhoneNumber::parse("+49 30 123456")?),
        email: Some(to.clone()),
        website: Some(WebUrl::parse("https://practice.example.org")?),
        texts: PracticeTexts {
            imprint: Some("Practice Example".to_owned()),
            privacy: Some("https://practice.example.org/privacy".to_owned()),
            offline_payment: Some("Please transfer the amount to our account.\nPractice Example".to_owned()),
        },
        ..Practice::new(PracticeName::parse("Practice Example")?, TimeZoneName::parse("UTC")?)
    });
    let logo = Some(Arc::new(Logo::new(b"\x89PNG\r\n\x1a\n".to_vec())?));
    let was = Timestamp::from_second(3_600)?;
    let free_until = was;
    let payment = CancelledPayment { refund: amount, kept: amount, free_until };
    let cancelled = |by, reason: Option<&str>, payment: Option<CancelledPayment>| ChangeDetails::Cancelled {
        by,
        reason: reason.map(str::to_owned),
        payment: payment.map(|payment| CancelledPaymentDetails { payment, by_hand: false }),
    };
    let changes = [
        (NotificationKind::Rescheduled, ChangeDetails::Moved { was: Some(was) }),
        (NotificationKind::Rescheduled, ChangeDetails::Moved { was: Some(at) }),
        (NotificationKind::Rescheduled, ChangeDetails::Moved { was: None }),
        (NotificationKind::Cancelled, cancelled(CancelledBy::Recipient, None, Some(payment))),
        (NotificationKind::Cancelled, cancelled(CancelledBy::Practice, Some("Ill"), Some(payment))),
        (NotificationKind::Cancelled, cancelled(CancelledBy::Client, None, None)),
    ];
    let left = Some(Remainder { amount, until: at });
    let all = [
        (NotificationKind::MeetingInfo, None),
        (NotificationKind::Reminder { minutes_before: 60 }, None),
        (NotificationKind::Invitation, None),
        (NotificationKind::MeetingLink, None),
        (NotificationKind::Reassigned, None),
        (NotificationKind::Updated, None),
        (NotificationKind::Receipt, Some(PaymentDetails::Received { booking, amount, at, left: None })),
        (NotificationKind::Receipt, Some(PaymentDetails::Received { booking, amount, at, left })),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { amount, retry_until: Some(at) })),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { amount, retry_until: None })),
        (NotificationKind::PaymentProblem, Some(PaymentDetails::RefundScheduled { amount })),
        (NotificationKind::Refund, Some(PaymentDetails::Refunded { booking, amount, at })),
        (NotificationKind::PaymentInstructions, Some(PaymentDetails::Due { booking, amount, until: at })),
        (NotificationKind::PaymentRequest, Some(PaymentDetails::Due { booking, amount, until: at })),
        (NotificationKind::PaymentReminder, Some(PaymentDetails::Due { booking, amount, until: at })),
        (NotificationKind::HoldExpired, Some(PaymentDetails::NotReceived { booking, amount, received: None })),
        (NotificationKind::HoldExpired, Some(PaymentDetails::NotReceived { booking, amount, received: Some(amount) })),
    ];
    let received = PaymentDetails::Received { booking, amount, at, left: None };
    let for_therapists = [
        (NotificationKind::TherapistBooked, None, None),
        (NotificationKind::TherapistRescheduled, None, Some(ChangeDetails::Moved { was: Some(was) })),
        (NotificationKind::TherapistCancelled, None, Some(cancelled(CancelledBy::Client, None, None))),
        (NotificationKind::TherapistReassigned, None, None),
        (NotificationKind::TherapistUpdated, None, None),
        (NotificationKind::TherapistPayment, Some(received), None),
        (NotificationKind::TherapistPaymentReview, None, None),
        (NotificationKind::Agenda, None, None),
    ];
    let agenda = AgendaEntry {
        starts_at: at,
        ends_at: was,
        client_name: "Jane Doe".to_owned(),
        payment: PaymentStatus::Succeeded,
        join_url: Some("https://practice.example.org/j/sample".to_owned()),
    };
    let all = all.map(|(kind, payment)| (kind, payment, None)).into_iter().chain(for_therapists);
    let all = all.chain(changes.map(|(kind, change)| (kind, None, Some(change))));
    let unpaid = [(CancelledBy::Recipient, None), (CancelledBy::Practice, Some(amount)), (CancelledBy::Client, None)]
        .map(|(by, received)| {
            let payment = PaymentDetails::NotReceived { booking, amount, received };
            (NotificationKind::Cancelled, Some(payment), Some(cancelled(by, None, None)))
        });
    let all = all.chain(unpaid);
    let sample = |(kind, payment, change)| Email {
        kind,
        message_id: "sample".to_owned(),
        to: to.clone(),
        language: Language::default(),
        to_name: "John Doe".to_owned(),
        join_url: Some("https://meet.example.org/room#userInfo.displayName=%22John%20Doe%22".to_owned()),
        pay_url: Some("https://practice.example.org/pay/token".to_owned()),
        starts_at: at,
        minutes: 50,
        zone: TimeZone::UTC,
        calendar_uid: "sample".to_owned(),
        calendar_sequence: 0,
        practice: practice.clone(),
        logo: logo.clone(),
        payment,
        change,
        client_name: kind.is_for_therapist().then(|| "Jane Doe".to_owned()),
        therapist_name: matches!(kind, NotificationKind::Reassigned | NotificationKind::TherapistReassigned)
            .then(|| "Carl Rogers".to_owned()),
        account: None,
        agenda: Some(agenda.clone()).filter(|_| kind == NotificationKind::Agenda).into_iter().collect(),
        others: Vec::new(),
        sent_at: at,
    };
    let single: Vec<Email> = all.map(&sample).collect();
    let several = single.iter().filter(|email| email.kind.is_combinable());
    let several = several.map(|email| Email { others: vec![email.clone()], ..email.clone() }).collect::<Vec<_>>();
    let about_accounts = NotificationKind::WITHOUT_OFFSET.into_iter().filter(|kind| kind.is_about_account());
    let about_accounts = about_accounts.flat_map(|kind| {
        [(Role::Client, None), (Role::Admin, Some(at))].map(|(role, chosen_start)| {
            let account = AccountDetails {
                url: Some("https://practice.example.org/reset/token".to_owned()),
                expires_at: Some(at),
                at,
                role,
                email: to.clone(),
                user_agent: chosen_start.map(|_| "Firefox, Linux".to_owned()),
                chosen_start,
            };
            Email { account: Some(account), ..sample((kind, None, None)) }
        })
    });
    Ok(single.into_iter().chain(several).chain(about_accounts).collect())
}

#[cfg(test)]
mod tests;
