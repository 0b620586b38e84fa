//! Join tokens.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | kind of viewer: 0 account, 1 participant |
//! | 8 | booking id |
//! | 8 | viewer id |
//! | 4 | version of the booking's links |
//!
//! As text they have 51 characters.

use attune_domain::{BookingId, JoinToken, ParticipantId, UserId, ViewerId};
use attune_ports::JoinTokens;

use super::{LAYOUT, SignedJoinTokens, split};

const ACCOUNT: u8 = 0;
const PARTICIPANT: u8 = 1;

const PAYLOAD_BYTES: usize = 22;
const LABEL: &[u8] = b"attune join ticket\0";

impl JoinTokens for SignedJoinTokens {
    fn sign(&self, token: &JoinToken) -> String {
        self.text(LABEL, &encode(token), &[])
    }

    fn verify(&self, text: &str) -> Option<JoinToken> {
        let (payload, signed) = split(text)?;
        if self.is_genuine(LABEL, &payload, &[], &signed) { decode(&payload) } else { None }
    }
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
mod tests;
