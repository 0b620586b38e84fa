//! Passwords and tokens without any protection, so that tests are fast and can read what was issued.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::{LoginSessionId, UserId};
use attune_ports::{
    AccessClaims, AccessTokens, BoxError, HashError, Password, PasswordCheck, PasswordHash, PasswordHasher, TokenError,
};
use jiff::Timestamp;

const TODAYS: &str = "$plain$v=2$";
const OUTDATED: &str = "$plain$v=1$";

/// Keeps passwords readable behind a prefix. Never for real accounts.
#[derive(Default)]
pub struct PlainPasswordHasher {
    busy: AtomicBool,
    verifications: AtomicUsize,
}

impl PlainPasswordHasher {
    /// One that is never busy.
    pub fn new() -> Self {
        Self::default()
    }

    /// A hash as weaker parameters of an earlier time would have made it: it matches, and counts as outdated.
    pub fn outdated_hash(password: &Password) -> PasswordHash {
        PasswordHash::new(format!("{OUTDATED}{}", password.expose()))
    }

    /// Lets every call answer [`HashError::Busy`], or ends that.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }

    /// How often a password was checked, with or without a hash: the work that a stopwatch would see.
    pub fn verifications(&self) -> usize {
        self.verifications.load(Ordering::SeqCst)
    }

    fn check_not_busy(&self) -> Result<(), HashError> {
        if self.busy.load(Ordering::SeqCst) { Err(HashError::Busy) } else { Ok(()) }
    }
}

#[async_trait]
impl PasswordHasher for PlainPasswordHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        self.check_not_busy()?;
        Ok(PasswordHash::new(format!("{TODAYS}{}", password.expose())))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<PasswordCheck, HashError> {
        self.check_not_busy()?;
        self.verifications.fetch_add(1, Ordering::SeqCst);
        let Some(hash) = hash else { return Ok(PasswordCheck { matches: false, outdated: false }) };
        if let Some(kept) = hash.as_str().strip_prefix(TODAYS) {
            Ok(PasswordCheck { matches: kept == password.expose(), outdated: false })
        } else if let Some(kept) = hash.as_str().strip_prefix(OUTDATED) {
            Ok(PasswordCheck { matches: kept == password.expose(), outdated: true })
        } else {
            Err(HashError::Failed("not a hash of the plain hasher".into()))
        }
    }
}

/// Writes the claims into the token as they are: `plain.{user}.{session}.{issued}.{expires}.{nonce}`, instants in
/// milliseconds, the nonce in hexadecimal. Anybody can forge one.
pub struct PlainAccessTokens;

impl AccessTokens for PlainAccessTokens {
    fn issue(&self, claims: &AccessClaims) -> Result<String, BoxError> {
        let AccessClaims { user, session, issued_at, expires_at, nonce } = claims;
        Ok(format!(
            "plain.{user}.{session}.{}.{}.{:032x}",
            issued_at.as_millisecond(),
            expires_at.as_millisecond(),
            u128::from_be_bytes(*nonce)
        ))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let claims = read_claims(token).ok_or(TokenError::Invalid)?;
        if now < claims.expires_at { Ok(claims) } else { Err(TokenError::Expired) }
    }
}

fn read_claims(token: &str) -> Option<AccessClaims> {
    let mut parts = token.strip_prefix("plain.")?.split('.');
    let claims = AccessClaims {
        user: UserId::new(parts.next()?.parse().ok()?)?,
        session: LoginSessionId::new(parts.next()?.parse().ok()?)?,
        issued_at: Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?,
        expires_at: Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?,
        nonce: u128::from_str_radix(parts.next()?, 16).ok()?.to_be_bytes(),
    };
    parts.next().is_none().then_some(claims)
}
