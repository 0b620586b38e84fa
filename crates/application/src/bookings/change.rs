//! Moving, calling off, completing and correcting a booking.

use std::fmt;
use std::sync::Arc;

use attune_domain::booking::{BookError, ChangeError, RescheduleError};
use attune_domain::calendar::{AppointmentLength, RuleOverride, SlotError};
use attune_domain::{
    Booking, BookingEvent, BookingId, BookingStatus, Cancellation, CancellationQuote, Money, Role, UserId,
};
use attune_ports::{Clock, Conflict, PaymentState, Queries, RefundCause, Store, StoreError, UnitOfWork};
use jiff::Timestamp;
use thiserror::Error;

use super::expire_holds::ExpireHolds;
use super::therapist_calendar::{CalendarLoader, TherapistCalendar, Wish};
use crate::RequestMetadata;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::{AuditContext, BookingLifecycle, SlotAvailability, claim_slot, close_checkouts};
use crate::payments::{Settlement, booking_ledger};

/// What to do with a booking. `Debug` hides what people said about it.
#[derive(Clone)]
pub enum Change {
    Reschedule {
        /// When it should begin.
        to: Timestamp,
        /// Step over hours and rules; for therapists only.
        override_hours: bool,
    },
    Cancel {
        /// What the person says about it.
        reason: Option<String>,
        /// The refund that the person was told; if it is another one by now, nothing happens.
        expected_refund: Option<Money>,
    },
    Complete,
    NoShow,
    Reopen,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reschedule { .. } => "Reschedule",
            Self::Cancel { .. } => "Cancel",
            Self::Complete => "Complete",
            Self::NoShow => "NoShow",
            Self::Reopen => "Reopen",
        })
    }
}

/// A wish to change a booking.
#[derive(Debug, Clone)]
pub struct ChangeBookingCommand {
    pub actor: UserId,
    pub role: Role,
    pub booking: BookingId,
    pub change: Change,
    /// The version that the request is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
    pub idempotency: Option<IdempotentRequest>,
}

/// Why the booking stays as it is.
#[derive(Debug, Error)]
pub enum ChangeBookingError {
    #[error("there is no such booking")]
    NotFound,
    #[error("the booking is somebody else's, or the change is for therapists")]
    Forbidden,
    #[error(transparent)]
    State(#[from] ChangeError),
    #[error(transparent)]
    Time(#[from] BookError),
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error("the slot is taken")]
    SlotTaken,
    #[error("the booking changed in between")]
    VersionConflict,
    #[error("the refund is another one by now")]
    QuoteChanged,
    #[error("the key was used for another wish")]
    KeyReused,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ChangeBookingError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotTaken } else { Self::Store(error) }
    }
}

impl From<RescheduleError> for ChangeBookingError {
    fn from(error: RescheduleError) -> Self {
        match error {
            RescheduleError::State(why) => Self::State(why),
            RescheduleError::Time(why) => Self::Time(why),
        }
    }
}

crate::retry::contended_through_store!(ChangeBookingError);

/// Changes bookings.
#[derive(Clone)]
pub struct ChangeBooking {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub rules: CalendarLoader,
    pub holds: ExpireHolds,
}

impl ChangeBooking {
    /// What calling a booking off would mean now. Errors: [`ChangeBookingError::State`] where it cannot be called off.
    pub async fn quote(
        &self,
        actor: UserId,
        role: Role,
        booking: BookingId,
    ) -> Result<(Booking, CancellationQuote), ChangeBookingError> {
        let booking = self.visible(actor, role, booking).await?;
        let (payments, refunds) = if booking.payment_status().has_been_paid() {
            (self.queries.payments(booking.id()).await?, self.queries.refunds(booking.id()).await?)
        } else {
            (Vec::new(), Vec::new())
        };
        let held = booking_ledger(&booking, &payments, &refunds).refundable();
        let (quote, cancellation) = terms(&booking, held, actor, role, None, self.clock.now());
        booking.clone().cancel(cancellation, role)?;
        Ok((booking, quote))
    }

