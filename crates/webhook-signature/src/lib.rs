#![doc = include_str!("../README.md")]

use aws_lc_rs::{constant_time, hmac};
use jiff::{SignedDuration, Timestamp};

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not signed with any of our secrets, or changed on its way.
    Forged,
    /// Signed too long ago, or in the future.
    Stale,
}

/// Checks signatures with the secrets of an endpoint. An empty secret is everybody's: whoever makes one of these refuses it.
pub struct Signatures {
    keys: Vec<hmac::Key>,
    write: fn(&[u8]) -> String,
}

impl Signatures {
    /// How far the instant in a header may be from now, both ways. A message that was overheard is worth nothing later.
    pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

    /// Longest header that is read, in bytes: room for a dozen signatures, of which one or two are sent.
    const MAX_HEADER_BYTES: usize = 1024;

    /// Takes the secrets, several while one is being changed, and how a signature is written in the header.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>, write: fn(&[u8]) -> String) -> Self {
        let key = |secret: &str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self { keys: secrets.into_iter().map(key).collect(), write }
    }

    /// When the message was signed, if it was, with one of the secrets, and just now.
    pub fn check(&self, header: &str, body: &[u8], now: Timestamp) -> Result<Timestamp, Refusal> {
        let header = Header::read(header).ok_or(Refusal::Forged)?;
        let mut genuine = false;
        for key in &self.keys {
            // Once per secret: a header full of signatures costs an attacker's network more than us.
            let mut message = hmac::Context::with_key(key);
            message.update(header.t.as_bytes());
            message.update(b".");
            message.update(body);
            let tag = (self.write)(message.sign().as_ref());
            for given in &header.signatures {
                genuine |= constant_time::verify_slices_are_equal(tag.as_bytes(), given.as_bytes()).is_ok();
            }
        }
        if !genuine {
            Err(Refusal::Forged)
        } else if now.duration_since(header.made_at).abs() > Self::TOLERANCE {
            Err(Refusal::Stale)
        } else {
            Ok(header.made_at)
        }
    }
}

/// A header, taken apart.
struct Header<'a> {
    /// As it is written, because that is what was signed.
    t: &'a str,
    made_at: Timestamp,
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
            // At the first one: Base64 ends in equals signs of its own.
            let (scheme, value) = element.trim_matches(' ').split_once('=')?;
            match scheme {
                // Two instants: nobody could say which one was signed.
                "t" if t.replace(value).is_some() => return None,
                "t" => {}
                "v1" => signatures.push(value),
                _ => {}
            }
        }
        let t = t.filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
        let made_at = Timestamp::from_second(t.parse().ok()?).ok()?;
        Some(Self { t, made_at, signatures })
    }
}
