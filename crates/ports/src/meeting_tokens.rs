//! Signing what a meeting link says, and checking what others signed.

use attune_domain::{JoinToken, MeetingTokenClaims};

use crate::BoxError;

/// Signs meeting links for one deployment of the video server.
pub trait MeetingTokenSigner: Send + Sync {
    /// A token that states these facts and no others, as the deployment wants to read them: printable ASCII that can stand
    /// in a URL as it is. The same facts give a token of the same meaning at any time.
    ///
    /// Nothing is asked of the outside, so an error means a key that cannot sign.
    fn sign(&self, claims: &MeetingTokenClaims) -> Result<String, BoxError>;
}

/// Seals the tickets that mailed links carry. Nothing is stored: the seal is all there is to check.
pub trait JoinTokens: Send + Sync {
    /// The ticket as a text that can stand in a path of a URL as it is. The same ticket always gives the same text.
    fn seal(&self, ticket: &JoinToken) -> String;

    /// Reads a text back. `None` for whatever this service did not seal as a ticket, to the last bit.
    fn open(&self, text: &str) -> Option<JoinToken>;
}
