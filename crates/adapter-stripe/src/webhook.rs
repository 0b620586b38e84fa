//! Verifies and reads Stripe's webhooks.

use attune_ports::{PaymentEvent, PaymentEventKind, PaymentEvents, WebhookError};
use attune_webhook_signature::{Refusal, Signatures, hex};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::responses::{CheckoutSession, PaymentStatus, SessionMode, StripeRefund};
use crate::settings::{Secret, SetupError};

/// Reads webhooks signed with the header `Stripe-Signature: t=<unix seconds>,v1=<hexadecimal>`.
///
/// `v1` is the HMAC-SHA-256 of `t`, a dot and the body. The fields that are read have had the same form in all API versions
/// since 2022, so the version of the endpoint does not matter. Events of connected accounts are
/// [`PaymentEventKind::Other`]: their payments are not ours.
pub struct StripeEvents(Signatures);

impl StripeEvents {
    /// The secrets of the endpoint (`whsec_…`): one, or two while it is being changed.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, SetupError> {
        if secrets.is_empty() {
            return Err(SetupError::NoWebhookSecret);
        }
        let secrets = secrets.iter().map(valid_secret).collect::<Result<Vec<_>, _>>()?;
        // Stripe signs with the complete text, including the prefix.
        Ok(Self(Signatures::new(secrets, hex)))
    }
}

impl PaymentEvents for StripeEvents {
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentEvent, WebhookError> {
        let signed_at = self.0.check(signature, body, now).map_err(|why| match why {
            Refusal::Forged => WebhookError::Forged,
            Refusal::Stale => WebhookError::Stale,
        })?;
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)?;
        envelope.into_event(signed_at).ok_or(WebhookError::Unreadable)
    }
}

fn valid_secret(secret: &Secret) -> Result<&str, SetupError> {
    let random = secret.expose().strip_prefix("whsec_").ok_or(SetupError::WebhookSecret)?;
    let fits = random.len() >= 16 && random.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(secret.expose()) } else { Err(SetupError::WebhookSecret) }
}

/// Every field but the id may have another form in events that we do not know.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(default)]
    object: Value,
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    created: Value,
    #[serde(default)]
    livemode: Value,
    /// Set in events of connected accounts.
    #[serde(default)]
    account: Value,
    #[serde(default)]
    data: Value,
}

enum EventType {
    Checkout(CheckoutEvent),
    Refund,
}

enum CheckoutEvent {
    Completed,
    Succeeded,
    Failed,
    Expired,
}

impl Envelope {
    /// `None` if an event of a known type is malformed.
    fn into_event(mut self, signed_at: Timestamp) -> Option<PaymentEvent> {
        if !(1..=255).contains(&self.id.len()) || !self.id.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let event_type = if self.object == "event" && self.account.is_null() { self.event_type() } else { None };
        let created = self.created.as_i64().and_then(|second| Timestamp::from_second(second).ok());
        let live = self.livemode.as_bool();
        let other = |id, at, live| PaymentEvent {
            id,
            at,
            live,
            kind: PaymentEventKind::Other,
            object_id: None,
            amount: None,
            booking: None,
            provider_payment_id: None,
            refund_idempotency_key: None,
        };
        let Some(event_type) = event_type else {
            return Some(other(self.id, created.unwrap_or(signed_at), live.unwrap_or(false)));
        };
        let object = self.data.get_mut("object").map(Value::take)?;
        let event = other(self.id, created?, live?);
        Some(match event_type {
            EventType::Checkout(kind) => about_session(event, &kind, &serde_json::from_value(object).ok()?),
            EventType::Refund => about_refund(event, &serde_json::from_value(object).ok()?),
        })
    }

    fn event_type(&self) -> Option<EventType> {
        match self.kind.as_str()? {
            "checkout.session.completed" => Some(EventType::Checkout(CheckoutEvent::Completed)),
            "checkout.session.async_payment_succeeded" => Some(EventType::Checkout(CheckoutEvent::Succeeded)),
            "checkout.session.async_payment_failed" => Some(EventType::Checkout(CheckoutEvent::Failed)),
            "checkout.session.expired" => Some(EventType::Checkout(CheckoutEvent::Expired)),
            "refund.created" | "refund.updated" | "refund.failed" => Some(EventType::Refund),
            _ => None,
        }
    }
}

fn about_session(event: PaymentEvent, kind: &CheckoutEvent, session: &CheckoutSession) -> PaymentEvent {
    // The same account may sell subscriptions as well.
    if session.mode != Some(SessionMode::Payment) {
        return event;
    }
    let kind = match (kind, session.payment_status) {
        (CheckoutEvent::Completed, PaymentStatus::Paid) => PaymentEventKind::CheckoutPaid,
        (CheckoutEvent::Completed, PaymentStatus::Unpaid) => PaymentEventKind::CheckoutProcessing,
        // No payment was required, which never happens with ours.
        (CheckoutEvent::Completed, PaymentStatus::Other) => return event,
        (CheckoutEvent::Succeeded, _) => PaymentEventKind::ProcessingSucceeded,
        (CheckoutEvent::Failed, _) => PaymentEventKind::ProcessingFailed,
        (CheckoutEvent::Expired, _) => PaymentEventKind::CheckoutExpired,
    };
    PaymentEvent {
        kind,
        object_id: Some(session.id.clone()),
        amount: session.amount().ok(),
        booking: session.booking(),
        provider_payment_id: session.payment().map(str::to_owned),
        ..event
    }
}

fn about_refund(event: PaymentEvent, refund: &StripeRefund) -> PaymentEvent {
    PaymentEvent {
        kind: PaymentEventKind::RefundChanged(refund.state()),
        object_id: Some(refund.id.clone()),
        amount: refund.amount().ok(),
        booking: refund.booking(),
        provider_payment_id: refund.payment().map(str::to_owned),
        refund_idempotency_key: refund.key().map(str::to_owned),
        ..event
    }
}

#[cfg(test)]
mod tests;
