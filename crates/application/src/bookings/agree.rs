//! What it takes to make a booking agreed, whoever says that it is: the room, the mails it owes, and the trail.

use std::sync::Arc;

use attune_domain::booking::PayError;
use attune_domain::meeting::NewRoom;
use attune_domain::notification::{ReminderPlan, notifications_for};
use attune_domain::{
    Booking, BookingEvent, BookingId, BookingStatus, MeetingBaseUrl, ParticipantId, RoomSuffix, UserId,
};
use attune_ports::{
    AuditEntry, AuditObject, Conflict, OutboxWaker, Payment, PaymentState, Random, StoreError, UnitOfWork,
};
use jiff::Timestamp;

/// The practice's settings for agreed sessions.
#[derive(Clone)]
pub struct BookingLifecycle {
    /// Where rooms are made.
    pub meetings: MeetingBaseUrl,
    /// When reminders leave.
    pub reminders: ReminderPlan,
    /// Makes rooms unguessable.
    pub random: Arc<dyn Random>,
    /// Wakes the mail worker up.
    pub waker: Arc<dyn OutboxWaker>,
}

impl BookingLifecycle {
    /// A room for the next booking that becomes agreed.
    pub(crate) fn new_room(&self) -> NewRoom<'_> {
        NewRoom { base_url: &self.meetings, suffix: RoomSuffix::from_bytes(self.random.random_bytes()) }
    }

    /// Writes what an event owes: mails, and a line of the trail.
    pub(crate) async fn follow_up(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        event: BookingEvent,
        by: &AuditContext<'_>,
    ) -> Result<(), StoreError> {
        let invited: Vec<ParticipantId> = match event {
            BookingEvent::Rescheduled
            | BookingEvent::Cancelled
            | BookingEvent::Reopened
            | BookingEvent::LinksRevoked => {
                work.invited_participants(booking.id()).await?.into_iter().map(|p| p.id).collect()
            }
            // Nobody is invited before a session is agreed, and nobody is told of these.
            BookingEvent::Held
            | BookingEvent::Scheduled
            | BookingEvent::Expired
            | BookingEvent::Completed
            | BookingEvent::MarkedNoShow
            | BookingEvent::PaymentChanged => Vec::new(),
        };
        work.enqueue(&notifications_for(booking, event, &invited, &self.reminders, by.now)).await?;
        work.add_audit_entry(&by.entry(booking.id(), event)).await
    }
}

/// Who did something to a booking, and when.
#[derive(Clone, Copy)]
pub(crate) struct AuditContext<'a> {
    pub(crate) actor: Option<UserId>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl AuditContext<'_> {
    pub(crate) fn entry(&self, booking: BookingId, event: BookingEvent) -> AuditEntry {
        AuditEntry {
            at: self.now,
            actor: self.actor,
            action: event.as_str().to_owned(),
            object: AuditObject::Booking(booking),
            request_id: self.request_id.map(str::to_owned),
        }
    }
}

/// A paid booking that is to become agreed.
pub(crate) struct BookingConfirmation<'a> {
    pub(crate) lifecycle: &'a BookingLifecycle,
    pub(crate) by: AuditContext<'a>,
}

/// Why a paid booking does not become agreed.
pub(crate) enum ConfirmError {
    /// Its state does not allow it.
    Pay(PayError),
    /// Its hold was over, and somebody else has the slot now.
    SlotLost,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for ConfirmError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotLost } else { Self::Store(error) }
    }
}

impl BookingConfirmation<'_> {
    /// Makes the booking agreed inside this unit of work, which must hold the therapist's calendar.
    pub(crate) async fn seal(&self, work: &mut dyn UnitOfWork, booking: Booking) -> Result<Booking, ConfirmError> {
        let revived = booking.status() == BookingStatus::Expired;
        let (booking, event) =
            booking.payment_succeeded(self.lifecycle.new_room(), self.by.now).map_err(ConfirmError::Pay)?;
        // Somebody who paid late does not lose the slot to a hold that is over too.
        if revived && take_time(work, &booking, self.by.now).await? != Room::Free {
            return Err(ConfirmError::SlotLost);
        }
        work.save_booking(&booking).await?;
        self.lifecycle.follow_up(work, &booking, event, &self.by).await?;
        Ok(booking)
    }
}

/// Whether the therapist has the time that a booking is to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Nobody else has it.
    Free,
    /// The same client holds it already, in a booking that is not paid yet.
    HeldByThem(BookingId),
    /// Somebody has it.
    BusyTimes,
}

/// Whether the therapist has the time that a booking is to take, as far as others are concerned. Holds that are over give
/// theirs back to whoever asks first, without waiting for the worker, unless the client may have paid at this moment. The
/// calendar has to be locked.
pub(crate) async fn take_time(
    work: &mut dyn UnitOfWork,
    booking: &Booking,
    now: Timestamp,
) -> Result<Room, StoreError> {
    for taken in work.blocking_bookings(booking.therapist(), booking.scheduled_at(), booking.blocked_until()).await? {
        if taken.id() == booking.id() {
            continue;
        }
        let theirs = taken.client() == booking.client() && taken.status() == BookingStatus::PendingPayment;
        let id = taken.id();
        if release_hold(work, taken, now).await? != Release::Done {
            return Ok(if theirs { Room::HeldByThem(id) } else { Room::BusyTimes });
        }
    }
    Ok(Room::Free)
}

/// What became of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// Its slot is free.
    Done,
    /// It is over, and the client may have paid at a provider, who has to be asked first.
    AskFirst,
    /// It is not over.
    NotOver,
}

/// Lets go of a slot whose hold is over: the booking expires, and its checkouts close. Errors: [`StoreError::Contended`]
/// when somebody else changed the booking in between, as the worker does; the next attempt finds it as it is then.
pub(crate) async fn release_hold(
    work: &mut dyn UnitOfWork,
    booking: Booking,
    now: Timestamp,
) -> Result<Release, StoreError> {
    let id = booking.id();
    let Ok((booking, event)) = booking.expire(now) else { return Ok(Release::NotOver) };
    if work.payments_of(id).await?.iter().any(may_be_paid_elsewhere) {
        return Ok(Release::AskFirst);
    }
    match work.save_booking(&booking).await {
        Err(error) if error.is_conflict(Conflict::Stale) => return Err(StoreError::Contended),
        other => other?,
    }
    close_checkouts(work, id, now).await?;
    work.add_audit_entry(&AuditContext { actor: None, request_id: None, now }.entry(id, event)).await?;
    Ok(Release::Done)
}

/// Closes the checkouts of a booking that needs none any more. Those that live at a provider are ended there by the worker;
/// money that is on its way stays on its way.
pub(crate) async fn close_checkouts(
    work: &mut dyn UnitOfWork,
    booking: BookingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for mut payment in work.payments_of(booking).await? {
        let online = payment.provider.is_online();
        match payment.state {
            PaymentState::Opening | PaymentState::Open => {}
            PaymentState::Processing
            | PaymentState::Closing
            | PaymentState::Settled
            | PaymentState::Unapplied
            | PaymentState::Closed => continue,
        }
        payment.state = if online { PaymentState::Closing } else { PaymentState::Closed };
        payment.check_at = online.then_some(now);
        work.save_payment(&payment).await?;
    }
    Ok(())
}

/// Whether a client may have paid, or may still pay, at a provider that we have not asked. While a checkout has no name
/// here, nobody was told where it is, so nobody can pay there.
fn may_be_paid_elsewhere(payment: &Payment) -> bool {
    payment.provider.is_online() && payment.has_provider_checkout_id() && payment.state.is_pending()
}
