//! Reschedules, cancels, completes and corrects a booking. All changes share the locks, the check of the version and the
//! idempotency key.

use std::sync::Arc;

use attune_domain::booking::ChangeError;
use attune_domain::meeting::AccessState;
use attune_domain::notification::former_therapist_notification;
use attune_domain::{AccessWindow, Booking, BookingEvent, BookingId, CancellationQuote, Money, Role, UserId};
use attune_ports::{Clock, Queries, Store, UnitOfWork};
use jiff::Timestamp;

use super::access::{ViewBooking, may_see};
use super::cancel::{Canceller, Received, follow_up, may_have_money};
use super::change_error::ChangeBookingError;
use super::expire_holds::ExpireHolds;
use super::new_slot::NewSlot;
use super::reassign::Reassign;
use super::reschedule::{Reschedule, blocked_until};
use super::therapist_calendar::{CalendarLoader, TherapistCalendar};
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::BookingLifecycle;
use crate::meetings::CloseRoom;
use crate::payments::Settlement;
use crate::version::is_outdated;

/// `Debug` hides what the user wrote.
#[derive(Clone, derive_more::Debug)]
pub enum Change {
    Reschedule {
        to: Timestamp,
        /// Whether to ignore working hours and booking rules; for therapists only.
        override_hours: bool,
        #[debug(skip)]
        reason: Option<String>,
    },
    /// For therapists only.
    Reassign {
        /// The new therapist.
        to: UserId,
        /// Whether to ignore their working hours and the daily limit.
        override_hours: bool,
    },
    Cancel {
        #[debug(skip)]
        reason: Option<String>,
        /// The refund that was quoted; if it is no longer the same, nothing happens.
        expected_refund: Option<Money>,
    },
    Complete,
    NoShow,
    Reopen,
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
    pub window: AccessWindow,
    pub close_room: CloseRoom,
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
        let quote = self.quote_of(user, role, &booking).await?;
        Ok((booking, quote))
    }

    /// The same for a booking that the caller has read already.
    pub(super) async fn quote_of(
        &self,
        user: UserId,
        role: Role,
        booking: &Booking,
    ) -> Result<CancellationQuote, ChangeBookingError> {
        let (payments, refunds) = if may_have_money(booking) {
            (self.queries.payments(booking.id()).await?, self.queries.refunds(booking.id()).await?)
        } else {
            (Vec::new(), Vec::new())
        };
        let canceller = Canceller { user, role, now: self.clock.now() };
        let (.., quote) = canceller.cancelled(booking.clone(), &payments, &refunds, None)?;
        Ok(quote)
    }

    /// Changes the booking and enqueues the emails about it. Rescheduling to the same time changes nothing. A cancellation
    /// closes the room if it may be open.
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
            Change::Reassign { .. } | Change::Complete | Change::NoShow | Change::Reopen => true,
        };
        if !may_see(command.actor, command.role, read) || (for_therapists && command.role != Role::Admin) {
            return Err(ChangeBookingError::Forbidden);
        }
        let changed = match self.run_once(read, &command).await {
            // Unless the caller named a version, it was handed to a colleague after it was read.
            Err(ChangeBookingError::VersionConflict) if command.version.is_none() => {
                let read = self.view.visible(command.actor, command.role, read.id()).await?.booking;
                self.run_once(&read, &command).await?
            }
            other => other?,
        };
        self.lifecycle.waker.wake();
        if let (Change::Cancel { .. }, Idempotent::Executed(cancelled)) = (&command.change, &changed)
            && self.window.state(cancelled, self.clock.now()) == AccessState::Open
        {
            self.close_room.of(cancelled).await;
        }
        Ok(changed)
    }

    async fn run_once(
        &self,
        read: &Booking,
        command: &ChangeBookingCommand,
    ) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let slot = match command.change {
            Change::Reschedule { to, .. } => Some((read.therapist(), to, blocked_until(read, to))),
            Change::Reassign { to, .. } => Some((to, read.scheduled_at(), read.blocked_until())),
            Change::Cancel { .. } | Change::Complete | Change::NoShow | Change::Reopen => None,
        };
        let calendar = match slot {
            Some((therapist, ..)) => Some(self.calendars.load(therapist).await?),
            None => None,
        };
        let attempt = || crate::retry::retrying(|| self.attempt(command, read, calendar.as_ref()));
        match (attempt().await, slot) {
            (Err(ChangeBookingError::SlotTaken), Some((therapist, from, until)))
                if self.holds.clear(therapist, from, until).await? =>
            {
                attempt().await
            }
            (other, _) => other,
        }
    }

    async fn attempt(
        &self,
        command: &ChangeBookingCommand,
        read: &Booking,
        calendar: Option<&TherapistCalendar>,
    ) -> Result<Idempotent<Booking>, ChangeBookingError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // Every unit of work locks calendars before the booking, and two of them by id, so that no two can deadlock.
        for therapist in calendars_of(&command.change, read) {
            work.lock_calendar(therapist).await?;
        }
        let booking = work.booking(read.id()).await?.ok_or(ChangeBookingError::NotFound)?;
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(ChangeBookingError::KeyReused),
        }
        let other_calendar = calendar.is_some() && booking.therapist() != read.therapist();
        if other_calendar || is_outdated(command.version, booking.version()) {
            return Err(ChangeBookingError::VersionConflict);
        }
        let booking = self.change(&mut *work, command, booking, calendar, now).await?;
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        work.commit().await?;
        Ok(Idempotent::Executed(booking))
    }

    pub(super) async fn change(
        &self,
        work: &mut dyn UnitOfWork,
        command: &ChangeBookingCommand,
        booking: Booking,
        calendar: Option<&TherapistCalendar>,
        now: Timestamp,
    ) -> Result<Booking, ChangeBookingError> {
        let audit = AuditContext::new(Some(command.actor), &command.metadata, now);
        let settlement = Settlement { lifecycle: &self.lifecycle, audit };
        let (role, mut received, mut why) = (command.role, Received::default(), None);
        let former = matches!(command.change, Change::Reassign { .. }).then(|| booking.therapist());
        let (booking, event) = match (&command.change, calendar) {
            (&Change::Reschedule { to, override_hours, ref reason }, Some(calendar)) => {
                let reschedule = Reschedule { to, override_hours, role, slot: self.slot(calendar, now) };
                if reschedule.is_in_place(&booking) {
                    return Ok(booking);
                }
                why = reason.as_deref();
                reschedule.apply(work, booking).await?
            }
            (&Change::Reassign { to, .. }, Some(_)) if to == booking.therapist() => return Ok(booking),
            (&Change::Reassign { to, override_hours }, Some(calendar)) => {
                Reassign { to, override_hours, slot: self.slot(calendar, now) }.apply(work, booking).await?
            }
            // A calendar was loaded for every change of the slot.
            (Change::Reschedule { .. } | Change::Reassign { .. }, None) => return Err(ChangeError::InvalidState.into()),
            (Change::Cancel { reason, expected_refund }, _) => {
                let canceller = Canceller { user: command.actor, role, now };
                let (cancelled, event, found) =
                    canceller.cancel(work, booking, reason.clone(), *expected_refund).await?;
                received = found;
                (cancelled, event)
            }
            (Change::Complete, _) => booking.complete(now)?,
            (Change::NoShow, _) => booking.mark_no_show(now)?,
            (Change::Reopen, _) => booking.reopen(now)?,
        };
        let booking = settlement.save_booking(work, booking, event).await?;
        if let Some(former) = former {
            let email = work
                .user(former)
                .await?
                .and_then(|former| former_therapist_notification(&booking, &former, settlement.audit.actor, now));
            work.enqueue(email.as_slice()).await?;
        }
        if let Some(reason) = why {
            work.add_change_reason(booking.id(), booking.version(), reason).await?;
        }
        if event == BookingEvent::Cancelled {
            follow_up(work, &settlement, &booking, received).await?;
        }
        Ok(booking)
    }

    fn slot<'a>(&'a self, calendar: &'a TherapistCalendar, now: Timestamp) -> NewSlot<'a> {
        NewSlot { calendar, holds: &self.holds, now }
    }
}

/// The calendars that a change decides about, in the order in which they are locked.
fn calendars_of(change: &Change, booking: &Booking) -> Vec<UserId> {
    match *change {
        Change::Reschedule { .. } => vec![booking.therapist()],
        Change::Reassign { to, .. } => {
            let (first, last) = (to.min(booking.therapist()), to.max(booking.therapist()));
            if first == last { vec![first] } else { vec![first, last] }
        }
        Change::Cancel { .. } | Change::Complete | Change::NoShow | Change::Reopen => Vec::new(),
    }
}
