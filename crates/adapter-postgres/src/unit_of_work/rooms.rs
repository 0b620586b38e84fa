use async_trait::async_trait;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::{BookingId, ConferenceId};
use attune_ports::{Conference, Rooms, StoreError};
use attune_sql::schema::{attendance, conferences};
use attune_sql::statements::open_conferences_of;
use attune_sql::{AttendanceRow, NewConferenceRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnitOfWork;

#[async_trait]
impl Rooms for PostgresUnitOfWork {
    async fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError> {
        let insert = diesel::insert_into(conferences::table).values(NewConferenceRow::new(booking, now));
        self.returning(insert.returning(conferences::id)).await
    }

    async fn open_conference_of(&mut self, booking: BookingId) -> Result<Option<Conference>, StoreError> {
        self.one(open_conferences_of(booking)).await
    }

    async fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError> {
        let open = conferences::table.find(id.get()).filter(conferences::closed_at.is_null());
        Ok(self.execute(diesel::update(open).set(conferences::closed_at.eq(millis(now)))).await? == 1)
    }

    async fn add_attendance(&mut self, booking: BookingId, events: &[AttendanceEvent]) -> Result<u64, StoreError> {
        // Sorted, so that units of work that insert the same events at the same moment cannot deadlock.
        let mut events: Vec<_> = events.iter().collect();
        events.sort_unstable();
        let rows: Vec<_> = events.into_iter().map(|event| AttendanceRow::new(booking, event)).collect();
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
