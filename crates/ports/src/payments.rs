//! Collecting the price: what the provider is asked, and what is remembered of it.

use std::fmt;

use async_trait::async_trait;
use attune_domain::payment::{LedgerKind, PaymentState, RefundStage, RefundState};
use attune_domain::{Booking, BookingId, Currency, Money, PaymentId, PaymentProblemId, RefundId, UserId};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::{BoxError, StoreError};

/// Who collects the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Nobody: nothing is due.
    None,
    /// The practice itself; an admin records what came in.
    Offline,
    /// A page of our own with a Pay button, for trying the product out. No money moves.
    Test,
    /// Stripe, on a page that it hosts.
    Stripe,
}

impl Provider {
    /// The name in settings, the API and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Offline => "offline",
            Self::Test => "test",
            Self::Stripe => "stripe",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Offline, Self::Test, Self::Stripe].into_iter().find(|p| p.as_str() == name)
    }

    /// Whether a checkout lives at the provider, so that it can be paid there whatever we write down here. Before its slot
    /// is given away, the provider has to be asked.
    pub fn is_online(self) -> bool {
        match self {
            Self::Stripe => true,
            Self::None | Self::Offline | Self::Test => false,
        }
    }
}

/// An attempt to be remembered. `Debug` hides where to pay and what the practice noted.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// What is paid for.
    pub booking: BookingId,
    /// Who collects.
    pub provider: Provider,
    /// The provider's name for the attempt, unique within the provider. While it is [`PaymentState::Opening`], and until the
    /// provider's answer is known, a name of ours: see [`NewPayment::is_named`].
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// Where the client pays.
    pub checkout_url: Option<String>,
    /// What the provider was asked with, [`CheckoutRequest::nonce`]; written down before it is asked, so that asking again
    /// after a crash opens no second checkout.
    pub nonce: Option<[u8; 16]>,
    /// Until when the client was to pay, [`CheckoutRequest::expires_at`]: asking again has to be in the same words.
    pub expires_at: Option<Timestamp>,
    /// The provider's name for the money, once there is some; [`PaidCheckout::payment`]. A refund needs it.
    pub charge: Option<String>,
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

/// What a reference begins with that the provider did not give.
const UNNAMED: &str = "opening:";

impl NewPayment {
    /// An attempt to collect the price of this booking, of which nothing more is known yet.
    pub fn attempt(
        booking: &Booking,
        provider: Provider,
        reference: String,
        state: PaymentState,
        created_at: Timestamp,
    ) -> Self {
        Self {
            booking: booking.id,
            provider,
            reference,
            amount: booking.price,
            state,
            checkout_url: None,
            nonce: None,
            expires_at: None,
            charge: None,
            check_at: None,
            method: None,
            memo: None,
            recorded_by: None,
            created_at,
            settled_at: None,
        }
    }

    /// The reference of an attempt whose provider has not answered yet.
    pub fn unnamed(nonce: [u8; 16]) -> String {
        format!("{UNNAMED}{:032x}", u128::from_be_bytes(nonce))
    }

    /// Whether the reference is the provider's.
    pub fn is_named(&self) -> bool {
        !self.reference.starts_with(UNNAMED)
    }
}

impl fmt::Debug for NewPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPayment")
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

/// A remembered attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Which attempt.
    pub id: PaymentId,
    /// Its facts. Only `reference`, `checkout_url`, `state`, `charge`, `check_at` and `settled_at` ever change.
    pub facts: NewPayment,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundCause {
    /// The session was called off.
    Cancelled,
    /// An admin decided so.
    Asked,
    /// It came when the booking did not need it any more.
    Surplus,
    /// Somebody gave it back at the provider, without asking here.
    Elsewhere,
}

impl RefundCause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Cancelled, Self::Asked, Self::Surplus, Self::Elsewhere];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Asked => "asked",
            Self::Surplus => "surplus",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}

/// A refund to be remembered. `Debug` hides key, reference and reason.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// What had been paid for.
    pub booking: BookingId,
    /// Which money it is.
    pub payment: PaymentId,
    /// [`RefundRequest::key`], unique.
    pub key: String,
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
    /// The provider's name for it, [`Refund::reference`], once known.
    pub reference: Option<String>,
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

impl fmt::Debug for NewRefund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRefund")
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

/// A remembered refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRefund {
    /// Which refund.
    pub id: RefundId,
    /// Its facts. Only `stage`, `reference`, `attempts`, `next_at`, `last_error` and `settled_at` ever change.
    pub facts: NewRefund,
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

/// What a person has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Another amount came than is due.
    WrongAmount,
    /// Another currency came than is due.
    WrongCurrency,
    /// Test money came where real money is due, or the other way round.
    WrongMode,
    /// The money names another booking, or none.
    WrongBooking,
    /// The provider does not know a checkout that it had opened: the key belongs to another account.
    UnknownCheckout,
    /// Money came for a booking that does not exist.
    UnknownBooking,
    /// A refund was refused or came back.
    RefundFailed,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::WrongAmount,
        Self::WrongCurrency,
        Self::WrongMode,
        Self::WrongBooking,
        Self::UnknownCheckout,
        Self::UnknownBooking,
        Self::RefundFailed,
    ];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongAmount => "wrong_amount",
            Self::WrongCurrency => "wrong_currency",
            Self::WrongMode => "wrong_mode",
            Self::WrongBooking => "wrong_booking",
            Self::UnknownCheckout => "unknown_checkout",
            Self::UnknownBooking => "unknown_booking",
            Self::RefundFailed => "refund_failed",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A problem to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPaymentProblem {
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
    pub reference: Option<String>,
    /// Now.
    pub at: Timestamp,
}

