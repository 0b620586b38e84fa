//! The tokens of emailed links, of the pages that they lead to, of forms, of known devices, and of calendar feeds.
//!
//! They need no header, no choice of algorithm and no expiry, so they are not JSON Web Tokens. Each is a fixed layout
//! of bytes with a signature:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version of the layout, 1 |
//! | as many as the kind of token needs | what the token says |
//! | 16 | HMAC-SHA-256 over the label of the kind and the bytes before, truncated to half (RFC 2104, section 5) |
//!
//! Numbers are big-endian. As text they are base64url without padding (RFC 4648, section 5).

mod device;
mod feed;
mod form;
mod join;
mod one_time;
mod pay;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::SigningSecret;

const LAYOUT: u8 = 1;
const SIGNATURE_BYTES: usize = 16;

/// Derives a separate key, so that nothing that is signed with the secret itself is a valid token.
const KEY_LABEL: &[u8] = b"attune ticket sealing key";

/// Signs the tokens of our own pages with HMAC-SHA-256.
///
/// Emails stay in mailboxes for weeks, so a replaced secret has to remain among the previous ones until the last
/// appointment with a link signed by it is over.
#[derive(derive_more::Debug)]
#[debug("SignedJoinTokens(***)")]
pub struct SignedJoinTokens {
    key: hmac::Key,
    previous_keys: Vec<hmac::Key>,
}

impl SignedJoinTokens {
    /// Signs with `secret`, and also accepts tokens that were signed with one of the `previous` ones.
    pub fn new(secret: &SigningSecret, previous: &[SigningSecret]) -> Self {
        Self { key: derive_key(secret), previous_keys: previous.iter().map(derive_key).collect() }
    }

    /// The nonce is signed too, but not part of the text. Most tokens have none.
    fn text(&self, label: &[u8], payload: &[u8], nonce: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([payload, &signature(&self.key, label, payload, nonce)].concat())
    }

    fn is_genuine(&self, label: &[u8], payload: &[u8], nonce: &[u8], signed: &[u8]) -> bool {
        let mut keys = std::iter::once(&self.key).chain(&self.previous_keys);
        keys.any(|key| verify_slices_are_equal(&signature(key, label, payload, nonce), signed).is_ok())
    }
}

fn derive_key(secret: &SigningSecret) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, secret.derive(KEY_LABEL).as_ref())
}

fn signature(key: &hmac::Key, label: &[u8], payload: &[u8], nonce: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let mut context = hmac::Context::with_key(key);
    context.update(label);
    context.update(payload);
    context.update(nonce);
    let mut truncated = [0; SIGNATURE_BYTES];
    truncated.copy_from_slice(&context.sign().as_ref()[..SIGNATURE_BYTES]);
    truncated
}

/// The payload and the signature of a text; `None` if its length is another one.
fn split<const PAYLOAD_BYTES: usize>(text: &str) -> Option<([u8; PAYLOAD_BYTES], [u8; SIGNATURE_BYTES])> {
    // The engine refuses padding, other alphabets and trailing bits, so a token has exactly one text.
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (payload, signed) = bytes.split_first_chunk()?;
    Some((*payload, signed.try_into().ok()?))
}

#[cfg(test)]
pub(crate) mod tests;
