//! Collecting the price: what the provider is asked, and what is remembered of it.

use std::fmt;

use async_trait::async_trait;
use attune_domain::{BookingId, Money, PaymentId, UserId};
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
}

impl Provider {
    /// The name in settings, the API and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Offline => "offline",
            Self::Test => "test",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Offline, Self::Test].into_iter().find(|p| p.as_str() == name)
    }
}

/// Where an attempt to collect a price stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// The client can pay.
    Open,
    /// Paid.
    Settled,
    /// Ended unpaid.
    Closed,
}

impl PaymentState {
    /// The name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Closed => "closed",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Settled, Self::Closed].into_iter().find(|s| s.as_str() == name)
    }
}

/// An attempt to be remembered. `Debug` hides where to pay and what the practice noted.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// What is paid for.
    pub booking: BookingId,
    /// Who collects.
    pub provider: Provider,
    /// The provider's name for the attempt, unique within the provider.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// Where the client pays.
    pub checkout_url: Option<String>,
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

impl fmt::Debug for NewPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPayment")
            .field("booking", &self.booking)
            .field("provider", &self.provider)
            .field("amount", &self.amount)
            .field("state", &self.state)
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
    /// Its facts. Only `state` and `settled_at` ever change.
    pub facts: NewPayment,
}

/// Payments, inside a unit of work.
#[async_trait]
pub trait Payments {
    /// Remembers an attempt. Errors: [`crate::Conflict::PaymentReferenceTaken`].
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError>;

    /// The open attempts of a booking, newest first.
    async fn open_payments(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError>;

    /// The attempt with the provider's reference.
    async fn payment_by_reference(
        &mut self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Writes state and settlement. Errors: [`crate::Conflict::Stale`] when there is no such row.
    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError>;
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
