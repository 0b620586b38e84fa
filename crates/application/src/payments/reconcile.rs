//! The worker asks the provider itself where checkouts stand, so that nothing depends on its messages or on the client's
//! browser coming back.

use std::sync::Arc;

use attune_domain::payment::UnpaidUpdate;
use attune_ports::{
    CheckoutState, OnlinePayments, Payment, PaymentError, PaymentGateway, PaymentState, ProblemKind, StoreError,
};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::open_checkout::{OpenCheckout, OpenCheckoutError, ask};
use super::settlement::{ASK_AGAIN, ASK_ON_ITS_WAY, ASK_OPEN, Claim, Subject, Till, after};
use crate::bookings::{AuditContext, BookingLifecycle};

/// Most checkouts asked about in one go.
const BATCH: u32 = 50;
/// Asked about at the same time.
const CONCURRENT: usize = 4;

/// How long after the end of its hold a checkout cannot be open any more at any provider.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// Asks about checkouts.
#[derive(Clone)]
pub struct ReconcilePayments {
    /// Opens checkouts whose opening was never answered.
    pub checkout: OpenCheckout,
    /// Whom to ask.
    pub online: Option<Arc<dyn OnlinePayments>>,
    /// The practice's settings.
    pub lifecycle: BookingLifecycle,
}

impl ReconcilePayments {
    /// Asks about every checkout whose time has come, and acts on the answers. Returns how many were asked about.
    pub async fn run(&self) -> Result<usize, StoreError> {
        let due = self.checkout.queries.payments_due_for_polling(self.checkout.clock.now(), BATCH).await?;
        let count = due.len();
        stream::iter(due)
            .for_each_concurrent(CONCURRENT, |payment| async move {
                let id = payment.id;
                if let Err(error) = self.look(payment).await {
                    tracing::warn!(payment = %id, %error, "a payment could not be looked at");
                }
            })
            .await;
        Ok(count)
    }

    async fn look(&self, payment: Payment) -> Result<(), OpenCheckoutError> {
        let Some(online) = self.online.as_deref().filter(|o| o.provider() == payment.provider) else {
            // Its provider was taken out of the settings: nobody can be asked.
            return self.write_down(&payment, &Ok(CheckoutState::Unknown), false).await;
        };
        let payment = if payment.has_provider_checkout_id() {
            payment
        } else if self.is_forgotten(&payment) {
            return self.write_down(&payment, &Ok(CheckoutState::Expired), online.is_live()).await;
        } else {
            let gateway: &dyn PaymentGateway = online;
            let answer = ask(gateway, &payment).await;
            let payment = crate::retry::retrying(|| self.checkout.write_down(&payment, &answer)).await?;
            answer?;
            payment
        };
        let answer = match payment.state {
            PaymentState::Closing => online.expire_checkout(&payment.provider_checkout_id).await,
            PaymentState::Open | PaymentState::Processing => online.checkout_state(&payment.provider_checkout_id).await,
            PaymentState::Opening | PaymentState::Settled | PaymentState::Unapplied | PaymentState::Closed => {
                return Ok(());
            }
        };
        self.write_down(&payment, &answer, online.is_live()).await
    }

    /// Whether a checkout that may never have been opened would be over by now.
    fn is_forgotten(&self, payment: &Payment) -> bool {
        let until = payment.expires_at.unwrap_or(payment.created_at);
        self.checkout.clock.now().duration_since(until) > FORGOTTEN
    }

    async fn write_down(
        &self,
        payment: &Payment,
        answer: &Result<CheckoutState, PaymentError>,
        live: bool,
    ) -> Result<(), OpenCheckoutError> {
        crate::retry::retrying(|| self.attempt(payment, answer, live)).await?;
        self.lifecycle.waker.wake();
        Ok(())
    }

    async fn attempt(
        &self,
        asked: &Payment,
        answer: &Result<CheckoutState, PaymentError>,
        live: bool,
    ) -> Result<(), OpenCheckoutError> {
        let view = self.checkout.queries.booking(asked.booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let now = self.checkout.clock.now();
        let mut work = self.checkout.store.begin().await?;
        // A late payment may take a slot again, and the calendar is locked before the row, as everywhere.
        work.lock_calendar(view.booking.therapist()).await?;
        let booking = work.booking(asked.booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let known = work.payments_of(booking.id()).await?;
        let Some(mut payment) = known.into_iter().find(|p| p.id == asked.id) else { return Ok(()) };
        if !payment.state.is_pending() {
            return Ok(());
        }
        let till = Till { lifecycle: &self.lifecycle, by: AuditContext { actor: None, request_id: None, now } };
        match answer {
            Ok(CheckoutState::Paid(paid)) => {
                let claim = Claim {
                    amount: Some(paid.amount),
                    booking: paid.booking,
                    live: paid.live,
                    charge: Some(paid.provider_payment_id.clone()),
                };
                if let Some(kind) = claim.difference(&payment, live) {
                    payment.provider_payment_id = claim.charge;
                    till.problem(&mut *work, kind, &Subject::Payment(&payment)).await?;
                    till.park(&mut *work, booking, payment).await?;
                } else {
                    till.take(&mut *work, booking, payment, claim.charge).await?;
                }
            }
            Ok(CheckoutState::Processing) => {
                if payment.state == PaymentState::Processing {
                    payment.check_at = Some(after(now, ASK_ON_ITS_WAY));
                    work.save_payment(&payment).await?;
                } else {
                    till.unpaid(&mut *work, booking, payment, UnpaidUpdate::Processing).await?;
                }
            }
            Ok(CheckoutState::Failed) => {
                till.unpaid(&mut *work, booking, payment, UnpaidUpdate::Failed).await?;
            }
            Ok(CheckoutState::Expired) => {
                till.unpaid(&mut *work, booking, payment, UnpaidUpdate::Over).await?;
            }
            Ok(CheckoutState::Unknown) => {
                till.problem(&mut *work, ProblemKind::UnknownCheckout, &Subject::Payment(&payment)).await?;
                till.park(&mut *work, booking, payment).await?;
            }
            Ok(CheckoutState::Open) => {
                payment.check_at = Some(after(now, ASK_OPEN));
                work.save_payment(&payment).await?;
            }
            Err(error) => {
                tracing::warn!(payment = %payment.id, %error, "the payment provider could not be asked");
                payment.check_at = Some(after(now, ASK_AGAIN));
                work.save_payment(&payment).await?;
            }
        }
        work.commit().await?;
        Ok(())
    }
}
