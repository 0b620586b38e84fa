use async_trait::async_trait;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use attune_ports::{Calendars, NewScheduleException, StoreError, StoredScheduleException};
use attune_sql::schema::{practice_policy, schedule_exceptions, schedules, weekly_hours};
use attune_sql::{HoursRow, PolicyRow, ScheduleExceptionRow, ScheduleRow, number};
use diesel::prelude::*;

use super::{SqliteUnitOfWork, execute};
use crate::error::store_error;

#[async_trait]
impl Calendars for SqliteUnitOfWork {
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<u32, StoreError> {
        let (zone, hours) = (ScheduleRow::new(therapist, schedule), HoursRow::all(therapist, schedule));
        self.call(move |connection| {
            let insert = diesel::insert_into(schedules::table).values(zone.clone());
            let changes = (zone, schedules::version.eq(schedules::version + 1));
            let upsert = insert.on_conflict(schedules::therapist_id).do_update().set(changes);
            let version = upsert.returning(schedules::version).get_result(connection).map_err(store_error)?;
            let before = weekly_hours::table.filter(weekly_hours::therapist_id.eq(therapist.get()));
            execute(diesel::delete(before), connection)?;
            // One by one: Diesel would wrap a list in a transaction of its own.
            for row in hours {
                execute(diesel::insert_into(weekly_hours::table).values(row), connection)?;
            }
            number(version)
        })
        .await
    }

    async fn add_schedule_exception(
        &mut self,
        exception: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError> {
        let insert = diesel::insert_into(schedule_exceptions::table).values(ScheduleExceptionRow::from(exception));
        self.returning(insert.returning(schedule_exceptions::id)).await
    }

    async fn schedule_exception(
        &mut self,
        id: ScheduleExceptionId,
    ) -> Result<Option<StoredScheduleException>, StoreError> {
        self.one(schedule_exceptions::table.find(id.get())).await
    }

    async fn save_schedule_exception(&mut self, exception: &StoredScheduleException) -> Result<(), StoreError> {
        let target = schedule_exceptions::table.find(exception.id.get());
        self.change(diesel::update(target).set(ScheduleExceptionRow::from(exception))).await
    }

    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError> {
        Ok(self.execute(diesel::delete(schedule_exceptions::table.find(id.get()))).await? == 1)
    }

    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<u32, StoreError> {
        let row = PolicyRow::from(policy);
        let insert = diesel::insert_into(practice_policy::table).values(row.clone());
        let changes = (row, practice_policy::version.eq(practice_policy::version + 1));
        let upsert = insert.on_conflict(practice_policy::id).do_update().set(changes);
        self.returning(upsert.returning(practice_policy::version)).await
    }
}
