//! Webhooks: the events of a payment provider, and signatures.

use attune_domain::payment::RefundState;
use attune_domain::{BookingId, Money};
use jiff::Timestamp;
use thiserror::Error;

/// What an event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentEventKind {
    /// The client completed a checkout, and it is paid.
    CheckoutPaid,
    /// The client completed a checkout, and the payment is being processed.
    CheckoutProcessing,
    /// A payment that was being processed succeeded.
    ProcessingSucceeded,
    /// A payment that was being processed failed.
    ProcessingFailed,
    /// A checkout ended unpaid.
    CheckoutExpired,
    /// The state of a refund at the time of the event; it may have been made in the provider's dashboard.
    RefundChanged(RefundState),
    /// Genuine, but nothing that concerns the product: acknowledged and ignored.
    Other,
}

/// An event of the provider. No personal data. `Debug` hides the ids of payments and refunds.
///
/// Events arrive late, twice and in any order: each is applied once per `id`, and only if it advances the stored state. Its fields are compared with the stored payment as [`crate::PaidCheckout`] says; [`None`] in a field that the
/// kind needs is a mismatch.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct PaymentEvent {
    /// The provider's id of the event, the same for each delivery. 1 to 255 visible ASCII characters.
    pub id: String,
    /// When it happened, to the second; for an event of another format, when it was sent.
    pub at: Timestamp,
    /// Whether it is about a live payment. See [`crate::OnlinePayments::is_live`].
    pub live: bool,
    /// What it reports.
    pub kind: PaymentEventKind,
    /// [`crate::Checkout::id`], or [`crate::ProviderRefund::id`] for [`PaymentEventKind::RefundChanged`]. An unknown id of a
    /// checkout for a known `booking` belongs to a request to open one that received no response: its payment is recorded
    /// for that booking, or refunded.
    #[debug(skip)]
    pub object_id: Option<String>,
    /// The amount of the payment or refund.
    pub amount: Option<Money>,
    /// The booking, by the id in the checkout's request.
    pub booking: Option<BookingId>,
    /// [`crate::PaidCheckout::provider_payment_id`].
    #[debug(skip)]
    pub provider_payment_id: Option<String>,
    /// For a refund of ours, [`crate::RefundRequest::idempotency_key`].
    #[debug(skip)]
    pub refund_idempotency_key: Option<String>,
}

/// Why a webhook request is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebhookError {
    /// Not signed by the provider, or changed in transit.
    #[error("the request was not signed by the payment provider")]
    Forged,
    /// Signed by the provider, but too long ago or in the future: replayed, or one clock is wrong.
    #[error("the request was signed too long ago, or in the future")]
    Stale,
    /// Signed by the provider just now, but malformed.
    #[error("the request is malformed")]
    Unreadable,
}

/// Reads the webhook requests of a payment provider.
pub trait PaymentEvents: Send + Sync {
    /// The event in a request, from the value of its signature header and its raw body.
    ///
    /// The body is not parsed before its signature is verified. Only the log may contain which [`WebhookError`] it was, not
    /// the response.
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentEvent, WebhookError>;
}

/// Verifies the signatures of webhook requests of other services.
pub trait WebhookVerifier: Send + Sync {
    /// Whether the header's value is a signature of exactly this body, made at about this time.
    fn is_genuine(&self, signature: &str, body: &[u8], now: Timestamp) -> bool;
}
