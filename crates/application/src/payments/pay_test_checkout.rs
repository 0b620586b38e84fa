//! Somebody pressed the button of our own test checkout. No money moves, and everything else is as with real money.

use std::sync::Arc;

use attune_domain::Booking;
use attune_domain::payment::PaymentState;
use attune_ports::{Clock, Payment, Provider, Queries, Store, StoreError};
use thiserror::Error;

use super::settlement::{Till, Took};
use crate::RequestMetadata;
use crate::bookings::{AuditContext, BookingLifecycle};

/// A payment that came in.
#[derive(Debug)]
pub struct TestCheckoutOutcome {
    /// The booking.
    pub booking: Booking,
    /// What it is to the booking: [`PaymentState::Settled`], or [`PaymentState::Unapplied`] if it came too late and goes back.
    pub state: PaymentState,
    /// Whether it was known already: the same news came twice.
    pub repeated: bool,
}

/// Why a payment is not taken.
#[derive(Debug, Error)]
pub enum PayTestCheckoutError {
    /// No payment has this reference.
    #[error("there is no such payment")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(PayTestCheckoutError);

/// Takes payments of the test checkout.
#[derive(Clone)]
pub struct PayTestCheckout {
    /// Where bookings are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub lifecycle: BookingLifecycle,
}

impl PayTestCheckout {
    /// Makes the booking of this payment agreed, or gives the money back if it cannot be any more. The same news twice is
    /// the same as once.
    pub async fn run(
        &self,
        reference: &str,
        metadata: &RequestMetadata,
    ) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
        let payment = self
            .queries
            .payment_by_checkout_id(Provider::Test, reference)
            .await?
            .ok_or(PayTestCheckoutError::NotFound)?;
        let view = self.queries.booking(payment.booking).await?.ok_or(PayTestCheckoutError::NotFound)?;
        let confirmed = crate::retry::retrying(|| self.attempt(&payment, &view.booking, metadata)).await?;
        self.lifecycle.waker.wake();
        Ok(confirmed)
    }

    async fn attempt(
        &self,
        payment: &Payment,
        read: &Booking,
        metadata: &RequestMetadata,
    ) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // A late payment may take a slot again, so this touches the calendar, and the calendar is locked first.
        work.lock_calendar(read.therapist()).await?;
        let booking = work.booking(read.id()).await?.ok_or(PayTestCheckoutError::NotFound)?;
        let payment = work
            .payment_by_checkout_id(Provider::Test, &payment.provider_checkout_id)
            .await?
            .ok_or(PayTestCheckoutError::NotFound)?;
        let by = AuditContext { actor: None, request_id: metadata.request_id.as_deref(), now };
        let (known, charge) = (payment.state, payment.provider_checkout_id.clone());
        let took = Till { lifecycle: &self.lifecycle, by }.take(&mut *work, booking, payment, Some(charge)).await?;
        let (booking, state, repeated) = match took {
            Took::Known(booking) => return Ok(TestCheckoutOutcome { booking, state: known, repeated: true }),
            Took::Agreed(booking) => (booking, PaymentState::Settled, false),
            Took::RefundScheduled(booking) => (booking, PaymentState::Unapplied, false),
        };
        work.commit().await?;
        Ok(TestCheckoutOutcome { booking, state, repeated })
    }
}
