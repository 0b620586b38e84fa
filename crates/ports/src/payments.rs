//! Payments, refunds, the ledger and payment problems, as they are stored.

use async_trait::async_trait;
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage};
use attune_domain::{Booking, BookingId, Currency, Money, PaymentId, PaymentProblemId, RefundId, UserId, text_enum};
use jiff::Timestamp;

use crate::StoreError;

/// Implements `with_id` with a list of the other fields, because struct update syntax cannot change the type of the id.
macro_rules! with_id {
    ($new:ident -> $stored:ident($id:ty): $($field:ident),+) => {
        impl $new {
            /// The same, with the id that the store assigned.
            pub fn with_id(self, id: $id) -> $stored {
                let Self { id: (), $($field),+ } = self;
                $stored { id, $($field),+ }
            }
        }
    };
}

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
    /// Whether the client pays on a page of the provider, regardless of what is stored here. Before the slot is released,
    /// the state of the checkout has to be queried.
    pub fn is_online(self) -> bool {
        match self {
            Self::Stripe => true,
            Self::None | Self::Offline | Self::Test => false,
        }
    }

    /// Whether the client pays on a page, of the provider or of the built-in test.
    pub fn has_checkout_page(self) -> bool {
        self.is_online() || self == Self::Test
    }
}

/// One attempt to collect the price of a booking. `Debug` hides the checkout URL, the provider's ids and the memo.
///
/// After it is stored only `provider_checkout_id`, `checkout_url`, `state`, `provider_payment_id`, `check_at` and
/// `settled_at` change.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct Payment<Id = PaymentId> {
    /// Unique; `()` until the store has assigned it.
    pub id: Id,
    /// The booking that it pays for.
    pub booking: BookingId,
    /// Who collects.
    pub provider: Provider,
    /// The provider's id of the checkout, unique within the provider. Until the provider's answer is known it is a
    /// placeholder: see [`NewPayment::placeholder_checkout_id`].
    #[debug(skip)]
    pub provider_checkout_id: String,
    /// The price of the booking.
    pub amount: Money,
    /// Its state.
    pub state: PaymentState,
    /// The provider's page on which the client pays.
    #[debug(skip)]
    pub checkout_url: Option<String>,
    /// [`crate::CheckoutRequest::nonce`]. Stored before the request is sent, so that repeating it after a crash opens no
    /// second checkout.
    #[debug(skip)]
    pub checkout_nonce: Option<[u8; 16]>,
    /// [`crate::CheckoutRequest::expires_at`]. Stored because a repeated request has to be identical.
    pub expires_at: Option<Timestamp>,
    /// [`crate::PaidCheckout::provider_payment_id`], once it is paid. A refund needs it.
    #[debug(skip)]
    pub provider_payment_id: Option<String>,
    /// When the provider is to be polled next; `None` when there is nothing to poll.
    pub check_at: Option<Timestamp>,
    /// The method of an offline payment: `cash`, `bank_transfer`, …
    #[debug(skip)]
    pub method: Option<String>,
    /// The practice's own note, such as a receipt number.
    #[debug(skip)]
    pub memo: Option<String>,
    /// The admin who recorded an offline payment.
    pub recorded_by: Option<UserId>,
    /// When the attempt began.
    pub created_at: Timestamp,
    /// When it was paid.
    pub settled_at: Option<Timestamp>,
}

/// A payment that is not stored yet.
pub type NewPayment = Payment<()>;

with_id! { NewPayment -> Payment(PaymentId):
    booking, provider, provider_checkout_id, amount, state, checkout_url, checkout_nonce, expires_at, provider_payment_id,
    check_at, method, memo, recorded_by, created_at, settled_at
}

/// Begins a placeholder.
const PLACEHOLDER: &str = "opening:";

