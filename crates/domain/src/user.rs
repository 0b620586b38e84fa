//! Accounts and the personal data in them.

use jiff::Timestamp;
use thiserror::Error;

use crate::UserId;
use crate::text::clean_line;

/// An email address, which identifies one account.
///
/// Stored in lower case, because addresses that differ only in case belong to one person. ASCII only: addresses that
/// need SMTPUTF8 are refused here instead of at the first email. The domain needs a dot, which catches most typing
/// errors. `Debug` hides the address, to keep it out of logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// The text is not an email address that [`EmailAddress`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an email address")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// Longest address in SMTP (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const MAX_LENGTH: usize = 254;

    /// Reads an address; surrounding blanks and case are ignored.
    pub fn parse(raw: &str) -> Result<Self, InvalidEmailAddress> {
        let text = raw.trim_matches([' ', '\t']);
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmailAddress)?;
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte));
        let domain_fits = domain.contains('.') && domain.split('.').all(is_host_label);
        if text.len() <= Self::MAX_LENGTH && local_fits && domain_fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidEmailAddress)
        }
    }

    /// The address in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl_redacted_debug!(EmailAddress);
impl_from_str!(EmailAddress: InvalidEmailAddress, TimeZoneName: InvalidTimeZoneName);

/// RFC 5322, section 3.2.3: `atext`.
fn is_atom_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

/// RFC 1123, section 2.1: letters, digits and inner hyphens.
fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A name as a person typed it, with white space collapsed. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Control characters could forge email headers and disconnect a video session.
    #[error("a name must not contain control characters")]
    ControlCharacter,
    /// Longer than [`PersonName::MAX_CHARS`].
    #[error("a name has at most 100 characters")]
    TooLong,
    /// Blank or invisible.
    #[error("a name must not be blank")]
    Blank,
}

impl PersonName {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Reads a name; `None` for a blank or invisible one.
    pub fn parse(raw: &str) -> Result<Option<Self>, NameError> {
        if raw.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        if raw.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        if clean_line(raw).is_empty() {
            return Ok(None);
        }
        Ok(Some(Self(raw.split_whitespace().collect::<Vec<_>>().join(" "))))
    }

    /// The name as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl_redacted_debug!(PersonName);

/// Unlike [`PersonName::parse`], refuses a blank name.
impl std::str::FromStr for PersonName {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        Self::parse(raw)?.ok_or(NameError::Blank)
    }
}

/// The name of a time zone in the IANA database, such as `Europe/Berlin`.
///
/// Only the form is checked; whether the time zone database has the zone is decided by a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimeZoneName(String);

/// The text does not have the form of a time zone name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the name of a time zone, such as Europe/Berlin")]
pub struct InvalidTimeZoneName;

impl TimeZoneName {
    /// Reads segments of letters, digits, `_`, `+` and `-`, joined by `/`.
    pub fn parse(raw: &str) -> Result<Self, InvalidTimeZoneName> {
        let segment = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
        if raw.len() <= 64 && raw.starts_with(|c: char| c.is_ascii_alphabetic()) && raw.split('/').all(segment) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(InvalidTimeZoneName)
        }
    }

    /// The name as the IANA database spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_enum! {
    /// What an account is allowed to do.
    pub enum Role {
        /// Books sessions and sees only their own bookings.
        Client => "client",
        /// A therapist: sees and manages every booking.
        Admin => "admin",
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Unique and never reused.
    pub id: UserId,
    /// Receives emails and identifies the account at login.
    pub email: EmailAddress,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// Replaces first and last name wherever the user's name is shown.
    pub preferred_name: Option<PersonName>,
    /// The time zone for emails to this user; else the practice's own is used.
    pub time_zone: Option<TimeZoneName>,
    /// Decides what the account is allowed to do.
    pub role: Role,
    /// A disabled account is refused from the next request on.
    pub disabled: bool,
    /// When the user proved that the address is theirs.
    pub email_verified_at: Option<Timestamp>,
    /// When the account was created.
    pub created_at: Timestamp,
}

impl User {
    /// The name in meetings and emails: the preferred name, else first and last name if both are set, else the email
    /// address. A first or last name alone is not used, because the practice's front ends never showed it alone.
    pub fn display_name(&self) -> String {
        let preferred = self.preferred_name.as_ref().map(|n| clean_line(n.as_str())).unwrap_or_default();
        if !preferred.is_empty() {
            return preferred;
        }
        let first = self.first_name.as_ref().map(|n| clean_line(n.as_str())).unwrap_or_default();
        let last = self.last_name.as_ref().map(|n| clean_line(n.as_str())).unwrap_or_default();
        if first.is_empty() || last.is_empty() { self.email.as_str().to_owned() } else { format!("{first} {last}") }
    }

    /// Whether the role is [`Role::Admin`].
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

#[cfg(test)]
mod tests;
