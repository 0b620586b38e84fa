//! One-time tokens.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | purpose: 1 to 6 |
//! | 8 | id |
//!
//! The signature is also over the nonce, which only the store knows. As text they have 35 characters.

use attune_domain::{OneTimePurpose, OneTimeToken, OneTimeTokenId};
use attune_ports::OneTimeTokenSigner;

use super::{LAYOUT, SignedJoinTokens, split};

const PAYLOAD_BYTES: usize = 10;
const LABEL: &[u8] = b"attune one-time token\0";

impl OneTimeTokenSigner for SignedJoinTokens {
    fn sign_one_time(&self, purpose: OneTimePurpose, id: OneTimeTokenId, nonce: &[u8; 16]) -> String {
        let mut payload = [LAYOUT; PAYLOAD_BYTES];
        payload[1] = number(purpose);
        payload[2..].copy_from_slice(&id.get().to_be_bytes());
        self.text(LABEL, &payload, nonce)
    }

    fn read_one_time(&self, text: &str) -> Option<(OneTimePurpose, OneTimeTokenId)> {
        decode(&split(text)?.0)
    }

    fn is_genuine_one_time(&self, text: &str, token: &OneTimeToken) -> bool {
        split(text).is_some_and(|(payload, signed)| {
            decode(&payload) == Some((token.purpose, token.id))
                && self.is_genuine(LABEL, &payload, &token.nonce, &signed)
        })
    }
}

fn decode(payload: &[u8; PAYLOAD_BYTES]) -> Option<(OneTimePurpose, OneTimeTokenId)> {
    let ([LAYOUT, purpose], id) = payload.split_first_chunk()? else { return None };
    let purpose = OneTimePurpose::ALL.into_iter().find(|known| number(*known) == *purpose)?;
    Some((purpose, OneTimeTokenId::new(i64::from_be_bytes(id.try_into().ok()?))?))
}

fn number(purpose: OneTimePurpose) -> u8 {
    match purpose {
        OneTimePurpose::ResetPassword => 1,
        OneTimePurpose::LogIn => 2,
        OneTimePurpose::VerifyEmail => 3,
        OneTimePurpose::ConfirmEmail => 4,
        OneTimePurpose::UndoEmail => 5,
        OneTimePurpose::Invitation => 6,
    }
}

#[cfg(test)]
mod tests;
