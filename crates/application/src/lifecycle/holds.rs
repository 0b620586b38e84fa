//! Claims slots, and releases those whose hold has expired.

use attune_domain::{Booking, BookingId, BookingStatus};
use attune_ports::{
    Conflict, NewRefund, Payment, PaymentState, Provider, RefundCause, RefundStage, StoreError, UnitOfWork,
};
use jiff::Timestamp;

use super::follow_up::announce_end_of_hold;
use crate::audit::AuditContext;

/// Whether the slot of a booking is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotAvailability {
    Free,
    /// The same client holds it in another booking that is not paid yet.
    HeldByClient(BookingId),
    Taken,
}

/// Whether no other booking blocks the slot. Expired holds are released at once, without waiting for the worker, unless
/// the client may have paid at this moment. The calendar must be locked.
pub(crate) async fn claim_slot(
    work: &mut dyn UnitOfWork,
    booking: &Booking,
    now: Timestamp,
) -> Result<SlotAvailability, StoreError> {
    let (from, until) = (booking.scheduled_at(), booking.blocked_until());
    for other in work.blocking_bookings(booking.therapist(), from, until).await? {
        if other.id() == booking.id() {
            continue;
        }
        let held = other.client() == booking.client() && other.status() == BookingStatus::PendingPayment;
        let id = other.id();
        if release_hold(work, other, now).await? != HoldRelease::Released {
            return Ok(if held { SlotAvailability::HeldByClient(id) } else { SlotAvailability::Taken });
        }
    }
    Ok(SlotAvailability::Free)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HoldRelease {
    Released,
    /// It has expired, but the client may have paid; its checkouts have to be ended at the provider first.
    ProviderPending,
    NotExpired,
}

/// Releases the slot of a hold that has expired: the booking expires, and its checkouts close. Errors:
/// [`StoreError::Contended`] when the booking was changed in the meantime; the next attempt reads it again.
pub(crate) async fn release_hold(
    work: &mut dyn UnitOfWork,
    booking: Booking,
    now: Timestamp,
) -> Result<HoldRelease, StoreError> {
    let id = booking.id();
    let Ok((expired, event)) = booking.clone().expire(now) else { return Ok(HoldRelease::NotExpired) };
    let payments = work.payments_of(id).await?;
    if payments.iter().any(may_be_paid_at_provider) {
        return Ok(HoldRelease::ProviderPending);
    }
    let booking = if payments.iter().any(|payment| payment.state == PaymentState::Settled) {
        booking.record_late_payment(now).map_or(expired, |(refunding, _)| refunding)
    } else {
        expired
    };
    match work.save_booking(&booking).await {
        Err(error) if error.is_conflict(Conflict::Stale) => return Err(StoreError::Contended),
        other => other?,
    }
    close_checkouts(work, id, now).await?;
    refund_parts(work, id, now).await?;
    announce_end_of_hold(work, &booking, event, now).await?;
    AuditContext::system(now).record_change(work, event.as_str(), &booking).await?;
    Ok(HoldRelease::Released)
}

/// Closes the open checkouts of a booking that no longer needs them. The worker expires those at an online provider; a
/// payment that is being processed stays as it is.
pub(crate) async fn close_checkouts(
    work: &mut dyn UnitOfWork,
    booking: BookingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for mut payment in work.payments_of(booking).await? {
        let online = payment.provider.is_online();
        match payment.state {
            PaymentState::Opening | PaymentState::Open => {}
            PaymentState::Processing
            | PaymentState::Closing
            | PaymentState::Settled
            | PaymentState::Unapplied
            | PaymentState::Closed => continue,
        }
        payment.state = if online { PaymentState::Closing } else { PaymentState::Closed };
        payment.check_at = online.then_some(now);
        work.save_payment(&payment).await?;
    }
    Ok(())
}

/// Queues the refunds of everything that was received for a booking whose hold has ended.
pub(crate) async fn refund_parts(
    work: &mut dyn UnitOfWork,
    booking: BookingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for mut payment in work.payments_of(booking).await? {
        if payment.state != PaymentState::Settled {
            continue;
        }
        payment.state = PaymentState::Unapplied;
        work.save_payment(&payment).await?;
        let refund = NewRefund {
            id: (),
            booking,
            payment: payment.id,
            // It has one refund for this cause.
            idempotency_key: format!("{booking}-part-{}", payment.id),
            amount: payment.amount,
            cause: RefundCause::Unapplied,
            reason: None,
            requested_by: None,
            stage: RefundStage::Queued,
            provider_refund_id: None,
            attempts: 0,
            // Offline payments are refunded by hand.
            next_at: (payment.provider != Provider::Offline).then_some(now),
            last_error: None,
            created_at: now,
            settled_at: None,
        };
        work.add_refund(&refund).await?;
    }
    Ok(())
}

/// Whether a client may have paid, or may still pay, at a provider whose report is not known yet. No client knows the URL of a
/// checkout whose id is not stored here.
fn may_be_paid_at_provider(payment: &Payment) -> bool {
    payment.provider.is_online() && payment.has_provider_checkout_id() && payment.state.is_pending()
}
