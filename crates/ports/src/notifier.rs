//! Sending a mail.

use std::fmt;

use async_trait::async_trait;
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingId, EmailAddress, Money};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

/// Everything a mail about a session says. Made at the moment of sending, from the rows as they are then. `Debug` shows
/// what it is about, not whom it goes to.
#[derive(Clone)]
pub struct Email {
    /// What it is about.
    pub kind: NotificationKind,
    /// Left part of the Message-ID, the same at every attempt, so that a mail program shows a repeated one once.
    pub message_key: String,
    /// Where it goes.
    pub to: EmailAddress,
    /// How the reader is called.
    pub to_name: String,
    /// The reader's own link: straight into the room, or to the page of the practice that leads there. `None` in a mail
    /// about a session that was called off.
    pub join_url: Option<String>,
    /// When the session begins.
    pub starts_at: Timestamp,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// The reader's zone, in which times are written.
    pub zone: TimeZone,
    /// Stable identity of the calendar entry: the same for all mails of one booking.
    pub calendar_key: String,
    /// Grows with each change of the booking (RFC 5545, SEQUENCE).
    pub calendar_sequence: u32,
    /// What happened to the money, in a mail that is about money.
    pub money: Option<PaymentDetails>,
    /// Now: the mail's date.
    pub sent_at: Timestamp,
}

/// What a mail says about money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentDetails {
    /// It came in ([`NotificationKind::Receipt`]).
    Received {
        /// For which booking, as the practice's books call it.
        booking: BookingId,
        /// How much.
        amount: Money,
        /// When.
        at: Timestamp,
    },
    /// It did not come, and nothing was taken ([`NotificationKind::PaymentProblem`]).
    Failed {
        /// How much it would have been.
        amount: Money,
        /// Until when the client can still pay in another way; `None` when the time is given up.
        retry_until: Option<Timestamp>,
    },
    /// It came when the session could not be kept any more, or a second time, and goes back by itself
    /// ([`NotificationKind::PaymentProblem`]).
    ComesBack {
        /// How much.
        amount: Money,
    },
    /// It went back ([`NotificationKind::Refund`]).
    Returned {
        /// For which booking.
        booking: BookingId,
        /// How much in this go.
        amount: Money,
        /// When.
        at: Timestamp,
    },
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("kind", &self.kind)
            .field("message_key", &self.message_key)
            .field("starts_at", &self.starts_at)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}

/// Why a mail did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotifyError {
    /// The mail server refused it for good (5xx): trying again is no use.
    #[error("the mail server refused the mail (code {code})")]
    Refused {
        /// The server's reply code.
        code: u16,
    },
    /// Not reachable, no answer in time, cut off, or asked to come back later (4xx).
    #[error("the mail server is unavailable ({reason})")]
    Unavailable {
        /// A stable word: `refused_connection`, `timeout`, `deferred_451`, …
        reason: NotifyFailure,
    },
    /// The mail cannot be written at all, for example because a template is broken.
    #[error("the mail cannot be composed")]
    Unrenderable,
}

/// Why a mail server is unavailable, without a word that the server or a person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotifyFailure {
    /// The server answered with this 4xx code.
    Deferred(u16),
    /// No answer within the deadline.
    Timeout,
    /// No connection, a broken one, or no agreement on TLS.
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

/// Sends mails.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends one mail. `Ok` means that the mail server took responsibility for it.
    ///
    /// Ends within 30 seconds. Only [`NotifyError::Refused`] and [`NotifyError::Unrenderable`] are final.
    async fn send(&self, mail: &Email) -> Result<(), NotifyError>;

    /// Whether mail could leave now, for the readiness check. Sends nothing.
    async fn check(&self) -> Result<(), NotifyError>;
}
