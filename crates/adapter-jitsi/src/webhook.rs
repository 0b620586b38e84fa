//! Whether a message about a room really came from JaaS, and just now.

use attune_ports::WebhookVerifier;
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use crate::signer::text;
use crate::{Secret, SetupError};

/// Checks the header `X-Jaas-Signature: t=<unix seconds>,v1=<base64>` of JaaS webhooks.
///
/// `v1` is the HMAC with SHA-256 of `t`, a dot and the body, with the secret that the JaaS console shows for the endpoint.
/// Several `v1` can stand in one header while 8x8 changes a secret; schemes other than `v1` say nothing to us.
pub struct JaasSignature {
    keys: Vec<hmac::Key>,
}

impl JaasSignature {
    /// How far the instant in a header may be from now, both ways. A message that was overheard is worth nothing later.
    const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

    /// Longest header that is read, in bytes: room for twenty signatures, of which JaaS sends one or two.
    const MAX_HEADER_BYTES: usize = 1024;

    /// Takes the secrets of the endpoint: one, or the old and the new one while it is being changed. None at all, and empty
    /// ones, are refused: whoever knows an empty secret is everybody.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, SetupError> {
        if secrets.is_empty() {
            return Err(SetupError::NoWebhookSecret);
        }
        let key = |secret: &Secret| {
            let secret = text("webhook secret", secret.expose())?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
        };
        Ok(Self { keys: secrets.iter().map(key).collect::<Result<_, _>>()? })
    }
}

impl WebhookVerifier for JaasSignature {
    fn is_genuine(&self, signature: &str, body: &[u8], now: Timestamp) -> bool {
        let Some(header) = SignatureHeader::read(signature) else { return false };
        if now.duration_since(header.made_at).abs() > Self::TOLERANCE {
            return false;
        }
        let mut genuine = false;
        for key in &self.keys {
            // Once per secret: a header full of signatures costs an attacker's network more than us.
            let mut message = hmac::Context::with_key(key);
            message.update(header.t.as_bytes());
            message.update(b".");
            message.update(body);
            let tag = message.sign();
            for given in &header.signatures {
                genuine |= constant_time::verify_slices_are_equal(tag.as_ref(), given).is_ok();
            }
        }
        genuine
    }
}

/// A header, taken apart.
struct SignatureHeader<'a> {
    /// As it is written, because that is what was signed.
    t: &'a str,
    made_at: Timestamp,
    signatures: Vec<Vec<u8>>,
}

impl<'a> SignatureHeader<'a> {
    fn read(header: &'a str) -> Option<Self> {
        if header.len() > JaasSignature::MAX_HEADER_BYTES || !header.is_ascii() {
            return None;
        }
        let mut t = None;
        let mut signatures = Vec::new();
        for element in header.split(',') {
            // At the first one: Base64 ends in equals signs of its own.
            let (scheme, value) = element.trim_matches(' ').split_once('=')?;
            match scheme {
                // Two instants: nobody could say which one was signed.
                "t" if t.replace(value).is_some() => return None,
                "t" => {}
                // What is no Base64 is nobody's signature. The next one may be.
                "v1" => signatures.extend(STANDARD.decode(value).ok()),
                _ => {}
            }
        }
        let t = t.filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
        let made_at = Timestamp::from_second(t.parse().ok()?).ok()?;
        Some(Self { t, made_at, signatures })
    }
}

#[cfg(test)]
mod tests;
