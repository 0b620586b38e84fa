//! Handles a webhook of the payment provider: applies its event once.

use std::sync::Arc;

use attune_domain::{Booking, BookingId};
use attune_ports::{
    Clock, NewPayment, NewRefund, OnlinePayments, Payment, PaymentEvent, PaymentEventKind, PaymentState, ProblemKind,
    Queries, Refund, RefundCause, RefundStage, RefundState, Store, StoreError, UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::apply_observation::{Effect, ObservedStatus, PaymentObservation, lock_booking};
use super::settlement::{ProblemSubject, REFUND_POLL_INTERVAL, Settlement, after, amount_due, payment_ledger};
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::lifecycle::BookingLifecycle;

/// How long an event about an unknown payment is refused, so that the provider sends it again. By then reconciliation has polled
/// everything that was open, unless the worker was stopped.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// The event was applied, or it reported nothing new.
    Applied,
    Duplicate,
    /// The event is about nothing of this practice.
    Ignored,
    /// The event does not match what is due.
    NeedsReview,
}

#[derive(Debug, Error)]
pub enum HandlePaymentWebhookError {
    /// The provider is to send the event again later.
    #[error("the event is about a payment that is not known yet")]
    OutOfOrder,
    /// The same.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(HandlePaymentWebhookError);

#[derive(Clone)]
pub struct HandlePaymentWebhook {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub online: Arc<dyn OnlinePayments>,
}

/// What an event is about, as far as it is known before anything is locked.
enum Target {
    Booking(BookingId, Report),
    /// The event names a booking that does not exist.
    UnknownBooking,
    NotOurs,
}

enum Report {
    Payment(PaymentObservation),
    Refund(RefundState),
}

impl HandlePaymentWebhook {
    /// Applies an event once. Its id is stored in the unit of work of its effect.
    pub async fn run(
        &self,
        event: &PaymentEvent,
        metadata: &RequestMetadata,
    ) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let outcome = match self.find_target(event).await? {
            Target::Booking(booking, report) => {
                crate::retry::retrying(|| self.attempt(event, booking, &report, metadata)).await?
            }
            Target::UnknownBooking => crate::retry::retrying(|| self.report_unknown_booking(event)).await?,
            Target::NotOurs => WebhookOutcome::Ignored,
        };
        self.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn find_target(&self, event: &PaymentEvent) -> Result<Target, HandlePaymentWebhookError> {
        let status = match event.kind {
            PaymentEventKind::CheckoutPaid | PaymentEventKind::ProcessingSucceeded => ObservedStatus::Paid {
                amount: event.amount,
                booking: event.booking,
                provider_payment_id: event.provider_payment_id.clone(),
            },
            PaymentEventKind::CheckoutProcessing => ObservedStatus::Processing,
            PaymentEventKind::ProcessingFailed => ObservedStatus::Failed,
            PaymentEventKind::CheckoutExpired => ObservedStatus::Expired,
            PaymentEventKind::RefundChanged(state) => return self.find_refund_target(event, state).await,
            PaymentEventKind::Other => return Ok(Target::NotOurs),
        };
        let is_paid = matches!(status, ObservedStatus::Paid { .. });
        let report = Report::Payment(PaymentObservation {
            status,
            expected_mode: event.live == self.online.is_live(),
            conclusive: false,
        });
        let Some(checkout_id) = &event.object_id else { return Ok(Target::NotOurs) };
        if let Some(payment) = self.queries.payment_by_checkout_id(self.online.provider(), checkout_id).await? {
            return Ok(Target::Booking(payment.booking, report));
        }
        let Some(booking) = event.booking else { return Ok(Target::NotOurs) };
        Ok(match self.queries.booking(booking).await? {
            Some(_) => Target::Booking(booking, report),
            None if is_paid => Target::UnknownBooking,
            None => Target::NotOurs,
        })
    }

