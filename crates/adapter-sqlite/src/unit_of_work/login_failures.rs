use async_trait::async_trait;
use attune_ports::{AccountKey, LoginFailures, StoreError};
use attune_sql::schema::login_failures;
use attune_sql::statements::failures_of;
use attune_sql::{LoginFailureRow, millis};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{SqliteUnitOfWork, execute};

#[async_trait]
impl LoginFailures for SqliteUnitOfWork {
    async fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError> {
        let row = LoginFailureRow::new(account, now);
        let old = failures_of(account).filter(login_failures::at.lt(millis(forget_before)));
        self.call(move |connection| {
            execute(diesel::delete(old), connection)?;
            execute(diesel::insert_into(login_failures::table).values(row), connection)?;
            Ok(())
        })
        .await
    }

    async fn clear_login_failures(&mut self, account: &AccountKey) -> Result<(), StoreError> {
        self.execute(diesel::delete(failures_of(account))).await.map(|_| ())
    }
}
