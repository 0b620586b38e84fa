//! When therapists work, and what the practice decided.

use async_trait::async_trait;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use attune_ports::{Calendars, NewScheduleException, StoreError};
use attune_sql::schema::{practice_policy, schedule_exceptions, schedules, weekly_hours};
use attune_sql::{HoursRow, NewTimeOffRow, PolicyRow, ScheduleRow};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::PostgresUnit;
use crate::error::identity;

#[async_trait]
impl Calendars for PostgresUnit {
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<(), StoreError> {
        let (zone, hours) = (ScheduleRow::new(therapist, schedule), HoursRow::all(therapist, schedule));
        // First, because it holds the row: whoever replaces the same week at the same moment waits here.
        let zone = diesel::insert_into(schedules::table)
            .values(zone.clone())
            .on_conflict(schedules::therapist_id)
            .do_update()
            .set(zone);
        let before = weekly_hours::table.filter(weekly_hours::therapist_id.eq(therapist.get()));
        self.call(async |mut c| {
            zone.execute(&mut c).await?;
            diesel::delete(before).execute(&mut c).await?;
            if !hours.is_empty() {
                diesel::insert_into(weekly_hours::table).values(hours).execute(&mut c).await?;
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
        self.call(async |mut c| {
            let insert = diesel::insert_into(schedule_exceptions::table).values(row).returning(schedule_exceptions::id);
            Ok(identity(ScheduleExceptionId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError> {
        let entry = schedule_exceptions::table.find(id.get());
        self.call(async |mut c| Ok(diesel::delete(entry).execute(&mut c).await? == 1)).await
    }

    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<(), StoreError> {
        let row = PolicyRow::from(policy);
        let upsert = diesel::insert_into(practice_policy::table)
            .values(row.clone())
            .on_conflict(practice_policy::id)
            .do_update()
            .set(row);
        self.call(async |mut c| {
            upsert.execute(&mut c).await?;
            Ok(())
        })
        .await
    }
}
