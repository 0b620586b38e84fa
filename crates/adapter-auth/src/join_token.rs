//! Join tokens for emailed links.
//!
//! A join token needs no header, no choice of algorithm and no expiry, so it is not a JSON Web Token. It is a fixed layout of
//! bytes with a signature:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version of this layout, 1 |
//! | 1 | kind of viewer: 0 account, 1 participant |
//! | 8 | booking id |
//! | 8 | viewer id |
//! | 4 | version of the booking's links |
//! | 16 | HMAC-SHA-256 over the purpose and the bytes before, truncated to half (RFC 2104, section 5) |
//!
//! Numbers are big-endian. In a link they are 51 characters of base64url without padding (RFC 4648, section 5).
//!
//! The token of a page on which a client pays is made in the same way, for a purpose of its own: the version of its layout,
//! 1, the booking id, and the signature; 34 characters.

use attune_domain::{BookingId, JoinToken, ParticipantId, UserId, ViewerId};
use attune_ports::{JoinTokens, PayTokens};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::SigningSecret;

const LAYOUT: u8 = 1;
const ACCOUNT: u8 = 0;
const PARTICIPANT: u8 = 1;

const PAYLOAD_BYTES: usize = 22;
const SIGNATURE_BYTES: usize = 16;
const TOKEN_BYTES: usize = PAYLOAD_BYTES + SIGNATURE_BYTES;
const PAY_PAYLOAD_BYTES: usize = 9;

/// Derives a separate key, so that nothing that is signed with the secret itself is a valid join token.
const KEY_LABEL: &[u8] = b"attune ticket sealing key";
/// Distinguishes join tokens from anything else that this key signs.
const PURPOSE: &[u8] = b"attune join ticket\0";
/// The same for the tokens of pages on which clients pay.
const PAY_PURPOSE: &[u8] = b"attune pay page\0";

/// Signs the tokens of our own pages with HMAC-SHA-256.
///
/// Emails stay in mailboxes for weeks, so a replaced secret has to remain among the previous ones until the last appointment
/// with a link signed by it is over.
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

    fn is_genuine(&self, purpose: &[u8], payload: &[u8], signed: &[u8]) -> bool {
        let mut keys = std::iter::once(&self.key).chain(&self.previous_keys);
        keys.any(|key| verify_slices_are_equal(&signature(key, purpose, payload), signed).is_ok())
    }
}

impl JoinTokens for SignedJoinTokens {
    fn sign(&self, token: &JoinToken) -> String {
        let payload = encode(token);
        URL_SAFE_NO_PAD.encode([&payload[..], &signature(&self.key, PURPOSE, &payload)].concat())
    }

    fn verify(&self, text: &str) -> Option<JoinToken> {
        // The engine refuses padding, other alphabets and trailing bits, so a token has exactly one text.
        let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (payload, signed) = bytes.split_first_chunk::<PAYLOAD_BYTES>()?;
        if self.is_genuine(PURPOSE, payload, signed) { decode(payload) } else { None }
    }
}

impl PayTokens for SignedJoinTokens {
    fn sign_payment(&self, booking: BookingId) -> String {
        let mut payload = [LAYOUT; PAY_PAYLOAD_BYTES];
        payload[1..].copy_from_slice(&booking.get().to_be_bytes());
        URL_SAFE_NO_PAD.encode([&payload[..], &signature(&self.key, PAY_PURPOSE, &payload)].concat())
    }

    fn verify_payment(&self, text: &str) -> Option<BookingId> {
        let bytes: [u8; PAY_PAYLOAD_BYTES + SIGNATURE_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (payload, signed) = bytes.split_first_chunk::<PAY_PAYLOAD_BYTES>()?;
        let (&LAYOUT, booking) = payload.split_first()? else { return None };
        let booking = BookingId::new(i64::from_be_bytes(booking.try_into().ok()?))?;
        self.is_genuine(PAY_PURPOSE, payload, signed).then_some(booking)
    }
}

fn derive_key(secret: &SigningSecret) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret.bytes()), KEY_LABEL);
    hmac::Key::new(HMAC_SHA256, derived.as_ref())
}

fn signature(key: &hmac::Key, purpose: &[u8], payload: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let mut context = hmac::Context::with_key(key);
    context.update(purpose);
    context.update(payload);
    let mut truncated = [0; SIGNATURE_BYTES];
    truncated.copy_from_slice(&context.sign().as_ref()[..SIGNATURE_BYTES]);
    truncated
}

fn encode(token: &JoinToken) -> [u8; PAYLOAD_BYTES] {
    let (kind, viewer) = match token.viewer {
        ViewerId::Account(id) => (ACCOUNT, id.get()),
        ViewerId::Participant(id) => (PARTICIPANT, id.get()),
    };
    let mut payload = [0; PAYLOAD_BYTES];
    payload[0] = LAYOUT;
    payload[1] = kind;
    payload[2..10].copy_from_slice(&token.booking.get().to_be_bytes());
    payload[10..18].copy_from_slice(&viewer.to_be_bytes());
    payload[18..].copy_from_slice(&token.link_version.to_be_bytes());
    payload
}

fn decode(payload: &[u8; PAYLOAD_BYTES]) -> Option<JoinToken> {
    let ([LAYOUT, kind], rest) = payload.split_first_chunk()? else { return None };
    let (booking, rest) = rest.split_first_chunk()?;
    let (viewer, rest) = rest.split_first_chunk()?;
    let viewer = i64::from_be_bytes(*viewer);
    Some(JoinToken {
        booking: BookingId::new(i64::from_be_bytes(*booking))?,
        viewer: match *kind {
            ACCOUNT => ViewerId::Account(UserId::new(viewer)?),
            PARTICIPANT => ViewerId::Participant(ParticipantId::new(viewer)?),
            _ => return None,
        },
        link_version: u32::from_be_bytes(rest.try_into().ok()?),
    })
}

#[cfg(test)]
pub(crate) mod tests;
