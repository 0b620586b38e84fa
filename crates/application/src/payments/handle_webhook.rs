//! The provider tells something by itself.
//!
//! Its messages come late, twice and in any order, so none of them is a command: each is applied once, and only as far as
//! what it is about has not got further already. What it claims is compared with what is due; a difference changes nothing
//! and is shown to an admin.

use std::sync::Arc;

use attune_domain::payment::{PaymentState, UnpaidUpdate};
use attune_domain::{Booking, BookingId};
use attune_ports::{
    Clock, NewPayment, NewRefund, OnlinePayments, Payment, PaymentEvent, PaymentEventKind, ProblemKind, Provider,
    Queries, RefundCause, RefundStage, RefundState, Store, StoreError, UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::settlement::{ASK_ON_ITS_WAY, Claim, Subject, Till, after, books_of};
use crate::bookings::{AuditContext, BookingLifecycle};

/// For how long news about money that we do not know yet is to be told again. AuditContext then the worker has asked the provider
/// about everything that was open, unless it was away itself.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// It was applied, or said nothing new.
    Applied,
    /// It had been heard before.
    Duplicate,
    /// It is none of ours.
    Ignored,
    /// What it claims is not what is due; somebody has to look.
    NeedsReview,
}

/// Why an event is not applied.
#[derive(Debug, Error)]
pub enum HandlePaymentWebhookError {
    /// It is about something that is not known yet; the provider is to tell it again later.
    #[error("the event is about something that is not known yet")]
    OutOfOrder,
    /// The store failed. The provider is to tell it again later.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(HandlePaymentWebhookError);

/// Hears events.
#[derive(Clone)]
pub struct HandlePaymentWebhook {
    /// Where payments are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub lifecycle: BookingLifecycle,
    /// Who tells.
    pub online: Arc<dyn OnlinePayments>,
}

/// What an event is about, as far as it is known before anything is locked.
enum About {
    /// An attempt of this booking.
    Checkout(BookingId, Step),
    /// A refund of this booking.
    Refund(BookingId, RefundState),
    /// Money for a booking that does not exist.
    Nobody,
    /// Something else.
    Nothing,
}

/// Where an event leads an attempt.
#[derive(Clone, Copy)]
enum Step {
    Paid,
    Unpaid(UnpaidUpdate),
}

impl HandlePaymentWebhook {
    /// Applies an event once. Its id is remembered in the unit of work of its effect.
    pub async fn run(&self, event: &PaymentEvent) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let about = self.about(event).await?;
        let heard = crate::retry::retrying(|| self.attempt(event, &about)).await?;
        self.lifecycle.waker.wake();
        Ok(heard)
    }

    async fn about(&self, event: &PaymentEvent) -> Result<About, HandlePaymentWebhookError> {
        let step = match event.kind {
            PaymentEventKind::CheckoutPaid | PaymentEventKind::ProcessingSucceeded => Step::Paid,
            PaymentEventKind::CheckoutProcessing => Step::Unpaid(UnpaidUpdate::Processing),
            PaymentEventKind::ProcessingFailed => Step::Unpaid(UnpaidUpdate::Failed),
            PaymentEventKind::CheckoutExpired => Step::Unpaid(UnpaidUpdate::Over),
            PaymentEventKind::RefundChanged(state) => return self.about_refund(event, state).await,
            PaymentEventKind::Other => return Ok(About::Nothing),
        };
        let Some(reference) = &event.object_id else { return Ok(About::Nothing) };
        if let Some(payment) = self.queries.payment_by_checkout_id(self.provider(), reference).await? {
            return Ok(About::Checkout(payment.booking, step));
        }
        let Some(booking) = event.booking else { return Ok(About::Nothing) };
        Ok(match (self.queries.booking(booking).await?, step) {
            (Some(_), _) => About::Checkout(booking, step),
            (None, Step::Paid) => About::Nobody,
            (None, Step::Unpaid(_)) => About::Nothing,
        })
    }

