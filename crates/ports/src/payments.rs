//! Collecting the price: what the provider is asked, and what is remembered of it.

use std::fmt;

use async_trait::async_trait;
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{Booking, BookingId, Currency, Money, PaymentId, PaymentProblemId, RefundId, UserId, text_enum};
use jiff::Timestamp;

use crate::StoreError;

text_enum! {
    /// Who collects the price; the names are also those in the settings.
    pub enum Provider {
        /// No one: no payment is due.
        None => "none",
        /// The practice itself; an admin records the payments.
        Offline => "offline",
        /// A page of our own with a Pay button, to try the product. No money is charged.
        Test => "test",
        /// Stripe, on a page that it hosts.
        Stripe => "stripe",
    }
}

impl Provider {
    /// Whether a checkout lives at the provider, so that it can be paid there whatever we write down here. Before its slot
    /// is given away, the provider has to be asked.
    pub fn is_online(self) -> bool {
        match self {
            Self::Stripe => true,
            Self::None | Self::Offline | Self::Test => false,
        }
    }
}

/// One attempt to collect the price of a booking. `Debug` hides the checkout URL, the provider's ids and the memo.
///
/// After it is stored only `provider_checkout_id`, `checkout_url`, `state`, `provider_payment_id`, `check_at` and
/// `settled_at` change.
#[derive(Clone, PartialEq, Eq)]
pub struct Payment<Id = PaymentId> {
    /// Unique; `()` until the store has assigned it.
    pub id: Id,
    /// What is paid for.
    pub booking: BookingId,
    /// Who collects.
    pub provider: Provider,
    /// The provider's name for the attempt, unique within the provider. While it is [`PaymentState::Opening`], and until the
    /// provider's answer is known, a name of ours: see [`NewPayment::has_provider_checkout_id`].
    pub provider_checkout_id: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// Where the client pays.
    pub checkout_url: Option<String>,
    /// What the provider was asked with, [`CheckoutRequest::nonce`]; written down before it is asked, so that asking again
    /// after a crash opens no second checkout.
    pub checkout_nonce: Option<[u8; 16]>,
    /// Until when the client was to pay, [`CheckoutRequest::expires_at`]: asking again has to be in the same words.
    pub expires_at: Option<Timestamp>,
    /// The provider's name for the money, once there is some; [`PaidCheckout::payment`]. A refund needs it.
    pub provider_payment_id: Option<String>,
    /// When the provider is to be asked again where it stands; `None` when there is nobody or nothing to ask.
    pub check_at: Option<Timestamp>,
    /// How the money came, for a recorded payment: `cash`, `bank_transfer`, …
    pub method: Option<String>,
    /// The practice's own note, such as a receipt number.
    pub memo: Option<String>,
    /// Which admin recorded it.
    pub recorded_by: Option<UserId>,
    /// Now.
    pub created_at: Timestamp,
    /// When it was paid.
    pub settled_at: Option<Timestamp>,
}

/// A payment that is not stored yet.
pub type NewPayment = Payment<()>;

impl NewPayment {
    /// The same, with the id that the store assigned.
    pub fn with_id(self, id: PaymentId) -> Payment {
        Payment {
            id,
            booking: self.booking,
            provider: self.provider,
            provider_checkout_id: self.provider_checkout_id,
            amount: self.amount,
            state: self.state,
            checkout_url: self.checkout_url,
            checkout_nonce: self.checkout_nonce,
            expires_at: self.expires_at,
            provider_payment_id: self.provider_payment_id,
            check_at: self.check_at,
            method: self.method,
            memo: self.memo,
            recorded_by: self.recorded_by,
            created_at: self.created_at,
            settled_at: self.settled_at,
        }
    }
}

/// What a reference begins with that the provider did not give.
const UNNAMED: &str = "opening:";

impl Payment<()> {
    /// An attempt to collect the price of this booking, of which nothing more is known yet.
    pub fn attempt(
        booking: &Booking,
        provider: Provider,
        provider_checkout_id: String,
        state: PaymentState,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id: (),
            booking: booking.id(),
            provider,
            provider_checkout_id,
            amount: booking.price(),
            state,
            checkout_url: None,
            checkout_nonce: None,
            expires_at: None,
            provider_payment_id: None,
            check_at: None,
            method: None,
            memo: None,
            recorded_by: None,
            created_at,
            settled_at: None,
        }
    }

    /// The reference of an attempt whose provider has not answered yet.
    pub fn placeholder_checkout_id(nonce: [u8; 16]) -> String {
        format!("{UNNAMED}{:032x}", u128::from_be_bytes(nonce))
    }
}

