//! What a cancellation refunds.

use jiff::Timestamp;

use super::{Booking, BookingStatus};
use crate::terms::ChangeTerms;
use crate::{Money, Role};

/// What a cancellation would refund and cost at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CancellationQuote {
    /// Whether it is after the end of free cancellation. A cancellation by the practice never is.
    pub late: bool,
    /// The refund to the client.
    pub refund: Money,
    /// What the practice keeps of the payment.
    pub fee: Money,
    /// The end of free cancellation.
    pub free_until: Timestamp,
}

impl CancellationQuote {
    /// Calculates the quote from the terms of the booking.
    ///
    /// A cancellation by the practice refunds everything, at any time. `refundable` is [`crate::payment::PaymentLedger::refundable`] of the booking's payments.
    pub fn of(booking: &Booking, refundable: Money, terms: &ChangeTerms, by: Role, now: Timestamp) -> Self {
        let free_until = terms.free_until(booking.scheduled_at(), booking.created_at());
        let late = by == Role::Client && now >= free_until && booking.status() != BookingStatus::PendingPayment;
        let currency = booking.price().currency();
        // A part may have been received for a booking that is still held.
        let may_have_money =
            booking.payment_status().has_been_paid() || booking.status() == BookingStatus::PendingPayment;
        let is_paid = may_have_money && refundable.currency() == currency;
        let paid = if is_paid { refundable.minor().min(booking.price().minor()) } else { 0 };
        // Both amounts are between zero and the price, so they are valid.
        let money = |minor| Money::new(minor, currency).unwrap_or(Money::zero(currency));
        let refund = if late { terms.late_refund(money(paid)) } else { money(paid) };
        Self { late, refund, fee: money(paid - refund.minor()), free_until }
    }
}

/// What became of the payment of a cancelled booking. At least one of the amounts is above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelledPayment {
    /// What the client gets back because of the cancellation.
    pub refund: Money,
    /// What the practice keeps by the terms of the booking.
    pub kept: Money,
    /// When free cancellation ended; after that, the practice keeps what the terms say.
    pub free_until: Timestamp,
}

impl CancelledPayment {
    /// `refundable` is [`crate::payment::PaymentLedger::refundable`] as it was when the booking was cancelled. `None` if the
    /// booking is not cancelled, or had nothing to refund.
    pub fn of(booking: &Booking, refundable: Money) -> Option<Self> {
        let refund = booking.cancellation()?.refund;
        if !booking.payment_status().has_been_paid() || refundable.currency() != refund.currency() {
            return None;
        }
        let kept = Money::new((refundable.minor() - refund.minor()).max(0), refund.currency()).ok()?;
        let free_until = booking.terms().free_until(booking.scheduled_at(), booking.created_at());
        (!refund.is_zero() || !kept.is_zero()).then_some(Self { refund, kept, free_until })
    }
}
