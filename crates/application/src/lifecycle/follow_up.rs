//! What follows every change of a booking: its emails and its audit entry.

use std::sync::Arc;

use attune_domain::meeting::NewRoom;
use attune_domain::notification::{
    CombinedNotifications, NewNotification, NotificationKind, ReminderPlan, combined, hold_end_notification,
    length_notifications, notifications_for, therapist_kind, therapist_notification,
};
use attune_domain::{Booking, BookingEvent, BookingId, MeetingBaseUrl, ParticipantId, RoomSuffix, User};
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

    /// Enqueues the emails about a new length of a booking that is confirmed.
    pub(crate) async fn announce_length(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        audit: &AuditContext<'_>,
    ) -> Result<(), StoreError> {
        let invited: Vec<_> = work.invited_participants(booking.id()).await?.iter().map(|guest| guest.id).collect();
        let mut emails = length_notifications(booking, &invited, audit.now);
        // Who is both the client and the therapist gets the client's email.
        if !emails.is_empty() && booking.client() != booking.therapist() {
            emails.extend(self.for_therapist(work, booking, NotificationKind::TherapistUpdated, audit).await?);
        }
        work.enqueue(&emails).await?;
        Ok(())
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

/// Sends the emails that this unit of work enqueued about several bookings of a series as one for each recipient.
pub(crate) async fn combine_emails(
    work: &mut dyn UnitOfWork,
    bookings: &[BookingId],
    now: Timestamp,
) -> Result<(), StoreError> {
    if bookings.len() < 2 {
        return Ok(());
    }
    let mut emails = Vec::new();
    for booking in bookings {
        emails.extend(work.notifications_of(*booking).await?);
    }
    for CombinedNotifications { lead, others } in combined(&emails, now) {
        work.combine_notifications(lead, &others).await?;
    }
    Ok(())
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