impl Payment<()> {
    /// An attempt to collect an amount for this booking: its price, or what is left of it.
    pub fn attempt(
        booking: &Booking,
        amount: Money,
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
            amount,
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

    /// The checkout id of an attempt until the provider has answered.
    pub fn placeholder_checkout_id(nonce: [u8; 16]) -> String {
        format!("{PLACEHOLDER}{:032x}", u128::from_be_bytes(nonce))
    }
}

impl<Id> Payment<Id> {
    /// Whether the checkout id is the provider's, not a placeholder.
    pub fn has_provider_checkout_id(&self) -> bool {
        !self.provider_checkout_id.starts_with(PLACEHOLDER)
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
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct Refund<Id = RefundId> {
    /// Unique; `()` until the store has assigned it.
    pub id: Id,
    /// The booking of the payment.
    pub booking: BookingId,
    /// The payment that is refunded.
    pub payment: PaymentId,
    /// [`crate::RefundRequest::idempotency_key`], unique.
    #[debug(skip)]
    pub idempotency_key: String,
    /// More than zero.
    pub amount: Money,
    /// Why it is refunded.
    pub cause: RefundCause,
    /// The admin's reason.
    #[debug(skip)]
    pub reason: Option<String>,
    /// The user who requested it; `None` for the system.
    #[debug(skip)]
    pub requested_by: Option<UserId>,
    /// Its stage.
    pub stage: RefundStage,
    /// [`crate::ProviderRefund::id`], once it is known.
    #[debug(skip)]
    pub provider_refund_id: Option<String>,
    /// Number of requests that the provider did not answer.
    pub attempts: u32,
    /// When it is to be requested or polled next; `None` when there is nothing to do.
    pub next_at: Option<Timestamp>,
    /// The last error, as a stable code.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it succeeded or failed.
    pub settled_at: Option<Timestamp>,
}

/// A refund that is not stored yet.
pub type NewRefund = Refund<()>;

with_id! { NewRefund -> Refund(RefundId):
    booking, payment, idempotency_key, amount, cause, reason, requested_by, stage, provider_refund_id, attempts, next_at,
    last_error, created_at, settled_at
}

/// An entry of the ledger. The sum of a payment's entries, signed by [`LedgerKind::signed`], is its balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When it was entered.
    pub at: Timestamp,
    /// The booking of the payment.
    pub booking: BookingId,
    /// The payment.
    pub payment: PaymentId,
    /// The refund; `None` for a capture.
    pub refund: Option<RefundId>,
    /// What happened.
    pub kind: LedgerKind,
    /// Without a sign.
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

/// Something about a payment that needs review by an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentProblem<Id = PaymentProblemId> {
    /// Unique; `()` until the store has assigned it.
    pub id: Id,
    /// Makes the problem unique, so that it is listed once: 1 to 200 characters.
    pub dedupe_key: String,
    /// What is wrong.
    pub kind: ProblemKind,
    /// The booking, if known.
    pub booking: Option<BookingId>,
    /// The payment, if known.
    pub payment: Option<PaymentId>,
    /// The refund, if it is about one.
    pub refund: Option<RefundId>,
    /// The provider's id of the object, to find it in the provider's dashboard. No personal data.
    pub provider_reference: Option<String>,
    /// When it was listed.
    pub at: Timestamp,
    /// When an admin resolved it.
    pub resolved_at: Option<Timestamp>,
}

/// A problem that is not stored yet.
pub type NewPaymentProblem = PaymentProblem<()>;

with_id! { NewPaymentProblem -> PaymentProblem(PaymentProblemId):
    dedupe_key, kind, booking, payment, refund, provider_reference, at, resolved_at
}

/// The sum of ledger entries in a quarter of an hour; in all time zones, days begin at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerSum {
    /// Its beginning.
    pub from: Timestamp,
    /// The kind of the entries.
    pub kind: LedgerKind,
    /// In minor units, without a sign.
    pub minor: i64,
    /// The currency of the entries.
    pub currency: Currency,
    /// The number of entries.
    pub count: u64,
}

/// Payments, refunds and the ledger, inside a unit of work. Before any of them changes, the booking's row has to be locked
/// ([`crate::Bookings::booking`]).
#[async_trait]
pub trait Payments {
    /// Adds a payment. Errors: [`crate::Conflict::ProviderIdTaken`].
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError>;

    /// The payments of a booking, newest first.
    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError>;

    /// The payment with this [`Payment::provider_checkout_id`].
    async fn payment_by_checkout_id(
        &mut self,
        provider: Provider,
        checkout_id: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Saves the fields of a payment that may change. Errors: [`crate::Conflict::Stale`] when there is no such row,
    /// [`crate::Conflict::ProviderIdTaken`].
    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError>;

    /// Adds a refund. Errors: [`crate::Conflict::RefundExists`] when another refund has its idempotency key or provider
    /// id, whatever else is wrong; [`crate::Conflict::RefundTooLarge`] when the payment is not paid or in another currency, or when its
    /// refunds that did not fail would exceed its amount; [`StoreError::Failed`] for an amount of zero.
    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError>;

    /// The refunds of a booking, oldest first.
    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<Refund>, StoreError>;

    /// Saves the fields of a refund that may change. Errors: [`crate::Conflict::Stale`] when there is no such row,
    /// [`crate::Conflict::RefundExists`] when the provider id belongs to another refund, [`crate::Conflict::RefundTooLarge`]
    /// when one that failed is to count again and its amount was refunded otherwise.
    async fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError>;

    /// Adds an entry to the ledger; no entry can be changed or deleted. Errors: [`crate::Conflict::LedgerUnbalanced`] when
    /// the payment's balance would be negative or exceed its amount, when the currency differs, when the payment or refund
    /// has an entry of this kind already, and when a capture names a refund or any other entry names none.
    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError>;

    /// Stores the id of a webhook event, until it is purged. `false`: it is stored already.
    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// Deletes the ids of webhook events from before an instant, the oldest first, at most `limit`. Returns how many.
    async fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Adds a problem, once per dedupe key, even after it was resolved. `false`: the key is already stored. The booking, payment and refund
    /// have to exist.
    async fn add_payment_problem(&mut self, problem: &NewPaymentProblem) -> Result<bool, StoreError>;

    /// Resolves an open problem. `None` when no open problem has this id.
    async fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError>;

    /// Resolves the open problem of a refund, if there is one.
    async fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError>;
}
