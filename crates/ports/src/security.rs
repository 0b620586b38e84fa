//! Passwords and access tokens.

use std::fmt;

use async_trait::async_trait;
use attune_domain::{LoginSessionId, UserId};
use jiff::Timestamp;
use thiserror::Error;

use crate::BoxError;

/// A password as it was typed. Never printed, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Wraps what was typed, unchanged.
    pub fn new(typed: String) -> Self {
        Self(typed)
    }

    /// What was typed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// A hashed password in PHC form (`$argon2id$v=19$…`).
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// What checking a password told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCheck {
    /// The password is the right one.
    pub matches: bool,
    /// It was hashed with weaker parameters than today's; hash it again while it is at hand.
    pub outdated: bool,
}

/// Why a password was not hashed.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too many others wait. Come back in a second.
    #[error("too many passwords are being checked")]
    Busy,
    /// Anything else.
    #[error("password hashing failed")]
    Failed(#[source] BoxError),
}

/// Hashes passwords on threads of its own, so that a flood of logins cannot stop other requests.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a new password.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Checks a password. Without a hash it does the same work and answers no, so that an unknown address takes as long
    /// as a known one.
    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<PasswordCheck, HashError>;
}

/// What an access token says. It never says what a person may do: that is read from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who.
    pub user: UserId,
    /// With which login.
    pub session: LoginSessionId,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// Makes each token different.
    pub nonce: [u8; 16],
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not ours, not whole, or not an access token.
    #[error("the access token is invalid")]
    Invalid,
    /// Ours, but over.
    #[error("the access token has expired")]
    Expired,
}

/// Makes and checks access tokens.
pub trait AccessTokens: Send + Sync {
    /// Signs claims.
    fn issue(&self, claims: &AccessClaims) -> Result<String, BoxError>;

    /// Reads claims back, at this moment.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;
}
