#![doc = include_str!("../README.md")]

use aws_lc_rs::{constant_time, hmac};
use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not signed with any of our secrets, or modified.
    Forged,
    /// Signed too long ago, or in the future.
    Stale,
}

/// Verifies signatures with the secrets of an endpoint. Anyone can sign with an empty secret, so the caller refuses it.
pub struct Signatures {
    keys: Vec<hmac::Key>,
    encode: fn(&[u8]) -> String,
}

impl Signatures {
    /// How far the signing time may be from now, so that a recorded webhook cannot be replayed later.
    pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

    /// Enough for a dozen signatures; one or two are sent.
    const MAX_HEADER_BYTES: usize = 1024;

    /// Several secrets while one is being changed; `encode` writes a signature as the header contains it.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>, encode: fn(&[u8]) -> String) -> Self {
        let key = |secret: &str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self { keys: secrets.into_iter().map(key).collect(), encode }
    }

    /// The signing time of a genuine and recent webhook.
    pub fn check(&self, header: &str, body: &[u8], now: Timestamp) -> Result<Timestamp, Refusal> {
        let header = Header::read(header).ok_or(Refusal::Forged)?;
        let mut genuine = false;
        for key in &self.keys {
            // Computed once per secret, however many signatures the header contains.
            let mut message = hmac::Context::with_key(key);
            message.update(header.t.as_bytes());
            message.update(b".");
            message.update(body);
            let tag = (self.encode)(message.sign().as_ref());
            for given in &header.signatures {
                genuine |= constant_time::verify_slices_are_equal(tag.as_bytes(), given.as_bytes()).is_ok();
            }
        }
        if !genuine {
            Err(Refusal::Forged)
        } else if now.duration_since(header.signed_at).abs() > Self::TOLERANCE {
            Err(Refusal::Stale)
        } else {
            Ok(header.signed_at)
        }
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Header<'a> {
    /// As written, because that is what was signed.
    t: &'a str,
    signed_at: Timestamp,
    signatures: Vec<&'a str>,
}

impl<'a> Header<'a> {
    fn read(header: &'a str) -> Option<Self> {
        if header.len() > Signatures::MAX_HEADER_BYTES || !header.is_ascii() {
            return None;
        }
        let mut t = None;
        let mut signatures = Vec::new();
        for element in header.split(',') {
            // At the first one, because Base64 may end with equals signs.
            let (scheme, value) = element.trim_matches(' ').split_once('=')?;
            match scheme {
                // With two times, it is unclear which one was signed.
                "t" if t.replace(value).is_some() => return None,
                "t" => {}
                "v1" => signatures.push(value),
                _ => {}
            }
        }
        let t = t.filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
        let signed_at = Timestamp::from_second(t.parse().ok()?).ok()?;
        Some(Self { t, signed_at, signatures })
    }
}

#[cfg(test)]
mod tests;
