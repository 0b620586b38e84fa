//! Access tokens: JSON Web Tokens (RFC 7519) that are issued and read by this service only.
//!
//! So nothing is negotiable (RFC 8725): one algorithm, one form of header, every claim required. The header only selects one
//! of the configured keys.

use std::borrow::Cow;

use attune_ports::{AccessClaims, AccessTokens, BoxError, TokenError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::SigningSecret;

/// For clock differences between our machines, when a token was just issued by another one.
const ISSUE_LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// The same when a token ends, where each second is one more for a stolen token.
const EXPIRY_LEEWAY: SignedDuration = SignedDuration::from_secs(5);
/// Distinguishes access tokens from other tokens that may be signed in the future.
const ACCESS: &str = "access";
const JWT: &str = "JWT";
const HS256: &str = "HS256";

#[derive(Debug, Clone)]
pub struct TokenConfig {
    pub secret: SigningSecret,
    /// Tokens that were signed with these are accepted until they expire.
    pub previous: Vec<SigningSecret>,
    pub issuer: String,
    pub audience: String,
    /// From issue to expiry; a token with a longer one was not issued by us.
    pub lifetime: SignedDuration,
}

/// Issues and verifies access tokens, signed with HMAC-SHA-256.
///
/// Times are whole seconds, so the milliseconds of the claims are lost.
pub struct JwtAccessTokens {
    header: Header,
    signing_key: EncodingKey,
    /// The current key first.
    keys: Vec<Key>,
    issuer: String,
    audience: String,
    lifetime: SignedDuration,
}

struct Key {
    id: String,
    /// The first part of every token that is signed with it.
    header: String,
    key: DecodingKey,
}

/// The only accepted header. `jwk`, `jku`, `x5u`, `crit` and all unknown members are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// All are required, and times must be whole numbers.
#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    #[serde(borrow)]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    sid: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl JwtAccessTokens {
    pub fn new(config: TokenConfig) -> Self {
        let header = |kid: &str| Header {
            typ: Some(JWT.to_owned()),
            kid: Some(kid.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let key = |secret: &SigningSecret| {
            let id = key_id(secret);
            // An empty header would match no token, so every header would be parsed.
            let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header(&id)).unwrap_or_default());
            Key { id, header, key: DecodingKey::from_secret(secret.bytes()) }
        };
        Self {
            header: header(&key_id(&config.secret)),
            signing_key: EncodingKey::from_secret(config.secret.bytes()),
            keys: std::iter::once(&config.secret).chain(&config.previous).map(key).collect(),
            issuer: config.issuer,
            audience: config.audience,
            lifetime: config.lifetime,
        }
    }

    fn key_for(&self, header: &str) -> Option<&DecodingKey> {
        // Nearly every header is byte for byte one of ours.
        if let Some(known) = self.keys.iter().find(|key| key.header == header) {
            return Some(&known.key);
        }
        let header: StrictHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.alg != HS256 || header.typ != JWT {
            return None;
        }
        self.keys.iter().find(|key| key.id == header.kid).map(|key| &key.key)
    }

    /// The claims of a genuine token, and its `nbf`; times are not checked.
    ///
    /// The library checks the signature only: it would parse the header again and the claims twice, and compare times with
    /// the system clock.
    fn read(&self, token: &str) -> Option<(AccessClaims, Timestamp)> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let key = self.key_for(header)?;
        if !jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::HS256).ok()? {
            return None;
        }
        // With an additional part there would be a dot in here, which is not base64.
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Claims<'_> = serde_json::from_slice(&claims).ok()?;
        if claims.iss != self.issuer || claims.aud != self.audience || claims.typ != ACCESS {
            return None;
        }
        let read = AccessClaims {
            user: claims.sub.parse().ok()?,
            session: claims.sid.parse().ok()?,
            issued_at: Timestamp::from_second(claims.iat).ok()?,
            expires_at: Timestamp::from_second(claims.exp).ok()?,
            nonce: URL_SAFE_NO_PAD.decode(claims.jti.as_bytes()).ok()?.try_into().ok()?,
        };
        Some((read, Timestamp::from_second(claims.nbf).ok()?))
    }
}

impl AccessTokens for JwtAccessTokens {
    fn issue(&self, claims: &AccessClaims) -> Result<String, BoxError> {
        let issued_at = claims.issued_at.as_second();
        let claims = Claims {
            iss: Cow::Borrowed(&self.issuer),
            aud: Cow::Borrowed(&self.audience),
            sub: claims.user.to_string().into(),
            sid: claims.session.to_string().into(),
            typ: Cow::Borrowed(ACCESS),
            jti: URL_SAFE_NO_PAD.encode(claims.nonce).into(),
            iat: issued_at,
            nbf: issued_at,
            exp: claims.expires_at.as_second(),
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.signing_key)?)
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let (claims, not_before) = self.read(token).ok_or(TokenError::Invalid)?;
        let latest_start = now.saturating_add(ISSUE_LEEWAY).unwrap_or(Timestamp::MAX);
        let is_too_long = claims.expires_at.duration_since(claims.issued_at) > self.lifetime;
        if not_before > latest_start || claims.issued_at > latest_start || is_too_long {
            return Err(TokenError::Invalid);
        }
        let end = claims.expires_at.saturating_add(EXPIRY_LEEWAY).unwrap_or(Timestamp::MAX);
        if now >= end {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

/// Does not reveal the secret, no more than the signatures do.
fn key_id(secret: &SigningSecret) -> String {
    let digest = Sha256::new().chain_update(b"attune access token key id\0").chain_update(secret.bytes()).finalize();
    format!("{:016x}", digest[..8].iter().fold(0_u64, |id, byte| id << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests;
