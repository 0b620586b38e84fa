//! Invitations.

use async_trait::async_trait;
use attune_domain::{BookingId, Participant, ParticipantId};
use attune_ports::{NewParticipant, Participants, StoreError};
use attune_sql::schema::participants;
use attune_sql::{NewParticipantRow, ParticipantRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;
use crate::error::{identity, one_row};

#[async_trait]
impl Participants for PostgresUnit {
    async fn add_participant(&mut self, participant: &NewParticipant) -> Result<ParticipantId, StoreError> {
        let row = NewParticipantRow::from(participant);
        self.call(async |mut c| {
            let insert = diesel::insert_into(participants::table).values(row).returning(participants::id);
            Ok(identity(ParticipantId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn participant(&mut self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        let query = participants::table.find(id.get()).select(ParticipantRow::as_select()).for_no_key_update();
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Participant::try_from).transpose()?)
        })
        .await
    }

    async fn invited_participants(&mut self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        let query = participants::table
            .filter(participants::booking_id.eq(booking.get()))
            .filter(participants::revoked_at.is_null())
            .order(participants::id)
            .select(ParticipantRow::as_select());
        self.call(async |mut c| {
            let rows: Vec<ParticipantRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Participant::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError> {
        let standing = participants::table.find(id.get()).filter(participants::revoked_at.is_null());
        let revoked = participants::revoked_at.eq(millis(now));
        self.call(async |mut c| Ok(one_row(diesel::update(standing).set(revoked).execute(&mut c).await?)?)).await
    }
}
