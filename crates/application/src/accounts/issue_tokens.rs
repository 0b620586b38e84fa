//! Creates the pair of tokens that a client holds: a short access token, and a refresh token that is stored as a hash.

use std::sync::Arc;

use attune_domain::{LoginSessionId, User, UserId};
use attune_ports::{AccessClaims, AccessTokens, BoxError, Clock, Random, TokenHash};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// The result of a login or a refresh.
pub struct Tokens {
    pub access_token: String,
    /// Can be used once. After a login in a browser, the token of its cookie, which can be used until the login session ends.
    pub refresh_token: String,
    /// By it, the device is recognised at the next login. Only after a login.
    pub device_token: Option<String>,
    /// Lifetime of the access token in seconds.
    pub expires_in: i64,
    pub user: User,
}

#[derive(Clone)]
pub struct IssueTokens {
    pub tokens: Arc<dyn AccessTokens>,
    pub random: Arc<dyn Random>,
    pub clock: Arc<dyn Clock>,
    pub access_lifetime: SignedDuration,
}

impl IssueTokens {
    /// A new refresh token, 256 random bits, and the hash under which it is stored.
    pub(super) fn refresh_token(&self) -> (String, TokenHash) {
        let token = self.random_token();
        let hash = hash_token(&token);
        (token, hash)
    }

    /// A new token for the cookie of a browser, which is no refresh token.
    pub(super) fn browser_token(&self) -> (String, TokenHash) {
        let token = self.random_token();
        let hash = hash_browser_token(&token);
        (token, hash)
    }

    fn random_token(&self) -> String {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn access_token(
        &self,
        user: UserId,
        session: LoginSessionId,
        now: Timestamp,
    ) -> Result<String, BoxError> {
        let nonce = self.random.random_bytes();
        let expires_at = now.saturating_add(self.access_lifetime)?;
        self.tokens.issue(&AccessClaims { user, session, issued_at: now, expires_at, nonce })
    }
}

/// The hash under which a refresh token or a recovery code is stored. A fast hash is enough: no one can guess that many
/// random bits.
pub(super) fn hash_token(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

/// The hash under which the token of a browser's cookie is stored.
pub(super) fn hash_browser_token(token: &str) -> TokenHash {
    TokenHash(Sha256::new().chain_update(b"browser\0").chain_update(token.as_bytes()).finalize().into())
}