/// A noted problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentProblem {
    /// Which one.
    pub id: PaymentProblemId,
    /// Its facts.
    pub facts: NewPaymentProblem,
    /// When it was settled.
    pub resolved_at: Option<Timestamp>,
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
    /// Remembers an attempt. Errors: [`crate::Conflict::PaymentReferenceTaken`].
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError>;

    /// All attempts of a booking, newest first.
    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError>;

    /// The attempt with the provider's reference.
    async fn payment_by_reference(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Writes what may change of an attempt. Errors: [`crate::Conflict::Stale`] when there is no such row,
    /// [`crate::Conflict::PaymentReferenceTaken`].
    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError>;

    /// Remembers a refund. Errors: [`crate::Conflict::RefundKnown`] when key or reference are known, whatever else is wrong;
    /// [`crate::Conflict::RefundTooLarge`] when the payment was not paid, or in another currency, or when its refunds that did
    /// not fail would be more than its amount; [`StoreError::Failed`] for nothing at all.
    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError>;

    /// All refunds of a booking, oldest first.
    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<KeptRefund>, StoreError>;

    /// Writes what may change of a refund. Errors: [`crate::Conflict::Stale`] when there is no such row,
    /// [`crate::Conflict::RefundKnown`] when the reference is another one's, [`crate::Conflict::RefundTooLarge`] when one that
    /// failed is to count again and its money was promised otherwise.
    async fn save_refund(&mut self, refund: &KeptRefund) -> Result<(), StoreError>;

    /// Adds a line to the ledger; the store refuses to change or remove one. Errors: [`crate::Conflict::LedgerUnbalanced`]
    /// when the payment's sum would be below nothing or above its amount, when the currency is another one, when that movement
    /// of that payment or refund is there already, and when money that came in names a refund or any other line none.
    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError>;

    /// Remembers that the provider told this, for good or until it is forgotten. `false`: it had told it before.
    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// Forgets what the provider told before an instant, the oldest first, at most `limit`. Returns how many.
    async fn forget_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

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
    /// The provider's name for it.
    pub reference: String,
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
    /// Ended before anybody paid, by time or by [`OnlinePayments::end_checkout`]. For good.
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
    pub payment: String,
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
    /// [`PaidCheckout::payment`].
    pub payment: String,
    /// What had been paid for.
    pub booking: BookingId,
    /// How much, at most what was paid and not given back yet.
    pub amount: Money,
    /// A name of ours for this one refund: 1 to 200 visible ASCII characters, the same whenever it is asked for again,
    /// another one for another refund. Written down before the provider is asked, so that it survives a crash.
    pub key: String,
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
pub struct Refund {
    /// The provider's name for it.
    pub reference: String,
    /// Where it stands.
    pub state: RefundState,
    /// How much.
    pub amount: Money,
}

impl fmt::Debug for Refund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refund").field("state", &self.state).field("amount", &self.amount).finish_non_exhaustive()
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

    /// Where the checkout stands now. `reference` is [`Checkout::reference`].
    async fn checkout_state(&self, reference: &str) -> Result<CheckoutState, PaymentError>;

    /// Ends a checkout, so that it cannot be paid any more, and tells where it stands then; never
    /// [`CheckoutState::Open`]. Ending one that is over already is fine.
    ///
    /// A checkout may outlive the hold it was opened for. So this comes before a held slot is given away, and the answer
    /// decides: [`CheckoutState::Paid`] means that the client was faster, and the booking is to be confirmed;
    /// [`CheckoutState::Processing`] that money is on its way.
    async fn end_checkout(&self, reference: &str) -> Result<CheckoutState, PaymentError>;

    /// Gives money back. Asking again with the same key never gives back twice, however much later, and tells where that
    /// refund stands now; other facts under a known key are [`PaymentError::Refused`], and so is more than is left.
    async fn refund(&self, request: &RefundRequest) -> Result<Refund, PaymentError>;

    /// Where the refund stands now; `None` when the provider knows none of that name. `reference` is
    /// [`Refund::reference`].
    async fn refund_state(&self, reference: &str) -> Result<Option<Refund>, PaymentError>;
}

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
    SomethingElse,
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
    /// [`Checkout::reference`], or [`Refund::reference`] for [`PaymentEventKind::RefundChanged`]. A reference that nobody
    /// remembers beside a known `booking` is a checkout whose opening was never answered: what was paid there is kept as
    /// a payment of that booking or given back.
    pub reference: Option<String>,
    /// How much it is about.
    pub amount: Option<Money>,
    /// Which booking, by the id that we gave.
    pub booking: Option<BookingId>,
    /// [`PaidCheckout::payment`].
    pub payment: Option<String>,
    /// For a refund that was asked for here, [`RefundRequest::key`].
    pub refund_key: Option<String>,
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
pub enum EventRefusal {
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
    /// [`EventRefusal`] it was; our own log may be.
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentEvent, EventRefusal>;
}
