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
    /// The image on pages and in emails; stores keep it apart.
    pub logo: Option<LogoName>,
    /// The colour of links and buttons.
    pub accent_color: Option<AccentColor>,
    /// The zone of all times without one of their own.
    pub time_zone: TimeZoneName,
    /// How German texts address their reader.
    pub german_formality: Formality,
    /// Its texts, for everyone without a translation.
    pub texts: PracticeTexts,
    /// Its texts in other languages.
    pub translations: BTreeMap<Language, PracticeTexts>,
    /// Whether its therapists have gone through the first steps.
    pub is_set_up: bool,
    /// Starts at 1 and grows with each change.
    pub version: u32,
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
            german_formality: Formality::default(),
            texts: PracticeTexts::default(),
            translations: BTreeMap::new(),
            is_set_up: false,
            version: 1,
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
    #[error("the logo must be a PNG, JPEG or WebP image of at most 200 KB")]
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

crate::text_enum! {
    /// How a language that distinguishes them addresses its reader.
    #[derive(Default)]
    pub enum Formality {
        /// In German with Sie.
        #[default]
        Formal => "formal",
        /// In German with du.
        Informal => "informal",
    }
}

crate::text_enum! {
    /// A format of images that every browser shows and that contains no script. Its name is the extension of its files.
    pub enum ImageFormat {
        /// Portable Network Graphics.
        Png => "png",
        /// JPEG File Interchange Format.
        Jpeg => "jpg",
        /// WebP, which several mail programs do not show.
        Webp => "webp",
    }
}

impl ImageFormat {
    /// The format of an image, recognized by its first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }

    /// The media type, such as `image/png`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// The image that stands for the practice.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    format: ImageFormat,
    bytes: Vec<u8>,
}

impl Logo {
    /// Largest image, in bytes.
    pub const MAX_BYTES: usize = 200_000;

    /// Accepts the bytes of a PNG, JPEG or WebP image.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PracticeError> {
        let format = ImageFormat::of(&bytes).filter(|_| bytes.len() <= Self::MAX_BYTES);
        format.map(|format| Self { format, bytes }).ok_or(PracticeError::Logo)
    }

    /// The format of the image.
    pub fn format(&self) -> ImageFormat {
        self.format
    }

    /// The bytes of the image.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({}, {} bytes)", self.format, self.bytes.len())
    }
}

/// The name of a logo's file, such as `logo-5e3a0b1c2d4f6e78.png`. It changes with the image, so that browsers may keep the
/// file for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoName {
    name: String,
    format: ImageFormat,
}

impl LogoName {
    /// The name of an image with these first bytes of its hash.
    pub fn new(hash: [u8; 8], format: ImageFormat) -> Self {
        Self { name: format!("logo-{:016x}.{format}", u64::from_be_bytes(hash)), format }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        let (digits, extension) = name.strip_prefix("logo-")?.split_once('.')?;
        let hash = u64::from_str_radix(digits, 16).ok()?;
        // Exactly one spelling: no sign, no capital letter.
        Some(Self::new(hash.to_be_bytes(), ImageFormat::parse(extension)?)).filter(|parsed| parsed.name == name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The format of the image.
    pub fn format(&self) -> ImageFormat {
        self.format
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
