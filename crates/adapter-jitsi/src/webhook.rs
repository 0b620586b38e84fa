//! Whether a message about a room really came from JaaS, and just now.

use attune_ports::WebhookVerifier;
use attune_webhook_signature::Signatures;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::signer::text;
use crate::{Secret, SetupError};

/// Checks the header `X-Jaas-Signature: t=<unix seconds>,v1=<base64>` of JaaS webhooks.
///
/// `v1` is the HMAC with SHA-256 of `t`, a dot and the body, with the secret that the JaaS console shows for the endpoint.
/// Several `v1` can stand in one header while 8x8 changes a secret; schemes other than `v1` say nothing to us.
pub struct JaasSignature(Signatures);

impl JaasSignature {
    /// Takes the secrets of the endpoint: one, or the old and the new one while it is being changed. None at all, and empty
    /// ones, are refused: whoever knows an empty secret is everybody.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, SetupError> {
        if secrets.is_empty() {
            return Err(SetupError::NoWebhookSecret);
        }
        let known = secrets.iter().map(|secret| text("webhook secret", secret.expose()));
        let known = known.collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Signatures::new(known, |tag| STANDARD.encode(tag))))
    }
}

impl WebhookVerifier for JaasSignature {
    fn is_genuine(&self, signature: &str, body: &[u8], now: Timestamp) -> bool {
        self.0.check(signature, body, now).is_ok()
    }
}

#[cfg(test)]
mod tests;
