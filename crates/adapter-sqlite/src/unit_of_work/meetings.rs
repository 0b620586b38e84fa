//! Invitations, and what the video server told about rooms, inside a unit of work.

use async_trait::async_trait;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::{BookingId, ConferenceId, Participant, ParticipantId};
use attune_ports::{Conference, NewParticipant, Participants, Rooms, StoreError};
use attune_sql::schema::{attendance, conferences, participants};
use attune_sql::{AttendanceRow, ConferenceRow, NewConferenceRow, NewParticipantRow, ParticipantRow, millis};
use diesel::prelude::*;
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::{identity, one_row, store_error};
use crate::queries::find_participant;

#[async_trait]
impl Participants for SqliteUnitOfWork {
    async fn add_participant(&mut self, participant: &NewParticipant) -> Result<ParticipantId, StoreError> {
        let row = NewParticipantRow::from(participant);
        self.call(move |connection| {
            let id = diesel::insert_into(participants::table)
                .values(row)
                .returning(participants::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(ParticipantId::new(id))
        })
        .await
    }

    /// The transaction is the only one that writes, so the row is held already.
    async fn participant(&mut self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        self.call(move |connection| find_participant(connection, id)).await
    }

    async fn invited_participants(&mut self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        self.call(move |connection| {
            participants::table
                .filter(participants::booking_id.eq(booking.get()))
                .filter(participants::revoked_at.is_null())
                .order(participants::id)
                .select(ParticipantRow::as_select())
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(Participant::try_from)
                .collect()
        })
        .await
    }

    async fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError> {
        self.call(move |connection| {
            let standing = participants::table.find(id.get()).filter(participants::revoked_at.is_null());
            let changed = diesel::update(standing)
                .set(participants::revoked_at.eq(millis(now)))
                .execute(connection)
                .map_err(store_error)?;
            one_row(changed)
        })
        .await
    }
}

#[async_trait]
impl Rooms for SqliteUnitOfWork {
    async fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError> {
        let row = NewConferenceRow::new(booking, now);
        self.call(move |connection| {
            let id = diesel::insert_into(conferences::table)
                .values(row)
                .returning(conferences::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(ConferenceId::new(id))
        })
        .await
    }

    async fn open_conference_of(&mut self, booking: BookingId) -> Result<Option<Conference>, StoreError> {
        self.call(move |connection| {
            conferences::table
                .filter(conferences::booking_id.eq(booking.get()))
                .filter(conferences::closed_at.is_null())
                .select(ConferenceRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(Conference::try_from)
                .transpose()
        })
        .await
    }

    async fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError> {
        self.call(move |connection| {
            let open = conferences::table.find(id.get()).filter(conferences::closed_at.is_null());
            let closed = diesel::update(open)
                .set(conferences::closed_at.eq(millis(now)))
                .execute(connection)
                .map_err(store_error)?;
            Ok(closed == 1)
        })
        .await
    }

    async fn add_attendance(&mut self, booking: BookingId, facts: &[AttendanceEvent]) -> Result<u64, StoreError> {
        let rows = facts.iter().map(|fact| AttendanceRow::new(booking, fact)).collect::<Vec<_>>();
        self.call(move |connection| {
            let mut new = 0;
            // One by one: Diesel would wrap a list into a transaction of its own.
            for row in rows {
                let added = diesel::insert_into(attendance::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(connection)
                    .map_err(store_error)?;
                new += u64::try_from(added).map_err(|e| StoreError::Failed(e.into()))?;
            }
            Ok(new)
        })
        .await
    }
}
