//! The payment provider: opening checkouts, asking where they stand, refunds.

use std::fmt;

use async_trait::async_trait;
use attune_domain::payment::RefundState;
use attune_domain::{BookingId, Money};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::{BoxError, Provider};

/// What the provider demands before a booking is agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentTerms {
    /// Nothing.
    NothingDue,
    /// The price, within this time; the slot is held as long.
    Due {
        /// Length of the hold.
        hold: SignedDuration,
    },
}

/// A price to be collected.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    /// What is paid for.
    pub booking: BookingId,
    /// How much.
    pub amount: Money,
    /// Until when the client can pay.
    pub expires_at: Timestamp,
    /// Sixteen random bytes of ours. Asking twice with the same ones opens one checkout.
    pub nonce: [u8; 16],
}

/// An opened checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The provider's id of it.
    pub id: String,
    /// Where the client pays; `None` when payment happens outside.
    pub url: Option<String>,
}

/// Why a provider did not do what it was asked.
#[derive(Debug, Error)]
pub enum PaymentError {
    /// Not reachable, or no answer in time; trying again later may work.
    #[error("the payment provider is unavailable")]
    Unavailable(#[source] BoxError),
    /// Refused for good.
    #[error("the payment provider refused")]
    Refused(#[source] BoxError),
}

/// A payment provider. Never called while a unit of work is open.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Which provider it is.
    fn provider(&self) -> Provider;

    /// What it demands before a booking is agreed.
    fn terms(&self) -> PaymentTerms;

    /// Opens a checkout.
    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError>;
}

/// Where a checkout stands, as its provider tells when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutState {
    /// The client can still pay.
    Open,
    /// The client is through with the page, and the money is on its way: a bank debit or a transfer takes days. Ends in
    /// [`Self::Paid`] or [`Self::Failed`].
    Processing,
    /// The money is there.
    Paid(PaidCheckout),
    /// The client was through, and then the money did not come. For good: another attempt needs another checkout.
    Failed,
    /// Ended before anybody paid, by time or by [`OnlinePayments::expire_checkout`]. For good.
    Expired,
    /// The provider knows no such checkout in the account and mode of our key.
    Unknown,
}

/// What came in through a checkout.
///
/// It says what the provider has, not what is due: nobody may call a booking paid before `amount`, `booking` and `live`
/// were compared with what is remembered of the payment. Money that does not match is still money, so a difference is
/// written down and shown to an admin, and never dropped. `Debug` hides the reference.
#[derive(Clone, PartialEq, Eq)]
pub struct PaidCheckout {
    /// How much, in which currency.
    pub amount: Money,
    /// What it was paid for, by the id that we gave when the checkout was opened. `None`: not opened by us.
    pub booking: Option<BookingId>,
    /// Whether it is real money. See [`OnlinePayments::is_live`].
    pub live: bool,
    /// The provider's name for the payment, which a refund needs. Not the checkout's reference.
    pub provider_payment_id: String,
}

impl fmt::Debug for PaidCheckout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaidCheckout")
            .field("amount", &self.amount)
            .field("booking", &self.booking)
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

/// Money to be given back. `Debug` hides the reference and the key.
#[derive(Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// [`PaidCheckout::provider_payment_id`].
    pub provider_payment_id: String,
    /// What had been paid for.
    pub booking: BookingId,
    /// How much, at most what was paid and not given back yet.
    pub amount: Money,
    /// A name of ours for this one refund: 1 to 200 visible ASCII characters, the same whenever it is asked for again,
    /// another one for another refund. Written down before the provider is asked, so that it survives a crash.
    pub idempotency_key: String,
}

impl fmt::Debug for RefundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefundRequest")
            .field("booking", &self.booking)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

/// A refund. `Debug` hides the reference.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderRefund {
    /// The provider's id of it.
    pub id: String,
    /// Where it stands.
    pub state: RefundState,
    /// How much.
    pub amount: Money,
}

impl fmt::Debug for ProviderRefund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderRefund")
            .field("state", &self.state)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

/// A provider that collects by itself, on a page of its own, and tells us afterwards.
///
/// What it says is news about money, in no order and perhaps twice or never. So [`PaymentEvents`] are only the fast way to
/// hear of it: whoever keeps payments also asks here for those that stay open, and comes to the same end either way.
///
/// Errors of all calls: [`PaymentError::Unavailable`] when it is not known whether anything happened, and asking again
/// later, in the same words, is safe; [`PaymentError::Refused`] when nothing happened and nothing will.
#[async_trait]
pub trait OnlinePayments: PaymentGateway {
    /// Whether real money moves. What comes from the provider and says otherwise is not ours, or not set up right: it
    /// confirms nothing.
    fn is_live(&self) -> bool;

    /// Where the checkout stands now. `reference` is [`Checkout::id`].
    async fn checkout_state(&self, reference: &str) -> Result<CheckoutState, PaymentError>;

    /// Ends a checkout, so that it cannot be paid any more, and tells where it stands then; never
    /// [`CheckoutState::Open`]. Ending one that is over already is fine.
    ///
    /// A checkout may outlive the hold it was opened for. So this comes before a held slot is given away, and the answer
    /// decides: [`CheckoutState::Paid`] means that the client was faster, and the booking is to be confirmed;
    /// [`CheckoutState::Processing`] that money is on its way.
    async fn expire_checkout(&self, reference: &str) -> Result<CheckoutState, PaymentError>;

    /// Gives money back. Asking again with the same key never gives back twice, however much later, and tells where that
    /// refund stands now; other facts under a known key are [`PaymentError::Refused`], and so is more than is left.
    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError>;

    /// Where the refund stands now; `None` when the provider knows none of that name. `reference` is
    /// [`ProviderRefund::id`].
    async fn refund_state(&self, reference: &str) -> Result<Option<ProviderRefund>, PaymentError>;
}
