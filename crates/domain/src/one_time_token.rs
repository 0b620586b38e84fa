//! Links that work once and prove that their holder reads the mailbox of an account.
//!
//! Mail scanners open every link, so viewing one must change nothing: it is used by a `POST` alone. A link ends when it was
//! used, when it expires, and with what it was made for: the email address, the password and the account.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::notification::NotificationKind;
use crate::{EmailAddress, OneTimeTokenId, ServiceId, TimeZoneName, User, UserId};

text_enum! {
    /// What a one-time token is for. It is refused for anything else.
    pub enum OneTimePurpose {
        /// Set a new password without the old one.
        ResetPassword => "reset_password",
        /// Log in without a password.
        LogIn => "log_in",
        /// Prove that the address of a new account is one's own.
        VerifyEmail => "verify_email",
        /// Prove that the new address of an account is one's own, which then replaces the old one.
        ConfirmEmail => "confirm_email",
        /// Restore the address that an account had before.
        UndoEmail => "undo_email",
        /// Set the first password of an account that the practice added.
        Invitation => "invitation",
    }
}

impl OneTimePurpose {
    /// The purposes that end when the password or the address changes, by whatever way.
    ///
    /// [`Self::UndoEmail`] is not among them: someone who took over an account would change its password next.
    pub const ENDED_BY_CHANGE: [Self; 5] =
        [Self::ResetPassword, Self::LogIn, Self::VerifyEmail, Self::ConfirmEmail, Self::Invitation];

    /// How long a token works. OWASP's Forgot Password Cheat Sheet wants the links of a reset to be short-lived.
    pub fn lifetime(self) -> SignedDuration {
        match self {
            Self::ResetPassword => SignedDuration::from_mins(60),
            Self::LogIn => SignedDuration::from_mins(15),
            Self::VerifyEmail | Self::ConfirmEmail => SignedDuration::from_hours(24),
            Self::UndoEmail => SignedDuration::from_hours(72),
            Self::Invitation => SignedDuration::from_hours(7 * 24),
        }
    }

    /// The email that carries the token.
    pub fn notification(self) -> NotificationKind {
        match self {
            Self::ResetPassword => NotificationKind::PasswordReset,
            Self::LogIn => NotificationKind::LoginLink,
            Self::VerifyEmail => NotificationKind::EmailVerification,
            Self::ConfirmEmail => NotificationKind::EmailConfirmation,
            Self::UndoEmail => NotificationKind::EmailChanged,
            Self::Invitation => NotificationKind::AccountInvitation,
        }
    }
}

/// The slot that someone chose before they were logged in. It is not held for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenSlot {
    /// The service.
    pub service: ServiceId,
    /// The start of the session.
    pub starts_at: Timestamp,
    /// The therapist, unless it is the practice's first.
    pub therapist: Option<UserId>,
    /// The time zone in which the slot was shown, unless it is the usual one of its reader.
    pub time_zone: Option<TimeZoneName>,
}

/// A one-time token as it is stored. What its holder shows is a signature over purpose, id and nonce, which is not stored.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    /// Unique and never reused.
    pub id: OneTimeTokenId,
    /// The account that it is for.
    pub user: UserId,
    /// What it is for.
    pub purpose: OneTimePurpose,
    /// Random; makes the signature unpredictable.
    pub nonce: [u8; 16],
    /// The address that it was mailed to. [`OneTimePurpose::ConfirmEmail`] is mailed to the new address,
    /// [`OneTimePurpose::UndoEmail`] to the former one, every other token to that of the account.
    pub email: EmailAddress,
    /// What was chosen before, for links that log in or verify.
    pub slot: Option<ChosenSlot>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// When it was used, or ended by something else.
    pub ended_at: Option<Timestamp>,
}

impl_redacted_debug!(OneTimeToken { id, user, purpose, created_at, expires_at, ended_at });

/// The link was used, has expired, or what it was for has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the link is no longer valid")]
pub struct DeadLink;

impl OneTimeToken {
    /// Whether it can be used at `now` for this account as it is.
    pub fn check(&self, user: &User, now: Timestamp) -> Result<(), DeadLink> {
        let is_addressed = match self.purpose {
            OneTimePurpose::ConfirmEmail | OneTimePurpose::UndoEmail => true,
            OneTimePurpose::ResetPassword
            | OneTimePurpose::LogIn
            | OneTimePurpose::VerifyEmail
            | OneTimePurpose::Invitation => self.email == user.email,
        };
        let is_live = self.ended_at.is_none() && now < self.expires_at;
        if is_live && is_addressed && self.user == user.id && !user.disabled { Ok(()) } else { Err(DeadLink) }
    }
}

#[cfg(test)]
mod tests;
