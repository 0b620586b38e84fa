//! The provider says that a payment came in.

use std::sync::Arc;

use attune_domain::Booking;
use attune_domain::booking::PayError;
use attune_ports::{Clock, Payment, PaymentState, Provider, Queries, Store, StoreError};
use jiff::Timestamp;
use thiserror::Error;

use crate::Origin;
use crate::bookings::{AgreeError, Agreement, By, Practice};

/// A payment that came in.
#[derive(Debug)]
pub struct Confirmed {
    /// The booking, agreed.
    pub booking: Booking,
    /// Whether it was so already: the same news came twice.
    pub repeated: bool,
}

/// Why a payment does not make a booking agreed.
#[derive(Debug, Error)]
pub enum ConfirmPaymentError {
    /// No payment has this reference.
    #[error("there is no such payment")]
    NotFound,
    /// The booking's state does not allow it.
    #[error(transparent)]
    NotPayable(#[from] PayError),
    /// The hold was over, and somebody else has the slot now.
    #[error("the hold was over, and the slot was given to somebody else")]
    SlotLost,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AgreeError> for ConfirmPaymentError {
    fn from(error: AgreeError) -> Self {
        match error {
            AgreeError::Pay(why) => Self::NotPayable(why),
            AgreeError::SlotLost => Self::SlotLost,
            AgreeError::Store(error) => Self::Store(error),
        }
    }
}

crate::retry::contended_through_store!(ConfirmPaymentError);

/// Confirms payments.
#[derive(Clone)]
pub struct ConfirmPayment {
    /// Where bookings are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub practice: Practice,
}

impl ConfirmPayment {
    /// Makes the booking of this payment agreed. The same news twice is the same as once.
    pub async fn run(
        &self,
        provider: Provider,
        reference: &str,
        origin: &Origin,
    ) -> Result<Confirmed, ConfirmPaymentError> {
        let payment =
            self.queries.payment_by_reference(provider, reference).await?.ok_or(ConfirmPaymentError::NotFound)?;
        let view = self.queries.booking(payment.facts.booking).await?.ok_or(ConfirmPaymentError::NotFound)?;
        let confirmed = crate::retry::retrying(|| self.attempt(&payment, &view.booking, origin)).await?;
        self.practice.bell.ring();
        Ok(confirmed)
    }

    async fn attempt(
        &self,
        payment: &Payment,
        read: &Booking,
        origin: &Origin,
    ) -> Result<Confirmed, ConfirmPaymentError> {
        let now = self.clock.now();
        let facts = &payment.facts;
        let mut work = self.store.begin().await?;
        // A late payment may take a slot again, so this touches the calendar, and the calendar is locked first.
        work.lock_calendar(read.therapist).await?;
        let booking = work.booking(read.id).await?.ok_or(ConfirmPaymentError::NotFound)?;
        let payment =
            work.payment_by_reference(facts.provider, &facts.reference).await?.ok_or(ConfirmPaymentError::NotFound)?;
        if payment.facts.state == PaymentState::Settled {
            return Ok(Confirmed { booking, repeated: true });
        }
        let by = By { actor: None, request_id: origin.request_id.as_deref(), now };
        let booking = Agreement { practice: &self.practice, by }.seal(&mut *work, booking).await?;
        work.save_payment(&settled(payment, now)).await?;
        work.commit().await?;
        Ok(Confirmed { booking, repeated: false })
    }
}

fn settled(mut payment: Payment, now: Timestamp) -> Payment {
    payment.facts.state = PaymentState::Settled;
    payment.facts.settled_at = Some(now);
    payment
}
