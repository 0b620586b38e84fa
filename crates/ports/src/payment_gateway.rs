//! The payment provider: checkouts and refunds.

use async_trait::async_trait;
use attune_domain::payment::RefundState;
use attune_domain::{BookingId, Currency, Money};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::{BoxError, Provider};

/// What is due before a booking is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentTerms {
    /// Nothing.
    NothingDue,
    /// The price, while the slot is held.
    Due {
        /// Length of the hold.
        hold: SignedDuration,
    },
}

/// A price to be collected.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    /// The booking to be paid.
    pub booking: BookingId,
    /// Its price.
    pub amount: Money,
    /// Until when the client can pay.
    pub expires_at: Timestamp,
    /// Random bytes. Two requests with the same ones open one checkout.
    pub nonce: [u8; 16],
}

/// An opened checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The provider's id of it.
    pub id: String,
    /// The page on which the client pays; `None` for offline payments.
    pub url: Option<String>,
}

/// Why a request to a provider failed.
#[derive(Debug, Error)]
pub enum PaymentError {
    /// Not reachable, or no answer in time; retrying later may succeed.
    #[error("the payment provider is unavailable")]
    Unavailable(#[source] BoxError),
    /// Refused; retrying does not help.
    #[error("the payment provider refused")]
    Refused(#[source] BoxError),
}

/// Why a provider can never charge a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PriceError {
    /// It does not support the currency.
    #[error("the payment provider does not support {0}")]
    Currency(Currency),
    /// The price is not a multiple of its smallest amount.
    #[error("the payment provider charges multiples of {0} only")]
    Multiple(Money),
    /// Below its minimum.
    #[error("the payment provider charges at least {0}")]
    TooSmall(Money),
    /// Above its maximum.
    #[error("the payment provider charges at most {0}")]
    TooLarge(Money),
}

/// A payment provider. Never called while a unit of work is open.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Which provider it is.
    fn provider(&self) -> Provider;

    /// What is due before a booking is confirmed.
    fn terms(&self) -> PaymentTerms;

    /// Checks a price when it is set, so that no client meets one that cannot be charged. A price of zero is never charged, so
    /// it is always accepted. Contacts no one.
    fn check_price(&self, price: Money) -> Result<(), PriceError>;

    /// Opens a checkout.
    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError>;
}

/// The state of a checkout, as its provider reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutState {
    /// The client can still pay.
    Open,
    /// The client completed the checkout, and the payment is being processed: a bank debit or a transfer takes days. Ends
    /// in [`Self::Paid`] or [`Self::Failed`].
    Processing,
    /// Paid.
    Paid(PaidCheckout),
    /// The processing failed. Final: another attempt needs another checkout.
    Failed,
    /// Ended unpaid, by time or by [`OnlinePayments::expire_checkout`]. Final.
    Expired,
    /// The provider knows no such checkout in the account and mode of the API key.
    Unknown,
}

/// The payment of a checkout.
///
/// It states what the provider received, which may differ from what is due: a booking may only be confirmed after `amount`,
/// `booking` and `live` were compared with the stored payment. A payment that does not match needs review; it is never
/// dropped. `Debug` hides the id.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct PaidCheckout {
    /// The amount received.
    pub amount: Money,
    /// The booking, by the id in the checkout's request. `None`: the checkout is not ours.
    pub booking: Option<BookingId>,
    /// Whether it is a live payment. See [`OnlinePayments::is_live`].
    pub live: bool,
    /// The provider's id of the payment, which a refund needs; not the checkout's id.
    #[debug(skip)]
    pub provider_payment_id: String,
}

/// A refund to be made. `Debug` hides the payment id and the key.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct RefundRequest {
    /// [`PaidCheckout::provider_payment_id`].
    #[debug(skip)]
    pub provider_payment_id: String,
    /// The booking of the payment.
    pub booking: BookingId,
    /// At most what was paid and is not refunded yet.
    pub amount: Money,
    /// Identifies this refund in repeated requests: 1 to 200 visible ASCII characters. Stored before the request is sent, so
    /// that it survives a crash.
    #[debug(skip)]
    pub idempotency_key: String,
}

/// A refund, as the provider reports it. `Debug` hides the id.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct ProviderRefund {
    /// The provider's id of it.
    #[debug(skip)]
    pub id: String,
    /// Its state.
    pub state: RefundState,
    /// The amount refunded.
    pub amount: Money,
}

/// A provider that collects on a page of its own, and reports the result afterwards.
///
/// Its webhooks ([`crate::PaymentEvents`]) arrive in any order, perhaps twice or never, so open payments are also polled
/// here, with the same result.
///
/// Errors of all calls: [`PaymentError::Unavailable`] when it is not known whether anything happened, and repeating the same
/// request later is safe; [`PaymentError::Refused`] when nothing happened and nothing will.
#[async_trait]
pub trait OnlinePayments: PaymentGateway {
    /// Whether payments are live, not test payments. A report of the other mode confirms nothing.
    fn is_live(&self) -> bool;

    /// The current state of a checkout, by [`Checkout::id`].
    async fn checkout_state(&self, id: &str) -> Result<CheckoutState, PaymentError>;

    /// Expires a checkout, so that it can no longer be paid, and returns its state afterwards; never
    /// [`CheckoutState::Open`]. One that has ended already may be expired again.
    ///
    /// A checkout may outlive the hold it was opened for. So this is called before the slot is released, and the state
    /// decides: with [`CheckoutState::Paid`] the booking is confirmed, with [`CheckoutState::Processing`] it stays blocked.
    async fn expire_checkout(&self, id: &str) -> Result<CheckoutState, PaymentError>;

    /// Makes a refund. A request with the same key never refunds twice, however much later, and returns the refund's current
    /// state. A different request with a known key is [`PaymentError::Refused`], and so is one that exceeds what is left.
    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError>;

    /// The current state of a refund, by [`ProviderRefund::id`]; `None` when the provider does not know it.
    async fn refund_state(&self, id: &str) -> Result<Option<ProviderRefund>, PaymentError>;
}
