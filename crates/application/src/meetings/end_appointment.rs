//! Ends a session for everyone: a therapist's decision, during the session or later.

use std::sync::Arc;

use attune_domain::booking::ChangeError;
use attune_domain::{AccessWindow, Booking, BookingId, BookingStatus, UserId};
use attune_ports::{AuditObject, Clock, Store};
use jiff::Timestamp;

use super::CloseRoom;
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::bookings::ChangeBookingError;
use crate::lifecycle::BookingLifecycle;
use crate::version::is_outdated;

#[derive(Debug, Clone)]
pub struct EndAppointmentCommand {
    pub admin: UserId,
    pub booking: BookingId,
    /// The version that the request is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Clone)]
pub struct EndedAppointment {
    pub booking: Booking,
    /// Whether no one is in the room any longer.
    pub room_closed: bool,
    /// Until when those who are in the room can stay, where the server ends rooms at all.
    pub closes_at: Timestamp,
}

#[derive(Clone)]
pub struct EndAppointment {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub window: AccessWindow,
    pub close_room: CloseRoom,
}

impl EndAppointment {
    /// Completes a confirmed booking, then closes its room. A booking that is completed, a no-show or cancelled stays as
    /// it is, so that a failed attempt to close its room can be repeated. Errors: [`ChangeError::WindowClosed`] before
    /// the start of the session, [`ChangeError::InvalidState`] for a booking without a room.
    pub async fn run(&self, command: EndAppointmentCommand) -> Result<EndedAppointment, ChangeBookingError> {
        let booking = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.lifecycle.waker.wake();
        let room_closed = self.close_room.of(&booking).await;
        Ok(EndedAppointment { room_closed, closes_at: self.window.closes_at(&booking), booking })
    }

    async fn attempt(&self, command: &EndAppointmentCommand) -> Result<Booking, ChangeBookingError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let booking = work.booking(command.booking).await?.ok_or(ChangeBookingError::NotFound)?;
        if is_outdated(command.version, booking.version()) {
            return Err(ChangeBookingError::VersionConflict);
        }
        if booking.room().is_none() {
            return Err(ChangeError::InvalidState.into());
        }
        let audit = AuditContext::new(Some(command.admin), &command.metadata, now);
        let booking = if booking.status() == BookingStatus::Scheduled {
            let (completed, event) = booking.complete(now)?;
            work.save_booking(&completed).await?;
            self.lifecycle.follow_up(&mut *work, &completed, event, &audit).await?;
            completed
        } else {
            booking
        };
        audit.record(&mut *work, "appointment.ended", AuditObject::Booking(booking.id())).await?;
        work.commit().await?;
        Ok(booking)
    }
}
