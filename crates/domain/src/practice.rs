//! The practice as its clients see it: name, contact, legal texts and appearance.

use std::collections::BTreeMap;

use thiserror::Error;
use url::Url;

use crate::text::{clean_line, truncate_utf16};
use crate::{EmailAddress, Language, TimeZoneName};

/// What clients learn about the practice in emails and on pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practice {
    /// The name, also the display name of the sender of emails.
    pub name: PracticeName,
    /// Where clients call.
    pub phone: Option<PhoneNumber>,
    /// Where clients write, and where replies to emails go.
    pub email: Option<EmailAddress>,
    /// The practice's own web site.
    pub website: Option<WebUrl>,
    /// An image for pages.
    pub logo: Option<Logo>,
    /// The colour of links and buttons.
    pub accent_color: Option<AccentColor>,
    /// The zone of all times without one of their own.
    pub time_zone: TimeZoneName,
    /// Its texts, for everyone without a translation.
    pub texts: PracticeTexts,
    /// Its texts in other languages.
    pub translations: BTreeMap<Language, PracticeTexts>,
}

/// Texts that the practice writes itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PracticeTexts {
    /// Who runs the practice, as the law requires: a text, or the URL of one.
    pub imprint: Option<String>,
    /// How personal data is processed: a text, or the URL of one.
    pub privacy: Option<String>,
    /// How clients pay when the practice collects payments itself.
    pub offline_payment: Option<String>,
}

impl Practice {
    /// A practice of which only the name and the time zone are known.
    pub fn new(name: PracticeName, time_zone: TimeZoneName) -> Self {
        Self {
            name,
            phone: None,
            email: None,
            website: None,
            logo: None,
            accent_color: None,
            time_zone,
            texts: PracticeTexts::default(),
            translations: BTreeMap::new(),
        }
    }

    /// A text in this language, or else the untranslated one; `None` if the practice has no such text.
    pub fn text(&self, language: Language, of: impl Fn(&PracticeTexts) -> Option<&String>) -> Option<&str> {
        let text = of(&self.texts)?;
        Some(self.translations.get(&language).and_then(of).unwrap_or(text))
    }
}

/// Why a text does not fit a field of [`Practice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PracticeError {
    /// A name without a visible character.
    #[error("the name must not be blank")]
    BlankName,
    /// Longer than [`PracticeName::MAX_UTF16`].
    #[error("the name has at most 100 characters")]
    LongName,
    /// Not something that can be dialled.
    #[error("a phone number has 3 to 15 digits, an optional + in front, and blanks, hyphens, slashes or brackets")]
    Phone,
    /// Not an absolute `http` or `https` URL, or one with a password.
    #[error("the URL must begin with https:// or http://, have at most 500 characters, and contain no password")]
    Url,
    /// Not a colour such as `#14532d`.
    #[error("a colour is written like #14532d")]
    Color,
    /// Not an image, or too large.
    #[error("the logo must be a PNG, JPEG or WebP image of at most 32 KiB")]
    Logo,
}

/// The name of the practice, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeName(String);

impl PracticeName {
    /// Longest name, in UTF-16 units.
    pub const MAX_UTF16: usize = 100;

    /// Reads a name; control characters and repeated blanks are removed.
    pub fn parse(raw: &str) -> Result<Self, PracticeError> {
        let name = clean_line(raw);
        if name.is_empty() {
            Err(PracticeError::BlankName)
        } else if truncate_utf16(&name, Self::MAX_UTF16) != name {
            Err(PracticeError::LongName)
        } else {
            Ok(Self(name))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A phone number as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number of 3 to 15 digits (ITU-T E.164) with the usual separators.
    pub fn parse(raw: &str) -> Result<Self, PracticeError> {
        let number = clean_line(raw);
        let rest = number.strip_prefix('+').unwrap_or(&number);
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        let separators = rest.chars().all(|c| c.is_ascii_digit() || " -/().".contains(c));
        if separators && (3..=15).contains(&digits) && number.len() <= 40 {
            Ok(Self(number))
        } else {
            Err(PracticeError::Phone)
        }
    }

    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number for a `tel:` link (RFC 3966): digits with an optional `+`.
    pub fn dialled(&self) -> String {
        // A trunk zero in brackets, as in +49 (0)30, is not dialled from abroad.
        let number = if self.0.starts_with('+') { self.0.replace("(0)", "") } else { self.0.clone() };
        number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// An absolute `http` or `https` URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// Longest URL, in bytes.
    pub const MAX_LENGTH: usize = 500;

    /// Reads a URL.
    pub fn parse(raw: &str) -> Result<Self, PracticeError> {
        let url = Url::parse(raw.trim()).map_err(|_| PracticeError::Url)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if matches!(url.scheme(), "http" | "https") && plain && url.as_str().len() <= Self::MAX_LENGTH {
            Ok(Self(url.into()))
        } else {
            Err(PracticeError::Url)
        }
    }

    /// The URL of which a text consists, such as an imprint that stands on the practice's own web site. `None` if there is
    /// more in it.
    pub fn only(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::parse(text).ok().filter(|_| !text.contains(char::is_whitespace))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An sRGB colour without transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccentColor(pub [u8; 3]);

impl AccentColor {
    /// Reads a colour such as `#14532d`.
    pub fn parse(raw: &str) -> Result<Self, PracticeError> {
        let digits = raw.trim().strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(PracticeError::Color)?;
        let valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value = u32::from_str_radix(digits, 16).ok().filter(|_| valid).ok_or(PracticeError::Color)?;
        let [_, rgb @ ..] = value.to_be_bytes();
        Ok(Self(rgb))
    }
}

impl std::fmt::Display for AccentColor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// An image of a format that every browser shows and that contains no script.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo(Vec<u8>);

impl Logo {
    /// Largest image, in bytes.
    pub const MAX_BYTES: usize = 32 * 1024;

    /// Accepts the bytes of a PNG, JPEG or WebP image, recognized by its first bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PracticeError> {
        if bytes.len() <= Self::MAX_BYTES && media_type(&bytes).is_some() {
            Ok(Self(bytes))
        } else {
            Err(PracticeError::Logo)
        }
    }

    /// The bytes of the image.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its media type, such as `image/png`.
    pub fn media_type(&self) -> &'static str {
        media_type(&self.0).unwrap_or("application/octet-stream")
    }
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({}, {} bytes)", self.media_type(), self.0.len())
    }
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// This installation of the product, for identifiers that must not collide with those of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Random, made once, never changed.
    pub id: String,
    /// The domain in the UIDs of bookings that were emailed before installations had an id.
    pub legacy_uids: Option<LegacyUids>,
}

/// Bookings whose calendar entries keep the UID they were emailed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyUids {
    /// The right part of their UIDs.
    pub domain: String,
    /// The last of them.
    pub last_booking: crate::BookingId,
}

impl Installation {
    /// The UID of a booking's calendar entry (RFC 5545, section 3.8.4.7), the same for the booking's whole life.
    pub fn calendar_uid(&self, booking: crate::BookingId) -> String {
        let domain = match &self.legacy_uids {
            Some(legacy) if booking <= legacy.last_booking => &legacy.domain,
            _ => &self.id,
        };
        format!("booking-{booking}@{domain}")
    }
}

#[cfg(test)]
mod tests;
