//! Secrets that sign.

use std::fmt;

use thiserror::Error;

/// A secret that signs access tokens and seals tickets: at least 32 bytes, and none of those that stand in documents.
/// `Debug` hides it.
///
/// `openssl rand -base64 32` makes a good one.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

/// Why a secret is refused. Never says what the secret was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WeakSecret {
    /// Fewer than [`SigningSecret::MIN_BYTES`] bytes (RFC 7518, section 3.2).
    #[error("a signing secret has at least 32 bytes; `openssl rand -base64 32` makes one")]
    TooShort,
    /// A secret that comes from a document or was typed by hand, so others can guess it.
    #[error("this signing secret looks like one from a document; `openssl rand -base64 32` makes a secret one")]
    WellKnown,
    /// A piece that repeats, or only a few different bytes.
    #[error("this signing secret repeats itself; `openssl rand -base64 32` makes a better one")]
    Repetitive,
}

/// Pieces of the secrets that documents, tutorials and tired people use, in lower case and without punctuation. Each is
/// long enough that a random secret practically never holds one by chance.
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
    /// Fewest bytes: as many as the hash function gives (RFC 7518, section 3.2).
    pub const MIN_BYTES: usize = 32;
    /// Fewest different bytes. Sixty-four random hexadecimal digits have about random_bytes.
    const MIN_DIFFERENT: usize = 8;

    /// Takes the bytes as they are; a line end from a file has to be taken off before.
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

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn lower(byte: u8) -> char {
    char::from(byte.to_ascii_lowercase())
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

#[cfg(test)]
mod tests;
