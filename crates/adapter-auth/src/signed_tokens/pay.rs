//! The tokens of pages on which clients pay: 8 bytes with the booking id. As text they have 34 characters.

use attune_domain::BookingId;
use attune_ports::PayTokens;

use super::{LAYOUT, SignedJoinTokens, split};

const PAYLOAD_BYTES: usize = 9;
const LABEL: &[u8] = b"attune pay page\0";

impl PayTokens for SignedJoinTokens {
    fn sign_payment(&self, booking: BookingId) -> String {
        let mut payload = [LAYOUT; PAYLOAD_BYTES];
        payload[1..].copy_from_slice(&booking.get().to_be_bytes());
        self.text(LABEL, &payload, &[])
    }

    fn verify_payment(&self, text: &str) -> Option<BookingId> {
        let (payload, signed) = split::<PAYLOAD_BYTES>(text)?;
        let (&LAYOUT, booking) = payload.split_first()? else { return None };
        let booking = BookingId::new(i64::from_be_bytes(booking.try_into().ok()?))?;
        self.is_genuine(LABEL, &payload, &[], &signed).then_some(booking)
    }
}

#[cfg(test)]
mod tests;
