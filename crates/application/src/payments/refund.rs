//! An admin refunds a payment in full or in part: through its provider, or by hand if it was an offline payment.

use std::sync::Arc;

use attune_domain::payment::{PaymentState, RefundError};
use attune_domain::{Booking, BookingId, Money, PaymentId, UserId};
use attune_ports::{
    Clock, Payment, Provider, Queries, Refund, RefundCause, RefundStage, RefundState, Store, StoreError, UnitOfWork,
};
use thiserror::Error;

use super::settlement::{Settlement, payment_ledger};
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::BookingLifecycle;

#[derive(Clone)]
pub struct RefundPaymentCommand {
    pub admin: UserId,
    pub booking: BookingId,
    /// Default: the settled payment of the booking.
    pub payment: Option<PaymentId>,
    /// Default: everything that is left.
    pub amount: Option<Money>,
    pub reason: Option<String>,
    pub metadata: RequestMetadata,
    pub idempotency: Option<IdempotentRequest>,
}

#[derive(Debug, Error)]
pub enum RefundPaymentError {
    #[error("booking not found")]
    NotFound,
    /// The booking has no such payment.
    #[error("payment not found")]
    UnknownPayment,
    #[error("an earlier refund is in progress")]
    InProgress,
    #[error(transparent)]
    NotRefundable(#[from] RefundError),
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(RefundPaymentError);

#[derive(Clone)]
pub struct RefundPayment {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
}

impl RefundPayment {
    /// Schedules a refund of at most what is left, one at a time; the worker processes it.
    ///
    /// An offline payment is refunded by hand, so its refund is recorded as done. If one is queued already because the
    /// booking was cancelled, that one is done. An earlier refund that failed becomes [`RefundStage::Retried`].
    pub async fn run(&self, command: RefundPaymentCommand) -> Result<Idempotent<Booking>, RefundPaymentError> {
        let outcome = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn attempt(&self, command: &RefundPaymentCommand) -> Result<Idempotent<Booking>, RefundPaymentError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let booking = work.booking(command.booking).await?.ok_or(RefundPaymentError::NotFound)?;
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(RefundPaymentError::KeyReused),
        }
        let audit = AuditContext::new(Some(command.admin), &command.metadata, now);
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        let payments = work.payments_of(booking.id()).await?;
        let refunds = work.refunds_of(booking.id()).await?;
        let payment = select_payment(&payments, &refunds, command.payment)?;
        let by_hand = payment.provider == Provider::Offline;
        let of_payment = || refunds.iter().filter(|refund| refund.payment == payment.id);
        let refund = match of_payment().find(|refund| refund.stage.is_outstanding()) {
            Some(queued) if by_hand && command.amount.is_none_or(|amount| amount == queued.amount) => queued.clone(),
            Some(_) => return Err(RefundPaymentError::InProgress),
            None => {
                let amount = payment_ledger(payment, &refunds).check_refund(command.amount)?;
                for failed in of_payment().filter(|refund| refund.stage == RefundStage::Failed) {
                    mark_retried(&mut *work, failed, now).await?;
                }
                settlement
                    .schedule_refund(&mut *work, payment, amount, RefundCause::Requested, command.reason.clone())
                    .await?
            }
        };
        let booking = settlement.sync_payment_status(&mut *work, booking).await?;
        let booking = if by_hand {
            settlement.update_refund(&mut *work, booking, refund, RefundState::Succeeded, None).await?
        } else {
            booking
        };
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }
}

/// The requested payment, or the settled one, or one that has something left, or any that was received.
fn select_payment<'a>(
    payments: &'a [Payment],
    refunds: &[Refund],
    requested: Option<PaymentId>,
) -> Result<&'a Payment, RefundPaymentError> {
    if let Some(id) = requested {
        return payments.iter().find(|p| p.id == id).ok_or(RefundPaymentError::UnknownPayment);
    }
    // Several settled payments are parts of the price.
    let settled = || payments.iter().filter(|p| p.state == PaymentState::Settled);
    let has_rest = |p: &&Payment| !payment_ledger(p, refunds).refundable().is_zero();
    let paid = || payments.iter().find(|p| p.state.is_paid());
    let settled = settled().find(has_rest).or_else(|| settled().next());
    settled.or_else(|| payments.iter().find(has_rest)).or_else(paid).ok_or(RefundError::NothingToRefund.into())
}

async fn mark_retried(work: &mut dyn UnitOfWork, failed: &Refund, now: jiff::Timestamp) -> Result<(), StoreError> {
    let mut failed = failed.clone();
    failed.stage = RefundStage::Retried;
    work.save_refund(&failed).await?;
    work.resolve_refund_problem(failed.id, now).await
}
