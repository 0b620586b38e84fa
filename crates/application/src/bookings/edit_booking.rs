//! An admin edits a booking: its service, its price or its note.

use std::sync::Arc;

use attune_domain::booking::{BookingEdit, ChangeError, EditError, EditedService};
use attune_domain::{Booking, BookingId, BookingStatus, Money, ServiceId, UserId};
use attune_ports::{Clock, Conflict, PaymentGateway, PriceError, Queries, Store, StoreError, UnitOfWork};
use thiserror::Error;

use super::expire_holds::ExpireHolds;
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::lifecycle::{BookingLifecycle, SlotAvailability, claim_slot, close_checkouts};
use crate::payments::{amount_due, lock_booking};
use crate::version::is_outdated;

/// `None` leaves a field unchanged. `Debug` hides the note.
#[derive(Clone, derive_more::Debug)]
pub struct EditBookingCommand {
    pub admin: UserId,
    pub booking: BookingId,
    pub service: Option<ServiceId>,
    /// Decimal digits in the booking's currency. Zero waives the payment.
    pub amount: Option<String>,
    /// `Some(None)` removes the note.
    #[debug(skip)]
    pub note: Option<Option<String>>,
    /// The version that the request is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum EditBookingError {
    #[error("there is no such booking")]
    NotFound,
    #[error("there is no such service")]
    UnknownService,
    #[error("the amount is not valid in the currency of the booking")]
    Amount,
    #[error(transparent)]
    Price(#[from] PriceError),
    /// Parts of the price were paid, and nothing would be left to pay. A refund or a cancellation comes first.
    #[error("the price is not above what has been paid, {received}")]
    PartPaid { received: Money },
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("another booking follows too soon for the new length")]
    SlotTaken,
    #[error("the booking was changed in the meantime")]
    VersionConflict,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for EditBookingError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotTaken } else { Self::Store(error) }
    }
}

crate::retry::contended_through_store!(EditBookingError);

#[derive(Clone)]
pub struct EditBooking {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub gateway: Arc<dyn PaymentGateway>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub holds: ExpireHolds,
}

impl EditBooking {
    /// Edits the booking. An unpaid one gets the price of its new service unless an amount is given. A new price closes
    /// open checkouts; a price of zero confirms the booking. Once a part of the price was paid, a new price must be above
    /// it. An edit that changes nothing leaves the version as it is.
    pub async fn run(&self, command: EditBookingCommand) -> Result<Booking, EditBookingError> {
        let booking = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.lifecycle.waker.wake();
        Ok(booking)
    }

    async fn attempt(&self, command: &EditBookingCommand) -> Result<Booking, EditBookingError> {
        let now = self.clock.now();
        let read = self.queries.booking(command.booking).await?.ok_or(EditBookingError::NotFound)?.booking;
        let (mut work, before) = lock_booking(&*self.store, &read).await?.ok_or(EditBookingError::NotFound)?;
        if is_outdated(command.version, before.version()) {
            return Err(EditBookingError::VersionConflict);
        }
        let edit = self.edit(&mut *work, command, &before).await?;
        let (edited, event) = before.clone().edit(edit, now)?;
        let contents = |booking: &Booking| (booking.service(), booking.price(), booking.note().map(str::to_owned));
        if contents(&before) == contents(&edited) {
            return Ok(before);
        }
        if edited.blocked_until() > before.blocked_until()
            && claim_slot(&mut *work, &edited, self.holds.instant(now)).await? != SlotAvailability::Free
        {
            return Err(EditBookingError::SlotTaken);
        }
        let audit = AuditContext::new(Some(command.admin), &command.metadata, now);
        work.save_booking(&edited).await?;
        self.lifecycle.follow_up(&mut *work, &edited, event, &audit).await?;
        if edited.minutes() != before.minutes() {
            self.lifecycle.announce_length(&mut *work, &edited, &audit).await?;
        }
        let booking = if edited.price() == before.price() {
            edited
        } else {
            close_checkouts(&mut *work, edited.id(), now).await?;
            self.waive_if_free(&mut *work, edited, &audit).await?
        };
        work.commit().await?;
        Ok(booking)
    }

    async fn edit(
        &self,
        work: &mut dyn UnitOfWork,
        command: &EditBookingCommand,
        before: &Booking,
    ) -> Result<BookingEdit, EditBookingError> {
        let service = match command.service.filter(|id| *id != before.service()) {
            Some(id) => Some(work.service(id).await?.ok_or(EditBookingError::UnknownService)?),
            None => None,
        };
        let currency = before.price().currency();
        let is_pending = before.status() == BookingStatus::PendingPayment;
        let price = match (&command.amount, &service) {
            (Some(digits), _) => Some(Money::parse_decimal(digits, currency).map_err(|_| EditBookingError::Amount)?),
            (None, Some(service)) if is_pending => Some(service.price),
            (None, _) => None,
        };
        // Another currency is refused below.
        let is_new = |price: &Money| is_pending && *price != before.price() && price.currency() == currency;
        if let Some(price) = price.filter(is_new) {
            let due = amount_due(before, &work.payments_of(before.id()).await?);
            let received = Money::new(before.price().minor() - due.minor(), currency).unwrap_or(Money::zero(currency));
            if !received.is_zero() && price.minor() <= received.minor() {
                return Err(EditBookingError::PartPaid { received });
            }
            let left = Money::new(price.minor() - received.minor(), currency).unwrap_or(price);
            if !left.is_zero() {
                self.gateway.check_price(left)?;
            }
        }
        let service = service.map(|service| EditedService {
            id: service.id,
            minutes: service.minutes,
            buffer_minutes: service.buffer_minutes,
        });
        Ok(BookingEdit { service, price, note: command.note.clone() })
    }

    async fn waive_if_free(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        audit: &AuditContext<'_>,
    ) -> Result<Booking, EditBookingError> {
        if !booking.price().is_zero() {
            return Ok(booking);
        }
        let waived = booking.waive_payment(self.lifecycle.new_room(), audit.now);
        // Its hold has expired, or the session has begun.
        let (booking, event) = waived.map_err(|_| EditError::State(ChangeError::WindowClosed))?;
        work.save_booking(&booking).await?;
        self.lifecycle.follow_up(work, &booking, event, audit).await?;
        Ok(booking)
    }
}