    /// Changes the booking and owes the mails that everybody who takes part gets about it. A session that is moved to the
    /// time it has stays as it is.
    pub async fn run(&self, command: ChangeBookingCommand) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let read = self.visible(command.actor, command.role, command.booking).await?;
        let for_therapists = match command.change {
            Change::Reschedule { override_hours, .. } => override_hours,
            Change::Cancel { .. } => false,
            Change::Complete | Change::NoShow | Change::Reopen => true,
        };
        if for_therapists && command.role != Role::Admin {
            return Err(ChangeBookingError::Forbidden);
        }
        let loaded = match command.change {
            Change::Reschedule { .. } => Some(self.rules.of(read.therapist()).await?),
            Change::Cancel { .. } | Change::Complete | Change::NoShow | Change::Reopen => None,
        };
        let attempt = || crate::retry::retrying(|| self.attempt(&command, &read, loaded.as_ref()));
        let granted = match (attempt().await, &command.change) {
            (Err(ChangeBookingError::SlotTaken), Change::Reschedule { to, .. })
                if self.holds.clear(read.therapist(), *to, end_of(&read, *to)).await? =>
            {
                attempt().await?
            }
            (other, _) => other?,
        };
        self.lifecycle.waker.wake();
        Ok(granted)
    }

    async fn visible(&self, actor: UserId, role: Role, booking: BookingId) -> Result<Booking, ChangeBookingError> {
        let view = self.queries.booking(booking).await?.ok_or(ChangeBookingError::NotFound)?;
        if role == Role::Client && view.booking.client() != actor {
            return Err(ChangeBookingError::Forbidden);
        }
        Ok(view.booking)
    }

    async fn attempt(
        &self,
        command: &ChangeBookingCommand,
        read: &Booking,
        loaded: Option<&TherapistCalendar>,
    ) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        if loaded.is_some() {
            // The calendar before the row, as everywhere, so that two changes never wait for each other in a circle.
            work.lock_calendar(read.therapist()).await?;
        }
        let booking = work.booking(read.id()).await?.ok_or(ChangeBookingError::NotFound)?;
        match idempotency::find_response(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Reply(kept) => return Ok(Idempotent::Replayed(kept)),
            Found::KeyReused => return Err(ChangeBookingError::KeyReused),
        }
        if command.version.is_some_and(|version| version != booking.version()) {
            return Err(ChangeBookingError::VersionConflict);
        }
        let mut stands_on = None;
        let (booking, event) = match (&command.change, loaded) {
            (Change::Reschedule { to, override_hours }, Some(loaded)) => {
                // LoginSessions begin on whole seconds, so the rest of a wish says nothing.
                let stays = booking.scheduled_at().as_second() == to.as_second();
                if stays && booking.status() == BookingStatus::Scheduled {
                    idempotency::save_response(&mut *work, command.idempotency.as_ref(), &booking, now).await?;
                    work.commit().await?;
                    return Ok(Idempotent::Executed(booking));
                }
                let overrule = if *override_hours { RuleOverride::PracticeRules } else { RuleOverride::Grid };
                self.reschedule(&mut *work, booking, *to, command.role, overrule, loaded, now).await?
            }
            // A calendar was loaded for every move.
            (Change::Reschedule { .. }, None) => return Err(ChangeError::InvalidState.into()),
            (Change::Cancel { reason, expected_refund }, _) => {
                let (payments, refunds) = if booking.payment_status().has_been_paid() {
                    (work.payments_of(booking.id()).await?, work.refunds_of(booking.id()).await?)
                } else {
                    (Vec::new(), Vec::new())
                };
                let held = booking_ledger(&booking, &payments, &refunds).refundable();
                let (quote, cancellation) = terms(&booking, held, command.actor, command.role, reason.clone(), now);
                stands_on = payments.into_iter().find(|p| p.state == PaymentState::Settled);
                let cancelled = booking.cancel(cancellation, command.role)?;
                // Only of what can be called off it matters what comes back.
                if expected_refund.is_some_and(|expected| expected != quote.refund) {
                    return Err(ChangeBookingError::QuoteChanged);
                }
                cancelled
            }
            (Change::Complete, _) => booking.complete(now)?,
            (Change::NoShow, _) => booking.mark_no_show(now)?,
            (Change::Reopen, _) => booking.reopen(now)?,
        };
        let by = AuditContext { actor: Some(command.actor), request_id: command.metadata.request_id.as_deref(), now };
        let settlement = Settlement { lifecycle: &self.lifecycle, by };
        let booking = settlement.save_booking(&mut *work, booking, event).await?;
        // Those of an agreed session were closed when it was agreed.
        if event == BookingEvent::Cancelled && booking.room().is_none() {
            close_checkouts(&mut *work, booking.id(), now).await?;
        }
        if let (Some(payment), Some(Cancellation { refund, .. })) = (stands_on, &booking.cancellation())
            && !refund.is_zero()
        {
            settlement.schedule_refund(&mut *work, &payment, *refund, RefundCause::Cancelled, None).await?;
        }
        idempotency::save_response(&mut *work, command.idempotency.as_ref(), &booking, now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of one move, and they are used once")]
    async fn reschedule(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        to: Timestamp,
        role: Role,
        overrule: RuleOverride,
        loaded: &TherapistCalendar,
        now: Timestamp,
    ) -> Result<(Booking, BookingEvent), ChangeBookingError> {
        let pause = booking.blocked_until().duration_since(booking.ends_at()).as_mins();
        let session = AppointmentLength::new(booking.minutes(), u32::try_from(pause).unwrap_or(0))
            .map_err(|error| StoreError::Corrupt(error.into()))?;
        let (moved, event) = booking.reschedule(to, role, now)?;
        let wish =
            Wish { therapist: moved.therapist(), starts_at: moved.scheduled_at(), session, but: Some(moved.id()), now };
        loaded.check(work, &wish, overrule).await??;
        if claim_slot(work, &moved, now).await? != SlotAvailability::Free {
            return Err(ChangeBookingError::SlotTaken);
        }
        Ok((moved, event))
    }
}

/// Until when a therapist's time would be taken by a booking that begins then.
fn end_of(booking: &Booking, start: Timestamp) -> Timestamp {
    let length = booking.blocked_until().duration_since(booking.scheduled_at());
    start.saturating_add(length).unwrap_or(Timestamp::MAX)
}

/// On which terms a booking can be called off at this moment.
fn terms(
    booking: &Booking,
    held: Money,
    by: UserId,
    role: Role,
    reason: Option<String>,
    now: Timestamp,
) -> (CancellationQuote, Cancellation) {
    let quote = booking.cancellation_quote(held, role, now);
    (quote, Cancellation { at: now, by, late: quote.late, reason, refund: quote.refund })
}
