//! Applies what any source reports about a payment: a webhook, a reconciliation, the test checkout.
//!
//! Reports arrive late, twice and in any order, so none of them is a command: each is compared with what is due and applied
//! only if it advances the stored state.

use attune_domain::notification::NotificationKind;
use attune_domain::{Booking, BookingEvent, BookingId, Money, PaymentStatus};
use attune_ports::{AuditObject, Payment, PaymentState, ProblemKind, RefundCause, Store, StoreError, UnitOfWork};
use jiff::SignedDuration;

use super::settlement::{ProblemSubject, Settlement, after, amount_due};
use crate::lifecycle::{ConfirmError, close_checkouts, refund_parts};

/// How long an open checkout is left alone before it is polled. Its webhook usually arrives within seconds.
pub(super) const OPEN_POLL_INTERVAL: SignedDuration = SignedDuration::from_mins(5);
/// The same for a payment that is being processed, which takes days.
pub(super) const PROCESSING_POLL_INTERVAL: SignedDuration = SignedDuration::from_mins(30);
/// The same for a checkout about which the provider did not answer.
pub(super) const RETRY_POLL_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

/// What a source reports about one payment.
#[derive(Clone)]
pub(super) struct PaymentObservation {
    pub(super) status: ObservedStatus,
    /// Whether the report is about the mode, live or test, in which the practice collects.
    pub(super) expected_mode: bool,
    /// Whether it is the provider's answer to a query about this very checkout. If that does not match what is due, the payment is
    /// closed; after an event that does not match, the genuine one may still arrive.
    pub(super) conclusive: bool,
}

#[derive(Clone)]
pub(super) enum ObservedStatus {
    Paid {
        amount: Option<Money>,
        booking: Option<BookingId>,
        provider_payment_id: Option<String>,
    },
    Processing,
    Failed,
    Expired,
    Open,
    /// The provider does not know the checkout.
    Unknown,
    /// The provider did not answer.
    Unavailable,
}

/// The booking and the payment's state after an observation.
pub(super) struct ObservationOutcome {
    pub(super) booking: Booking,
    pub(super) state: PaymentState,
    pub(super) effect: Effect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Applied,
    Unchanged,
    NeedsReview,
}

impl ObservationOutcome {
    fn new(booking: Booking, payment: &Payment, effect: Effect) -> Self {
        Self { booking, state: payment.state, effect }
    }
}

/// Begins a unit of work with the therapist's calendar and the booking's row locked. A late payment may claim its slot
/// again, and the calendar is locked before the row, as everywhere.
pub(crate) async fn lock_booking(
    store: &dyn Store,
    read: &Booking,
) -> Result<Option<(Box<dyn UnitOfWork>, Booking)>, StoreError> {
    let mut work = store.begin().await?;
    work.lock_calendar(read.therapist()).await?;
    let locked = work.booking(read.id()).await?;
    if locked.as_ref().is_some_and(|booking| booking.therapist() != read.therapist()) {
        // It was handed to a colleague, whose calendar is not locked.
        return Err(StoreError::Contended);
    }
    Ok(locked.map(|booking| (work, booking)))
}

