//! How events get to the endpoint: signed, and once, twice, late, in disorder or not at all.

use std::collections::VecDeque;
use std::time::Duration;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::books::Event;
use crate::fake::Shared;

/// What becomes of an event on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It arrives once.
    Once,
    /// It arrives twice.
    Twice,
    /// It never arrives.
    Never,
    /// It waits until [`FakeStripe::release`](crate::FakeStripe::release).
    Held,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which event.
    pub event: String,
    /// What the endpoint answered; [`None`] when it could not be reached.
    pub status: Option<u16>,
}

/// What the courier was told, and what waits.
#[derive(Debug, Default)]
pub(crate) struct Post {
    pub(crate) endpoint: Option<String>,
    pub(crate) script: VecDeque<Delivery>,
    pub(crate) held: Vec<Event>,
    pub(crate) attempts: Vec<Attempt>,
}

/// The signature under a message (`v1`): HMAC with SHA-256 of the seconds, a dot and the body, in hexadecimal.
pub fn signature(secret: &str, at: Timestamp, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [at.as_second().to_string().as_bytes(), b".", body].concat();
    hmac::sign(&key, &signed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Carries events, one after the other, until the fake is dropped.
pub(crate) async fn carry(mut events: UnboundedReceiver<(String, Event)>, shared: Shared) {
    while let Some((url, event)) = events.recv().await {
        send(&shared, &url, &event).await;
    }
}

/// Sends one message and writes down what was answered.
pub(crate) async fn send(shared: &Shared, url: &str, event: &Event) -> Option<u16> {
    let header = shared.change(|state| state.sign(event.body.as_bytes()));
    let status = post(url, header, event.body.clone()).await;
    shared.change(|state| state.post.attempts.push(Attempt { event: event.id.clone(), status }));
    status
}

async fn post(url: &str, header: String, body: String) -> Option<u16> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().ok()?;
    let request = client.post(url).header("Stripe-Signature", header).header("Content-Type", "application/json");
    let response = request.body(body).send().await.ok()?;
    Some(response.status().as_u16())
}
