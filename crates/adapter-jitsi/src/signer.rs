//! Signs tokens.

use attune_domain::MeetingTokenClaims;
use attune_ports::{BoxError, MeetingTokenSigner};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use thiserror::Error;

use crate::claims::{Dialect, Payload};
use crate::{Deployment, JaasAppId, Secret, SigningKey};

const JAAS_ISSUER: &str = "chat";
const JAAS_AUDIENCE: &str = "jitsi";

pub struct JitsiSigner {
    header: Header,
    key: EncodingKey,
    dialect: Dialect,
    issuer: String,
    audience: String,
    subject: String,
}

/// Never contains a key or a secret.
#[derive(Debug, Error)]
pub enum SetupError {
    #[error("the {0} is empty or contains whitespace or control characters")]
    Text(&'static str),
    /// RFC 7518, section 3.2.
    #[error("the shared secret has fewer than 32 bytes; create one for both sides with `openssl rand -hex 32`")]
    SecretTooShort,
    #[error(
        "{0} has characters that need quotes in the video server's files; create one for both sides with `openssl rand -hex 32`"
    )]
    SecretNeedsQuotes(&'static str),
    #[error("no webhook secret is set; the JaaS console shows one for each endpoint")]
    NoWebhookSecret,
    #[error("the key id of a JaaS key is the AppID, a slash and the key's name, as the console shows it")]
    JaasKeyId,
    #[error("the private key is not in PEM format: it has to begin with `-----BEGIN PRIVATE KEY-----`")]
    NotPem,
    #[error("the private key is encrypted; remove the password with `openssl pkey`")]
    EncryptedKey,
    #[error("this is a public key; the private key is required")]
    PublicKey,
    #[error("this is not an RSA key; create one with `openssl genrsa 4096`")]
    NotRsa,
    #[error("the private key is damaged or not an RSA key")]
    UnreadableKey(#[source] BoxError),
    #[error("the private key cannot sign; RSA keys have 2048 to 8192 bits")]
    UnusableKey(#[source] BoxError),
    #[error("the HTTP client cannot be created")]
    Client(#[source] BoxError),
}

impl JitsiSigner {
    /// Signs once to test the key, so that a wrong key stops the start.
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

/// Prosody refuses a token without `typ`.
pub(crate) fn header(algorithm: Algorithm, key_id: Option<String>) -> Header {
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

/// The page compares the part before the slash with `sub`.
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

/// The library accepts a public key or a certificate and fails at the first signature, so the kind of key is checked first.
pub(crate) fn private_key(pem: &Secret) -> Result<EncodingKey, SetupError> {
    let pem = pem.expose();
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or(SetupError::NotPem)?;
    let (kind, _) = rest.split_once("-----").ok_or(SetupError::NotPem)?;
    match kind {
        "ENCRYPTED PRIVATE KEY" => return Err(SetupError::EncryptedKey),
        // Encrypted keys before PKCS#8 (RFC 1421, section 4.6.1.1).
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

/// An empty payload for testing a key.
#[derive(Serialize)]
struct Trial {}
