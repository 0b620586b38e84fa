//! Participants: people without an account who are invited to a session, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{
    BookingId, EmailAddress, Language, Participant, ParticipantId, ParticipantRole, PersonName, TimeZoneName, UserId,
};
use jiff::Timestamp;

use crate::StoreError;

/// A participant who is not stored yet. `Debug` shows no personal data, because the types of its fields hide it.
#[derive(Debug, Clone)]
pub struct NewParticipant {
    /// The booking that the participant is invited to.
    pub booking: BookingId,
    /// The address to which the participant's emails are sent.
    pub email: EmailAddress,
    /// The participant's name in the room.
    pub display_name: PersonName,
    /// The participant's role in the room.
    pub role: ParticipantRole,
    /// The time zone in which times are written in the participant's emails.
    pub time_zone: Option<TimeZoneName>,
    /// The language of the participant's emails.
    pub language: Option<Language>,
    /// The user who sent the invitation.
    pub invited_by: UserId,
    /// The current time.
    pub invited_at: Timestamp,
}

/// Participants, inside a unit of work.
#[async_trait]
pub trait Participants {
    /// Stores an invitation. Errors: [`crate::Conflict::AlreadyInvited`] when this address already has an active
    /// invitation to this booking. An address can be invited again after its invitation was revoked.
    async fn add_participant(&mut self, participant: &NewParticipant) -> Result<ParticipantId, StoreError>;

    /// The invitation with this id. Its row is locked: no other unit of work can change it until this one ends.
    async fn participant(&mut self, id: ParticipantId) -> Result<Option<Participant>, StoreError>;

    /// The active invitations to a booking, by id.
    async fn invited_participants(&mut self, booking: BookingId) -> Result<Vec<Participant>, StoreError>;

    /// Revokes an invitation. Errors: [`crate::Conflict::Stale`] when it does not exist or is already revoked.
    async fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError>;
}
