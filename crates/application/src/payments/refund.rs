//! An admin gives money back: all of it or a part, through the provider it came from, or by hand where it came by hand.

use std::sync::Arc;

use attune_domain::payment::{PaymentState, RefundError};
use attune_domain::{Booking, BookingId, Money, PaymentId, UserId};
use attune_ports::{
    Clock, Payment, Provider, Queries, Refund, RefundCause, RefundStage, RefundState, Store, StoreError, UnitOfWork,
};
use thiserror::Error;

use super::settlement::{Till, books_of};
use crate::RequestMetadata;
use crate::bookings::{AuditContext, BookingLifecycle};
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};

/// What goes back.
#[derive(Clone)]
pub struct RefundPaymentCommand {
    /// The admin who decides so.
    pub admin: UserId,
    /// What had been paid for.
    pub booking: BookingId,
    /// Which payment; the one that the booking stands on when left out.
    pub payment: Option<PaymentId>,
    /// How much; all that is left when left out.
    pub amount: Option<Money>,
    /// Why.
    pub reason: Option<String>,
    /// Where it came from.
    pub metadata: RequestMetadata,
    /// The key of the wish, if it has one.
    pub idempotency: Option<IdempotentRequest>,
}

/// Why nothing goes back.
#[derive(Debug, Error)]
pub enum RefundPaymentError {
    /// There is no such booking.
    #[error("there is no such booking")]
    NotFound,
    /// There is no such payment of this booking.
    #[error("there is no such payment")]
    UnknownPayment,
    /// An earlier refund is under way.
    #[error("an earlier refund is under way")]
    InProgress,
    /// The books do not allow it.
    #[error(transparent)]
    PaymentLedger(#[from] RefundError),
    /// The key was used for another wish.
    #[error("the key was used for another wish")]
    KeyReused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(RefundPaymentError);

/// Gives money back.
#[derive(Clone)]
pub struct RefundPayment {
    /// Where payments are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub lifecycle: BookingLifecycle,
}

impl RefundPayment {
    /// Promises the money back, at most what is left and one refund at a time; the worker sees to it.
    ///
    /// Money that came in outside has to go back outside: for the admin who says so it is done. If it is owed already,
    /// because the session was called off, this says that it was given back. An earlier refund that failed counts as tried
    /// again.
    pub async fn run(&self, command: RefundPaymentCommand) -> Result<Idempotent<Booking>, RefundPaymentError> {
        let granted = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.lifecycle.waker.wake();
        Ok(granted)
    }

    async fn attempt(&self, command: &RefundPaymentCommand) -> Result<Idempotent<Booking>, RefundPaymentError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let booking = work.booking(command.booking).await?.ok_or(RefundPaymentError::NotFound)?;
        match idempotency::find_response(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Reply(kept) => return Ok(Idempotent::Replayed(kept)),
            Found::KeyReused => return Err(RefundPaymentError::KeyReused),
        }
        let by = AuditContext { actor: Some(command.admin), request_id: command.metadata.request_id.as_deref(), now };
        let till = Till { lifecycle: &self.lifecycle, by };
        let payments = work.payments_of(booking.id()).await?;
        let refunds = work.refunds_of(booking.id()).await?;
        let payment = choose(&payments, &refunds, command.payment)?;
        let by_hand = payment.provider == Provider::Offline;
        let of_payment = || refunds.iter().filter(|refund| refund.payment == payment.id);
        let promised = match of_payment().find(|refund| refund.stage.is_outstanding()) {
            Some(queued) if by_hand && command.amount.is_none_or(|amount| amount == queued.amount) => queued.clone(),
            Some(_) => return Err(RefundPaymentError::InProgress),
            None => {
                let amount = books_of(payment, &refunds).check_refund(command.amount)?;
                for failed in of_payment().filter(|refund| refund.stage == RefundStage::Failed) {
                    retried(&mut *work, failed, now).await?;
                }
                till.promise(&mut *work, payment, amount, RefundCause::Requested, command.reason.clone()).await?
            }
        };
        let booking = till.follow_books(&mut *work, booking).await?;
        let booking = if by_hand {
            till.refund_told(&mut *work, booking, promised, RefundState::Succeeded, None).await?
        } else {
            booking
        };
        idempotency::save_response(&mut *work, command.idempotency.as_ref(), &booking, now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }
}

/// The payment that is meant: the one named, or the one that the booking stands on, or one of which something is left.
fn choose<'a>(
    payments: &'a [Payment],
    refunds: &[Refund],
    named: Option<PaymentId>,
) -> Result<&'a Payment, RefundPaymentError> {
    if let Some(id) = named {
        return payments.iter().find(|p| p.id == id).ok_or(RefundPaymentError::UnknownPayment);
    }
    let stands = payments.iter().find(|p| p.state == PaymentState::Settled);
    let has_some = |p: &&Payment| !books_of(p, refunds).refundable().is_zero();
    let paid = || payments.iter().find(|p| p.state.is_paid());
    stands.or_else(|| payments.iter().find(has_some)).or_else(paid).ok_or(RefundError::NothingToRefund.into())
}

async fn retried(work: &mut dyn UnitOfWork, failed: &Refund, now: jiff::Timestamp) -> Result<(), StoreError> {
    let mut failed = failed.clone();
    failed.stage = RefundStage::Retried;
    work.save_refund(&failed).await?;
    work.resolve_refund_problem(failed.id, now).await
}
