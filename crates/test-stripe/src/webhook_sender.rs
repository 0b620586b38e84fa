use std::time::Duration;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::account::Event;
use crate::state::{Attempt, Shared, State};

/// The signature `v1` of a webhook: HMAC with SHA-256 of the seconds, a dot and the body, in hexadecimal.
pub fn signature(secret: &str, at: Timestamp, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [at.as_second().to_string().as_bytes(), b".", body].concat();
    hmac::sign(&key, &signed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The header `Stripe-Signature` of a webhook that is sent now. Stripe adds the scheme `v0` to test webhooks.
pub(crate) fn signature_header(state: &State, body: &[u8]) -> String {
    let at = state.account.now;
    let valid = state.webhooks.secrets.iter().map(|secret| ("v1", secret.as_str()));
    let signatures = valid.chain([("v0", "whsec_of_another_scheme")]);
    let signatures = signatures.map(|(scheme, secret)| format!(",{scheme}={}", signature(secret, at, body)));
    format!("t={}{}", at.as_second(), signatures.collect::<String>())
}

/// Sends queued events one after another until the server is dropped.
pub(crate) async fn run(mut events: UnboundedReceiver<(String, Event)>, shared: Shared) {
    while let Some((url, event)) = events.recv().await {
        send(&shared, &url, &event).await;
    }
}

pub(crate) async fn send(shared: &Shared, url: &str, event: &Event) -> Option<u16> {
    let header = signature_header(&shared.0.borrow(), event.body.as_bytes());
    let status = post(url, header, event.body.clone()).await;
    shared.change(|state| state.webhooks.attempts.push(Attempt { event: event.id.clone(), status }));
    status
}

async fn post(url: &str, header: String, body: String) -> Option<u16> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().ok()?;
    let request = client.post(url).header("Stripe-Signature", header).header("Content-Type", "application/json");
    let response = request.body(body).send().await.ok()?;
    Some(response.status().as_u16())
}