    async fn about_refund(&self, event: &PaymentEvent, state: RefundState) -> Result<About, HandlePaymentWebhookError> {
        let Some(reference) = &event.object_id else { return Ok(About::Nothing) };
        if let Some(known) = self.queries.find_refund(reference, event.refund_idempotency_key.as_deref()).await? {
            return Ok(About::Refund(known.booking, state));
        }
        let payment = match &event.provider_payment_id {
            Some(charge) => self.queries.payment_by_provider_id(self.provider(), charge).await?,
            None => None,
        };
        match payment {
            Some(payment) => Ok(About::Refund(payment.booking, state)),
            None if after(event.at, PATIENCE) > self.clock.now() => Err(HandlePaymentWebhookError::OutOfOrder),
            // After an outage the worker comes to it only now.
            None if !self.queries.payments_due_for_polling(self.clock.now(), 1).await?.is_empty() => {
                Err(HandlePaymentWebhookError::OutOfOrder)
            }
            None => Ok(About::Nothing),
        }
    }

    async fn attempt(&self, event: &PaymentEvent, about: &About) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let now = self.clock.now();
        let booking = match about {
            About::Nothing => return Ok(WebhookOutcome::Ignored),
            About::Nobody => return self.nobody(event, now).await,
            About::Checkout(booking, _) | About::Refund(booking, _) => *booking,
        };
        let Some(view) = self.queries.booking(booking).await? else { return Ok(WebhookOutcome::Ignored) };
        let mut work = self.store.begin().await?;
        // A late payment may take a slot again, and the calendar is locked before the row, as everywhere.
        work.lock_calendar(view.booking.therapist()).await?;
        let Some(booking) = work.booking(booking).await? else { return Ok(WebhookOutcome::Ignored) };
        if !work.add_payment_event(self.provider(), &event.id, now).await? {
            return Ok(WebhookOutcome::Duplicate);
        }
        let till = self.till(now);
        let heard = match about {
            About::Checkout(_, step) => self.checkout(&mut *work, &till, booking, event, *step).await?,
            About::Refund(_, state) => self.refund(&mut *work, &till, booking, event, *state).await?,
            About::Nobody | About::Nothing => WebhookOutcome::Ignored,
        };
        work.commit().await?;
        Ok(heard)
    }

    async fn checkout(
        &self,
        work: &mut dyn UnitOfWork,
        till: &Till<'_>,
        booking: Booking,
        event: &PaymentEvent,
        step: Step,
    ) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let payment = self.payment(work, &booking, event, till.by.now).await?;
        match step {
            Step::Paid => {
                let claim = Claim {
                    amount: event.amount,
                    booking: event.booking,
                    live: event.live,
                    charge: event.provider_payment_id.clone(),
                };
                // Of money that was taken already nothing is to be doubted by a message that comes after it.
                if !payment.state.is_paid()
                    && let Some(kind) = claim.difference(&payment, self.online.is_live())
                {
                    till.problem(work, kind, &Subject::Payment(&payment)).await?;
                    return Ok(WebhookOutcome::NeedsReview);
                }
                till.take(work, booking, payment, claim.charge).await?;
            }
            Step::Unpaid(news) => {
                if event.live != self.online.is_live() {
                    till.problem(work, ProblemKind::WrongMode, &Subject::Payment(&payment)).await?;
                    return Ok(WebhookOutcome::NeedsReview);
                }
                till.unpaid(work, booking, payment, news).await?;
            }
        }
        Ok(WebhookOutcome::Applied)
    }

    /// The attempt that an event is about. One that was opened without our hearing the answer gets its name here.
    async fn payment(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        event: &PaymentEvent,
        now: Timestamp,
    ) -> Result<Payment, StoreError> {
        let reference = event.object_id.clone().unwrap_or_default();
        let known = work.payments_of(booking.id()).await?;
        let its = |p: &&Payment| p.provider == self.provider();
        if let Some(payment) = known.iter().filter(its).find(|p| p.provider_checkout_id == reference) {
            return Ok(payment.clone());
        }
        let unnamed = |p: &&Payment| !p.has_provider_checkout_id() && p.state.is_pending();
        if let Some(mut payment) = known.iter().filter(its).find(unnamed).cloned() {
            payment.provider_checkout_id = reference;
            work.save_payment(&payment).await?;
            return Ok(payment);
        }
        let facts = NewPayment {
            check_at: Some(now),
            ..NewPayment::attempt(booking, self.provider(), reference, PaymentState::Open, now)
        };
        let id = work.add_payment(&facts).await?;
        Ok(facts.with_id(id))
    }

    async fn refund(
        &self,
        work: &mut dyn UnitOfWork,
        till: &Till<'_>,
        booking: Booking,
        event: &PaymentEvent,
        state: RefundState,
    ) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let refunds = work.refunds_of(booking.id()).await?;
        let known = refunds.iter().find(|refund| {
            refund.provider_refund_id == event.object_id
                || event.refund_idempotency_key.as_ref() == Some(&refund.idempotency_key)
        });
        if let Some(refund) = known {
            let kind = if event.live != self.online.is_live() {
                Some(ProblemKind::WrongMode)
            } else if event.amount != Some(refund.amount) {
                Some(ProblemKind::WrongAmount)
            } else {
                None
            };
            if let Some(kind) = kind {
                till.problem(work, kind, &Subject::Refund(refund)).await?;
                return Ok(WebhookOutcome::NeedsReview);
            }
            till.refund_told(work, booking, refund.clone(), state, event.object_id.clone()).await?;
            return Ok(WebhookOutcome::Applied);
        }
        // Somebody gave money back on the provider's own pages.
        let payments = work.payments_of(booking.id()).await?;
        let its = |p: &&Payment| p.provider == self.provider() && p.provider_payment_id == event.provider_payment_id;
        let (Some(payment), Some(reference)) = (payments.iter().find(its), &event.object_id) else {
            return Ok(WebhookOutcome::Ignored);
        };
        if !payment.state.is_paid() {
            // Money that was never what was due is not in our books, and neither is what somebody does about it.
            return Ok(WebhookOutcome::Ignored);
        }
        let amount = match event.amount {
            Some(amount) if event.live == self.online.is_live() && amount.currency() == booking.price().currency() => {
                amount
            }
            Some(_) | None => {
                till.problem(work, ProblemKind::WrongAmount, &Subject::Payment(payment)).await?;
                return Ok(WebhookOutcome::NeedsReview);
            }
        };
        if amount.is_zero() {
            return Ok(WebhookOutcome::Applied);
        }
        let has_failed = state == RefundState::Failed;
        if !has_failed && amount.minor() > books_of(payment, &refunds).refundable().minor() {
            // The same money is promised by us; the provider gives it back once, and tells us of ours that it did not.
            return Err(HandlePaymentWebhookError::OutOfOrder);
        }
        let now = till.by.now;
        let facts = NewRefund {
            id: (),
            booking: booking.id(),
            payment: payment.id,
            idempotency_key: format!("elsewhere-{reference}"),
            amount,
            cause: RefundCause::External,
            reason: None,
            requested_by: None,
            stage: if has_failed { RefundStage::Failed } else { RefundStage::Pending },
            provider_refund_id: Some(reference.clone()),
            attempts: 0,
            next_at: (!has_failed).then(|| after(now, ASK_ON_ITS_WAY)),
            last_error: None,
            created_at: now,
            settled_at: has_failed.then_some(now),
        };
        let id = work.add_refund(&facts).await?;
        if has_failed {
            // Nothing went back of what we hold. It is remembered, because older news of it may come after this.
            till.problem(work, ProblemKind::RefundFailed, &Subject::Refund(&facts.with_id(id))).await?;
            return Ok(WebhookOutcome::Applied);
        }
        let booking = till.follow_books(work, booking).await?;
        till.refund_told(work, booking, facts.with_id(id), state, None).await?;
        Ok(WebhookOutcome::Applied)
    }

    /// Money that names a booking of ours that does not exist. It is written down, so that somebody looks.
    async fn nobody(&self, event: &PaymentEvent, now: Timestamp) -> Result<WebhookOutcome, HandlePaymentWebhookError> {
        let mut work = self.store.begin().await?;
        if !work.add_payment_event(self.provider(), &event.id, now).await? {
            return Ok(WebhookOutcome::Duplicate);
        }
        let reference: String = event.object_id.as_ref().unwrap_or(&event.id).chars().take(150).collect();
        let reference = reference.as_str();
        self.till(now).problem(&mut *work, ProblemKind::UnknownBooking, &Subject::Event { reference }).await?;
        work.commit().await?;
        Ok(WebhookOutcome::NeedsReview)
    }

    fn till(&self, now: Timestamp) -> Till<'_> {
        Till { lifecycle: &self.lifecycle, by: AuditContext { actor: None, request_id: None, now } }
    }

    fn provider(&self) -> Provider {
        self.online.provider()
    }
}
