//! Signing what a meeting link says about a person.

use attune_domain::MeetingTokenClaims;

use crate::BoxError;

/// Signs meeting links for one deployment of the video server.
pub trait MeetingTokenSigner: Send + Sync {
    /// A token that states these facts and no others, as the deployment wants to read them: printable ASCII that can stand
    /// in a URL as it is. The same facts give a token of the same meaning at any time.
    ///
    /// Nothing is asked of the outside, so an error means a key that cannot sign.
    fn sign(&self, claims: &MeetingTokenClaims) -> Result<String, BoxError>;
}
