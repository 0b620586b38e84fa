//! An admin records that a client paid outside: in cash, by bank transfer.

use std::sync::Arc;

use attune_domain::booking::PayError;
use attune_domain::{Booking, BookingId, Money, UserId};
use attune_ports::{Clock, Queries, Store, StoreError};
use thiserror::Error;

use super::settlement::Till;
use crate::RequestMetadata;
use crate::bookings::{AuditContext, BookingConfirmation, BookingLifecycle, ConfirmError, close_checkouts};
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};

/// What came in.
#[derive(Clone)]
pub struct RecordOfflineCommand {
    /// The admin who says so.
    pub admin: UserId,
    /// What was paid for.
    pub booking: BookingId,
    /// How much, as typed; the price when left out. It must be the price.
    pub amount: Option<Money>,
    /// How: `cash`, `bank_transfer`, `card`, …
    pub method: String,
    /// The practice's own note, such as a receipt number.
    pub memo: Option<String>,
    /// Where it came from.
    pub metadata: RequestMetadata,
    /// The key of the wish, if it has one.
    pub idempotency: Option<IdempotentRequest>,
}

/// Why it is not recorded.
#[derive(Debug, Error)]
pub enum RecordOfflineError {
    /// There is no such booking.
    #[error("there is no such booking")]
    NotFound,
    /// Another amount than the price.
    #[error("the amount is not the price, {price}")]
    AmountMismatch {
        /// What is due.
        price: Money,
    },
    /// The booking's state does not allow it.
    #[error(transparent)]
    NotPayable(#[from] PayError),
    /// The hold was over, and somebody else has the slot now.
    #[error("the hold was over, and the slot was given to somebody else")]
    SlotLost,
    /// The key was used for another wish.
    #[error("the key was used for another wish")]
    KeyReused,
    /// The store failed.
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

/// Records payments.
#[derive(Clone)]
pub struct RecordOfflinePayment {
    /// Where bookings are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub lifecycle: BookingLifecycle,
}

impl RecordOfflinePayment {
    /// Records the payment; the booking is agreed from now on. Open checkouts of the booking close.
    pub async fn run(&self, command: RecordOfflineCommand) -> Result<Idempotent<Booking>, RecordOfflineError> {
        let view = self.queries.booking(command.booking).await?.ok_or(RecordOfflineError::NotFound)?;
        let price = view.booking.price();
        if command.amount.is_some_and(|amount| amount != price) {
            return Err(RecordOfflineError::AmountMismatch { price });
        }
        let granted = crate::retry::retrying(|| self.attempt(&command, &view.booking)).await?;
        self.lifecycle.waker.wake();
        Ok(granted)
    }

    async fn attempt(
        &self,
        command: &RecordOfflineCommand,
        read: &Booking,
    ) -> Result<Idempotent<Booking>, RecordOfflineError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        work.lock_calendar(read.therapist()).await?;
        let booking = work.booking(read.id()).await?.ok_or(RecordOfflineError::NotFound)?;
        match idempotency::find_response(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Reply(kept) => return Ok(Idempotent::Replayed(kept)),
            Found::KeyReused => return Err(RecordOfflineError::KeyReused),
        }
        let by = AuditContext { actor: Some(command.admin), request_id: command.metadata.request_id.as_deref(), now };
        let booking = BookingConfirmation { lifecycle: &self.lifecycle, by }.seal(&mut *work, booking).await?;
        close_checkouts(&mut *work, booking.id(), now).await?;
        let (method, memo) = (command.method.clone(), command.memo.clone());
        let till = Till { lifecycle: &self.lifecycle, by };
        till.take_outside(&mut *work, &booking, method, memo, command.admin).await?;
        idempotency::save_response(&mut *work, command.idempotency.as_ref(), &booking, now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }
}
