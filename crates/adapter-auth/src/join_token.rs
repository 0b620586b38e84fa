//! Tickets for mailed links: a few bytes that only this service can have made.
//!
//! A ticket needs no header, no algorithm to choose and no expiry, so it is no JSON Web Token. It is a fixed row of bytes
//! with a seal behind it:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of this layout, 1 |
//! | 1 | kind of person: 0 account, 1 participant |
//! | 8 | booking id |
//! | 8 | person id |
//! | 4 | version of the booking's links |
//! | 16 | HMAC-SHA-256 over the purpose and the bytes before, cut to half (RFC 2104, section 5) |
//!
//! Numbers are big-endian. In a link they are 51 characters of base64url without padding (RFC 4648, section 5).

use std::fmt;

use attune_domain::{BookingId, JoinToken, ParticipantId, UserId, ViewerId};
use attune_ports::JoinTokens;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::SigningSecret;

/// The version of the layout above.
const LAYOUT: u8 = 1;
const ACCOUNT: u8 = 0;
const PARTICIPANT: u8 = 1;

const PAYLOAD_BYTES: usize = 22;
const SEAL_BYTES: usize = 16;
const TICKET_BYTES: usize = PAYLOAD_BYTES + SEAL_BYTES;

/// Makes another key out of the secret, so that nothing that is ever signed with the secret itself passes for a seal.
const KEY_LABEL: &[u8] = b"attune ticket sealing key";
/// What a seal is good for. Whatever else we might seal with this key one day gets a purpose of its own.
const PURPOSE: &[u8] = b"attune join ticket\0";

/// Seals tickets with HMAC-SHA-256 and opens those that it sealed. `Debug` shows nothing.
///
/// Mails lie in mailboxes for weeks, so a secret that was replaced belongs under the previous ones until the last session
/// that was mailed under it is over.
pub struct SignedJoinTokens {
    sealing_key: hmac::Key,
    previous_keys: Vec<hmac::Key>,
}

impl SignedJoinTokens {
    /// Seals with `secret`, and opens what was sealed with it or with one of the `previous` ones.
    pub fn new(secret: &SigningSecret, previous: &[SigningSecret]) -> Self {
        Self { sealing_key: sealing_key(secret), previous_keys: previous.iter().map(sealing_key).collect() }
    }
}

impl JoinTokens for SignedJoinTokens {
    fn seal(&self, ticket: &JoinToken) -> String {
        let payload = write(ticket);
        URL_SAFE_NO_PAD.encode([&payload[..], &seal_of(&self.sealing_key, &payload)].concat())
    }

    fn open(&self, text: &str) -> Option<JoinToken> {
        // The engine refuses padding, other alphabets and stray bits at the end, so a ticket has exactly one text.
        let bytes: [u8; TICKET_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (payload, seal) = bytes.split_first_chunk::<PAYLOAD_BYTES>()?;
        let is_genuine = std::iter::once(&self.sealing_key)
            .chain(&self.previous_keys)
            .any(|key| verify_slices_are_equal(&seal_of(key, payload), seal).is_ok());
        if is_genuine { read(payload) } else { None }
    }
}

impl fmt::Debug for SignedJoinTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedTickets(***)")
    }
}

fn sealing_key(secret: &SigningSecret) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret.bytes()), KEY_LABEL);
    hmac::Key::new(HMAC_SHA256, derived.as_ref())
}

fn seal_of(key: &hmac::Key, payload: &[u8; PAYLOAD_BYTES]) -> [u8; SEAL_BYTES] {
    let mut seal = hmac::Context::with_key(key);
    seal.update(PURPOSE);
    seal.update(payload);
    let mut cut = [0; SEAL_BYTES];
    cut.copy_from_slice(&seal.sign().as_ref()[..SEAL_BYTES]);
    cut
}

fn write(ticket: &JoinToken) -> [u8; PAYLOAD_BYTES] {
    let (kind, person) = match ticket.viewer {
        ViewerId::Account(id) => (ACCOUNT, id.get()),
        ViewerId::Participant(id) => (PARTICIPANT, id.get()),
    };
    let mut payload = [0; PAYLOAD_BYTES];
    payload[0] = LAYOUT;
    payload[1] = kind;
    payload[2..10].copy_from_slice(&ticket.booking.get().to_be_bytes());
    payload[10..18].copy_from_slice(&person.to_be_bytes());
    payload[18..].copy_from_slice(&ticket.link_version.to_be_bytes());
    payload
}

fn read(payload: &[u8; PAYLOAD_BYTES]) -> Option<JoinToken> {
    let ([LAYOUT, kind], rest) = payload.split_first_chunk()? else { return None };
    let (booking, rest) = rest.split_first_chunk()?;
    let (person, rest) = rest.split_first_chunk()?;
    let person = i64::from_be_bytes(*person);
    Some(JoinToken {
        booking: BookingId::new(i64::from_be_bytes(*booking))?,
        viewer: match *kind {
            ACCOUNT => ViewerId::Account(UserId::new(person)?),
            PARTICIPANT => ViewerId::Participant(ParticipantId::new(person)?),
            _ => return None,
        },
        link_version: u32::from_be_bytes(rest.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests;
