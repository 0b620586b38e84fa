//! Accounts and the personal data in them.

use std::borrow::Cow;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use jiff::Timestamp;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::calendar::LocalTime;
use crate::notify_level::NotifyLevel;
use crate::text::clean_line;
use crate::{Language, UserId};

/// An email address, which identifies one account.
///
/// Stored in one form, because addresses that differ only in case, or in how their domain is written, belong to one person:
/// in lower case, and with an internationalised domain in its ASCII form (`info@xn--bcher-kva.example`), in which it is also
/// mailed. The part before the `@` is ASCII only: other characters need SMTPUTF8, which few mail servers offer, so they are
/// refused here instead of at the first email. The domain needs a dot, which catches most typing errors. `Debug` hides the
/// address, to keep it out of logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// Why a text is not an email address that [`EmailAddress`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidEmailAddress {
    /// It does not have the form of one, or its domain cannot exist.
    #[error("not an email address")]
    Malformed,
    /// Characters outside of ASCII before the `@`.
    #[error("before the @, only ASCII characters are supported")]
    LocalPart,
}

impl EmailAddress {
    /// Longest address in SMTP (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const MAX_LENGTH: usize = 254;

    /// Reads an address; surrounding blanks and case are ignored.
    pub fn parse(raw: &str) -> Result<Self, InvalidEmailAddress> {
        let (local, domain) = raw.trim_matches([' ', '\t']).rsplit_once('@').ok_or(InvalidEmailAddress::Malformed)?;
        let domain = ascii_domain(domain).ok_or(InvalidEmailAddress::Malformed)?;
        if !local.is_ascii() {
            return Err(InvalidEmailAddress::LocalPart);
        }
        Self::restore(&format!("{local}@{domain}"))
    }

    /// Reads a stored address. Addresses from before the rules for domains became stricter are accepted.
    pub fn restore(stored: &str) -> Result<Self, InvalidEmailAddress> {
        let (local, domain) = stored.rsplit_once('@').ok_or(InvalidEmailAddress::Malformed)?;
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte));
        let domain_fits = domain.contains('.') && domain.split('.').all(is_host_label);
        if stored.len() <= Self::MAX_LENGTH && local_fits && domain_fits {
            Ok(Self(stored.to_ascii_lowercase()))
        } else {
            Err(InvalidEmailAddress::Malformed)
        }
    }

    /// The address in the form in which it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl_redacted_debug!(EmailAddress);
impl_from_str!(EmailAddress: InvalidEmailAddress, TimeZoneName: InvalidTimeZoneName);

/// A domain in ASCII (UTS #46, nontransitional). The last label of a domain name is alphabetic, or the ASCII form of one
/// (RFC 3696, section 2), so what begins with a digit there is an IP address in one of its forms.
fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    let is_plain =
        |label: &str| label.is_ascii() && !label.get(..4).is_some_and(|ace| ace.eq_ignore_ascii_case("xn--"));
    let ascii = if domain.split('.').all(is_plain) {
        Cow::Borrowed(domain)
    } else {
        let (bytes, hyphens) = (domain.as_bytes(), Hyphens::CheckFirstLast);
        Uts46::new().to_ascii(bytes, AsciiDenyList::STD3, hyphens, DnsLength::Verify).ok()?
    };
    let last = ascii.rsplit('.').next()?;
    last.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(ascii)
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

/// A name as a person typed it, composed (NFC) and with white space collapsed. `Debug` hides it.
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
        let text: String = raw.nfc().collect();
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        if clean_line(&text).is_empty() {
            return Ok(None);
        }
        Ok(Some(Self(text.split_whitespace().collect::<Vec<_>>().join(" "))))
    }

    /// The name.
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

impl Role {
    /// What someone without a name is called where their email address must not be seen.
    pub fn neutral_name(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Admin => "Therapist",
        }
    }
}

text_enum! {
    /// What the video room calls someone without a name.
    pub enum NameFallback {
        /// Their email address, which everyone in the room can read.
        Email => "email",
        /// [`Role::neutral_name`].
        Neutral => "neutral",
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
    /// The language that the user chose for emails and pages.
    pub language: Option<Language>,
    /// Decides what the account is allowed to do.
    pub role: Role,
    /// A disabled account is refused from the next request on.
    pub disabled: bool,
    /// When the user proved that the address is theirs.
    pub email_verified_at: Option<Timestamp>,
    /// When the user set up their second factor; `None` without one.
    pub second_factor_at: Option<Timestamp>,
    /// Until when an admin of an earlier release may go on without a second factor.
    pub second_factor_due_at: Option<Timestamp>,
    /// When the account was created.
    pub created_at: Timestamp,
    /// Which emails a therapist gets about the bookings in their calendar.
    pub notify: NotifyLevel,
    /// The local time at which a therapist gets the agenda of the day, before 24:00.
    pub agenda_at: Option<LocalTime>,
    /// Starts at 1 and grows with each change but that of the password.
    pub version: u32,
}

impl User {
    /// The name that the user goes by: the preferred name, else what there is of first and last name. `None` for a user
    /// without a visible name.
    pub fn name(&self) -> Option<String> {
        let clean = |name: &Option<PersonName>| name.as_ref().map(|n| clean_line(n.as_str())).filter(|n| !n.is_empty());
        clean(&self.preferred_name).or_else(|| match (clean(&self.first_name), clean(&self.last_name)) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (first, last) => first.or(last),
        })
    }

    /// The name in emails and lists: [`Self::name`], else the email address.
    pub fn display_name(&self) -> String {
        self.name().unwrap_or_else(|| self.email.as_str().to_owned())
    }

    /// The name in the video room.
    pub fn room_name(&self, fallback: NameFallback) -> String {
        self.name().unwrap_or_else(|| match fallback {
            NameFallback::Email => self.email.as_str().to_owned(),
            NameFallback::Neutral => self.role.neutral_name().to_owned(),
        })
    }

    /// Whether the role is [`Role::Admin`].
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

#[cfg(test)]
mod tests;
