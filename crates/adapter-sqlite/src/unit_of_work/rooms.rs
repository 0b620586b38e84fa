use async_trait::async_trait;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::{BookingId, ConferenceId};
use attune_ports::{Conference, Rooms, StoreError};
use attune_sql::schema::{attendance, conferences};
use attune_sql::statements::open_conferences_of;
use attune_sql::{AttendanceRow, NewConferenceRow, millis};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{SqliteUnitOfWork, execute};

#[async_trait]
impl Rooms for SqliteUnitOfWork {
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
        let rows: Vec<_> = events.iter().map(|event| AttendanceRow::new(booking, event)).collect();
        self.call(move |connection| {
            let mut added = 0;
            // One by one: Diesel would wrap a list in a transaction of its own.
            for row in rows {
                let insert = diesel::insert_into(attendance::table).values(row).on_conflict_do_nothing();
                added += u64::from(execute(insert, connection)? == 1);
            }
            Ok(added)
        })
        .await
    }
}
