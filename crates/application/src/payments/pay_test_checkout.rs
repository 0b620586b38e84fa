//! Pays a checkout of the built-in test provider. No money moves; everything else happens as with a real payment.

use std::sync::Arc;

use attune_domain::Booking;
use attune_domain::payment::PaymentState;
use attune_ports::{Clock, Payment, Provider, Queries, Store, StoreError};
use thiserror::Error;

use super::apply_observation::{Effect, ObservedStatus, PaymentObservation, lock_booking};
use super::settlement::Settlement;
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::lifecycle::BookingLifecycle;

#[derive(Debug)]
pub struct TestCheckoutOutcome {
    pub booking: Booking,
    /// [`PaymentState::Settled`], or [`PaymentState::Unapplied`] for a late payment, which is refunded.
    pub state: PaymentState,
    /// Whether the checkout was paid before.
    pub repeated: bool,
}

#[derive(Debug, Error)]
pub enum PayTestCheckoutError {
    #[error("payment not found")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(PayTestCheckoutError);

#[derive(Clone)]
pub struct PayTestCheckout {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
}

impl PayTestCheckout {
    /// Confirms the booking of this checkout, or schedules a refund if the payment is late. Paying twice changes nothing.
    pub async fn run(
        &self,
        checkout_id: &str,
        metadata: &RequestMetadata,
    ) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
        let payment = self.queries.payment_by_checkout_id(Provider::Test, checkout_id).await?;
        let payment = payment.ok_or(PayTestCheckoutError::NotFound)?;
        let view = self.queries.booking(payment.booking).await?.ok_or(PayTestCheckoutError::NotFound)?;
        let outcome = crate::retry::retrying(|| self.attempt(&payment, &view.booking, metadata)).await?;
        self.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn attempt(
        &self,
        read: &Payment,
        booking: &Booking,
        metadata: &RequestMetadata,
    ) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
        let (mut work, booking) = lock_booking(&*self.store, booking).await?.ok_or(PayTestCheckoutError::NotFound)?;
        let payment = work.payment_by_checkout_id(Provider::Test, &read.provider_checkout_id).await?;
        let payment = payment.ok_or(PayTestCheckoutError::NotFound)?;
        let observation = PaymentObservation {
            status: ObservedStatus::Paid {
                amount: Some(payment.amount),
                booking: Some(payment.booking),
                provider_payment_id: Some(payment.provider_checkout_id.clone()),
            },
            expected_mode: true,
            conclusive: true,
        };
        let audit = AuditContext::new(None, metadata, self.clock.now());
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        let outcome = settlement.apply_observation(&mut *work, booking, payment, observation).await?;
        work.commit().await?;
        let repeated = outcome.effect == Effect::Unchanged;
        Ok(TestCheckoutOutcome { booking: outcome.booking, state: outcome.state, repeated })
    }
}