impl Settlement<'_> {
    /// Applies an observation of a payment of this booking, within [`lock_booking`].
    pub(super) async fn apply_observation(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        payment: Payment,
        observation: PaymentObservation,
    ) -> Result<ObservationOutcome, StoreError> {
        if let Some(kind) = mismatch(&payment, &observation) {
            return self.flag_for_review(work, booking, payment, observation, kind).await;
        }
        let now = self.audit.now;
        let (next, change) = match observation.status {
            ObservedStatus::Paid { provider_payment_id, .. } => {
                return self.apply_capture(work, booking, payment, provider_payment_id).await;
            }
            ObservedStatus::Processing if payment.state == PaymentState::Processing => {
                return self.poll_again(work, booking, payment, PROCESSING_POLL_INTERVAL).await;
            }
            ObservedStatus::Open => return self.poll_again(work, booking, payment, OPEN_POLL_INTERVAL).await,
            ObservedStatus::Unavailable => return self.poll_again(work, booking, payment, RETRY_POLL_INTERVAL).await,
            ObservedStatus::Processing => (payment.state.after_processing(), booking.clone().payment_started(now).ok()),
            ObservedStatus::Failed => (payment.state.after_failure(), booking.clone().payment_failed(now).ok()),
            ObservedStatus::Expired | ObservedStatus::Unknown => (payment.state.after_expiry(), None),
        };
        match next {
            Some(next) => self.apply_unpaid(work, booking, payment, next, change).await,
            None => Ok(ObservationOutcome::new(booking, &payment, Effect::Unchanged)),
        }
    }

    async fn apply_capture(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
        provider_payment_id: Option<String>,
    ) -> Result<ObservationOutcome, StoreError> {
        if payment.state.is_paid() {
            return Ok(ObservationOutcome::new(booking, &payment, Effect::Unchanged));
        }
        payment.provider_payment_id = provider_payment_id;
        payment.settled_at = Some(self.audit.now);
        payment.check_at = None;
        let due = amount_due(&booking, &work.payments_of(booking.id()).await?);
        if payment.amount.minor() < due.minor()
            && let Ok(held) = self.hold_for_the_rest(work, booking.clone(), self.audit.now).await?
        {
            payment.state = PaymentState::Settled;
            self.record_capture(work, &payment).await?;
            self.notify(work, &held, NotificationKind::Receipt).await?;
            return Ok(ObservationOutcome::new(held, &payment, Effect::Applied));
        }
        let booking = match self.lifecycle.confirm_booking(work, booking.clone(), &self.audit).await {
            Ok(confirmed) => {
                payment.state = PaymentState::Settled;
                self.record_capture(work, &payment).await?;
                close_checkouts(work, confirmed.id(), self.audit.now).await?;
                self.notify(work, &confirmed, NotificationKind::Receipt).await?;
                self.refund_excess(work, confirmed, &payment, due).await?
            }
            Err(ConfirmError::Pay(_) | ConfirmError::SlotLost) => {
                payment.state = PaymentState::Unapplied;
                self.apply_unneeded_capture(work, booking, &payment).await?
            }
            Err(ConfirmError::Store(error)) => return Err(error),
        };
        Ok(ObservationOutcome::new(booking, &payment, Effect::Applied))
    }

    /// Returns what was paid on top of what was due, because a part was recorded while the client was paying.
    async fn refund_excess(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        payment: &Payment,
        due: Money,
    ) -> Result<Booking, StoreError> {
        match Money::new(payment.amount.minor() - due.minor(), due.currency()) {
            Ok(excess) if !excess.is_zero() => {
                let reason = Some("A part of the price had been paid already.".to_owned());
                self.schedule_refund(work, payment, excess, RefundCause::Requested, reason).await?;
                self.sync_payment_status(work, booking).await
            }
            _ => Ok(booking),
        }
    }

    /// A late payment or an overpayment: it is recorded, and its refund is scheduled in the same unit of work.
    async fn apply_unneeded_capture(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        payment: &Payment,
    ) -> Result<Booking, StoreError> {
        self.record_capture(work, payment).await?;
        self.schedule_refund(work, payment, payment.amount, RefundCause::Unapplied, None).await?;
        self.audit.record(work, "payment.unapplied", AuditObject::Booking(booking.id())).await?;
        let booking = match booking.clone().record_late_payment(self.audit.now) {
            Ok((late, event)) => {
                refund_parts(work, late.id(), self.audit.now).await?;
                close_checkouts(work, late.id(), self.audit.now).await?;
                self.save_booking(work, late, event).await?
            }
            // The booking was paid otherwise or is free of charge, and stays so. Its status changes only if no payment is
            // settled and earlier ones were refunded.
            Err(_) => self.sync_payment_status(work, booking).await?,
        };
        self.notify(work, &booking, NotificationKind::PaymentProblem).await?;
        Ok(booking)
    }

    async fn apply_unpaid(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
        next: PaymentState,
        change: Option<(Booking, BookingEvent)>,
    ) -> Result<ObservationOutcome, StoreError> {
        payment.state = next;
        payment.check_at = next.is_pending().then(|| after(self.audit.now, PROCESSING_POLL_INTERVAL));
        work.save_payment(&payment).await?;
        let Some((changed, event)) = change else {
            return Ok(ObservationOutcome::new(booking, &payment, Effect::Applied));
        };
        let booking = self.save_booking(work, changed, event).await?;
        if booking.payment_status() == PaymentStatus::Failed {
            self.notify(work, &booking, NotificationKind::PaymentProblem).await?;
        }
        Ok(ObservationOutcome::new(booking, &payment, Effect::Applied))
    }

    async fn poll_again(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
        interval: SignedDuration,
    ) -> Result<ObservationOutcome, StoreError> {
        if payment.state.is_pending() {
            payment.check_at = Some(after(self.audit.now, interval));
            work.save_payment(&payment).await?;
        }
        Ok(ObservationOutcome::new(booking, &payment, Effect::Unchanged))
    }

    /// Lists the payment for review. The client gets no email about it before an admin has looked.
    async fn flag_for_review(
        &self,
        work: &mut dyn UnitOfWork,
        mut booking: Booking,
        mut payment: Payment,
        observation: PaymentObservation,
        kind: ProblemKind,
    ) -> Result<ObservationOutcome, StoreError> {
        if !observation.conclusive {
            self.add_problem(work, kind, &ProblemSubject::Payment(&payment)).await?;
            return Ok(ObservationOutcome::new(booking, &payment, Effect::NeedsReview));
        }
        if let ObservedStatus::Paid { provider_payment_id, .. } = observation.status {
            payment.provider_payment_id = provider_payment_id;
        }
        self.add_problem(work, kind, &ProblemSubject::Payment(&payment)).await?;
        payment.state = PaymentState::Closed;
        payment.check_at = None;
        work.save_payment(&payment).await?;
        // A payment that is being processed keeps its slot beyond the end of the hold, and this one will not arrive here.
        if booking.payment_status() == PaymentStatus::Processing
            && let Ok((failed, event)) = booking.clone().payment_failed(self.audit.now)
        {
            booking = self.save_booking(work, failed, event).await?;
        }
        Ok(ObservationOutcome::new(booking, &payment, Effect::NeedsReview))
    }
}

/// How an observation differs from what is due.
fn mismatch(payment: &Payment, observation: &PaymentObservation) -> Option<ProblemKind> {
    match &observation.status {
        // Once a payment is recorded, a later report of it adds nothing.
        ObservedStatus::Paid { .. } if payment.state.is_paid() => None,
        ObservedStatus::Paid { amount: None, .. } => Some(ProblemKind::WrongAmount),
        ObservedStatus::Paid { amount: Some(amount), booking, provider_payment_id } => {
            if !observation.expected_mode {
                Some(ProblemKind::WrongMode)
            } else if *booking != Some(payment.booking) {
                Some(ProblemKind::WrongBooking)
            } else if amount.currency() != payment.amount.currency() {
                Some(ProblemKind::WrongCurrency)
            } else if *amount != payment.amount || provider_payment_id.is_none() {
                Some(ProblemKind::WrongAmount)
            } else {
                None
            }
        }
        ObservedStatus::Unknown => Some(ProblemKind::UnknownCheckout),
        ObservedStatus::Processing
        | ObservedStatus::Failed
        | ObservedStatus::Expired
        | ObservedStatus::Open
        | ObservedStatus::Unavailable => (!observation.expected_mode).then_some(ProblemKind::WrongMode),
    }
}
