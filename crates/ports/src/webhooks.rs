//! Webhooks: reading what a payment provider sends, and verifying signatures.

use std::fmt;

use attune_domain::payment::RefundState;
use attune_domain::{BookingId, Money};
use jiff::Timestamp;
use thiserror::Error;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentEventKind {
    /// The client is through with a checkout, and it is paid.
    CheckoutPaid,
    /// The client is through with a checkout, and the money is on its way.
    CheckoutProcessing,
    /// Money that was on its way has come.
    ProcessingSucceeded,
    /// Money that was on its way did not come.
    ProcessingFailed,
    /// A checkout ended unpaid.
    CheckoutExpired,
    /// A refund stands thus, as of the event; it may be ours or one made by hand at the provider.
    RefundChanged(RefundState),
    /// Genuine, and nothing that we know or that concerns us. To be answered well and forgotten.
    Other,
}

/// News from the provider. No personal data. `Debug` hides the references.
///
/// Events come late, twice and in any order, so none of them is a command: one is applied once per `id`, and only as far
/// as the payment has not got further already. What they claim is compared as [`PaidCheckout`] says; [`None`] in a field
/// that the kind needs is a difference like any other.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The provider's name for the event, the same each time it is delivered. 1 to 255 visible ASCII characters.
    pub id: String,
    /// When it happened, to the second; what is known of a message of another form is when it was sent.
    pub at: Timestamp,
    /// Whether it is about real money. See [`OnlinePayments::is_live`].
    pub live: bool,
    /// What it is about.
    pub kind: PaymentEventKind,
    /// [`Checkout::id`], or [`ProviderRefund::id`] for [`PaymentEventKind::RefundChanged`]. A reference that nobody
    /// remembers beside a known `booking` is a checkout whose opening was never answered: what was paid there is kept as
    /// a payment of that booking or given back.
    pub object_id: Option<String>,
    /// How much it is about.
    pub amount: Option<Money>,
    /// Which booking, by the id that we gave.
    pub booking: Option<BookingId>,
    /// [`PaidCheckout::provider_payment_id`].
    pub provider_payment_id: Option<String>,
    /// For a refund that was asked for here, [`RefundRequest::idempotency_key`].
    pub refund_idempotency_key: Option<String>,
}

impl fmt::Debug for PaymentEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentEvent")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("live", &self.live)
            .field("kind", &self.kind)
            .field("amount", &self.amount)
            .field("booking", &self.booking)
            .finish_non_exhaustive()
    }
}

/// Why a message is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebhookError {
    /// Not signed, or not by the provider, or changed on its way.
    #[error("the message was not signed by the payment provider")]
    Forged,
    /// Signed by the provider, and too long ago or in the future: overheard and sent again, or one clock is wrong.
    #[error("the message was signed too long ago, or in the future")]
    Stale,
    /// Signed by the provider just now, and still not to be read.
    #[error("the message cannot be read")]
    Unreadable,
}

/// Reads what the provider sends by itself.
pub trait PaymentEvents: Send + Sync {
    /// The event in a message: the value of its signature header, the body byte by byte as it came, and now.
    ///
    /// Nothing in the body is looked at before the signature is known to be right. A sender is not told which
    /// [`WebhookError`] it was; our own log may be.
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentEvent, WebhookError>;
}

/// Checks that a message from another service was sent by it and is fresh.
pub trait WebhookVerifier: Send + Sync {
    /// Whether the signature in this header is one over exactly these bytes, made at about this moment.
    fn is_genuine(&self, signature: &str, body: &[u8], now: Timestamp) -> bool;
}
