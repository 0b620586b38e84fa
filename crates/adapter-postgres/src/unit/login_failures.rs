//! Failed logins.

use async_trait::async_trait;
use attune_ports::{AccountKey, LoginFailures, StoreError};
use attune_sql::schema::login_failures;
use attune_sql::{LoginFailureRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;

#[async_trait]
impl LoginFailures for PostgresUnit {
    async fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError> {
        let row = LoginFailureRow::new(account, now);
        let forgotten = login_failures::table
            .filter(login_failures::account.eq(account.0.as_slice()))
            .filter(login_failures::at.lt(millis(forget_before)));
        self.call(async |mut c| {
            diesel::delete(forgotten).execute(&mut c).await?;
            diesel::insert_into(login_failures::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn clear_login_failures(&mut self, account: &AccountKey) -> Result<(), StoreError> {
        let failures = login_failures::table.filter(login_failures::account.eq(account.0.as_slice()));
        self.call(async |mut c| {
            diesel::delete(failures).execute(&mut c).await?;
            Ok(())
        })
        .await
    }
}
