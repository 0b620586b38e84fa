//! Sending emails.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use attune_domain::notification::NotificationKind;
use attune_domain::practice::Logo;
use attune_domain::{BookingId, CancelledPayment, EmailAddress, Language, Money, PaymentStatus, Practice, Role};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

/// The content of one email about a booking, read from the store at the moment of sending. `Debug` shows neither the
/// recipient nor the link.
#[derive(Clone, derive_more::Debug)]
pub struct Email {
    /// What the email is about.
    pub kind: NotificationKind,
    /// Left part of the Message-ID, the same at every attempt, so that an email program shows a repeated email once.
    pub message_id: String,
    /// The recipient's address.
    #[debug(skip)]
    pub to: EmailAddress,
    /// The language that the recipient reads.
    pub language: Language,
    /// The recipient's name.
    #[debug(skip)]
    pub to_name: String,
    /// The recipient's own link, to the room or to the join page. `None` in an email about a cancelled booking.
    #[debug(skip)]
    pub join_url: Option<String>,
    /// Our page on which the recipient pays; only in an email that asks for an online payment.
    #[debug(skip)]
    pub pay_url: Option<String>,
    /// Start of the appointment; in an agenda, of the day.
    pub starts_at: Timestamp,
    /// Length of the appointment in minutes; 0 in an agenda.
    #[debug(skip)]
    pub minutes: u32,
    /// The time zone in which times are written for the recipient.
    #[debug(skip)]
    pub zone: TimeZone,
    /// UID of the calendar entry (RFC 5545): the same in all emails of one booking.
    #[debug(skip)]
    pub calendar_uid: String,
    /// SEQUENCE of the calendar entry (RFC 5545): grows with each change of the booking.
    #[debug(skip)]
    pub calendar_sequence: u32,
    /// The practice: the signature, how to reach it, and where replies go.
    #[debug(skip)]
    pub practice: Arc<Practice>,
    /// The practice's logo.
    #[debug(skip)]
    pub logo: Option<Arc<Logo>>,
    /// What happened to the payment or is due; only in an email about a payment, or about a session that was cancelled
    /// before it was paid for.
    #[debug(skip)]
    pub payment: Option<PaymentDetails>,
    /// What happened to the booking; only in an email about a change of it.
    pub change: Option<ChangeDetails>,
    /// The client's name; only in an email to the therapist of the booking.
    #[debug(skip)]
    pub client_name: Option<String>,
    /// The name of the therapist who takes the session; only in an email about that.
    #[debug(skip)]
    pub therapist_name: Option<String>,
    /// What happened to the account; only in an email about one.
    pub account: Option<AccountDetails>,
    /// The sessions of the day, earliest first; only in an agenda.
    #[debug(skip)]
    pub agenda: Vec<AgendaEntry>,
    /// The same email about the other bookings of a series, by start; this one is about the earliest of them.
    #[debug(skip)]
    pub others: Vec<Self>,
    /// The current time, used as the email's date.
    pub sent_at: Timestamp,
}

/// What an email about an account reports. `Debug` shows neither the link nor an address.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct AccountDetails {
    /// Our page behind the one-time link; `None` in an email without one.
    #[debug(skip)]
    pub url: Option<String>,
    /// Until when the link works.
    pub expires_at: Option<Timestamp>,
    /// When it happened.
    pub at: Timestamp,
    /// The role of the account now.
    pub role: Role,
    /// The address of the account now.
    #[debug(skip)]
    pub email: EmailAddress,
    /// The program of a login, such as `Firefox, Linux`; `None` if it is unknown.
    #[debug(skip)]
    pub user_agent: Option<String>,
    /// The start of the appointment that the recipient chose before their address was verified.
    pub chosen_start: Option<Timestamp>,
}

/// A session in an agenda. `Debug` shows neither the client nor the link.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct AgendaEntry {
    /// Start of the session.
    pub starts_at: Timestamp,
    /// Its end.
    pub ends_at: Timestamp,
    /// The client's name.
    #[debug(skip)]
    pub client_name: String,
    /// The state of the payment.
    pub payment: PaymentStatus,
    /// The therapist's own link, to the join page; `None` where there is none.
    #[debug(skip)]
    pub join_url: Option<String>,
}

/// What an email about a change of a booking reports.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub enum ChangeDetails {
    /// The session was moved ([`NotificationKind::Rescheduled`]).
    Moved {
        /// The start that the recipient was last told of; `None` if they were told of none.
        was: Option<Timestamp>,
    },
    /// The session was cancelled ([`NotificationKind::Cancelled`]).
    Cancelled {
        /// Who cancelled it.
        by: CancelledBy,
        /// The reason that the practice gave; only for the client.
        #[debug(skip)]
        reason: Option<String>,
        /// What became of the payment; only for the client.
        payment: Option<CancelledPaymentDetails>,
    },
}

