//! Whose tokens the video server takes.

use std::fmt;

use attune_domain::MeetingBaseUrl;
use thiserror::Error;

/// A secret or a private key, as it stands in a file. `Debug` hides it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as it is; a line end after a shared secret has to be taken off before.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How a self-hosted Jitsi knows that a token is ours.
#[derive(Debug, Clone)]
pub enum SigningKey {
    /// A secret that the server has too (Prosody's `app_secret`), of 32 bytes or more. HMAC with SHA-256.
    Hs256(Secret),
    /// A key of which the server has the public half only. RSA with SHA-256.
    Rs256 {
        /// The name under which the server looks the public half up (`<asap_key_server>/<sha256 of the name>.pem`).
        key_id: String,
        /// The private key in PEM form, PKCS#8 or PKCS#1, not encrypted, 2048 to 8192 bits.
        pem: Secret,
    },
}

/// The video server of the practice.
#[derive(Debug, Clone)]
pub enum Deployment {
    /// A Jitsi Meet of the practice's own, or of a provider who runs one for it.
    SelfHosted {
        /// The `iss`: one of `asap_accepted_issuers`, which by default is the `app_id` alone.
        issuer: String,
        /// The `aud`: one of `asap_accepted_audiences`, which by default takes any.
        audience: String,
        /// The `sub`: the XMPP domain (`meet.jitsi` in Docker, the host name in Debian), the tenant, or `*`.
        subject: String,
        /// The key.
        key: SigningKey,
    },
    /// Jitsi as a Service by 8x8.
    Jaas {
        /// The practice's AppID.
        app_id: JaasAppId,
        /// The name of the key as the console shows it, `<AppID>/<name>`.
        key_id: String,
        /// The private key, as for [`SigningKey::Rs256`].
        pem: Secret,
    },
}

/// An AppID of JaaS: `vpaas-magic-cookie-` and letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JaasAppId {
    id: String,
    base_url: MeetingBaseUrl,
}

/// The text is no AppID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a JaaS AppID is `{}` and letters and digits, without the name of a key", JaasAppId::PREFIX)]
pub struct NotAnAppId;

impl JaasAppId {
    /// What all AppIDs begin with. The page tells JaaS from other deployments by it.
    pub const PREFIX: &str = "vpaas-magic-cookie-";

    /// Reads an AppID.
    pub fn parse(raw: &str) -> Result<Self, NotAnAppId> {
        let own = raw.strip_prefix(Self::PREFIX).ok_or(NotAnAppId)?;
        if own.is_empty() || !own.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(NotAnAppId);
        }
        let base_url = MeetingBaseUrl::parse(&format!("https://8x8.vc/{raw}/")).map_err(|_| NotAnAppId)?;
        Ok(Self { id: raw.to_owned(), base_url })
    }

    /// The AppID.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// Where its rooms live, `https://8x8.vc/<AppID>/`. Rooms made below it get links `…/<room>?jwt=<token>`.
    pub fn base_url(&self) -> &MeetingBaseUrl {
        &self.base_url
    }
}
