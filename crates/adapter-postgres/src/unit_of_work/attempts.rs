use async_trait::async_trait;
use attune_ports::{AttemptKey, Attempts, StoreError};
use attune_sql::schema::attempts;
use attune_sql::statements::attempts_of;
use attune_sql::{AttemptRow, count, millis};
use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnitOfWork;
use crate::functions::attempts_lock;

#[async_trait]
impl Attempts for PostgresUnitOfWork {
    async fn count_attempt(
        &mut self,
        key: &AttemptKey,
        now: Timestamp,
        since: Timestamp,
        max: u64,
    ) -> Result<bool, StoreError> {
        // A statement of its own: one that waited for the lock would not see what was committed meanwhile.
        self.lock(&attempts_lock(key)).await?;
        let old = attempts_of(key).filter(attempts::at.lt(millis(since)));
        let (counted, row) = (attempts_of(key).select(count_star()), AttemptRow::new(key, now));
        self.call(async |mut c| {
            diesel::delete(old).execute(&mut c).await?;
            let is_below = count(counted.get_result(&mut c).await?)? < max;
            if is_below {
                diesel::insert_into(attempts::table).values(row).execute(&mut c).await?;
            }
            Ok(is_below)
        })
        .await
    }

    async fn take_back_attempt(&mut self, key: &AttemptKey, at: Timestamp) -> Result<(), StoreError> {
        // Otherwise two units of work could take back the same one.
        self.lock(&attempts_lock(key)).await?;
        let last = attempts_of(key).filter(attempts::at.eq(millis(at))).select(max(attempts::id));
        self.call(async |mut c| {
            if let Some(id) = last.get_result::<Option<i64>>(&mut c).await? {
                diesel::delete(attempts::table.find(id)).execute(&mut c).await?;
            }
            Ok(())
        })
        .await
    }

    async fn clear_attempts(&mut self, key: &AttemptKey) -> Result<(), StoreError> {
        self.execute(diesel::delete(attempts_of(key))).await.map(|_| ())
    }
    async fn purge_attempts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let old = attempts::table.filter(attempts::at.lt(millis(before)));
        self.execute(diesel::delete(old)).await
    }
}
