//! Second factors: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.

use async_trait::async_trait;
use attune_domain::{LoginSessionId, UserId};
use jiff::Timestamp;

use crate::{BoxError, StoreError, TokenHash};

/// The authenticator app of a user, whether it was confirmed by a code or not.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct TotpFactor {
    /// The secret, encrypted ([`Totp::new_secret`]).
    #[debug(skip)]
    pub sealed_secret: Vec<u8>,
    /// The time step of the last code that was used. A code of this step or an earlier one is refused.
    pub last_step: u64,
}

/// Second factors, inside a unit of work that has locked the user ([`crate::Users::user_for_change`]).
#[async_trait]
pub trait SecondFactors {
    /// The authenticator app of a user.
    async fn totp_factor(&mut self, user: UserId) -> Result<Option<TotpFactor>, StoreError>;

    /// Stores the authenticator app of a user in place of another one.
    async fn save_totp_factor(&mut self, user: UserId, factor: &TotpFactor) -> Result<(), StoreError>;

    /// Deletes the authenticator app and the recovery codes of a user.
    async fn remove_second_factor(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Replaces the recovery codes of a user, which are stored as hashes.
    async fn set_recovery_codes(&mut self, user: UserId, codes: &[TokenHash]) -> Result<(), StoreError>;

    /// Uses up a recovery code. Returns `false` if the user has no such code, or it was used before.
    async fn use_recovery_code(&mut self, user: UserId, code: &TokenHash) -> Result<bool, StoreError>;

    /// Notes that the user gave their password or a code again in this login session. Errors: [`crate::Conflict::Stale`]
    /// when it does not exist.
    async fn step_up(&mut self, session: LoginSessionId, now: Timestamp) -> Result<(), StoreError>;
}

/// What an authenticator app needs to know.
#[derive(Clone, derive_more::Debug)]
#[debug("TotpSetup(***)")]
pub struct TotpSetup {
    /// The secret, encrypted, as it is stored.
    pub sealed_secret: Vec<u8>,
    /// `otpauth://totp/…`
    pub uri: String,
    /// The same as a QR code, an SVG document.
    pub qr_svg: String,
}

/// Creates and checks the codes of authenticator apps.
pub trait Totp: Send + Sync {
    /// A new secret for this user. The app shows `account` and `issuer`.
    fn new_secret(&self, user: UserId, account: &str, issuer: &str) -> Result<TotpSetup, BoxError>;

    /// The time step of this code, which is that of `now` or one of its neighbours; `None` if it is none of their codes.
    /// Errors: the secret cannot be decrypted with any of our keys.
    fn step_of(&self, user: UserId, sealed_secret: &[u8], code: &str, now: Timestamp) -> Result<Option<u64>, BoxError>;
}
