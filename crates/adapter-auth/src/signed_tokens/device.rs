//! The tokens by which devices are recognised.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | user id |
//! | 16 | device |
//!
//! As text they have 55 characters.

use attune_domain::UserId;
use attune_domain::login_session::DeviceId;
use attune_ports::DeviceTokens;

use super::{LAYOUT, SignedJoinTokens, split};

const PAYLOAD_BYTES: usize = 25;
const LABEL: &[u8] = b"attune known device\0";

impl DeviceTokens for SignedJoinTokens {
    fn sign_device(&self, user: UserId, device: &DeviceId) -> String {
        let mut payload = [LAYOUT; PAYLOAD_BYTES];
        payload[1..9].copy_from_slice(&user.get().to_be_bytes());
        payload[9..].copy_from_slice(&device.0);
        self.text(LABEL, &payload, &[])
    }

    fn verify_device(&self, token: &str) -> Option<(UserId, DeviceId)> {
        let (payload, signed) = split::<PAYLOAD_BYTES>(token)?;
        let (&LAYOUT, rest) = payload.split_first()? else { return None };
        let (user, device) = rest.split_first_chunk()?;
        let user = UserId::new(i64::from_be_bytes(*user))?;
        let device = DeviceId(device.try_into().ok()?);
        self.is_genuine(LABEL, &payload, &[], &signed).then_some((user, device))
    }
}

#[cfg(test)]
mod tests;