    async fn find_refund_target(
        &self,
        event: &PaymentEvent,
        state: RefundState,
    ) -> Result<Target, HandlePaymentWebhookError> {
        let Some(refund_id) = &event.object_id else { return Ok(Target::NotOurs) };
        if let Some(refund) = self.queries.find_refund(refund_id, event.refund_idempotency_key.as_deref()).await? {
            return Ok(Target::Booking(refund.booking, Report::Refund(state)));
        }
        let payment = match &event.provider_payment_id {
            Some(id) => self.queries.payment_by_provider_id(self.online.provider(), id).await?,
            None => None,
        };
        let now = self.clock.now();
        match payment {
            Some(payment) => Ok(Target::Booking(payment.booking, Report::Refund(state))),
            None if after(event.at, RETRY_WINDOW) > now => Err(HandlePaymentWebhookError::OutOfOrder),
            // After an outage, reconciliation is late too.
            None if !self.queries.payments_due_for_polling(now, 1).await?.is_empty() => {
                Err(HandlePaymentWebhookError::OutOfOrder)
            }
            None => Ok(Target::NotOurs),
        }
    }

    async fn attempt(
        &self,
        event: &PaymentEvent,
        booking: BookingId,
        report: &Report,
        metadata: &RequestMetadata,
    ) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let Some(view) = self.queries.booking(booking).await? else { return Ok(WebhookOutcome::Ignored) };
        let locked = lock_booking(&*self.store, &view.booking).await?;
        let Some((mut work, booking)) = locked else { return Ok(WebhookOutcome::Ignored) };
        let now = self.clock.now();
        if !work.add_payment_event(self.online.provider(), &event.id, now).await? {
            return Ok(WebhookOutcome::Duplicate);
        }
        let audit = AuditContext::new(None, metadata, now);
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        let outcome = match report {
            Report::Payment(observation) => {
                let payment = self.payment(&mut *work, &booking, event, now).await?;
                let observation = observation.clone();
                match settlement.apply_observation(&mut *work, booking, payment, observation).await?.effect {
                    Effect::Applied | Effect::Unchanged => WebhookOutcome::Applied,
                    Effect::NeedsReview => WebhookOutcome::NeedsReview,
                }
            }
            Report::Refund(state) => self.apply_refund(&mut *work, &settlement, booking, event, *state).await?,
        };
        work.commit().await?;
        Ok(outcome)
    }

    /// The payment that an event is about. If the answer to its opening was lost, it gets its checkout id here.
    async fn payment(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        event: &PaymentEvent,
        now: Timestamp,
    ) -> Result<Payment, StoreError> {
        let provider = self.online.provider();
        let checkout_id = event.object_id.clone().unwrap_or_default();
        let mut payments = work.payments_of(booking.id()).await?;
        let due = amount_due(booking, &payments);
        payments.retain(|payment| payment.provider == provider);
        if let Some(payment) = payments.iter().find(|payment| payment.provider_checkout_id == checkout_id) {
            return Ok(payment.clone());
        }
        let is_opening = |payment: &Payment| !payment.has_provider_checkout_id() && payment.state.is_pending();
        if let Some(mut payment) = payments.into_iter().find(is_opening) {
            payment.provider_checkout_id = checkout_id;
            work.save_payment(&payment).await?;
            return Ok(payment);
        }
        // A second payment of a booking that is paid is that of its price.
        let amount = if due.is_zero() { booking.price() } else { due };
        let new = NewPayment {
            check_at: Some(now),
            ..NewPayment::attempt(booking, amount, provider, checkout_id, PaymentState::Open, now)
        };
        let id = work.add_payment(&new).await?;
        Ok(new.with_id(id))
    }

