use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use attune_domain::login_session::DeviceId;
use attune_domain::{LoginSessionId, OneTimePurpose, OneTimeToken, OneTimeTokenId, UserId};
use attune_ports::{
    AccessClaims, AccessTokens, BoxError, CalendarFeedTokens, DeviceTokens, FormTokens, HashError, OneTimeTokenSigner,
    Password, PasswordCheck, PasswordHash, PasswordHasher, TokenError, Totp, TotpSetup,
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

/// One-time tokens, device tokens and feed tokens in plain text.
#[derive(Debug, Clone, Copy)]
pub struct PlainOneTimeTokens;

impl OneTimeTokenSigner for PlainOneTimeTokens {
    fn sign_one_time(&self, purpose: OneTimePurpose, id: OneTimeTokenId, nonce: &[u8; 16]) -> String {
        format!("{purpose}-{id}-{:x}", u128::from_be_bytes(*nonce))
    }

    fn read_one_time(&self, text: &str) -> Option<(OneTimePurpose, OneTimeTokenId)> {
        let mut parts = text.splitn(3, '-');
        Some((OneTimePurpose::parse(parts.next()?)?, parts.next()?.parse().ok()?))
    }

    fn is_genuine_one_time(&self, text: &str, token: &OneTimeToken) -> bool {
        self.sign_one_time(token.purpose, token.id, &token.nonce) == text
    }
}

impl DeviceTokens for PlainOneTimeTokens {
    fn sign_device(&self, user: UserId, DeviceId(device): &DeviceId) -> String {
        format!("device-{user}-{:x}", u128::from_be_bytes(*device))
    }

    fn verify_device(&self, token: &str) -> Option<(UserId, DeviceId)> {
        let (user, device) = token.strip_prefix("device-")?.split_once('-')?;
        Some((user.parse().ok()?, DeviceId(u128::from_str_radix(device, 16).ok()?.to_be_bytes())))
    }
}

impl CalendarFeedTokens for PlainOneTimeTokens {
    fn sign_feed(&self, user: UserId, nonce: &[u8; 16]) -> String {
        format!("feed-{user}-{:x}", u128::from_be_bytes(*nonce))
    }

    fn read_feed(&self, text: &str) -> Option<UserId> {
        text.strip_prefix("feed-")?.split_once('-')?.0.parse().ok()
    }

    fn is_genuine_feed(&self, text: &str, user: UserId, nonce: &[u8; 16]) -> bool {
        self.sign_feed(user, nonce) == text
    }
}

impl FormTokens for PlainOneTimeTokens {
    fn sign_form(&self, visitor: &str, purpose: &str) -> String {
        format!("form-{purpose}-{visitor}")
    }

    fn is_genuine_form(&self, token: &str, visitor: &str, purpose: &str) -> bool {
        token == self.sign_form(visitor, purpose)
    }
}

/// An authenticator app whose codes are the numbers of their time steps ([`PlainTotp::code`]).
#[derive(Debug, Clone, Copy)]
pub struct PlainTotp;

impl PlainTotp {
    /// The code at an instant.
    pub fn code(now: Timestamp) -> String {
        format!("{:06}", now.as_second() / 30 % 1_000_000)
    }
}

impl Totp for PlainTotp {
    fn new_secret(&self, user: UserId, account: &str, issuer: &str) -> Result<TotpSetup, BoxError> {
        let uri = format!("otpauth://totp/{issuer}:{account}");
        Ok(TotpSetup { sealed_secret: user.to_string().into_bytes(), qr_svg: format!("<svg>{uri}</svg>"), uri })
    }

    fn step_of(&self, user: UserId, sealed_secret: &[u8], code: &str, now: Timestamp) -> Result<Option<u64>, BoxError> {
        if sealed_secret != user.to_string().as_bytes() {
            return Err("the secret is that of another user".into());
        }
        let step = u64::try_from(now.as_second() / 30)?;
        Ok((step - 1..=step + 1).find(|step| format!("{:06}", step % 1_000_000) == code))
    }
}
