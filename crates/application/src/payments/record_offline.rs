//! An admin records an offline payment, such as cash or a bank transfer.

use std::sync::Arc;

use attune_domain::booking::{ChangeError, PayError};
use attune_domain::notification::NotificationKind;
use attune_domain::{Booking, BookingId, BookingStatus, Money, UserId};
use attune_ports::{Clock, Queries, Store, StoreError};
use jiff::SignedDuration;
use thiserror::Error;

use super::apply_observation::lock_booking;
use super::settlement::{Settlement, amount_due};
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::{BookingLifecycle, ConfirmError, close_checkouts};

#[derive(Clone)]
pub struct RecordOfflineCommand {
    pub admin: UserId,
    pub booking: BookingId,
    /// At most what is left to pay, which is also the default. Less than that is a part of the price.
    pub amount: Option<Money>,
    /// `cash`, `bank_transfer`, `card`, …
    pub method: String,
    /// The practice's own note, such as a receipt number.
    pub memo: Option<String>,
    pub metadata: RequestMetadata,
    pub idempotency: Option<IdempotentRequest>,
}

#[derive(Debug, Error)]
pub enum RecordOfflineError {
    #[error("booking not found")]
    NotFound,
    #[error("the amount is not between zero and what is left to pay, {left}")]
    Amount { left: Money },
    #[error("a payment is being processed")]
    Processing,
    #[error(transparent)]
    NotPayable(#[from] PayError),
    /// The hold expired, and another booking has the slot.
    #[error("the hold expired, and another booking has the slot")]
    SlotLost,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ConfirmError> for RecordOfflineError {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::Pay(why) => Self::NotPayable(why),
            ConfirmError::SlotLost => Self::SlotLost,
            ConfirmError::Store(error) => Self::Store(error),
        }
    }
}

crate::retry::contended_through_store!(RecordOfflineError);

#[derive(Clone)]
pub struct RecordOfflinePayment {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
}

impl RecordOfflinePayment {
    /// Records the payment and closes the open checkouts, which are about another amount now. Once the price is paid in
    /// full, the booking is confirmed; until then its slot stays held, for as long as the minimum notice allows.
    pub async fn run(&self, command: RecordOfflineCommand) -> Result<Idempotent<Booking>, RecordOfflineError> {
        let view = self.queries.booking(command.booking).await?.ok_or(RecordOfflineError::NotFound)?;
        let notice = self.queries.policy().await?.rules.notice_minutes;
        let outcome = crate::retry::retrying(|| self.attempt(&command, &view.booking, notice)).await?;
        self.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn attempt(
        &self,
        command: &RecordOfflineCommand,
        read: &Booking,
        notice_minutes: u32,
    ) -> Result<Idempotent<Booking>, RecordOfflineError> {
        let now = self.clock.now();
        let locked = lock_booking(&*self.store, read).await?;
        let (mut work, booking) = locked.ok_or(RecordOfflineError::NotFound)?;
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(RecordOfflineError::KeyReused),
        }
        let audit = AuditContext::new(Some(command.admin), &command.metadata, now);
        booking.check_payable(now)?;
        let left = amount_due(&booking, &work.payments_of(booking.id()).await?);
        let amount = command.amount.unwrap_or(left);
        if amount.currency() != left.currency() || amount.is_zero() || amount.minor() > left.minor() {
            return Err(RecordOfflineError::Amount { left });
        }
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        let booking = if amount == left {
            self.lifecycle.confirm_booking(&mut *work, booking, &audit).await?
        } else {
            let notice = SignedDuration::from_mins(notice_minutes.into());
            let until = booking.scheduled_at().saturating_sub(notice).unwrap_or(now);
            // A part cannot bring back a slot that was released.
            let is_held = booking.status() == BookingStatus::PendingPayment;
            let held = settlement.hold_for_the_rest(&mut *work, booking, until).await?;
            held.map_err(
                |_: ChangeError| {
                    if is_held { RecordOfflineError::Processing } else { PayError::HoldExpired.into() }
                },
            )?
        };
        close_checkouts(&mut *work, booking.id(), now).await?;
        let (method, memo) = (command.method.clone(), command.memo.clone());
        settlement.record_offline_payment(&mut *work, &booking, amount, method, memo).await?;
        settlement.notify(&mut *work, &booking, NotificationKind::Receipt).await?;
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }
}
