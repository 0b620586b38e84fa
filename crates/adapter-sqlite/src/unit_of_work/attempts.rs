use async_trait::async_trait;
use attune_ports::{AttemptKey, Attempts, StoreError};
use attune_sql::schema::attempts;
use attune_sql::statements::attempts_of;
use attune_sql::{AttemptRow, count, millis};
use diesel::dsl::max;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{SqliteUnitOfWork, execute};
use crate::error::store_error;

#[async_trait]
impl Attempts for SqliteUnitOfWork {
    /// The transaction is the only one that writes, so no other one counts at the same time.
    async fn count_attempt(
        &mut self,
        key: &AttemptKey,
        now: Timestamp,
        since: Timestamp,
        max: u64,
    ) -> Result<bool, StoreError> {
        let old = attempts_of(key).filter(attempts::at.lt(millis(since)));
        let (counted, row) = (attempts_of(key).count(), AttemptRow::new(key, now));
        self.call(move |connection| {
            execute(diesel::delete(old), connection)?;
            let is_below = count(counted.get_result(connection).map_err(store_error)?)? < max;
            if is_below {
                execute(diesel::insert_into(attempts::table).values(row), connection)?;
            }
            Ok(is_below)
        })
        .await
    }

    async fn take_back_attempt(&mut self, key: &AttemptKey, at: Timestamp) -> Result<(), StoreError> {
        let last = attempts_of(key).filter(attempts::at.eq(millis(at))).select(max(attempts::id));
        self.call(move |connection| {
            if let Some(id) = last.get_result::<Option<i64>>(connection).map_err(store_error)? {
                execute(diesel::delete(attempts::table.find(id)), connection)?;
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
