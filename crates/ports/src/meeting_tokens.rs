//! Signing the tokens of meeting links, and signing and verifying the tokens of our own pages.

use attune_domain::{BookingId, JoinToken, MeetingTokenClaims};

use crate::BoxError;

/// Signs meeting links for one deployment of the video server.
pub trait MeetingTokenSigner: Send + Sync {
    /// A token that contains these claims and no others, in the format that the deployment expects: printable ASCII,
    /// usable in a URL without encoding. Equal claims always result in tokens of equal meaning.
    ///
    /// No external system is contacted, so an error means that the key cannot sign.
    fn sign(&self, claims: &MeetingTokenClaims) -> Result<String, BoxError>;
}

/// Signs the join tokens in emailed links. Nothing is stored: the signature is all that can be verified.
pub trait JoinTokens: Send + Sync {
    /// The signed token, usable in the path of a URL without encoding. The same token always gives the same text.
    fn sign(&self, token: &JoinToken) -> String;

    /// The token in a text that this service signed; `None` for any other text.
    fn verify(&self, text: &str) -> Option<JoinToken>;
}

/// Signs the tokens of our pages on which clients pay. Nothing is stored: what can still be paid is decided when a page is
/// opened.
pub trait PayTokens: Send + Sync {
    /// The signed token, usable in the path of a URL without encoding. The same booking always gives the same text.
    fn sign_payment(&self, booking: BookingId) -> String;

    /// The booking of a text that this service signed; `None` for any other text, such as a join token.
    fn verify_payment(&self, text: &str) -> Option<BookingId>;
}