    async fn apply_refund(
        &self,
        work: &mut dyn UnitOfWork,
        settlement: &Settlement<'_>,
        booking: Booking,
        event: &PaymentEvent,
        state: RefundState,
    ) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let refunds = work.refunds_of(booking.id()).await?;
        let refund = refunds.iter().find(|refund| {
            refund.provider_refund_id == event.object_id
                || event.refund_idempotency_key.as_ref() == Some(&refund.idempotency_key)
        });
        let Some(refund) = refund else {
            return self.apply_external_refund(work, settlement, booking, &refunds, event, state).await;
        };
        let problem = if event.live != self.online.is_live() {
            Some(ProblemKind::WrongMode)
        } else if event.amount != Some(refund.amount) {
            Some(ProblemKind::WrongAmount)
        } else {
            None
        };
        if let Some(kind) = problem {
            settlement.add_problem(work, kind, &ProblemSubject::Refund(refund)).await?;
            return Ok(WebhookOutcome::NeedsReview);
        }
        settlement.update_refund(work, booking, refund.clone(), state, event.object_id.clone()).await?;
        Ok(WebhookOutcome::Applied)
    }

    /// A refund that was made in the provider's dashboard.
    async fn apply_external_refund(
        &self,
        work: &mut dyn UnitOfWork,
        settlement: &Settlement<'_>,
        booking: Booking,
        refunds: &[Refund],
        event: &PaymentEvent,
        state: RefundState,
    ) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let payments = work.payments_of(booking.id()).await?;
        let payment = payments.iter().find(|payment| {
            payment.provider == self.online.provider() && payment.provider_payment_id == event.provider_payment_id
        });
        let (Some(payment), Some(refund_id)) = (payment, &event.object_id) else {
            return Ok(WebhookOutcome::Ignored);
        };
        if !payment.state.is_paid() {
            // A payment that needs review is not in the ledger, and neither is its refund.
            return Ok(WebhookOutcome::Ignored);
        }
        let is_expected = event.live == self.online.is_live();
        let amount = event.amount.filter(|amount| is_expected && amount.currency() == booking.price().currency());
        let Some(amount) = amount else {
            settlement.add_problem(work, ProblemKind::WrongAmount, &ProblemSubject::Payment(payment)).await?;
            return Ok(WebhookOutcome::NeedsReview);
        };
        if amount.is_zero() {
            return Ok(WebhookOutcome::Applied);
        }
        let has_failed = state == RefundState::Failed;
        if !has_failed && amount.minor() > payment_ledger(payment, refunds).refundable().minor() {
            // A refund of ours has the same money. The provider refunds it once, and reports that ours failed.
            return Err(HandlePaymentWebhookError::OutOfOrder);
        }
        let now = settlement.audit.now;
        let new = NewRefund {
            id: (),
            booking: booking.id(),
            payment: payment.id,
            idempotency_key: format!("external-{refund_id}"),
            amount,
            cause: RefundCause::External,
            reason: None,
            requested_by: None,
            stage: if has_failed { RefundStage::Failed } else { RefundStage::Pending },
            provider_refund_id: Some(refund_id.clone()),
            attempts: 0,
            next_at: (!has_failed).then(|| after(now, REFUND_POLL_INTERVAL)),
            last_error: None,
            created_at: now,
            settled_at: has_failed.then_some(now),
        };
        let id = work.add_refund(&new).await?;
        let refund = new.with_id(id);
        if has_failed {
            // The ledger does not change. The refund is stored because older events about it may arrive after this one.
            settlement.add_problem(work, ProblemKind::RefundFailed, &ProblemSubject::Refund(&refund)).await?;
            return Ok(WebhookOutcome::Applied);
        }
        let booking = settlement.sync_payment_status(work, booking).await?;
        settlement.update_refund(work, booking, refund, state, None).await?;
        Ok(WebhookOutcome::Applied)
    }

    /// Lists a payment for a booking that does not exist.
    async fn report_unknown_booking(&self, event: &PaymentEvent) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        if !work.add_payment_event(self.online.provider(), &event.id, now).await? {
            return Ok(WebhookOutcome::Duplicate);
        }
        let id: String = event.object_id.as_ref().unwrap_or(&event.id).chars().take(150).collect();
        Settlement::by_system(&self.lifecycle, now)
            .add_problem(&mut *work, ProblemKind::UnknownBooking, &ProblemSubject::ProviderObject(&id))
            .await?;
        work.commit().await?;
        Ok(WebhookOutcome::NeedsReview)
    }
}
