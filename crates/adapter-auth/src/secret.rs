//! The signing secret.

use aws_lc_rs::hmac::{self, HMAC_SHA256, Tag};
use thiserror::Error;

/// Signs tokens and encrypts the secrets of authenticator apps: at least 32 bytes, not an example from a document.
#[derive(Clone, derive_more::Debug)]
pub struct SigningSecret(#[debug("***")] Vec<u8>);

/// Why a secret is refused. Never contains the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WeakSecret {
    #[error("a signing secret needs at least 32 bytes; create one with `openssl rand -base64 32`")]
    TooShort,
    #[error("this signing secret looks like an example from a document; create one with `openssl rand -base64 32`")]
    WellKnown,
    #[error("this signing secret is repetitive; create one with `openssl rand -base64 32`")]
    Repetitive,
}

/// Parts of secrets in documents and tutorials, in lower case without punctuation. A random secret practically never contains
/// one.
const WELL_KNOWN_PIECES: [&str; 14] = [
    "secret",
    "password",
    "passphrase",
    "change",
    "replace",
    "example",
    "insecure",
    "default",
    "placeholder",
    "development",
    "signingkey",
    "abcdefgh",
    "12345678",
    "qwertyui",
];

impl SigningSecret {
    /// RFC 7518, section 3.2.
    pub const MIN_BYTES: usize = 32;
    /// Distinct bytes; 64 random hexadecimal digits have up to 16.
    const MIN_DIFFERENT: usize = 8;

    /// A line break at the end of a file has to be removed by the caller.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, WeakSecret> {
        let secret = secret.into();
        if secret.len() < Self::MIN_BYTES {
            return Err(WeakSecret::TooShort);
        }
        let plain: String = secret.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| lower(*b)).collect();
        if WELL_KNOWN_PIECES.iter().any(|piece| plain.contains(piece)) {
            return Err(WeakSecret::WellKnown);
        }
        let mut different = secret.clone();
        different.sort_unstable();
        different.dedup();
        let repeats = |period: usize| secret.iter().zip(&secret[period..]).all(|(a, b)| a == b);
        if different.len() < Self::MIN_DIFFERENT || (1..=secret.len() / 2).any(repeats) {
            return Err(WeakSecret::Repetitive);
        }
        Ok(Self(secret))
    }

    /// 32 bytes for one use, which reveal neither the secret nor what is derived with another label.
    pub(crate) fn derive(&self, label: &[u8]) -> Tag {
        hmac::sign(&hmac::Key::new(HMAC_SHA256, &self.0), label)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn lower(byte: u8) -> char {
    char::from(byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