impl<Id> Payment<Id> {
    /// Whether the reference is the provider's.
    pub fn has_provider_checkout_id(&self) -> bool {
        !self.provider_checkout_id.starts_with(UNNAMED)
    }
}

impl<Id: fmt::Debug> fmt::Debug for Payment<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("id", &self.id)
            .field("booking", &self.booking)
            .field("provider", &self.provider)
            .field("amount", &self.amount)
            .field("state", &self.state)
            .field("expires_at", &self.expires_at)
            .field("check_at", &self.check_at)
            .field("recorded_by", &self.recorded_by)
            .field("created_at", &self.created_at)
            .field("settled_at", &self.settled_at)
            .finish_non_exhaustive()
    }
}

text_enum! {
    /// Why a payment is refunded.
    pub enum RefundCause {
        /// The session was cancelled.
        Cancelled => "cancelled",
        /// An admin requested it.
        Requested => "requested",
        /// The payment arrived when the booking no longer needed it.
        Unapplied => "unapplied",
        /// It was made at the provider, outside the product.
        External => "external",
    }
}

/// A refund of a payment, in full or in part. `Debug` hides the idempotency key, the provider's id and the reason.
///
/// After it is stored only `stage`, `provider_refund_id`, `attempts`, `next_at`, `last_error` and `settled_at` change.
#[derive(Clone, PartialEq, Eq)]
pub struct Refund<Id = RefundId> {
    /// Unique; `()` until the store has assigned it.
    pub id: Id,
    /// What had been paid for.
    pub booking: BookingId,
    /// Which money it is.
    pub payment: PaymentId,
    /// [`RefundRequest::idempotency_key`], unique.
    pub idempotency_key: String,
    /// How much; more than nothing.
    pub amount: Money,
    /// Why.
    pub cause: RefundCause,
    /// What the admin said about it.
    pub reason: Option<String>,
    /// Which person decided so; `None` for the system itself.
    pub requested_by: Option<UserId>,
    /// Where it stands.
    pub stage: RefundStage,
    /// The provider's name for it, [`ProviderRefund::id`], once known.
    pub provider_refund_id: Option<String>,
    /// How often the provider was asked in vain.
    pub attempts: u32,
    /// When the provider is to be asked next; `None` when there is nobody or nothing to ask.
    pub next_at: Option<Timestamp>,
    /// What went wrong last, as a stable word.
    pub last_error: Option<String>,
    /// Now.
    pub created_at: Timestamp,
    /// When it ended, one way or the other.
    pub settled_at: Option<Timestamp>,
}

/// A refund that is not stored yet.
pub type NewRefund = Refund<()>;

impl NewRefund {
    /// The same, with the id that the store assigned.
    pub fn with_id(self, id: RefundId) -> Refund {
        Refund {
            id,
            booking: self.booking,
            payment: self.payment,
            idempotency_key: self.idempotency_key,
            amount: self.amount,
            cause: self.cause,
            reason: self.reason,
            requested_by: self.requested_by,
            stage: self.stage,
            provider_refund_id: self.provider_refund_id,
            attempts: self.attempts,
            next_at: self.next_at,
            last_error: self.last_error,
            created_at: self.created_at,
            settled_at: self.settled_at,
        }
    }
}

impl<Id: fmt::Debug> fmt::Debug for Refund<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refund")
            .field("id", &self.id)
            .field("booking", &self.booking)
            .field("payment", &self.payment)
            .field("amount", &self.amount)
            .field("cause", &self.cause)
            .field("stage", &self.stage)
            .field("attempts", &self.attempts)
            .field("next_at", &self.next_at)
            .field("last_error", &self.last_error)
            .field("created_at", &self.created_at)
            .field("settled_at", &self.settled_at)
            .finish_non_exhaustive()
    }
}

/// A line of the ledger. The sum of a payment's lines, with the signs of [`LedgerKind::signed`], is what is held of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When.
    pub at: Timestamp,
    /// What had been paid for.
    pub booking: BookingId,
    /// Which money.
    pub payment: PaymentId,
    /// Which refund moved it; `None` for money that came in.
    pub refund: Option<RefundId>,
    /// Which way it went.
    pub kind: LedgerKind,
    /// How much, without a sign.
    pub amount: Money,
}

