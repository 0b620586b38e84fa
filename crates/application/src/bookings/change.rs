//! Reschedules, cancels, completes and corrects a booking. All changes share the locks, the check of the version and the
//! idempotency key.

use std::fmt;
use std::sync::Arc;

use attune_domain::booking::ChangeError;
use attune_domain::{Booking, BookingEvent, BookingId, CancellationQuote, Money, Role, UserId};
use attune_ports::{Clock, Queries, Store, UnitOfWork};
use jiff::Timestamp;

use super::access::{ViewBooking, may_see};
use super::cancel::{Canceller, follow_up};
use super::change_error::ChangeBookingError;
use super::expire_holds::ExpireHolds;
use super::reschedule::{Reschedule, blocked_until};
use super::therapist_calendar::{CalendarLoader, TherapistCalendar};
use crate::RequestMetadata;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::{AuditContext, BookingLifecycle};
use crate::payments::Settlement;

/// `Debug` hides what the user wrote.
#[derive(Clone)]
pub enum Change {
    Reschedule {
        to: Timestamp,
        /// Whether to ignore working hours and booking rules; for therapists only.
        override_hours: bool,
    },
    Cancel {
        reason: Option<String>,
        /// The refund that was quoted; if it is no longer the same, nothing happens.
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

#[derive(Clone)]
pub struct ChangeBooking {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub calendars: CalendarLoader,
    pub holds: ExpireHolds,
    pub view: ViewBooking,
}

impl ChangeBooking {
    /// What a cancellation would mean now. Errors: [`ChangeBookingError::State`] where the booking cannot be cancelled.
    pub async fn quote(
        &self,
        user: UserId,
        role: Role,
        booking: BookingId,
    ) -> Result<(Booking, CancellationQuote), ChangeBookingError> {
        let booking = self.view.visible(user, role, booking).await?.booking;
        let (payments, refunds) = if booking.payment_status().has_been_paid() {
            (self.queries.payments(booking.id()).await?, self.queries.refunds(booking.id()).await?)
        } else {
            (Vec::new(), Vec::new())
        };
        let canceller = Canceller { user, role, now: self.clock.now() };
        let (.., quote) = canceller.cancelled(booking.clone(), &payments, &refunds, None)?;
        Ok((booking, quote))
    }

    /// Changes the booking and enqueues the emails about it. Rescheduling to the same time changes nothing.
    pub async fn run(&self, command: ChangeBookingCommand) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let read = self.view.visible(command.actor, command.role, command.booking).await?.booking;
        self.run_on(&read, command).await
    }

    /// The same for a booking that the caller has read already. It is read again under the locks.
    pub async fn run_on(
        &self,
        read: &Booking,
        command: ChangeBookingCommand,
    ) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let for_therapists = match command.change {
            Change::Reschedule { override_hours, .. } => override_hours,
            Change::Cancel { .. } => false,
            Change::Complete | Change::NoShow | Change::Reopen => true,
        };
        if !may_see(command.actor, command.role, read) || (for_therapists && command.role != Role::Admin) {
            return Err(ChangeBookingError::Forbidden);
        }
        let calendar = match command.change {
            Change::Reschedule { .. } => Some(self.calendars.load(read.therapist()).await?),
            Change::Cancel { .. } | Change::Complete | Change::NoShow | Change::Reopen => None,
        };
        let attempt = || crate::retry::retrying(|| self.attempt(&command, read, calendar.as_ref()));
        let changed = match (attempt().await, &command.change) {
            (Err(ChangeBookingError::SlotTaken), Change::Reschedule { to, .. })
                if self.holds.clear(read.therapist(), *to, blocked_until(read, *to)).await? =>
            {
                attempt().await?
            }
            (other, _) => other?,
        };
        self.lifecycle.waker.wake();
        Ok(changed)
    }

    async fn attempt(
        &self,
        command: &ChangeBookingCommand,
        read: &Booking,
        calendar: Option<&TherapistCalendar>,
    ) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        if calendar.is_some() {
            // Every unit of work locks the calendar before the booking, so that two of them cannot deadlock.
            work.lock_calendar(read.therapist()).await?;
        }
        let booking = work.booking(read.id()).await?.ok_or(ChangeBookingError::NotFound)?;
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(ChangeBookingError::KeyReused),
        }
        if command.version.is_some_and(|version| version != booking.version()) {
            return Err(ChangeBookingError::VersionConflict);
        }
        let booking = self.change(&mut *work, command, booking, calendar, now).await?;
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }

    async fn change(
        &self,
        work: &mut dyn UnitOfWork,
        command: &ChangeBookingCommand,
        booking: Booking,
        calendar: Option<&TherapistCalendar>,
        now: Timestamp,
    ) -> Result<Booking, ChangeBookingError> {
        let audit =
            AuditContext { actor: Some(command.actor), request_id: command.metadata.request_id.as_deref(), now };
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        let (role, mut settled) = (command.role, None);
        let (booking, event) = match (&command.change, calendar) {
            (&Change::Reschedule { to, override_hours }, Some(calendar)) => {
                let reschedule = Reschedule { to, override_hours, role, calendar, now };
                if reschedule.is_in_place(&booking) {
                    return Ok(booking);
                }
                reschedule.apply(work, booking).await?
            }
            // A calendar was loaded for every change of the time.
            (Change::Reschedule { .. }, None) => return Err(ChangeError::InvalidState.into()),
            (Change::Cancel { reason, expected_refund }, _) => {
                let canceller = Canceller { user: command.actor, role, now };
                let (cancelled, event, payment) =
                    canceller.cancel(work, booking, reason.clone(), *expected_refund).await?;
                settled = payment;
                (cancelled, event)
            }
            (Change::Complete, _) => booking.complete(now)?,
            (Change::NoShow, _) => booking.mark_no_show(now)?,
            (Change::Reopen, _) => booking.reopen(now)?,
        };
        let booking = settlement.save_booking(work, booking, event).await?;
        if event == BookingEvent::Cancelled {
            follow_up(work, &settlement, &booking, settled).await?;
        }
        Ok(booking)
    }
}