/// Who cancelled a session, from the recipient's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledBy {
    /// The recipient.
    Recipient,
    /// The practice.
    Practice,
    /// The client, who is not the recipient.
    Client,
}

/// What became of the payment of a cancelled session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelledPaymentDetails {
    /// The amounts.
    pub payment: CancelledPayment,
    /// Whether the practice makes the refund by hand; otherwise it is automatic.
    pub by_hand: bool,
}

/// What an email about a payment reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentDetails {
    /// The payment was received ([`NotificationKind::Receipt`]).
    Received {
        /// The booking that was paid.
        booking: BookingId,
        /// The amount received.
        amount: Money,
        /// When it was received.
        at: Timestamp,
        /// What is left to pay, unless the price was paid in full.
        left: Option<Remainder>,
    },
    /// The slot is held until the payment is received ([`NotificationKind::PaymentInstructions`],
    /// [`NotificationKind::PaymentRequest`] or [`NotificationKind::PaymentReminder`]).
    Due {
        /// The booking to pay for; its number is the reference of the payment.
        booking: BookingId,
        /// The amount that is due.
        amount: Money,
        /// The end of the hold.
        until: Timestamp,
    },
    /// The hold ended, or was cancelled, before the payment was received ([`NotificationKind::HoldExpired`] or
    /// [`NotificationKind::Cancelled`]).
    NotReceived {
        /// The booking that was not paid.
        booking: BookingId,
        /// The amount that was due.
        amount: Money,
        /// What was received of the price, and will be refunded.
        received: Option<Money>,
    },
    /// The payment failed and nothing was charged ([`NotificationKind::PaymentProblem`]).
    Failed {
        /// The price that was due.
        amount: Money,
        /// Until when the client can still pay; `None` when the slot was released.
        retry_until: Option<Timestamp>,
    },
    /// The payment was received too late or twice, and will be refunded ([`NotificationKind::PaymentProblem`]).
    RefundScheduled {
        /// The amount that will be refunded.
        amount: Money,
    },
    /// A refund was sent ([`NotificationKind::Refund`]).
    Refunded {
        /// The booking whose payment was refunded.
        booking: BookingId,
        /// The amount of this refund.
        amount: Money,
        /// When it was sent.
        at: Timestamp,
    },
}

/// What is left to pay for a slot that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remainder {
    /// The amount.
    pub amount: Money,
    /// The end of the hold.
    pub until: Timestamp,
}

/// Why an email was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotifyError {
    /// The mail server refused this email permanently (5xx); another attempt is useless.
    #[error("the mail server refused the email (code {code})")]
    Refused {
        /// The server's reply code.
        code: u16,
    },
    /// Unreachable, timed out, disconnected, or a temporary refusal (4xx).
    #[error("the mail server is unavailable ({reason})")]
    Unavailable {
        /// A stable word: `connection`, `timeout`, `deferred_451`, …
        reason: NotifyFailure,
    },
    /// The email cannot be rendered, for example because a template is broken.
    #[error("the email cannot be rendered")]
    Unrenderable,
}

/// Why a mail server is unavailable, without any text that the server or a user wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotifyFailure {
    /// The server answered with this 4xx code.
    Deferred(u16),
    /// No reply within the deadline.
    Timeout,
    /// No connection, a broken connection, or a failed TLS handshake, for none of the following reasons.
    Connection,
    /// The name of the server is unknown.
    UnknownHost,
    /// No program listens on the port.
    ConnectionRefused,
    /// The server refuses the user or the password.
    LoginRefused,
    /// The server's certificate is from an unknown authority, for another host, or out of date.
    UntrustedCertificate,
    /// The port does not speak TLS from the first byte.
    NoTls,
    /// The server does not offer STARTTLS.
    NoStartTls,
    /// The server accepts no login before STARTTLS.
    TlsRequired,
    /// The file could not be written (file transport).
    File,
}

impl fmt::Display for NotifyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deferred(code) => write!(f, "deferred_{code}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Connection => f.write_str("connection"),
            Self::UnknownHost => f.write_str("unknown_host"),
            Self::ConnectionRefused => f.write_str("connection_refused"),
            Self::LoginRefused => f.write_str("login_refused"),
            Self::UntrustedCertificate => f.write_str("untrusted_certificate"),
            Self::NoTls => f.write_str("no_tls"),
            Self::NoStartTls => f.write_str("no_starttls"),
            Self::TlsRequired => f.write_str("tls_required"),
            Self::File => f.write_str("file"),
        }
    }
}

/// Sends emails.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends one email. `Ok` means that the mail server accepted responsibility for it.
    ///
    /// Ends within 30 seconds. Only [`NotifyError::Refused`] and [`NotifyError::Unrenderable`] are final.
    async fn send(&self, email: &Email) -> Result<(), NotifyError>;

    /// Checks whether emails could be sent now, for the readiness probe. Sends nothing.
    async fn check(&self) -> Result<(), NotifyError>;
}
