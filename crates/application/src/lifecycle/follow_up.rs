//! What follows every change of a booking: its emails and its audit entry.

use std::sync::Arc;

use attune_domain::meeting::NewRoom;
use attune_domain::notification::{ReminderPlan, notifications_for};
use attune_domain::{Booking, BookingEvent, BookingId, MeetingBaseUrl, ParticipantId, RoomSuffix, UserId};
use attune_ports::{AuditEntry, AuditObject, OutboxWaker, Random, StoreError, UnitOfWork};
use jiff::Timestamp;

/// The practice's settings for bookings.
#[derive(Clone)]
pub struct BookingLifecycle {
    pub meetings: MeetingBaseUrl,
    pub reminders: ReminderPlan,
    /// Makes room names unguessable.
    pub random: Arc<dyn Random>,
    pub waker: Arc<dyn OutboxWaker>,
}

impl BookingLifecycle {
    /// A room for the next booking that is confirmed.
    pub(crate) fn new_room(&self) -> NewRoom<'_> {
        NewRoom { base_url: &self.meetings, suffix: RoomSuffix::from_bytes(self.random.random_bytes()) }
    }

    /// Enqueues the emails about an event and adds its audit entry.
    pub(crate) async fn follow_up(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        event: BookingEvent,
        audit: &AuditContext<'_>,
    ) -> Result<(), StoreError> {
        let invited: Vec<ParticipantId> = match event {
            BookingEvent::Rescheduled
            | BookingEvent::Cancelled
            | BookingEvent::Reopened
            | BookingEvent::LinksRevoked => {
                work.invited_participants(booking.id()).await?.into_iter().map(|p| p.id).collect()
            }
            // Before a booking is confirmed it has no participants, and of the other events they get no email.
            BookingEvent::Held
            | BookingEvent::Scheduled
            | BookingEvent::Expired
            | BookingEvent::Completed
            | BookingEvent::MarkedNoShow
            | BookingEvent::PaymentChanged => Vec::new(),
        };
        work.enqueue(&notifications_for(booking, event, &invited, &self.reminders, audit.now)).await?;
        work.add_audit_entry(&audit.entry(booking.id(), event)).await
    }
}

/// Who changed a booking, and when.
#[derive(Clone, Copy)]
pub(crate) struct AuditContext<'a> {
    pub(crate) actor: Option<UserId>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl AuditContext<'_> {
    /// The context of a change that no user requested.
    pub(crate) fn system(now: Timestamp) -> Self {
        Self { actor: None, request_id: None, now }
    }

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
