//! Verifies webhooks of JaaS.

use attune_ports::WebhookVerifier;
use attune_webhook_signature::Signatures;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::signer::text;
use crate::{Secret, SetupError};

/// Verifies the header `X-Jaas-Signature: t=<unix seconds>,v1=<base64>`, whose `v1` is the HMAC-SHA-256 of `t`, a dot and
/// the body.
pub struct JaasSignature(Signatures);

impl JaasSignature {
    /// The secrets of the endpoint: one, or two while it is being changed.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, SetupError> {
        if secrets.is_empty() {
            return Err(SetupError::NoWebhookSecret);
        }
        let secrets = secrets.iter().map(|secret| text("webhook secret", secret.expose()));
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Signatures::new(secrets, |tag| STANDARD.encode(tag))))
    }
}

impl WebhookVerifier for JaasSignature {
    fn is_genuine(&self, signature: &str, body: &[u8], now: Timestamp) -> bool {
        self.0.check(signature, body, now).is_ok()
    }
}

#[cfg(test)]
mod tests;
