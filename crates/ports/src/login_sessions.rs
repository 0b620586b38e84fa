//! Login sessions, inside a unit of work.

use async_trait::async_trait;
use attune_domain::login_session::{DeviceId, LoginSession};
use attune_domain::{LoginSessionId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// SHA-256 of a refresh token. The token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("TokenHash(***)")]
pub struct TokenHash(pub [u8; 32]);

/// A login session that is not stored yet. It starts at generation 1.
#[derive(Debug, Clone)]
pub struct NewLoginSession {
    /// The user who logged in.
    pub user: UserId,
    /// The network of the login, truncated so that it does not identify a single person (IPv4 /24, IPv6 /64).
    pub network: Option<String>,
    /// The program of the login in a few words, such as `Firefox, Linux`.
    pub user_agent: Option<String>,
    /// The browser or program of the login.
    pub device: Option<DeviceId>,
    /// The current time.
    pub created_at: Timestamp,
}

/// A login session with where it was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSessionView {
    /// The login session.
    pub session: LoginSession,
    /// See [`NewLoginSession::network`].
    pub network: Option<String>,
    /// See [`NewLoginSession::user_agent`].
    pub user_agent: Option<String>,
}

/// Login sessions, inside a unit of work.
#[async_trait]
pub trait LoginSessions {
    /// Stores a login session at generation 1.
    async fn add_login_session(&mut self, session: &NewLoginSession) -> Result<LoginSessionId, StoreError>;

    /// The login session with this id. Its row is locked: no other unit of work can change it until this one ends.
    async fn session(&mut self, id: LoginSessionId) -> Result<Option<LoginSession>, StoreError>;

    /// Stores the generation, the time of the last rotation and the end of a login session. Errors:
    /// [`crate::Conflict::Stale`] when the row does not exist.
    async fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError>;

    /// Ends all active login sessions of a user, except `except` if given. Returns how many were ended.
    async fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Stores the hash of a refresh token with its login session and generation.
    async fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The login session and the generation of a refresh token, regardless of its age; `None` if the hash is unknown.
    async fn refresh_token(&mut self, hash: &TokenHash) -> Result<Option<(LoginSessionId, u32)>, StoreError>;
}
