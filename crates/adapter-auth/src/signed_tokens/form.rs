//! The tokens of forms. They say nothing themselves: visitor and purpose are signed as the nonce.
//!
//! As text they have 23 characters.

use attune_ports::FormTokens;

use super::{LAYOUT, SignedJoinTokens, split};

const LABEL: &[u8] = b"attune form\0";

impl FormTokens for SignedJoinTokens {
    fn sign_form(&self, visitor: &str, purpose: &str) -> String {
        self.text(LABEL, &[LAYOUT], signed_text(visitor, purpose).as_bytes())
    }

    fn is_genuine_form(&self, token: &str, visitor: &str, purpose: &str) -> bool {
        let Some(([LAYOUT], signed)) = split::<1>(token) else { return false };
        self.is_genuine(LABEL, &[LAYOUT], signed_text(visitor, purpose).as_bytes(), &signed)
    }
}

/// No purpose contains a zero byte.
fn signed_text(visitor: &str, purpose: &str) -> String {
    format!("{purpose}\0{visitor}")
}

#[cfg(test)]
mod tests;
