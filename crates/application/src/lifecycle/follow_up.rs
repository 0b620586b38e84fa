//! What follows every change of a booking: its emails and its audit entry.

use std::sync::Arc;

use attune_domain::meeting::NewRoom;
use attune_domain::notification::{
    NewNotification, NotificationKind, ReminderPlan, hold_end_notification, notifications_for, therapist_kind,
    therapist_notification,
};
use attune_domain::{Booking, BookingEvent, MeetingBaseUrl, ParticipantId, RoomSuffix, User};
use attune_ports::{OutboxWaker, Random, StoreError, UnitOfWork};
use jiff::Timestamp;

use crate::audit::AuditContext;

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
        let therapist = match therapist_kind(booking, event) {
            Some(_) => work.user(booking.therapist()).await?,
            None => None,
        };
        self.follow_up_with(work, booking, event, therapist.as_ref(), audit).await
    }

    /// The same for a caller that has read the booking's therapist.
    pub(crate) async fn follow_up_with(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        event: BookingEvent,
        therapist: Option<&User>,
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
            | BookingEvent::Reassigned
            | BookingEvent::Completed
            | BookingEvent::MarkedNoShow
            | BookingEvent::PaymentChanged
            | BookingEvent::Edited
            | BookingEvent::Entered => Vec::new(),
        };
        if event == BookingEvent::Cancelled && booking.room().is_some() {
            work.cancel_reminders(booking.id(), audit.now).await?;
        }
        let mut notifications = notifications_for(booking, event, &invited, &self.reminders, audit.now);
        if let Some((kind, therapist)) = therapist_kind(booking, event).zip(therapist) {
            notifications.extend(therapist_notification(booking, kind, therapist, audit.actor, audit.now));
        }
        work.enqueue(&notifications).await?;
        if event == BookingEvent::Cancelled {
            announce_end_of_hold(work, booking, event, audit.now).await?;
        }
        audit.record_change(work, event.as_str(), booking).await
    }

    /// The email to the therapist of a booking, if they want one about what the actor of the audit entry did.
    pub(crate) async fn for_therapist(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        kind: NotificationKind,
        audit: &AuditContext<'_>,
    ) -> Result<Option<NewNotification>, StoreError> {
        let therapist = work.user(booking.therapist()).await?;
        Ok(therapist.and_then(|therapist| therapist_notification(booking, kind, &therapist, audit.actor, audit.now)))
    }
}

/// Enqueues the email about an expired or cancelled hold, to a client who was told of it.
pub(super) async fn announce_end_of_hold(
    work: &mut dyn UnitOfWork,
    booking: &Booking,
    event: BookingEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    if booking.room().is_some() {
        return Ok(());
    }
    let emails = work.notifications_of(booking.id()).await?;
    work.enqueue(hold_end_notification(booking, event, &emails, now).as_slice()).await?;
    Ok(())
}
