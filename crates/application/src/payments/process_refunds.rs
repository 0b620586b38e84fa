//! The worker requests queued refunds from the provider, and polls those that it is processing.
//!
//! A refund is stored with its idempotency key before the provider is called. So however often it is requested, and by how
//! many workers, the money is refunded once.

use std::sync::Arc;

use attune_ports::{
    Clock, OnlinePayments, Payment, PaymentError, Provider, Queries, Refund, RefundRequest, RefundStage, RefundState,
    Store, StoreError,
};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::settlement::{Settlement, after};
use crate::lifecycle::BookingLifecycle;

const BATCH: u32 = 50;
const CONCURRENT: usize = 4;
/// Delay after the first request without an answer; it doubles each time.
const FIRST_DELAY: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(1);

#[derive(Clone)]
pub struct ProcessRefunds {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub online: Option<Arc<dyn OnlinePayments>>,
}

enum Answer {
    Reported {
        state: RefundState,
        provider_refund_id: Option<String>,
        error: Option<&'static str>,
    },
    RetryLater(&'static str),
    /// An admin has to refund an offline payment by hand.
    ByHand,
}

impl ProcessRefunds {
    /// Processes every refund that is due. Returns how many were due.
    pub async fn run(&self) -> Result<usize, StoreError> {
        let due = self.queries.refunds_due(self.clock.now(), BATCH).await?;
        let count = due.len();
        stream::iter(due)
            .for_each_concurrent(CONCURRENT, |refund| async move {
                if let Err(error) = self.process(&refund).await {
                    tracing::warn!(refund = %refund.id, %error, "refund could not be processed");
                }
            })
            .await;
        Ok(count)
    }

    async fn process(&self, refund: &Refund) -> Result<(), StoreError> {
        let payments = self.queries.payments(refund.booking).await?;
        let Some(payment) = payments.into_iter().find(|payment| payment.id == refund.payment) else {
            return Err(StoreError::Corrupt("a refund without a payment".into()));
        };
        let refunds = self.queries.refunds(refund.booking).await?;
        let is_earlier = |other: &Refund| other.payment == payment.id && other.id < refund.id;
        // One refund of a payment at a time, so that the provider never has to choose between two.
        let answer = if refunds.iter().any(|other| is_earlier(other) && other.stage.is_outstanding()) {
            Answer::RetryLater("earlier_refund_pending")
        } else {
            self.request(refund, &payment).await
        };
        crate::retry::retrying(|| self.save_answer(refund, &answer)).await?;
        self.lifecycle.waker.wake();
        Ok(())
    }

    async fn request(&self, refund: &Refund, payment: &Payment) -> Answer {
        let reported = |state, provider_refund_id| Answer::Reported { state, provider_refund_id, error: None };
        let failed =
            |error| Answer::Reported { state: RefundState::Failed, provider_refund_id: None, error: Some(error) };
        let online = match payment.provider {
            // No money was received, so none has to be returned.
            Provider::Test | Provider::None => return reported(RefundState::Succeeded, None),
            Provider::Offline => return Answer::ByHand,
            Provider::Stripe => self.online.as_deref().filter(|online| online.provider() == Provider::Stripe),
        };
        let Some(online) = online else { return Answer::RetryLater("not_configured") };
        let answer = match (&refund.provider_refund_id, &payment.provider_payment_id) {
            (Some(id), _) if refund.stage == RefundStage::Pending => match online.refund_state(id).await {
                // The refund exists. That its state cannot be read does not mean that it failed.
                Err(PaymentError::Refused(source)) => Err(PaymentError::Unavailable(source)),
                other => other,
            },
            (_, Some(provider_payment_id)) => {
                let request = RefundRequest {
                    provider_payment_id: provider_payment_id.clone(),
                    booking: refund.booking,
                    amount: refund.amount,
                    idempotency_key: refund.idempotency_key.clone(),
                };
                online.refund(&request).await.map(Some)
            }
            (_, None) => Err(PaymentError::Refused("the provider's payment id is not known".into())),
        };
        match answer {
            Ok(Some(found)) => reported(found.state, Some(found.id)),
            Ok(None) => failed("unknown_to_provider"),
            Err(PaymentError::Unavailable(source)) => {
                tracing::warn!(refund = %refund.id, error = %source, "payment provider unavailable");
                Answer::RetryLater("unavailable")
            }
            Err(PaymentError::Refused(source)) => {
                tracing::error!(refund = %refund.id, error = %source, "refund failed");
                failed("refused")
            }
        }
    }

    async fn save_answer(&self, read: &Refund, answer: &Answer) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let Some(booking) = work.booking(read.booking).await? else { return Ok(()) };
        let mut refunds = work.refunds_of(booking.id()).await?.into_iter();
        let outstanding = refunds.find(|refund| refund.id == read.id && refund.stage.is_outstanding());
        let Some(mut refund) = outstanding else { return Ok(()) };
        match answer {
            Answer::Reported { state, provider_refund_id, error } => {
                refund.last_error = error.map(str::to_owned);
                Settlement::by_system(&self.lifecycle, now)
                    .update_refund(&mut *work, booking, refund, *state, provider_refund_id.clone())
                    .await?;
            }
            Answer::RetryLater(reason) => {
                refund.attempts = refund.attempts.saturating_add(1);
                refund.last_error = Some((*reason).to_owned());
                refund.next_at = Some(after(now, delay(refund.attempts)));
                work.save_refund(&refund).await?;
            }
            Answer::ByHand => {
                refund.next_at = None;
                work.save_refund(&refund).await?;
            }
        }
        work.commit().await
    }
}

fn delay(attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(10);
    SignedDuration::from_secs(FIRST_DELAY.as_secs() << doublings).min(LONGEST_DELAY)
}
