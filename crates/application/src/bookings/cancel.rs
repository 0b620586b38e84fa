//! Cancels a booking, and refunds what its terms allow.

use attune_domain::{Booking, BookingEvent, BookingStatus, Cancellation, CancellationQuote, Money, Role, UserId};
use attune_ports::{Payment, PaymentState, Refund, RefundCause, StoreError, UnitOfWork};
use jiff::Timestamp;

use super::change_error::ChangeBookingError;
use crate::lifecycle::close_checkouts;
use crate::payments::{Settlement, booking_ledger, payment_ledger};

#[derive(Clone, Copy)]
pub(super) struct Canceller {
    pub(super) user: UserId,
    pub(super) role: Role,
    pub(super) now: Timestamp,
}

impl Canceller {
    /// Also returns the payments to refund, and their refunds so far. Errors: as [`Self::cancelled`], and [`ChangeBookingError::QuoteChanged`] where the
    /// refund is not the expected one.
    pub(super) async fn cancel(
        self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        reason: Option<String>,
        expected_refund: Option<Money>,
    ) -> Result<(Booking, BookingEvent, Received), ChangeBookingError> {
        let (payments, refunds) = if may_have_money(&booking) {
            (work.payments_of(booking.id()).await?, work.refunds_of(booking.id()).await?)
        } else {
            (Vec::new(), Vec::new())
        };
        let (booking, event, quote) = self.cancelled(booking, &payments, &refunds, reason)?;
        if expected_refund.is_some_and(|expected| expected != quote.refund) {
            return Err(ChangeBookingError::QuoteChanged);
        }
        Ok((booking, event, Received { payments, refunds }))
    }

    /// The booking after its cancellation, and the quote for it. Errors: [`ChangeBookingError::State`] where it cannot be
    /// cancelled.
    pub(super) fn cancelled(
        self,
        booking: Booking,
        payments: &[Payment],
        refunds: &[Refund],
        reason: Option<String>,
    ) -> Result<(Booking, BookingEvent, CancellationQuote), ChangeBookingError> {
        let refundable = booking_ledger(&booking, payments, refunds).refundable();
        let quote = booking.cancellation_quote(refundable, self.role, self.now);
        let (late, refund) = (quote.late, quote.refund);
        let cancellation = Cancellation { at: self.now, by: self.user, late, reason, refund };
        let (booking, event) = booking.cancel(cancellation, self.role)?;
        Ok((booking, event, quote))
    }
}

/// What follows once the cancelled booking is saved: open checkouts close, and the refund is scheduled.
pub(super) async fn follow_up(
    work: &mut dyn UnitOfWork,
    settlement: &Settlement<'_>,
    booking: &Booking,
    received: Received,
) -> Result<(), StoreError> {
    // The checkouts of a booking with a room were closed when it was confirmed.
    if booking.room().is_none() {
        close_checkouts(work, booking.id(), settlement.audit.now).await?;
    }
    let Some(Cancellation { refund, .. }) = booking.cancellation() else { return Ok(()) };
    let Received { payments, refunds } = received;
    let mut left = refund.minor();
    // Several payments are parts of the price.
    for payment in payments.iter().filter(|payment| payment.state == PaymentState::Settled) {
        let share = payment_ledger(payment, &refunds).refundable().minor().min(left);
        if let Ok(share) = Money::new(share, refund.currency())
            && !share.is_zero()
        {
            settlement.schedule_refund(work, payment, share, RefundCause::Cancelled, None).await?;
            left -= share.minor();
        }
    }
    Ok(())
}

/// What was received for a booking, and returned.
#[derive(Default)]
pub(super) struct Received {
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
}

/// Whether something may have been received for the booking.
pub(super) fn may_have_money(booking: &Booking) -> bool {
    booking.payment_status().has_been_paid() || booking.status() == BookingStatus::PendingPayment
}
