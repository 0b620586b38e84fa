//! People without an account who are invited into a session, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{
    BookingId, EmailAddress, Participant, ParticipantId, ParticipantRole, PersonName, TimeZoneName, UserId,
};
use jiff::Timestamp;

use crate::StoreError;

/// Somebody to be invited. `Debug` hides who it is, because its parts do.
#[derive(Debug, Clone)]
pub struct NewParticipant {
    /// Into which session.
    pub booking: BookingId,
    /// Where their mails go.
    pub email: EmailAddress,
    /// How they are called in the room.
    pub display_name: PersonName,
    /// As what.
    pub role: ParticipantRole,
    /// Zone in which times are written to them.
    pub time_zone: Option<TimeZoneName>,
    /// AuditContext whom.
    pub invited_by: UserId,
    /// Now.
    pub invited_at: Timestamp,
}

/// Invitations, inside a unit of work.
#[async_trait]
pub trait Participants {
    /// Keeps an invitation. Errors: [`crate::Conflict::AlreadyInvited`] when one of this address into this booking still
    /// stands. The same address may be invited again once the first invitation was taken back.
    async fn add_participant(&mut self, participant: &NewParticipant) -> Result<ParticipantId, StoreError>;

    /// The invitation; nobody else can change the row until this unit of work ends.
    async fn participant(&mut self, id: ParticipantId) -> Result<Option<Participant>, StoreError>;

    /// The invitations into a booking that still stand, by id.
    async fn invited_participants(&mut self, booking: BookingId) -> Result<Vec<Participant>, StoreError>;

    /// Takes an invitation back. Errors: [`crate::Conflict::Stale`] when there is no such invitation, or none that stands.
    async fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError>;
}
