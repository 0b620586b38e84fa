//! Where a client pays for a booking. Asking twice leads to the same place.

use std::sync::Arc;

use attune_domain::booking::PayError;
use attune_domain::{BookingId, UserId};
use attune_ports::{
    CheckoutRequest, Clock, NewPayment, Payment, PaymentError, PaymentGateway, PaymentState, Queries, Random, Store,
    StoreError,
};
use thiserror::Error;

/// Why there is no checkout.
#[derive(Debug, Error)]
pub enum OpenCheckoutError {
    /// There is no such booking.
    #[error("there is no such booking")]
    NotFound,
    /// It is somebody else's.
    #[error("the booking is somebody else's")]
    Forbidden,
    /// Paid, cancelled, over, or nothing due.
    #[error(transparent)]
    NotPayable(#[from] PayError),
    /// The provider did not answer or refused.
    #[error(transparent)]
    Provider(#[from] PaymentError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(OpenCheckoutError);

/// Opens checkouts.
#[derive(Clone)]
pub struct OpenCheckout {
    /// Where payments are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Who collects.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Makes checkouts unguessable.
    pub random: Arc<dyn Random>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl OpenCheckout {
    /// The open checkout of a booking, opened now if need be.
    pub async fn run(&self, booking: BookingId, client: UserId) -> Result<Payment, OpenCheckoutError> {
        let view = self.queries.booking(booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        if view.booking.client != client {
            return Err(OpenCheckoutError::Forbidden);
        }
        let now = self.clock.now();
        view.booking.check_payable(now)?;
        let expires_at = view.booking.hold_expires_at.filter(|until| *until > now).ok_or(PayError::HoldExpired)?;
        let known = self.queries.payments(booking).await?;
        if let Some(open) = known.into_iter().find(|p| self.is_open_here(p)) {
            return Ok(open);
        }
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce);
        let request = CheckoutRequest { booking, amount: view.booking.price, expires_at, nonce };
        // The provider is asked outside any unit of work; the answer is then written down, unless somebody else was
        // faster, in which case theirs is the one.
        let checkout = self.gateway.open_checkout(&request).await?;
        let new = NewPayment {
            booking,
            provider: self.gateway.provider(),
            reference: checkout.reference,
            amount: request.amount,
            state: PaymentState::Open,
            checkout_url: checkout.url,
            method: None,
            memo: None,
            recorded_by: None,
            created_at: now,
            settled_at: None,
        };
        crate::retry::retrying(|| self.remember(&new)).await
    }

    async fn remember(&self, new: &NewPayment) -> Result<Payment, OpenCheckoutError> {
        let mut work = self.store.begin().await?;
        let booking = work.booking(new.booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        booking.check_payable(new.created_at)?;
        if let Some(open) = work.open_payments(new.booking).await?.into_iter().find(|p| self.is_open_here(p)) {
            return Ok(open);
        }
        let id = work.add_payment(new).await?;
        work.commit().await?;
        Ok(Payment { id, facts: new.clone() })
    }

    fn is_open_here(&self, payment: &Payment) -> bool {
        payment.facts.state == PaymentState::Open && payment.facts.provider == self.gateway.provider()
    }
}
