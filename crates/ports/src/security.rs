//! Passwords and access tokens.

use async_trait::async_trait;
use attune_domain::login_session::DeviceId;
use attune_domain::text::opaque_string;
use attune_domain::{LoginSessionId, UserId};
use jiff::Timestamp;
use thiserror::Error;

use crate::BoxError;

/// A password, normalised ([`opaque_string`]) so that it does not depend on the keyboard it was typed on. Never logged, never
/// stored.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("Password(***)")]
pub struct Password {
    text: String,
    /// If normalising changed it.
    typed: Option<String>,
}

impl Password {
    /// Normalises the password.
    pub fn new(typed: String) -> Self {
        let text = opaque_string(&typed);
        let typed = (typed != text).then_some(typed);
        Self { text, typed }
    }

    /// The password in plain text.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The password exactly as it was typed, if normalising changed it: hashes from before passwords were normalised may be
    /// of this one.
    pub fn as_typed(&self) -> Option<Self> {
        self.typed.clone().map(|text| Self { text, typed: None })
    }
}

/// A hashed password in PHC format (`$argon2id$v=19$…`).
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("PasswordHash(***)")]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The result of checking a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCheck {
    /// Whether the password is correct.
    pub matches: bool,
    /// Whether the stored hash was computed with weaker parameters than the current ones; if so, the caller should hash
    /// the password again and store the new hash.
    pub outdated: bool,
}

/// Why a password was not hashed or checked.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too many other passwords are waiting. Retry after a second.
    #[error("too many passwords are being checked")]
    Busy,
    /// Any other failure.
    #[error("password hashing failed")]
    Failed(#[source] BoxError),
}

/// Hashes passwords on dedicated threads, so that many logins at once cannot block other requests.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a new password.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Checks a password against a hash. Without a hash it does the same work and the password does not match, so that
    /// an unknown address takes as long as a known one.
    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<PasswordCheck, HashError>;
}

/// The claims of an access token. They contain no permissions: those are read from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// The user.
    pub user: UserId,
    /// The login session.
    pub session: LoginSessionId,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// Random, so that each token is different.
    pub nonce: [u8; 16],
}

/// Why an access token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not signed by this system, malformed, or not an access token.
    #[error("the access token is invalid")]
    Invalid,
    /// Validly signed, but expired.
    #[error("the access token has expired")]
    Expired,
}

/// Signs the forms of our pages, so that no other site can send them.
pub trait FormTokens: Send + Sync {
    /// The token of a form with this purpose, for the visitor with this secret: the token of their login session, or a
    /// random text that their browser keeps.
    fn sign_form(&self, visitor: &str, purpose: &str) -> String;

    /// Whether a token is that of this visitor and purpose.
    fn is_genuine_form(&self, token: &str, visitor: &str, purpose: &str) -> bool;
}

/// Signs the tokens by which a device is recognised that a user logged in with.
pub trait DeviceTokens: Send + Sync {
    /// The token of a device for this user.
    fn sign_device(&self, user: UserId, device: &DeviceId) -> String;

    /// The user and device of a token; `None` if it is not genuine.
    fn verify_device(&self, token: &str) -> Option<(UserId, DeviceId)>;
}

/// Issues and verifies access tokens.
pub trait AccessTokens: Send + Sync {
    /// Signs the claims.
    fn issue(&self, claims: &AccessClaims) -> Result<String, BoxError>;

    /// Verifies a token at the time `now` and returns its claims.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;
}
