//! Access tokens: JSON Web Tokens (RFC 7519) that only this service makes and only this service reads.
//!
//! Because of that nothing is negotiable (RFC 8725): one algorithm, one shape of header, every claim required. The
//! header chooses among the configured keys and nothing else.

use std::borrow::Cow;

use attune_domain::{LoginSessionId, UserId};
use attune_ports::{AccessClaims, AccessTokens, BoxError, TokenError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::SigningSecret;

/// How far the clocks of two of our machines may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(5);
/// What tells an access token from any other token that we might ever sign.
const ACCESS: &str = "access";
/// The `typ` of the header.
const JWT: &str = "JWT";
/// The `alg` of the header.
const HS256: &str = "HS256";

/// Who signs, and for whom.
#[derive(Debug, Clone)]
pub struct TokenConfig {
    /// Signs new tokens.
    pub secret: SigningSecret,
    /// Secrets of before, whose tokens are still accepted until they expire.
    pub previous: Vec<SigningSecret>,
    /// The `iss` of every token: this service.
    pub issuer: String,
    /// The `aud` of every token: this service's API.
    pub audience: String,
}

/// Makes and checks access tokens, signed with HMAC-SHA-256.
///
/// Times travel as whole seconds, so what is read back has lost its milliseconds.
pub struct JwtAccessTokens {
    header: Header,
    signing_key: EncodingKey,
    /// The present key first.
    keys: Vec<Key>,
    issuer: String,
    audience: String,
}

struct Key {
    id: String,
    /// The first part of every token that we sign with it.
    header: String,
    key: DecodingKey,
}

/// The only header that is read. `jwk`, `jku`, `x5u`, `crit` and the like have no business here, and so have members
/// that nobody has thought of yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// What a token says. A missing claim, or a time that is no whole number, makes it unreadable.
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
    /// Reads the keys once, for all tokens.
    pub fn new(config: TokenConfig) -> Self {
        let header = |kid: &str| Header {
            typ: Some(JWT.to_owned()),
            kid: Some(kid.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let key = |secret: &SigningSecret| {
            let id = key_id(secret);
            // If it could not be written, it would be nobody's header, and every header would be read.
            let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header(&id)).unwrap_or_default());
            Key { id, header, key: DecodingKey::from_secret(secret.bytes()) }
        };
        Self {
            header: header(&key_id(&config.secret)),
            signing_key: EncodingKey::from_secret(config.secret.bytes()),
            keys: std::iter::once(&config.secret).chain(&config.previous).map(key).collect(),
            issuer: config.issuer,
            audience: config.audience,
        }
    }

    /// The key that the header asks for, if the header is one that we write.
    fn key_for(&self, header: &str) -> Option<&DecodingKey> {
        // Nearly always it is, letter for letter.
        if let Some(known) = self.keys.iter().find(|key| key.header == header) {
            return Some(&known.key);
        }
        let header: StrictHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.alg != HS256 || header.typ != JWT {
            return None;
        }
        self.keys.iter().find(|key| key.id == header.kid).map(|key| &key.key)
    }

    /// The claims of a token that is ours and whole, whatever the time.
    ///
    /// The library checks the signature. It would also read the header once more, and the claims twice, and judge times by
    /// the system's clock; all of that is done here, once.
    fn read(&self, token: &str) -> Option<(AccessClaims, Timestamp)> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let key = self.key_for(header)?;
        if !jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::HS256).ok()? {
            return None;
        }
        // A part too many would have left a dot in here, which is no base64.
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Claims<'_> = serde_json::from_slice(&claims).ok()?;
        if claims.iss != self.issuer || claims.aud != self.audience || claims.typ != ACCESS {
            return None;
        }
        let read = AccessClaims {
            user: UserId::new(claims.sub.parse().ok()?)?,
            session: LoginSessionId::new(claims.sid.parse().ok()?)?,
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
        let latest_start = now.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX);
        if not_before > latest_start || claims.issued_at > latest_start {
            return Err(TokenError::Invalid);
        }
        let end = claims.expires_at.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX);
        if now >= end {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

/// A name for a key from which the key cannot be had back. It stands in every token that the key signs, which is
/// no more of a hint than the signature next to it.
fn key_id(secret: &SigningSecret) -> String {
    let digest = Sha256::new().chain_update(b"attune access token key id\0").chain_update(secret.bytes()).finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