text_enum! {
    /// Why a payment needs review.
    pub enum ProblemKind {
        /// The amount is not the one that is due.
        WrongAmount => "wrong_amount",
        /// The currency is not the one that is due.
        WrongCurrency => "wrong_currency",
        /// A test payment where a real one is due, or the reverse.
        WrongMode => "wrong_mode",
        /// The payment names another booking, or none.
        WrongBooking => "wrong_booking",
        /// The provider does not know a checkout that it opened: the API key belongs to another account.
        UnknownCheckout => "unknown_checkout",
        /// The payment is for a booking that does not exist.
        UnknownBooking => "unknown_booking",
        /// A refund was rejected or returned.
        RefundFailed => "refund_failed",
    }
}

/// Something about a payment that does not match and needs review by an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentProblem<Id = PaymentProblemId> {
    /// Unique; `()` until the store has assigned it.
    pub id: Id,
    /// Which one it is, so that the same is noted once: 1 to 200 characters.
    pub key: String,
    /// What is wrong.
    pub kind: ProblemKind,
    /// About which booking, if one is known.
    pub booking: Option<BookingId>,
    /// About which payment, if one is known.
    pub payment: Option<PaymentId>,
    /// About which refund.
    pub refund: Option<RefundId>,
    /// The provider's name for what came, to find it there. No personal data.
    pub provider_reference: Option<String>,
    /// When it was found.
    pub at: Timestamp,
    /// When an admin settled it.
    pub resolved_at: Option<Timestamp>,
}

/// A problem that is not stored yet.
pub type NewPaymentProblem = PaymentProblem<()>;

impl NewPaymentProblem {
    /// The same, with the id that the store assigned.
    pub fn with_id(self, id: PaymentProblemId) -> PaymentProblem {
        PaymentProblem {
            id,
            key: self.key,
            kind: self.kind,
            booking: self.booking,
            payment: self.payment,
            refund: self.refund,
            provider_reference: self.provider_reference,
            at: self.at,
            resolved_at: self.resolved_at,
        }
    }
}

/// What the ledger says about a quarter of an hour; all zones change their days at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerSum {
    /// Its beginning.
    pub from: Timestamp,
    /// Which way the money went.
    pub kind: LedgerKind,
    /// How much, without a sign, in minor units.
    pub minor: i64,
    /// In which currency.
    pub currency: Currency,
    /// How many lines.
    pub count: u64,
}

/// Payments, refunds and the ledger, inside a unit of work. Whoever changes any of a booking's has its row first
/// ([`crate::Bookings::booking`]), so that nobody else does at the same time.
#[async_trait]
pub trait Payments {
    /// Remembers an attempt. Errors: [`crate::Conflict::ProviderIdTaken`].
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError>;

    /// All attempts of a booking, newest first.
    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError>;

    /// The attempt with the provider's reference.
    async fn payment_by_checkout_id(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Writes what may change of an attempt. Errors: [`crate::Conflict::Stale`] when there is no such row,
    /// [`crate::Conflict::ProviderIdTaken`].
    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError>;

    /// Remembers a refund. Errors: [`crate::Conflict::RefundExists`] when key or reference are known, whatever else is wrong;
    /// [`crate::Conflict::RefundTooLarge`] when the payment was not paid, or in another currency, or when its refunds that did
    /// not fail would be more than its amount; [`StoreError::Failed`] for nothing at all.
    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError>;

    /// All refunds of a booking, oldest first.
    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<Refund>, StoreError>;

    /// Writes what may change of a refund. Errors: [`crate::Conflict::Stale`] when there is no such row,
    /// [`crate::Conflict::RefundExists`] when the reference is another one's, [`crate::Conflict::RefundTooLarge`] when one that
    /// failed is to count again and its money was promised otherwise.
    async fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError>;

    /// Adds a line to the ledger; the store refuses to change or remove one. Errors: [`crate::Conflict::LedgerUnbalanced`]
    /// when the payment's sum would be below nothing or above its amount, when the currency is another one, when that movement
    /// of that payment or refund is there already, and when money that came in names a refund or any other line none.
    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError>;

    /// Remembers that the provider told this, for good or until it is forgotten. `false`: it had told it before.
    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// Forgets what the provider told before an instant, the oldest first, at most `limit`. Returns how many.
    async fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Notes a problem, once per key: noting it again changes nothing, even after it was settled. `false`: it was known.
    /// What it is about has to exist.
    async fn add_payment_problem(&mut self, problem: &NewPaymentProblem) -> Result<bool, StoreError>;

    /// Settles an open problem. `None` when there is none of that id that is open.
    async fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError>;

    /// Settles the open problem of a refund, if there is one.
    async fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError>;
}
