//! People: who they are, how they are called, and what they may do.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;

use crate::UserId;
use crate::text::clean_line;

/// An address that mail can reach and that identifies one account.
///
/// Held in lower case, because two accounts that differ only in case are one person. ASCII only: addresses that need
/// SMTPUTF8 are refused instead of failing at the first mail. The domain needs a dot, which catches most typing errors.
/// `Debug` hides the address, so that it cannot slip into a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// The text is not an e-mail address as [`EmailAddress`] understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an e-mail address")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// Longest address that SMTP can carry (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const MAX_LENGTH: usize = 254;

    /// Reads an address, ignoring surrounding blanks and case.
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

    /// The address as it is stored and mailed to.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(***)")
    }
}

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

/// A first or last name as a person typed it, blanks collapsed. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Control characters could forge mail headers and end a video session.
    #[error("a name must not contain control characters")]
    ControlCharacter,
    /// Longer than [`PersonName::MAX_CHARS`].
    #[error("a name has at most 100 characters")]
    TooLong,
}

impl PersonName {
    /// Longest first or last name, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Reads a name; a blank or invisible one is no name, `None`.
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

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(***)")
    }
}

/// The name of a time zone in the IANA database, such as `Europe/Berlin`.
///
/// Well formed by construction; whether the running machine knows the zone is asked through a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimeZoneName(String);

/// The text cannot be the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the name of a time zone, such as Europe/Berlin")]
pub struct InvalidTimeZoneName;

impl TimeZoneName {
    /// Checks the form only: segments of letters, digits, `_`, `+` and `-`, joined by `/`.
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

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// PaymentLedger sessions and sees their own bookings only.
    Client,
    /// A therapist: sees and runs every booking.
    Admin,
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who it is, for ever.
    pub id: UserId,
    /// Where mail goes and how the person logs in.
    pub email: EmailAddress,
    /// Given name; may be missing.
    pub first_name: Option<PersonName>,
    /// Family name; may be missing.
    pub last_name: Option<PersonName>,
    /// What the person wants to be called, instead of the two; may be missing.
    pub preferred_name: Option<PersonName>,
    /// Zone in which times are shown to this person; the practice's own where it is missing.
    pub time_zone: Option<TimeZoneName>,
    /// Client or admin.
    pub role: Role,
    /// A disabled person can do nothing from the next request on.
    pub disabled: bool,
    /// When the address was proved to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// How the person is called in a meeting and in a mail: the chosen name, else first and last name when both are there,
    /// else the e-mail address. Half a name is not used, because the owner's front ends have always shown it that way.
    pub fn display_name(&self) -> String {
        let chosen = self.preferred_name.as_ref().map(|n| clean_line(n.as_str())).unwrap_or_default();
        if !chosen.is_empty() {
            return chosen;
        }
        let first = self.first_name.as_ref().map(|n| clean_line(n.as_str())).unwrap_or_default();
        let last = self.last_name.as_ref().map(|n| clean_line(n.as_str())).unwrap_or_default();
        if first.is_empty() || last.is_empty() { self.email.as_str().to_owned() } else { format!("{first} {last}") }
    }

    /// Whether the person is a therapist.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

#[cfg(test)]
mod tests;
