use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::{LoginSessionId, UserId};
use attune_ports::{
    AccessClaims, AccessTokens, BoxError, HashError, Password, PasswordCheck, PasswordHash, PasswordHasher, TokenError,
};
use jiff::Timestamp;

const CURRENT: &str = "$plain$v=2$";
const OUTDATED: &str = "$plain$v=1$";

/// Stores passwords in plain text behind a prefix: a real hash would make tests slow.
#[derive(Default)]
pub struct PlainPasswordHasher {
    busy: AtomicBool,
    verifications: AtomicUsize,
}

impl PlainPasswordHasher {
    pub fn new() -> Self {
        Self::default()
    }

    /// A hash made with weaker parameters: it matches and counts as outdated.
    pub fn outdated_hash(password: &Password) -> PasswordHash {
        PasswordHash::new(format!("{OUTDATED}{}", password.expose()))
    }

    /// While set, every call fails with [`HashError::Busy`].
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }

    /// The number of checks, with or without a hash: what would show in response times.
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
        Ok(PasswordHash::new(format!("{CURRENT}{}", password.expose())))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<PasswordCheck, HashError> {
        self.check_not_busy()?;
        self.verifications.fetch_add(1, Ordering::SeqCst);
        let Some(hash) = hash else { return Ok(PasswordCheck { matches: false, outdated: false }) };
        if let Some(stored) = hash.as_str().strip_prefix(CURRENT) {
            Ok(PasswordCheck { matches: stored == password.expose(), outdated: false })
        } else if let Some(stored) = hash.as_str().strip_prefix(OUTDATED) {
            Ok(PasswordCheck { matches: stored == password.expose(), outdated: true })
        } else {
            Err(HashError::Failed("not a hash of the plain hasher".into()))
        }
    }
}

/// The claims in plain text: `plain.{user}.{login session}.{issued}.{expires}.{nonce}`, times in milliseconds, the
/// nonce in hexadecimal.
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
        let claims = parse_claims(token).ok_or(TokenError::Invalid)?;
        if now < claims.expires_at { Ok(claims) } else { Err(TokenError::Expired) }
    }
}

fn parse_claims(token: &str) -> Option<AccessClaims> {
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
