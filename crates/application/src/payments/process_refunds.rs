//! The worker gives back what is owed, and asks about what is under way.
//!
//! A refund is written down with its key before anybody is asked. So however often the provider is asked, and by how many
//! workers, the money goes back once.

use std::sync::Arc;

use attune_ports::{
    Clock, OnlinePayments, Payment, PaymentError, Provider, Queries, Refund, RefundRequest, RefundStage, RefundState,
    Store, StoreError,
};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use super::settlement::{Till, after};
use crate::bookings::{AuditContext, BookingLifecycle};

/// Most refunds taken up in one go.
const BATCH: u32 = 50;
/// BusyTimes up at the same time.
const CONCURRENT: usize = 4;
/// Pause after the first time that the provider did not answer. Doubles each time.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// Longest pause.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Settles refunds.
#[derive(Clone)]
pub struct ProcessRefunds {
    /// Where refunds are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub lifecycle: BookingLifecycle,
    /// Who gives the money back that came in online.
    pub online: Option<Arc<dyn OnlinePayments>>,
}

/// What came of asking.
enum Answer {
    Told {
        state: RefundState,
        reference: Option<String>,
        error: Option<&'static str>,
    },
    Later(&'static str),
    /// Nobody can be asked: a therapist gives it back.
    ByHand,
}

impl ProcessRefunds {
    /// Takes up every refund whose time has come. Returns how many.
    pub async fn run(&self) -> Result<usize, StoreError> {
        let due = self.queries.refunds_due(self.clock.now(), BATCH).await?;
        let count = due.len();
        stream::iter(due)
            .for_each_concurrent(CONCURRENT, |refund| async move {
                if let Err(error) = self.settle(&refund).await {
                    tracing::warn!(refund = %refund.id, %error, "a refund could not be looked at");
                }
            })
            .await;
        Ok(count)
    }

    async fn settle(&self, refund: &Refund) -> Result<(), StoreError> {
        let payments = self.queries.payments(refund.booking).await?;
        let Some(payment) = payments.into_iter().find(|p| p.id == refund.payment) else {
            return Err(StoreError::Corrupt("a refund of no payment".into()));
        };
        let earlier = self
            .queries
            .refunds(refund.booking)
            .await?
            .into_iter()
            .any(|other| other.payment == payment.id && other.id < refund.id && other.stage.is_outstanding());
        // One at a time, so that the provider never has to decide between two.
        let answer = if earlier { Answer::Later("earlier_refund_pending") } else { self.ask(refund, &payment).await };
        crate::retry::retrying(|| self.write_down(refund, &answer)).await?;
        self.lifecycle.waker.wake();
        Ok(())
    }

    async fn ask(&self, refund: &Refund, payment: &Payment) -> Answer {
        let told = |state, reference| Answer::Told { state, reference, error: None };
        let online = match payment.provider {
            // No money came, so none has to go.
            Provider::Test | Provider::None => return told(RefundState::Succeeded, None),
            Provider::Offline => return Answer::ByHand,
            Provider::Stripe => self.online.as_deref().filter(|online| online.provider() == Provider::Stripe),
        };
        let Some(online) = online else { return Answer::Later("not_configured") };
        let answer = match (&refund.provider_refund_id, &payment.provider_payment_id) {
            (Some(reference), _) if refund.stage == RefundStage::Pending => {
                let found = online.refund_state(reference).await.map(|found| found.ok_or(RefundState::Failed));
                // It is there. That nobody would speak of it does not mean that it failed.
                found.map_err(|(PaymentError::Unavailable(why) | PaymentError::Refused(why))| {
                    PaymentError::Unavailable(why)
                })
            }
            (_, Some(charge)) => {
                let request = RefundRequest {
                    provider_payment_id: charge.clone(),
                    booking: refund.booking,
                    amount: refund.amount,
                    idempotency_key: refund.idempotency_key.clone(),
                };
                online.refund(&request).await.map(Ok)
            }
            (_, None) => Err(PaymentError::Refused("the provider's name for the money is not known".into())),
        };
        match answer {
            Ok(Ok(found)) => told(found.state, Some(found.id)),
            Ok(Err(state)) => Answer::Told { state, reference: None, error: Some("unknown_to_provider") },
            Err(PaymentError::Unavailable(source)) => {
                tracing::warn!(refund = %refund.id, error = %source, "the payment provider could not be asked");
                Answer::Later("unavailable")
            }
            Err(PaymentError::Refused(source)) => {
                tracing::error!(refund = %refund.id, error = %source, "the payment provider refused to give money back");
                Answer::Told { state: RefundState::Failed, reference: None, error: Some("refused") }
            }
        }
    }

    async fn write_down(&self, asked: &Refund, answer: &Answer) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let Some(booking) = work.booking(asked.booking).await? else { return Ok(()) };
        let Some(mut refund) = work.refunds_of(booking.id()).await?.into_iter().find(|r| r.id == asked.id) else {
            return Ok(());
        };
        if !refund.stage.is_outstanding() {
            return Ok(());
        }
        match answer {
            Answer::Told { state, reference, error } => {
                refund.last_error = error.map(str::to_owned);
                let till = Till { lifecycle: &self.lifecycle, by: AuditContext { actor: None, request_id: None, now } };
                till.refund_told(&mut *work, booking, refund, *state, reference.clone()).await?;
            }
            Answer::Later(why) => {
                refund.attempts = refund.attempts.saturating_add(1);
                refund.last_error = Some((*why).to_owned());
                refund.next_at = Some(after(now, pause(refund.attempts)));
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

fn pause(attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(10);
    let pause = SignedDuration::from_secs(FIRST_PAUSE.as_secs() << doublings);
    pause.min(LONGEST_PAUSE)
}
