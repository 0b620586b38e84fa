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

/// Signs the join tokens in emailed links. Nothing is stored: the signature is all that can be verified.
pub trait JoinTokens: Send + Sync {
    /// The signed token, usable in the path of a URL without encoding. The same token always gives the same text.
    fn sign(&self, token: &JoinToken) -> String;

    /// The token in a text that this service signed; `None` for any other text.
    fn verify(&self, text: &str) -> Option<JoinToken>;
}
