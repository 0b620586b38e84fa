//! What the video server told about rooms.

use async_trait::async_trait;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::{BookingId, ConferenceId};
use attune_ports::{Conference, Rooms, StoreError};
use attune_sql::schema::{attendance, conferences};
use attune_sql::{AttendanceRow, ConferenceRow, NewConferenceRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;
use crate::error::identity;

#[async_trait]
impl Rooms for PostgresUnit {
    async fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError> {
        let row = NewConferenceRow::new(booking, now);
        self.call(async |mut c| {
            let insert = diesel::insert_into(conferences::table).values(row).returning(conferences::id);
            Ok(identity(ConferenceId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn open_conference_of(&mut self, booking: BookingId) -> Result<Option<Conference>, StoreError> {
        let query = conferences::table
            .filter(conferences::booking_id.eq(booking.get()))
            .filter(conferences::closed_at.is_null())
            .select(ConferenceRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Conference::try_from).transpose()?)
        })
        .await
    }

    async fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError> {
        let open = conferences::table.find(id.get()).filter(conferences::closed_at.is_null());
        let closed = conferences::closed_at.eq(millis(now));
        self.call(async |mut c| Ok(diesel::update(open).set(closed).execute(&mut c).await? == 1)).await
    }

    async fn add_attendance(&mut self, booking: BookingId, facts: &[AttendanceEvent]) -> Result<u64, StoreError> {
        // In one order, whatever order they were told in: units of work that keep the same facts at the same moment
        // then wait for each other, instead of each for the other.
        let mut facts: Vec<_> = facts.iter().collect();
        facts.sort_unstable();
        let rows: Vec<_> = facts.into_iter().map(|fact| AttendanceRow::new(booking, fact)).collect();
        self.call(async |mut c| {
            if rows.is_empty() {
                return Ok(0);
            }
            let insert = diesel::insert_into(attendance::table).values(rows).on_conflict_do_nothing();
            Ok(u64::try_from(insert.execute(&mut c).await?).unwrap_or(u64::MAX))
        })
        .await
    }
}
