//! Sending emails.

use std::fmt;

use async_trait::async_trait;
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingId, EmailAddress, Money};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

/// The content of one email about a booking, read from the store at the moment of sending. `Debug` shows neither the
/// recipient nor the link.
#[derive(Clone)]
pub struct Email {
    /// What the email is about.
    pub kind: NotificationKind,
    /// Left part of the Message-ID, the same at every attempt, so that an email program shows a repeated email once.
    pub message_id: String,
    /// The recipient's address.
    pub to: EmailAddress,
    /// The recipient's name.
    pub to_name: String,
    /// The recipient's own link, to the room or to the join page. `None` in an email about a cancelled booking.
    pub join_url: Option<String>,
    /// Start of the appointment.
    pub starts_at: Timestamp,
    /// Length of the appointment in minutes.
    pub minutes: u32,
    /// The time zone in which times are written for the recipient.
    pub zone: TimeZone,
    /// Left part of the calendar entry's UID (RFC 5545): the same in all emails of one booking.
    pub calendar_uid: String,
    /// SEQUENCE of the calendar entry (RFC 5545): grows with each change of the booking.
    pub calendar_sequence: u32,
    /// What happened to the payment; only in an email about a payment.
    pub payment: Option<PaymentDetails>,
    /// The current time, used as the email's date.
    pub sent_at: Timestamp,
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

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("kind", &self.kind)
            .field("message_id", &self.message_id)
            .field("starts_at", &self.starts_at)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
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
    /// No connection, a broken connection, or a failed TLS handshake.
    Connection,
    /// The file could not be written (file transport).
    File,
}

impl fmt::Display for NotifyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deferred(code) => write!(f, "deferred_{code}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Connection => f.write_str("connection"),
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
