//! The tokens in the URLs of calendar feeds: 8 bytes with the user id.
//!
//! The signature is also over the nonce, which only the store knows. As text they have 34 characters.

use attune_domain::UserId;
use attune_ports::CalendarFeedTokens;

use super::{LAYOUT, SignedJoinTokens, split};

const PAYLOAD_BYTES: usize = 9;
const LABEL: &[u8] = b"attune calendar feed\0";

impl CalendarFeedTokens for SignedJoinTokens {
    fn sign_feed(&self, user: UserId, nonce: &[u8; 16]) -> String {
        let mut payload = [LAYOUT; PAYLOAD_BYTES];
        payload[1..].copy_from_slice(&user.get().to_be_bytes());
        self.text(LABEL, &payload, nonce)
    }

    fn read_feed(&self, text: &str) -> Option<UserId> {
        decode(&split(text)?.0)
    }

    fn is_genuine_feed(&self, text: &str, user: UserId, nonce: &[u8; 16]) -> bool {
        split(text).is_some_and(|(payload, signed)| {
            decode(&payload) == Some(user) && self.is_genuine(LABEL, &payload, nonce, &signed)
        })
    }
}

fn decode(payload: &[u8; PAYLOAD_BYTES]) -> Option<UserId> {
    let (&LAYOUT, user) = payload.split_first()? else { return None };
    UserId::new(i64::from_be_bytes(user.try_into().ok()?))
}

#[cfg(test)]
mod tests;
