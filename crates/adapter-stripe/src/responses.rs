//! The fields of Stripe's objects that are read. Everything else, such as the payer, is never parsed.

use attune_domain::{BookingId, Money};
use attune_ports::{PaidCheckout, ProviderRefund, RefundState};
use serde::Deserialize;

use crate::money::{AmountError, from_stripe};

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
    payment_intent: Option<Expandable<PaymentIntent>>,
}

/// Ours are for one payment; others in the same account may be for something else.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionMode {
    Payment,
    #[serde(other)]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
    #[serde(other)]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Paid,
    Unpaid,
    #[serde(other)]
    Other,
}

/// A checkout session that is complete and unpaid does not tell whether its payment is processing or has failed.
#[derive(Deserialize)]
pub(crate) struct PaymentIntent {
    id: String,
    status: IntentStatus,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
    /// The last payment method failed.
    RequiresPaymentMethod,
    Canceled,
    /// Processing, waiting for the client, or succeeded.
    #[serde(other)]
    Other,
}

/// Stripe sends the object's id, or the object if its expansion was requested.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expandable<T> {
    Id(String),
    Object(T),
}

impl Expandable<PaymentIntent> {
    fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Object(intent) => &intent.id,
        }
    }
}

/// Set by us when the object was created.
#[derive(Default, Deserialize)]
struct Metadata {
    booking_id: Option<String>,
    refund_key: Option<String>,
}

impl CheckoutSession {
    pub(crate) fn amount(&self) -> Result<Money, AmountError> {
        match (self.amount_total, &self.currency) {
            (Some(amount), Some(currency)) => from_stripe(amount, currency),
            (_, None) | (None, _) => Err(AmountError::InvalidAmount),
        }
    }

    /// `None` if the two fields contradict each other.
    pub(crate) fn booking(&self) -> Option<BookingId> {
        let booking = self.metadata.as_ref()?.booking()?;
        match self.client_reference_id.as_deref() {
            Some(other) if booking_id(other) != Some(booking) => None,
            Some(_) | None => Some(booking),
        }
    }

    pub(crate) fn payment(&self) -> Option<&str> {
        self.payment_intent.as_ref().map(Expandable::id)
    }

    /// Known only when the payment intent was expanded.
    pub(crate) fn has_failed(&self) -> bool {
        let failed = [IntentStatus::RequiresPaymentMethod, IntentStatus::Canceled];
        matches!(&self.payment_intent, Some(Expandable::Object(intent)) if failed.contains(&intent.status))
    }

    /// `None` if a paid session has no payment or no amount.
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

/// Only in the form that we write.
fn booking_id(text: &str) -> Option<BookingId> {
    let id = text.parse().ok().and_then(BookingId::new)?;
    (id.to_string() == text).then_some(id)
}

#[derive(Deserialize)]
pub(crate) struct StripeRefund {
    pub(crate) id: String,
    amount: i64,
    currency: String,
    status: Option<RefundStatus>,
    payment_intent: Option<Expandable<PaymentIntent>>,
    metadata: Option<Metadata>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Succeeded,
    Failed,
    Canceled,
    /// Pending, or the client has to choose where to receive it.
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
        self.payment_intent.as_ref().map(Expandable::id)
    }

    /// Our key, unless the refund was created at Stripe.
    pub(crate) fn key(&self) -> Option<&str> {
        self.metadata.as_ref().and_then(|metadata| metadata.refund_key.as_deref())
    }

    pub(crate) fn into_refund(self) -> Result<ProviderRefund, AmountError> {
        Ok(ProviderRefund { amount: self.amount()?, state: self.state(), id: self.id })
    }
}

/// The first page of a list.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
}

/// Without the message, which may repeat parts of the request.
#[derive(Default, Deserialize)]
pub(crate) struct ErrorResponse {
    #[serde(default)]
    pub(crate) error: ErrorDetails,
}

#[derive(Default, Deserialize)]
pub(crate) struct ErrorDetails {
    pub(crate) r#type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}
