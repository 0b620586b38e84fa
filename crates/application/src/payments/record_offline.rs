//! An admin records an offline payment, such as cash or a bank transfer.

use std::sync::Arc;

use attune_domain::booking::PayError;
use attune_domain::{Booking, BookingId, Money, UserId};
use attune_ports::{Clock, Queries, Store, StoreError};
use thiserror::Error;

use super::apply_observation::lock_booking;
use super::settlement::Settlement;
use crate::RequestMetadata;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::{AuditContext, BookingLifecycle, ConfirmError, close_checkouts};

#[derive(Clone)]
pub struct RecordOfflineCommand {
    pub admin: UserId,
    pub booking: BookingId,
    /// Must be the price, which is also the default.
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
    #[error("the amount differs from the price, {price}")]
    AmountMismatch { price: Money },
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
    /// Records the payment, confirms the booking and closes its open checkouts.
    pub async fn run(&self, command: RecordOfflineCommand) -> Result<Idempotent<Booking>, RecordOfflineError> {
        let view = self.queries.booking(command.booking).await?.ok_or(RecordOfflineError::NotFound)?;
        let price = view.booking.price();
        if command.amount.is_some_and(|amount| amount != price) {
            return Err(RecordOfflineError::AmountMismatch { price });
        }
        let outcome = crate::retry::retrying(|| self.attempt(&command, &view.booking)).await?;
        self.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn attempt(
        &self,
        command: &RecordOfflineCommand,
        read: &Booking,
    ) -> Result<Idempotent<Booking>, RecordOfflineError> {
        let now = self.clock.now();
        let locked = lock_booking(&*self.store, read).await?;
        let (mut work, booking) = locked.ok_or(RecordOfflineError::NotFound)?;
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(RecordOfflineError::KeyReused),
        }
        let audit =
            AuditContext { actor: Some(command.admin), request_id: command.metadata.request_id.as_deref(), now };
        let booking = self.lifecycle.confirm_booking(&mut *work, booking, &audit).await?;
        close_checkouts(&mut *work, booking.id(), now).await?;
        let (method, memo) = (command.method.clone(), command.memo.clone());
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        settlement.record_offline_payment(&mut *work, &booking, method, memo).await?;
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }
}
