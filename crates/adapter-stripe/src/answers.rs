//! The few fields of Stripe's objects that are read. Everything else, such as who paid, is never taken in.

use attune_domain::{BookingId, Money};
use attune_ports::{PaidCheckout, ProviderRefund, RefundState};
use serde::Deserialize;

use crate::money::{AmountError, from_stripe};

/// A Checkout LoginSession.
#[derive(Deserialize)]
pub(crate) struct CheckoutSession {
    pub(crate) id: String,
    pub(crate) livemode: bool,
    pub(crate) mode: Option<SessionMode>,
    pub(crate) status: Option<SessionStatus>,
    pub(crate) payment_status: PaymentStatus,
    pub(crate) url: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    client_reference_id: Option<String>,
    metadata: Option<Metadata>,
    payment_intent: Option<Expandable<Intent>>,
}

/// What a session is for. Ours are for one payment; others in the same account may be for something else.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionMode {
    Payment,
    #[serde(other)]
    Other,
}

/// How far the client got.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
    #[serde(other)]
    Other,
}

/// Whether the money is there.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Paid,
    Unpaid,
    #[serde(other)]
    Other,
}

/// What Stripe tries to collect. A session that is complete and unpaid does not say itself whether money is on its way.
#[derive(Deserialize)]
pub(crate) struct Intent {
    id: String,
    status: IntentStatus,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
    /// The last way of paying failed.
    RequiresPaymentMethod,
    /// Given up.
    Canceled,
    /// On its way, or the client has to go to a bank or a shop, or already there.
    #[serde(other)]
    Other,
}

/// An object that Stripe gives by its name, or whole when asked to.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expandable<T> {
    Name(String),
    Whole(T),
}

/// What we had noted on the object.
#[derive(Default, Deserialize)]
struct Metadata {
    booking_id: Option<String>,
    refund_key: Option<String>,
}

impl CheckoutSession {
    pub(crate) fn amount(&self) -> Result<Money, AmountError> {
        match (self.amount_total, &self.currency) {
            (Some(amount), Some(currency)) => from_stripe(amount, currency),
            (_, None) | (None, _) => Err(AmountError::NotMoney),
        }
    }

    /// The booking that was given when the session was opened. Two that differ are none.
    pub(crate) fn booking(&self) -> Option<BookingId> {
        let noted = self.metadata.as_ref()?.booking()?;
        match self.client_reference_id.as_deref() {
            Some(other) if booking_id(other) != Some(noted) => None,
            Some(_) | None => Some(noted),
        }
    }

    pub(crate) fn payment(&self) -> Option<&str> {
        match self.payment_intent.as_ref()? {
            Expandable::Name(name) => Some(name),
            Expandable::Whole(intent) => Some(&intent.id),
        }
    }

    /// Whether the way of paying came to nothing. Known only when the payment was given whole.
    pub(crate) fn has_failed(&self) -> bool {
        match &self.payment_intent {
            Some(Expandable::Whole(intent)) => match intent.status {
                IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled => true,
                IntentStatus::Other => false,
            },
            Some(Expandable::Name(_)) | None => false,
        }
    }

    /// What came in; [`None`] when a session that is paid does not say by what or how much.
    pub(crate) fn paid(&self) -> Option<PaidCheckout> {
        Some(PaidCheckout {
            amount: self.amount().ok()?,
            booking: self.booking(),
            live: self.livemode,
            provider_payment_id: self.payment()?.to_owned(),
        })
    }
}

impl Metadata {
    fn booking(&self) -> Option<BookingId> {
        booking_id(self.booking_id.as_deref()?)
    }
}

/// Only as we write it.
fn booking_id(text: &str) -> Option<BookingId> {
    let id = text.parse().ok().and_then(BookingId::new)?;
    (id.to_string() == text).then_some(id)
}

/// A ProviderRefund.
#[derive(Deserialize)]
pub(crate) struct StripeRefund {
    pub(crate) id: String,
    amount: i64,
    currency: String,
    status: Option<RefundStatus>,
    payment_intent: Option<Expandable<Intent>>,
    metadata: Option<Metadata>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Succeeded,
    Failed,
    Canceled,
    /// Pending, or the client has to say where the money goes.
    #[serde(other)]
    Other,
}

impl StripeRefund {
    pub(crate) fn amount(&self) -> Result<Money, AmountError> {
        from_stripe(self.amount, &self.currency)
    }

    pub(crate) fn state(&self) -> RefundState {
        match self.status {
            Some(RefundStatus::Succeeded) => RefundState::Succeeded,
            Some(RefundStatus::Failed | RefundStatus::Canceled) => RefundState::Failed,
            Some(RefundStatus::Other) | None => RefundState::Pending,
        }
    }

    pub(crate) fn booking(&self) -> Option<BookingId> {
        self.metadata.as_ref()?.booking()
    }

    pub(crate) fn payment(&self) -> Option<&str> {
        match self.payment_intent.as_ref()? {
            Expandable::Name(name) => Some(name),
            Expandable::Whole(intent) => Some(&intent.id),
        }
    }

    /// Our key, if it was asked for here.
    pub(crate) fn key(&self) -> Option<&str> {
        self.metadata.as_ref().and_then(|noted| noted.refund_key.as_deref())
    }

    pub(crate) fn into_refund(self) -> Result<ProviderRefund, AmountError> {
        Ok(ProviderRefund { amount: self.amount()?, state: self.state(), id: self.id })
    }
}

/// A list of objects, or its first page.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
}

/// What stands in an answer that is an error. The message is left out: it may repeat what was sent.
#[derive(Default, Deserialize)]
pub(crate) struct Failure {
    #[serde(default)]
    pub(crate) error: FailureFacts,
}

/// The words of an error that are from a list of Stripe's.
#[derive(Default, Deserialize)]
pub(crate) struct FailureFacts {
    pub(crate) r#type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}
