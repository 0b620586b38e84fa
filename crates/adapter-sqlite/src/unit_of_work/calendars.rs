//! When therapists work, what the practice decided, and replies that are kept, inside a unit of work.

use async_trait::async_trait;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use attune_ports::{Calendars, IdempotencyKey, IdempotencyStore, NewScheduleException, StoreError, StoredResponse};
use attune_sql::schema::{idempotency_keys, practice_policy, schedule_exceptions, schedules, weekly_hours};
use attune_sql::{HoursRow, NewIdempotencyKeyRow, NewTimeOffRow, PolicyRow, ScheduleRow, StoredResponseRow, millis};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::{identity, store_error};

const FORGET_REPLIES: &str = "DELETE FROM idempotency_keys WHERE id IN \
    (SELECT id FROM idempotency_keys WHERE created_at < ? ORDER BY created_at, id LIMIT ?)";

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
            let id = diesel::insert_into(schedule_exceptions::table)
                .values(row)
                .returning(schedule_exceptions::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(ScheduleExceptionId::new(id))
        })
        .await
    }

    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError> {
        self.call(move |connection| {
            let removed =
                diesel::delete(schedule_exceptions::table.find(id.get())).execute(connection).map_err(store_error)?;
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
            idempotency_keys::table
                .filter(idempotency_keys::user_id.eq(key.user.get()))
                .filter(idempotency_keys::route.eq(key.route))
                .filter(idempotency_keys::key.eq(key.key))
                .select(StoredResponseRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(StoredResponse::try_from)
                .transpose()
        })
        .await
    }

    async fn save_response(&mut self, key: &IdempotencyKey, reply: &StoredResponse) -> Result<(), StoreError> {
        let row = NewIdempotencyKeyRow::new(key, reply);
        self.call(move |connection| {
            diesel::insert_into(idempotency_keys::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn update_response(&mut self, key: &IdempotencyKey, body: &str) -> Result<bool, StoreError> {
        let (key, body) = (key.clone(), body.to_owned());
        self.call(move |connection| {
            let kept = idempotency_keys::table
                .filter(idempotency_keys::user_id.eq(key.user.get()))
                .filter(idempotency_keys::route.eq(key.route))
                .filter(idempotency_keys::key.eq(key.key));
            let amended = diesel::update(kept)
                .set(idempotency_keys::response_body.eq(body))
                .execute(connection)
                .map_err(store_error)?;
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
