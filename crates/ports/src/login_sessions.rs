//! Logins, inside a unit of work.

use std::fmt;

use async_trait::async_trait;
use attune_domain::login_session::LoginSession;
use attune_domain::{LoginSessionId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// SHA-256 of a refresh token. The token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

/// A login to be remembered. It begins with generation 1.
#[derive(Debug, Clone)]
pub struct NewLoginSession {
    /// Who logged in.
    pub user: UserId,
    /// From which network, shortened so that it names no single person (IPv4 /24, IPv6 /64).
    pub network: Option<String>,
    /// Now.
    pub created_at: Timestamp,
}

/// Logins, inside a unit of work.
#[async_trait]
pub trait LoginSessions {
    /// Remembers a login, at generation 1.
    async fn add_login_session(&mut self, session: &NewLoginSession) -> Result<LoginSessionId, StoreError>;

    /// The session; nobody else can change the row until this unit of work ends.
    async fn session(&mut self, id: LoginSessionId) -> Result<Option<LoginSession>, StoreError>;

    /// Writes generation, rotation and end. Errors: [`crate::Conflict::Stale`] when there is no such row.
    async fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError>;

    /// Ends all live sessions of a person, except one if given. Returns how many ended.
    async fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Remembers the hash of a refresh token of one generation.
    async fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// LoginSession and generation of a refresh token, however old.
    async fn refresh_token(&mut self, hash: &TokenHash) -> Result<Option<(LoginSessionId, u32)>, StoreError>;
}
