use async_trait::async_trait;
use attune_domain::{BookingId, Participant, ParticipantId};
use attune_ports::{NewParticipant, Participants, StoreError};
use attune_sql::schema::participants;
use attune_sql::statements::{invited, participants_of};
use attune_sql::{NewParticipantRow, millis};
use diesel::prelude::*;
use jiff::Timestamp;

use super::SqliteUnitOfWork;

#[async_trait]
impl Participants for SqliteUnitOfWork {
    async fn add_participant(&mut self, participant: &NewParticipant) -> Result<ParticipantId, StoreError> {
        let insert = diesel::insert_into(participants::table).values(NewParticipantRow::from(participant));
        self.returning(insert.returning(participants::id)).await
    }

    /// The transaction is the only one that writes, so the row needs no lock.
    async fn participant(&mut self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        self.one(participants::table.find(id.get())).await
    }

    async fn invited_participants(&mut self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        self.all(participants_of(booking).filter(participants::revoked_at.is_null())).await
    }

    async fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError> {
        self.change(diesel::update(invited(id)).set(participants::revoked_at.eq(millis(now)))).await
    }
}
