use async_trait::async_trait;
use attune_domain::{LoginSessionId, UserId};
use attune_ports::{SecondFactors, StoreError, TokenHash, TotpFactor};
use attune_sql::schema::{login_sessions, recovery_codes, totp_factors};
use attune_sql::statements::{recovery_code, recovery_codes_of};
use attune_sql::{RecoveryCodeRow, TotpFactorRow, millis};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{SqliteUnitOfWork, execute};

#[async_trait]
impl SecondFactors for SqliteUnitOfWork {
    async fn totp_factor(&mut self, user: UserId) -> Result<Option<TotpFactor>, StoreError> {
        self.one(totp_factors::table.find(user.get())).await
    }

    async fn save_totp_factor(&mut self, user: UserId, factor: &TotpFactor) -> Result<(), StoreError> {
        let row = TotpFactorRow::new(user, factor);
        self.call(move |connection| {
            let row = row?;
            let insert = diesel::insert_into(totp_factors::table).values(row.clone());
            execute(insert.on_conflict(totp_factors::user_id).do_update().set(row), connection)?;
            Ok(())
        })
        .await
    }

    async fn remove_second_factor(&mut self, user: UserId) -> Result<(), StoreError> {
        let (factor, codes) = (totp_factors::table.find(user.get()), recovery_codes_of(user));
        self.call(move |connection| {
            execute(diesel::delete(factor), connection)?;
            execute(diesel::delete(codes), connection)?;
            Ok(())
        })
        .await
    }

    async fn set_recovery_codes(&mut self, user: UserId, codes: &[TokenHash]) -> Result<(), StoreError> {
        let (before, rows) = (recovery_codes_of(user), RecoveryCodeRow::all(user, codes));
        self.call(move |connection| {
            execute(diesel::delete(before), connection)?;
            // One by one: Diesel would wrap a list in a transaction of its own.
            for row in rows {
                execute(diesel::insert_into(recovery_codes::table).values(row), connection)?;
            }
            Ok(())
        })
        .await
    }

    async fn use_recovery_code(&mut self, user: UserId, code: &TokenHash) -> Result<bool, StoreError> {
        Ok(self.execute(diesel::delete(recovery_code(user, code))).await? == 1)
    }

    async fn step_up(&mut self, session: LoginSessionId, now: Timestamp) -> Result<(), StoreError> {
        let stepped_up = login_sessions::stepped_up_at.eq(millis(now));
        self.change(diesel::update(login_sessions::table.find(session.get())).set(stepped_up)).await
    }
}
