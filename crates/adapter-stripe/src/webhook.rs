//! What Stripe sends by itself: first whether it was Stripe, then what it says.

use attune_domain::{BookingId, Money};
use attune_ports::{PaymentEvent, PaymentEventKind, PaymentEvents, WebhookError};
use attune_webhook_signature::{Refusal, Signatures};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::answers::{CheckoutSession, PaymentStatus, SessionMode, StripeRefund};
use crate::settings::{Secret, SetupError};

/// Reads webhooks signed with the header `Stripe-Signature: t=<unix seconds>,v1=<hexadecimal>`.
///
/// `v1` is the HMAC with SHA-256 of `t`, a dot and the body, with the secret that the dashboard shows for the endpoint.
/// Several `v1` stand in one header while a secret is being changed; schemes other than `v1` say nothing to us.
///
/// The fields that are read have had the same form in all versions of Stripe's API since 2022, so the version of the
/// endpoint does not matter. Events of connected accounts are [`PaymentEventKind::Other`]: their money is not ours.
pub struct StripeEvents(Signatures);

impl StripeEvents {
    /// Takes the secrets of the endpoint (`whsec_…`): one, or the old and the new one while it is being changed. None at
    /// all, and ones that are no secret of Stripe's, are refused: whoever knows an empty secret is everybody.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, SetupError> {
        if secrets.is_empty() {
            return Err(SetupError::NoWebhookSecret);
        }
        let known = secrets.iter().map(sound).collect::<Result<Vec<_>, _>>()?;
        // Stripe signs with the whole text, prefix included.
        Ok(Self(Signatures::new(known, hex)))
    }
}

impl PaymentEvents for StripeEvents {
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentEvent, WebhookError> {
        let signed_at = self.0.check(signature, body, now).map_err(|why| match why {
            Refusal::Forged => WebhookError::Forged,
            Refusal::Stale => WebhookError::Stale,
        })?;
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)?;
        envelope.open(signed_at).ok_or(WebhookError::Unreadable)
    }
}

/// The text of a secret, if it can be one of Stripe's.
fn sound(secret: &Secret) -> Result<&str, SetupError> {
    let random = secret.expose().strip_prefix("whsec_").ok_or(SetupError::WebhookSecret)?;
    let fits = random.len() >= 16 && random.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(secret.expose()) } else { Err(SetupError::WebhookSecret) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An event before anything is known of it. Messages of later forms have other fields, and still a name.
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
    /// The connected account that it is about.
    #[serde(default)]
    account: Value,
    #[serde(default)]
    data: Value,
}

/// The types of events that are ours to read.
enum Known {
    Checkout(News),
    ProviderRefund,
}

/// What happened to a checkout.
enum News {
    Completed,
    Succeeded,
    Failed,
    Expired,
}

impl Envelope {
    /// [`None`] when an event of a type that we know is not what it should be.
    fn open(mut self, signed_at: Timestamp) -> Option<PaymentEvent> {
        if !(1..=255).contains(&self.id.len()) || !self.id.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let known = if self.object == "event" && self.account.is_null() { self.known() } else { None };
        let created = self.created.as_i64().and_then(|second| Timestamp::from_second(second).ok());
        let live = self.livemode.as_bool();
        let Some(known) = known else {
            let facts = Facts::default();
            return Some(facts.event(self.id, created.unwrap_or(signed_at), live.unwrap_or(false)));
        };
        let object = self.data.get_mut("object").map(Value::take)?;
        let facts = match known {
            Known::Checkout(news) => Facts::of_session(&news, &serde_json::from_value(object).ok()?),
            Known::ProviderRefund => Facts::of_refund(&serde_json::from_value(object).ok()?),
        };
        Some(facts.event(self.id, created?, live?))
    }

    fn known(&self) -> Option<Known> {
        match self.kind.as_str()? {
            "checkout.session.completed" => Some(Known::Checkout(News::Completed)),
            "checkout.session.async_payment_succeeded" => Some(Known::Checkout(News::Succeeded)),
            "checkout.session.async_payment_failed" => Some(Known::Checkout(News::Failed)),
            "checkout.session.expired" => Some(Known::Checkout(News::Expired)),
            "refund.created" | "refund.updated" | "refund.failed" => Some(Known::ProviderRefund),
            _ => None,
        }
    }
}

/// What an event says, without whose event it is.
struct Facts {
    kind: PaymentEventKind,
    reference: Option<String>,
    amount: Option<Money>,
    booking: Option<BookingId>,
    payment: Option<String>,
    refund_key: Option<String>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            kind: PaymentEventKind::Other,
            reference: None,
            amount: None,
            booking: None,
            payment: None,
            refund_key: None,
        }
    }
}

impl Facts {
    fn of_session(news: &News, session: &CheckoutSession) -> Self {
        // The same account may sell subscriptions elsewhere.
        if session.mode != Some(SessionMode::Payment) {
            return Self::default();
        }
        let kind = match (news, session.payment_status) {
            (News::Completed, PaymentStatus::Paid) => PaymentEventKind::CheckoutPaid,
            (News::Completed, PaymentStatus::Unpaid) => PaymentEventKind::CheckoutProcessing,
            // There was nothing to pay, which is never so with ours.
            (News::Completed, PaymentStatus::Other) => return Self::default(),
            (News::Succeeded, _) => PaymentEventKind::ProcessingSucceeded,
            (News::Failed, _) => PaymentEventKind::ProcessingFailed,
            (News::Expired, _) => PaymentEventKind::CheckoutExpired,
        };
        Self {
            kind,
            reference: Some(session.id.clone()),
            amount: session.amount().ok(),
            booking: session.booking(),
            payment: session.payment().map(str::to_owned),
            refund_key: None,
        }
    }

    fn of_refund(refund: &StripeRefund) -> Self {
        Self {
            kind: PaymentEventKind::RefundChanged(refund.state()),
            reference: Some(refund.id.clone()),
            amount: refund.amount().ok(),
            booking: refund.booking(),
            payment: refund.payment().map(str::to_owned),
            refund_key: refund.key().map(str::to_owned),
        }
    }

    fn event(self, id: String, at: Timestamp, live: bool) -> PaymentEvent {
        let Self { kind, reference, amount, booking, payment, refund_key } = self;
        PaymentEvent {
            id,
            at,
            live,
            kind,
            object_id: reference,
            amount,
            booking,
            provider_payment_id: payment,
            refund_idempotency_key: refund_key,
        }
    }
}

#[cfg(test)]
mod tests;
