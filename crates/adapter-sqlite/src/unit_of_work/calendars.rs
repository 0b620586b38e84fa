//! When therapists work, what the practice decided, and replies that are kept, inside a unit of work.

use async_trait::async_trait;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use attune_ports::{Calendars, IdempotencyKey, IdempotencyStore, NewScheduleException, StoreError, StoredResponse};
use attune_sql::schema::{kept_replies, practice_policy, schedules, time_off, weekly_hours};
use attune_sql::{HoursRow, KeptReplyRow, NewKeptReplyRow, NewTimeOffRow, PolicyRow, ScheduleRow, millis};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::{identity, store_error};

const FORGET_REPLIES: &str = "DELETE FROM kept_replies WHERE id IN \
    (SELECT id FROM kept_replies WHERE at < ? ORDER BY at, id LIMIT ?)";

#[async_trait]
impl Calendars for SqliteUnitOfWork {
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<(), StoreError> {
        let (zone, hours) = (ScheduleRow::new(therapist, schedule), HoursRow::all(therapist, schedule));
        self.call(move |connection| {
            diesel::insert_into(schedules::table)
                .values(zone.clone())
                .on_conflict(schedules::therapist_id)
                .do_update()
                .set(zone)
                .execute(connection)
                .map_err(store_error)?;
            diesel::delete(weekly_hours::table)
                .filter(weekly_hours::therapist_id.eq(therapist.get()))
                .execute(connection)
                .map_err(store_error)?;
            // One by one: Diesel would wrap a list into a transaction of its own.
            for row in hours {
                diesel::insert_into(weekly_hours::table).values(row).execute(connection).map_err(store_error)?;
            }
            Ok(())
        })
        .await
    }

    async fn add_schedule_exception(
        &mut self,
        time_off: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError> {
        let row = NewTimeOffRow::from(time_off);
        self.call(move |connection| {
            let id = diesel::insert_into(time_off::table)
                .values(row)
                .returning(time_off::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(ScheduleExceptionId::new(id))
        })
        .await
    }

    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError> {
        self.call(move |connection| {
            let removed = diesel::delete(time_off::table.find(id.get())).execute(connection).map_err(store_error)?;
            Ok(removed == 1)
        })
        .await
    }

    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<(), StoreError> {
        let row = PolicyRow::from(policy);
        self.call(move |connection| {
            diesel::insert_into(practice_policy::table)
                .values(row.clone())
                .on_conflict(practice_policy::id)
                .do_update()
                .set(row)
                .execute(connection)
                .map_err(store_error)?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl IdempotencyStore for SqliteUnitOfWork {
    /// The transaction is the only one that writes, so nobody else is about to keep one.
    async fn stored_response(&mut self, key: &IdempotencyKey) -> Result<Option<StoredResponse>, StoreError> {
        let key = key.clone();
        self.call(move |connection| {
            kept_replies::table
                .filter(kept_replies::user_id.eq(key.user.get()))
                .filter(kept_replies::route.eq(key.route))
                .filter(kept_replies::key.eq(key.key))
                .select(KeptReplyRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(StoredResponse::try_from)
                .transpose()
        })
        .await
    }

    async fn save_response(&mut self, key: &IdempotencyKey, reply: &StoredResponse) -> Result<(), StoreError> {
        let row = NewKeptReplyRow::new(key, reply);
        self.call(move |connection| {
            diesel::insert_into(kept_replies::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn update_response(&mut self, key: &IdempotencyKey, body: &str) -> Result<bool, StoreError> {
        let (key, body) = (key.clone(), body.to_owned());
        self.call(move |connection| {
            let kept = kept_replies::table
                .filter(kept_replies::user_id.eq(key.user.get()))
                .filter(kept_replies::route.eq(key.route))
                .filter(kept_replies::key.eq(key.key));
            let amended =
                diesel::update(kept).set(kept_replies::body.eq(body)).execute(connection).map_err(store_error)?;
            Ok(amended == 1)
        })
        .await
    }

    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.call(move |connection| {
            let forgotten = sql_query(FORGET_REPLIES)
                .bind::<BigInt, _>(millis(before))
                .bind::<BigInt, _>(i64::from(limit))
                .execute(connection)
                .map_err(store_error)?;
            u64::try_from(forgotten).map_err(|e| StoreError::Failed(e.into()))
        })
        .await
    }
}
