//! A payment provider that tests control, and its webhooks.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use attune_domain::payment::RefundState;
use attune_domain::{BookingId, Currency, Money};
use attune_ports::{
    Checkout, CheckoutRequest, CheckoutState, Clock, OnlinePayments, PaymentError, PaymentEvent, PaymentEventKind,
    PaymentEvents, PaymentGateway, PaymentTerms, PriceError, Provider, ProviderRefund, Queries, RefundRequest,
    WebhookError,
};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::harness::{FIRST, Practice, Reply};

/// The webhook endpoint.
pub(crate) const WEBHOOK: &str = "/api/webhooks/stripe";

/// The webhook secret.
const SECRET: &str = "Zx4nUq7Wd0Kb2Lr9";

/// A provider with checkouts on our pages, on its own, or without checkouts.
pub(crate) struct TestGateway {
    provider: Provider,
    down: AtomicBool,
    /// The states of checkouts that tests have changed.
    checkouts: Mutex<HashMap<String, CheckoutState>>,
}

impl TestGateway {
    pub(crate) fn new(provider: Provider) -> Self {
        Self { provider, down: AtomicBool::new(false), checkouts: Mutex::default() }
    }

    /// Makes the provider unavailable or available.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Changes the state of a checkout at the provider.
    pub(crate) fn set_checkout(&self, reference: &str, state: CheckoutState) {
        self.checkouts.lock().unwrap().insert(reference.to_owned(), state);
    }

    fn reachable(&self) -> Result<(), PaymentError> {
        if self.down.load(Ordering::SeqCst) { Err(PaymentError::Unavailable("secret cause".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl PaymentGateway for TestGateway {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn terms(&self) -> PaymentTerms {
        match self.provider {
            Provider::None => PaymentTerms::NothingDue,
            Provider::Offline | Provider::Test | Provider::Stripe => {
                PaymentTerms::Due { hold: SignedDuration::from_mins(15) }
            }
        }
    }

    /// A currency with three decimals in steps of ten, like Stripe's.
    fn check_price(&self, price: Money) -> Result<(), PriceError> {
        let currency = price.currency();
        let is_charged = self.provider == Provider::Stripe && currency.decimals() == 3;
        match Money::new(10, currency) {
            Ok(step) if is_charged && price.minor() % step.minor() != 0 => Err(PriceError::Multiple(step)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError> {
        self.reachable()?;
        let reference: String = request.nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(match self.provider {
            Provider::None | Provider::Offline => Checkout { id: reference, url: None },
            Provider::Test => {
                let url = format!("https://practice.example.org/pay/{reference}");
                Checkout { id: reference, url: Some(url) }
            }
            Provider::Stripe => {
                let url = format!("https://checkout.example.com/c/{reference}");
                Checkout { id: format!("cs_{reference}"), url: Some(url) }
            }
        })
    }
}

#[async_trait]
impl OnlinePayments for TestGateway {
    fn is_live(&self) -> bool {
        false
    }

    async fn checkout_state(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        self.reachable()?;
        Ok(self.checkouts.lock().unwrap().get(reference).cloned().unwrap_or(CheckoutState::Open))
    }

    async fn expire_checkout(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        self.reachable()?;
        Ok(self.checkouts.lock().unwrap().entry(reference.to_owned()).or_insert(CheckoutState::Expired).clone())
    }

    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError> {
        self.reachable()?;
        Ok(ProviderRefund {
            id: format!("re_{}", request.idempotency_key),
            state: RefundState::Pending,
            amount: request.amount,
        })
    }

    async fn refund_state(&self, _reference: &str) -> Result<Option<ProviderRefund>, PaymentError> {
        self.reachable()?;
        Ok(None)
    }
}

/// Reads events that were signed by [`sign`] within five minutes.
pub(crate) struct TestEvents;

/// An event as [`TestEvents`] reads it.
#[derive(Deserialize)]
struct Message {
    id: String,
    kind: String,
    created: i64,
    live: bool,
    reference: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    booking: Option<i64>,
    payment: Option<String>,
    refund_key: Option<String>,
}

impl PaymentEvents for TestEvents {
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentEvent, WebhookError> {
        let (second, _) = signature.split_once('.').ok_or(WebhookError::Forged)?;
        let signed_at = second.parse().ok().and_then(|s| Timestamp::from_second(s).ok()).ok_or(WebhookError::Forged)?;
        if signature != sign(body, signed_at) {
            return Err(WebhookError::Forged);
        }
        if now.duration_since(signed_at).abs() > SignedDuration::from_mins(5) {
            return Err(WebhookError::Stale);
        }
        let message: Message = serde_json::from_slice(body).map_err(|_| WebhookError::Unreadable)?;
        let kind = match message.kind.as_str() {
            "checkout_paid" => PaymentEventKind::CheckoutPaid,
            "checkout_processing" => PaymentEventKind::CheckoutProcessing,
            "processing_succeeded" => PaymentEventKind::ProcessingSucceeded,
            "processing_failed" => PaymentEventKind::ProcessingFailed,
            "checkout_expired" => PaymentEventKind::CheckoutExpired,
            "refund_succeeded" => PaymentEventKind::RefundChanged(RefundState::Succeeded),
            "refund_failed" => PaymentEventKind::RefundChanged(RefundState::Failed),
            _ => PaymentEventKind::Other,
        };
        let currency = message.currency.and_then(|code| Currency::parse(&code).ok());
        Ok(PaymentEvent {
            id: message.id,
            at: Timestamp::from_second(message.created).map_err(|_| WebhookError::Unreadable)?,
            live: message.live,
            kind,
            object_id: message.reference,
            amount: message.amount.zip(currency).and_then(|(minor, currency)| Money::new(minor, currency).ok()),
            booking: message.booking.and_then(BookingId::new),
            provider_payment_id: message.payment,
            refund_idempotency_key: message.refund_key,
        })
    }
}

/// The signature header of an event that is sent at this instant.
pub(crate) fn sign(body: &[u8], at: Timestamp) -> String {
    let second = at.as_second();
    let digest = Sha256::new().chain_update(SECRET).chain_update(second.to_string()).chain_update(body).finalize();
    let tag: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{second}.{tag}")
}

impl Practice {
    /// The provider's ID of the newest checkout of booking 1.
    pub(crate) async fn checkout_reference(&self) -> String {
        let payments = self.parts.store.payments(FIRST).await.unwrap();
        payments[0].provider_checkout_id.clone()
    }

    /// The event that the newest checkout of booking 1 was paid.
    pub(crate) async fn paid_event(&self) -> Value {
        json!({
            "id": "evt_1", "kind": "checkout_paid", "created": self.parts.clock.now().as_second(), "live": false,
            "reference": self.checkout_reference().await, "amount": 10_000, "currency": "EUR", "booking": 1,
            "payment": "pi_1", "refund_key": null,
        })
    }

    /// Sends a signed event.
    pub(crate) async fn notify_from_provider(&self, message: &Value) -> Reply {
        let body = message.to_string();
        self.send_from_provider(&sign(body.as_bytes(), self.parts.clock.now()), body).await
    }

    /// Sends an event with this signature.
    pub(crate) async fn send_from_provider(&self, signature: &str, body: impl Into<reqwest::Body>) -> Reply {
        self.request(Method::POST, WEBHOOK)
            .header("Stripe-Signature", signature)
            .header("Accept", "*/*; q=0.5, application/xml")
            .header("Content-Type", "application/json; charset=utf-8")
            .body(body)
            .send()
            .await
    }
}
