//! Queries the provider about open checkouts, so that nothing depends on its webhooks or on the client's browser.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_domain::BookingId;
use attune_ports::{CheckoutState, OnlinePayments, Payment, PaymentError, PaymentGateway, PaymentState, StoreError};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::apply_observation::{OPEN_POLL_INTERVAL, ObservedStatus, PaymentObservation, lock_booking};
use super::open_checkout::{OpenCheckout, OpenCheckoutError, request_checkout};
use super::settlement::Settlement;
use crate::lifecycle::BookingLifecycle;

const BATCH: u32 = 50;
const CONCURRENT: usize = 4;

/// How long after the end of its hold a checkout can no longer be open at any provider.
const OPENING_TIMEOUT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone)]
pub struct ReconcilePayments {
    pub checkout: OpenCheckout,
    pub online: Option<Arc<dyn OnlinePayments>>,
    pub lifecycle: BookingLifecycle,
}

struct Reconciled {
    payments: usize,
    /// Of them.
    unanswered: usize,
}

impl ReconcilePayments {
    /// Reconciles every payment that is due for polling. Returns how many were due.
    pub async fn run(&self) -> Result<usize, StoreError> {
        let due = self.checkout.queries.payments_due_for_polling(self.checkout.clock.now(), BATCH).await?;
        Ok(self.reconcile(due).await.payments)
    }

    /// The same until none is due. Returns for how many the provider gave no answer.
    pub async fn run_all(&self) -> Result<usize, StoreError> {
        // An answer postpones the next poll, so a payment that is still due was not stored.
        let now = self.checkout.clock.now();
        let mut seen = BTreeSet::new();
        let mut unanswered = 0;
        loop {
            let mut due = self.checkout.queries.payments_due_for_polling(now, BATCH).await?;
            due.retain(|payment| seen.insert(payment.id));
            if due.is_empty() {
                return Ok(unanswered);
            }
            unanswered += self.reconcile(due).await.unanswered;
        }
    }

    /// The same for the payments of one booking.
    pub async fn run_for(&self, booking: BookingId) -> Result<usize, StoreError> {
        let now = self.checkout.clock.now();
        let mut payments = self.checkout.queries.payments(booking).await?;
        payments.retain(|payment| payment.state.is_pending() && payment.check_at.is_some_and(|at| at <= now));
        Ok(self.reconcile(payments).await.payments)
    }

    /// The same for the open checkouts of one booking, due or not, except those that were opened just now.
    pub(super) async fn run_for_open(&self, booking: BookingId) -> Result<usize, StoreError> {
        let now = self.checkout.clock.now();
        let mut payments = self.checkout.queries.payments(booking).await?;
        payments.retain(|payment| {
            payment.state == PaymentState::Open
                && payment.provider.is_online()
                && now.duration_since(payment.created_at) > OPEN_POLL_INTERVAL
        });
        Ok(self.reconcile(payments).await.payments)
    }

    async fn reconcile(&self, payments: Vec<Payment>) -> Reconciled {
        let count = payments.len();
        let answered = stream::iter(payments)
            .map(|payment| async move {
                let id = payment.id;
                let answered = self.reconcile_one(payment).await;
                if let Err(error) = &answered {
                    tracing::warn!(payment = %id, %error, "payment reconciliation failed");
                }
                answered.unwrap_or(false)
            })
            .buffer_unordered(CONCURRENT)
            .filter(|answered| std::future::ready(*answered))
            .count()
            .await;
        Reconciled { payments: count, unanswered: count - answered }
    }

    /// Returns whether the provider answered, where there is one to ask.
    async fn reconcile_one(&self, payment: Payment) -> Result<bool, OpenCheckoutError> {
        let Some(online) = self.online.as_deref().filter(|online| online.provider() == payment.provider) else {
            // Its provider is no longer configured, so its state cannot be queried.
            return self.apply(&payment, ObservedStatus::Unknown, true).await.map(|()| true);
        };
        let payment = if payment.has_provider_checkout_id() {
            payment
        } else if self.opening_timed_out(&payment) {
            return self.apply(&payment, ObservedStatus::Expired, true).await.map(|()| true);
        } else {
            let gateway: &dyn PaymentGateway = online;
            let answer = request_checkout(gateway, &payment).await;
            let payment = crate::retry::retrying(|| self.checkout.save_answer(&payment, &answer)).await?;
            answer?;
            payment
        };
        let answer = match payment.state {
            PaymentState::Closing => online.expire_checkout(&payment.provider_checkout_id).await,
            PaymentState::Open | PaymentState::Processing => online.checkout_state(&payment.provider_checkout_id).await,
            PaymentState::Opening | PaymentState::Settled | PaymentState::Unapplied | PaymentState::Closed => {
                return Ok(true);
            }
        };
        let answered = answer.is_ok();
        let (status, live) = observe(&payment, answer, online.is_live());
        self.apply(&payment, status, live == online.is_live()).await.map(|()| answered)
    }

    /// Whether a checkout that may never have been opened would have ended by now.
    fn opening_timed_out(&self, payment: &Payment) -> bool {
        let until = payment.expires_at.unwrap_or(payment.created_at);
        self.checkout.clock.now().duration_since(until) > OPENING_TIMEOUT
    }

    async fn apply(
        &self,
        payment: &Payment,
        status: ObservedStatus,
        expected_mode: bool,
    ) -> Result<(), OpenCheckoutError> {
        let observation = PaymentObservation { status, expected_mode, conclusive: true };
        crate::retry::retrying(|| self.attempt(payment, &observation)).await?;
        self.lifecycle.waker.wake();
        Ok(())
    }

    async fn attempt(&self, read: &Payment, observation: &PaymentObservation) -> Result<(), OpenCheckoutError> {
        let view = self.checkout.queries.booking(read.booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let locked = lock_booking(&*self.checkout.store, &view.booking).await?;
        let (mut work, booking) = locked.ok_or(OpenCheckoutError::NotFound)?;
        let payments = work.payments_of(booking.id()).await?;
        let pending = payments.into_iter().find(|payment| payment.id == read.id && payment.state.is_pending());
        let Some(payment) = pending else { return Ok(()) };
        let settlement = Settlement::by_system(&self.lifecycle, self.checkout.clock.now());
        settlement.apply_observation(&mut *work, booking, payment, observation.clone()).await?;
        work.commit().await?;
        Ok(())
    }
}

/// What the provider's answer says about the payment, and in which mode.
fn observe(payment: &Payment, answer: Result<CheckoutState, PaymentError>, live: bool) -> (ObservedStatus, bool) {
    let status = match answer {
        Ok(CheckoutState::Paid(paid)) => {
            let (amount, booking) = (Some(paid.amount), paid.booking);
            let status = ObservedStatus::Paid { amount, booking, provider_payment_id: Some(paid.provider_payment_id) };
            return (status, paid.live);
        }
        Ok(CheckoutState::Open) => ObservedStatus::Open,
        Ok(CheckoutState::Processing) => ObservedStatus::Processing,
        Ok(CheckoutState::Failed) => ObservedStatus::Failed,
        Ok(CheckoutState::Expired) => ObservedStatus::Expired,
        Ok(CheckoutState::Unknown) => ObservedStatus::Unknown,
        Err(error) => {
            tracing::warn!(payment = %payment.id, %error, "payment provider unavailable");
            ObservedStatus::Unavailable
        }
    };
    (status, live)
}
