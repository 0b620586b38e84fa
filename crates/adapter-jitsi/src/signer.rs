//! Signing, with a key that was tried before it is needed.

use attune_domain::MeetingTokenClaims;
use attune_ports::{BoxError, MeetingTokenSigner};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use thiserror::Error;

use crate::claims::{Dialect, Payload};
use crate::{Deployment, JaasAppId, Secret, SigningKey};

/// The `iss` that JaaS asks for.
const JAAS_ISSUER: &str = "chat";
/// The `aud` that JaaS asks for.
const JAAS_AUDIENCE: &str = "jitsi";

/// Signs meeting links for one deployment.
pub struct JitsiSigner {
    header: Header,
    key: EncodingKey,
    dialect: Dialect,
    issuer: String,
    audience: String,
    subject: String,
}

/// What is wrong with the settings of a deployment. Never says what a key or secret was.
#[derive(Debug, Error)]
pub enum SetupError {
    /// An issuer, audience, subject, key id or the like is missing, or has a blank or control character in it.
    #[error("the {0} is empty or has a blank or control character in it")]
    Text(&'static str),
    /// A shared secret that can be found out by trying (RFC 7518, section 3.2).
    #[error("the shared secret has less than 32 bytes; `openssl rand -hex 32` makes one for both sides")]
    SecretTooShort,
    /// Nothing to check signatures with.
    #[error("there is no secret to check webhooks with; the JaaS console shows one for each endpoint")]
    NoWebhookSecret,
    /// A key id of JaaS that names somebody else's key, or no key.
    #[error("the key id of a JaaS key is the AppID, a slash and the key's name, as the console shows it")]
    JaasKeyId,
    /// No `-----BEGIN …-----`.
    #[error("the private key is not in PEM form: it begins with `-----BEGIN PRIVATE KEY-----` on a line of its own")]
    NotPem,
    /// A password would be needed.
    #[error("the private key is encrypted; `openssl pkey` takes the password off")]
    EncryptedKey,
    /// A public key or a certificate.
    #[error("that is the public half of a key; the private one signs")]
    PublicKey,
    /// Some other kind of key.
    #[error("that is no RSA key; `openssl genrsa 4096` makes one")]
    NotRsa,
    /// Cut off or changed on its way here.
    #[error("the private key is damaged or no RSA key")]
    UnreadableKey(#[source] BoxError),
    /// Whole, but a first signature failed.
    #[error("the private key cannot sign; RSA keys have 2048 to 8192 bits")]
    UnusableKey(#[source] BoxError),
}

impl JitsiSigner {
    /// Checks the settings and signs once to try the key, so that a wrong one stops the start and not a session.
    pub fn new(deployment: Deployment) -> Result<Self, SetupError> {
        match deployment {
            Deployment::SelfHosted { issuer, audience, subject, key } => {
                let (header, key) = match key {
                    SigningKey::Hs256(secret) => (header(Algorithm::HS256, None), shared_key(&secret)?),
                    SigningKey::Rs256 { key_id, pem } => {
                        (header(Algorithm::RS256, Some(text("key id", key_id)?)), private_key(&pem)?)
                    }
                };
                Ok(Self {
                    header,
                    key,
                    dialect: Dialect::SelfHosted,
                    issuer: text("issuer", issuer)?,
                    audience: text("audience", audience)?,
                    subject: text("subject", subject)?,
                })
            }
            Deployment::Jaas { app_id, key_id, pem } => Ok(Self {
                header: header(Algorithm::RS256, Some(jaas_key_id(&app_id, key_id)?)),
                key: private_key(&pem)?,
                dialect: Dialect::Jaas,
                issuer: JAAS_ISSUER.to_owned(),
                audience: JAAS_AUDIENCE.to_owned(),
                subject: app_id.as_str().to_owned(),
            }),
        }
    }
}

impl MeetingTokenSigner for JitsiSigner {
    fn sign(&self, claims: &MeetingTokenClaims) -> Result<String, BoxError> {
        let payload = Payload::new(claims, self.dialect, (&self.issuer, &self.audience, &self.subject));
        Ok(jsonwebtoken::encode(&self.header, &payload, &self.key)?)
    }
}

/// `typ` is written out, in capitals: Prosody refuses a token without it.
fn header(algorithm: Algorithm, key_id: Option<String>) -> Header {
    let mut header = Header::new(algorithm);
    header.typ = Some("JWT".to_owned());
    header.kid = key_id;
    header
}

pub(crate) fn text<T: AsRef<str>>(what: &'static str, text: T) -> Result<T, SetupError> {
    let shown = text.as_ref();
    let fits = !shown.is_empty() && !shown.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits { Ok(text) } else { Err(SetupError::Text(what)) }
}

/// The page compares what is before the slash with `sub`.
fn jaas_key_id(app_id: &JaasAppId, key_id: String) -> Result<String, SetupError> {
    let key_id = text("key id", key_id)?;
    match key_id.split_once('/') {
        Some((prefix, name)) if prefix == app_id.as_str() && !name.is_empty() => Ok(key_id),
        Some(_) | None => Err(SetupError::JaasKeyId),
    }
}

fn shared_key(secret: &Secret) -> Result<EncodingKey, SetupError> {
    let bytes = secret.expose().as_bytes();
    if bytes.len() < 32 {
        return Err(SetupError::SecretTooShort);
    }
    Ok(EncodingKey::from_secret(bytes))
}

/// The library reads a public key or a certificate without a word and fails at the first signature, so what kind of key it
/// is comes first.
fn private_key(pem: &Secret) -> Result<EncodingKey, SetupError> {
    let pem = pem.expose();
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or(SetupError::NotPem)?;
    let (kind, _) = rest.split_once("-----").ok_or(SetupError::NotPem)?;
    match kind {
        "ENCRYPTED PRIVATE KEY" => return Err(SetupError::EncryptedKey),
        // How OpenSSL marked encrypted keys before PKCS#8 (RFC 1421, section 4.6.1.1).
        "RSA PRIVATE KEY" if rest.contains("Proc-Type: 4,ENCRYPTED") => return Err(SetupError::EncryptedKey),
        "PRIVATE KEY" | "RSA PRIVATE KEY" => {}
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => return Err(SetupError::PublicKey),
        _ => return Err(SetupError::NotRsa),
    }
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|e| SetupError::UnreadableKey(e.into()))?;
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &Trial {}, &key)
        .map_err(|e| SetupError::UnusableKey(e.into()))?;
    Ok(key)
}

/// What a key is tried on. It says nothing, so it is worth nothing.
#[derive(Serialize)]
struct Trial {}
