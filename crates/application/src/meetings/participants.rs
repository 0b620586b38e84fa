//! Invites participants without an account into one session, and revokes invitations.

use std::sync::Arc;

use attune_domain::notification::notifications_for_participant;
use attune_domain::{
    BookingId, BookingStatus, EmailAddress, Language, Participant, ParticipantId, ParticipantRole, PersonName,
    TimeZoneName, UserId,
};
use attune_ports::{AuditObject, Clock, Conflict, NewParticipant, Store, StoreError, TimeZones};
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};
use crate::lifecycle::BookingLifecycle;

#[derive(Debug, Clone)]
pub struct InviteParticipantCommand {
    pub admin: UserId,
    pub booking: BookingId,
    pub email: EmailAddress,
    pub display_name: PersonName,
    pub role: ParticipantRole,
    /// For times in emails; the practice's time zone if absent.
    pub time_zone: Option<TimeZoneName>,
    /// Of emails; the client's if absent.
    pub language: Option<Language>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Clone)]
pub struct RevokeParticipantCommand {
    pub admin: UserId,
    pub booking: BookingId,
    pub participant: ParticipantId,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ParticipantError {
    #[error("there is no such booking")]
    BookingNotFound,
    #[error("there is no such invitation")]
    NotFound,
    #[error("the session is not confirmed or has ended")]
    InvalidState,
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error("the email address is invited already")]
    AlreadyInvited,
    #[error("a session has at most {max} participants", max = Participant::MAX_PER_BOOKING)]
    TooMany,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ParticipantError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::AlreadyInvited) { Self::AlreadyInvited } else { Self::Store(error) }
    }
}

crate::retry::contended_through_store!(ParticipantError);

#[derive(Clone)]
pub struct ManageParticipants {
    pub store: Arc<dyn Store>,
    pub zones: Arc<dyn TimeZones>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
}

impl ManageParticipants {
    /// Enqueues the email with the participant's link.
    pub async fn invite(&self, command: InviteParticipantCommand) -> Result<Participant, ParticipantError> {
        if command.time_zone.as_ref().is_some_and(|name| self.zones.find(name).is_none()) {
            return Err(ParticipantError::UnknownTimeZone);
        }
        let invited = crate::retry::retrying(|| self.try_invite(&command)).await?;
        self.lifecycle.waker.wake();
        Ok(invited)
    }

    /// From now on the link is invalid and pending emails are not sent. Revoking twice has no further effect.
    pub async fn revoke(&self, command: RevokeParticipantCommand) -> Result<(), ParticipantError> {
        crate::retry::retrying(|| self.try_revoke(&command)).await
    }

    async fn try_invite(&self, command: &InviteParticipantCommand) -> Result<Participant, ParticipantError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let booking = work.booking(command.booking).await?.ok_or(ParticipantError::BookingNotFound)?;
        if booking.status() != BookingStatus::Scheduled || booking.ends_at() <= now {
            return Err(ParticipantError::InvalidState);
        }
        let client = work.user(booking.client()).await?;
        if client.is_some_and(|client| client.email == command.email) {
            return Err(ParticipantError::AlreadyInvited);
        }
        // The booking is locked, so the count cannot change concurrently.
        if work.invited_participants(booking.id()).await?.len() >= Participant::MAX_PER_BOOKING {
            return Err(ParticipantError::TooMany);
        }
        let new = NewParticipant {
            booking: booking.id(),
            email: command.email.clone(),
            display_name: command.display_name.clone(),
            role: command.role,
            time_zone: command.time_zone.clone(),
            language: command.language,
            invited_by: command.admin,
            invited_at: now,
        };
        let id = work.add_participant(&new).await?;
        work.enqueue(&notifications_for_participant(&booking, id, &self.lifecycle.reminders, now)).await?;
        AuditContext::new(Some(command.admin), &command.metadata, now)
            .record(&mut *work, "participant.invited", AuditObject::Booking(booking.id()))
            .await?;
        work.commit().await?;
        Ok(Participant {
            id,
            booking: new.booking,
            email: new.email,
            display_name: new.display_name,
            role: new.role,
            time_zone: new.time_zone,
            language: new.language,
            invited_by: new.invited_by,
            invited_at: new.invited_at,
            revoked_at: None,
        })
    }

    async fn try_revoke(&self, command: &RevokeParticipantCommand) -> Result<(), ParticipantError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        work.booking(command.booking).await?.ok_or(ParticipantError::BookingNotFound)?;
        let invited = work.participant(command.participant).await?.filter(|p| p.booking == command.booking);
        if !invited.ok_or(ParticipantError::NotFound)?.is_invited() {
            return Ok(());
        }
        work.revoke_participant(command.participant, now).await?;
        AuditContext::new(Some(command.admin), &command.metadata, now)
            .record(&mut *work, "participant.revoked", AuditObject::Booking(command.booking))
            .await?;
        work.commit().await?;
        Ok(())
    }
}
