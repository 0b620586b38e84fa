//! The video server and the key for its tokens.

use attune_domain::MeetingBaseUrl;
use thiserror::Error;

/// A secret or a private key.
#[derive(Clone, derive_more::Debug)]
#[debug("Secret(***)")]
pub struct Secret(String);

impl Secret {
    /// A line break after a shared secret has to be removed by the caller.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone)]
pub enum SigningKey {
    /// A secret shared with the server (Prosody's `app_secret`), at least 32 bytes.
    Hs256(Secret),
    Rs256 {
        /// The server finds the public key at `<asap_key_server>/<sha256 of the key id>.pem`.
        key_id: String,
        /// The private key, PKCS#8 or PKCS#1, not encrypted, 2048 to 8192 bits.
        pem: Secret,
    },
}

#[derive(Debug, Clone)]
pub enum Deployment {
    SelfHosted {
        /// The `iss`: one of `asap_accepted_issuers`, by default only the `app_id`.
        issuer: String,
        /// The `aud`: one of `asap_accepted_audiences`, by default any.
        audience: String,
        /// The `sub`: the XMPP domain (`meet.jitsi` in Docker, the host name in Debian), the tenant, or `*`.
        subject: String,
        key: SigningKey,
    },
    Jaas {
        app_id: JaasAppId,
        /// As the console shows it, `<AppID>/<name>`.
        key_id: String,
        /// As for [`SigningKey::Rs256`].
        pem: Secret,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JaasAppId {
    id: String,
    base_url: MeetingBaseUrl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a JaaS AppID is `{}` followed by letters and digits, without the name of a key", JaasAppId::PREFIX)]
pub struct InvalidAppId;

impl JaasAppId {
    /// The page recognizes JaaS by this prefix.
    pub const PREFIX: &str = "vpaas-magic-cookie-";

    pub fn parse(raw: &str) -> Result<Self, InvalidAppId> {
        let own = raw.strip_prefix(Self::PREFIX).ok_or(InvalidAppId)?;
        if own.is_empty() || !own.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(InvalidAppId);
        }
        let base_url = MeetingBaseUrl::parse(&format!("https://8x8.vc/{raw}/")).map_err(|_| InvalidAppId)?;
        Ok(Self { id: raw.to_owned(), base_url })
    }

    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// `https://8x8.vc/<AppID>/`
    pub fn base_url(&self) -> &MeetingBaseUrl {
        &self.base_url
    }
}
