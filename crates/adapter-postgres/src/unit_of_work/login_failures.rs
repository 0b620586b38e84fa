use async_trait::async_trait;
use attune_ports::{AccountKey, LoginFailures, StoreError};
use attune_sql::schema::login_failures;
use attune_sql::statements::failures_of;
use attune_sql::{LoginFailureRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnitOfWork;

#[async_trait]
impl LoginFailures for PostgresUnitOfWork {
    async fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError> {
        let row = LoginFailureRow::new(account, now);
        let old = failures_of(account).filter(login_failures::at.lt(millis(forget_before)));
        self.call(async |mut c| {
            diesel::delete(old).execute(&mut c).await?;
            diesel::insert_into(login_failures::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn clear_login_failures(&mut self, account: &AccountKey) -> Result<(), StoreError> {
        self.execute(diesel::delete(failures_of(account))).await.map(|_| ())
    }
}
