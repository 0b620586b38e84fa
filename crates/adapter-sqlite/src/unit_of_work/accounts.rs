//! Accounts, logins, failed logins and the audit trail, inside a unit of work.

use async_trait::async_trait;
use attune_domain::login_session::LoginSession;
use attune_domain::{LoginSessionId, User, UserId};
use attune_ports::{
    AccountKey, AuditEntry, AuditTrail, LoginFailures, LoginSessions, NewLoginSession, NewUser, PasswordHash,
    StoreError, TokenHash, Users,
};
use attune_sql::schema::{audit_log, login_failures, login_sessions, refresh_tokens, users};
use attune_sql::{
    AuditRow, LoginFailureRow, NewSessionRow, NewUserRow, RefreshTokenRow, SessionRow, UserChanges, UserRow, millis,
    number,
};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::{identity, one_row, store_error};
use crate::queries::ENABLED_ADMIN;

#[async_trait]
impl Users for SqliteUnitOfWork {
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError> {
        let row = NewUserRow::from(user);
        self.call(move |connection| {
            let id = diesel::insert_into(users::table)
                .values(row)
                .returning(users::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(UserId::new(id))
        })
        .await
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.call(move |connection| {
            users::table
                .find(id.get())
                .select(UserRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(User::try_from)
                .transpose()
        })
        .await
    }

    /// The transaction is the only one that writes, so every row is held already.
    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.user(id).await
    }

    async fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        let (id, changes) = (user.id.get(), UserChanges::from(user));
        self.call(move |connection| {
            let changed =
                diesel::update(users::table.find(id)).set(changes).execute(connection).map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    async fn set_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<(), StoreError> {
        let hash = hash.as_str().to_owned();
        self.call(move |connection| {
            let changed = diesel::update(users::table.find(id.get()))
                .set(users::password_hash.eq(hash))
                .execute(connection)
                .map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    /// The transaction is the only one that writes, so they are held already.
    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError> {
        self.call(|connection| {
            users::table
                .filter(sql::<Bool>(ENABLED_ADMIN))
                .order(users::id)
                .select(users::id)
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(|id| identity(UserId::new(id)))
                .collect()
        })
        .await
    }
}

#[async_trait]
impl LoginSessions for SqliteUnitOfWork {
    async fn add_login_session(&mut self, session: &NewLoginSession) -> Result<LoginSessionId, StoreError> {
        let row = NewSessionRow::from(session);
        self.call(move |connection| {
            let id = diesel::insert_into(login_sessions::table)
                .values(row)
                .returning(login_sessions::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(LoginSessionId::new(id))
        })
        .await
    }

    /// The transaction is the only one that writes, so the row is held already.
    async fn session(&mut self, id: LoginSessionId) -> Result<Option<LoginSession>, StoreError> {
        self.call(move |connection| {
            login_sessions::table
                .find(id.get())
                .select(SessionRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(LoginSession::try_from)
                .transpose()
        })
        .await
    }

    async fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        let session = session.clone();
        self.call(move |connection| {
            let changed = diesel::update(login_sessions::table.find(session.id.get()))
                .set((
                    login_sessions::generation.eq(i64::from(session.generation)),
                    login_sessions::rotated_at.eq(millis(session.rotated_at)),
                    login_sessions::ended_at.eq(session.ended_at.map(millis)),
                ))
                .execute(connection)
                .map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    async fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // No session has the id 0.
        let except = except.map_or(0, LoginSessionId::get);
        self.call(move |connection| {
            let live = login_sessions::table
                .filter(login_sessions::user_id.eq(user.get()))
                .filter(login_sessions::ended_at.is_null())
                .filter(login_sessions::id.ne(except));
            let ended = diesel::update(live)
                .set(login_sessions::ended_at.eq(millis(now)))
                .execute(connection)
                .map_err(store_error)?;
            u64::try_from(ended).map_err(|e| StoreError::Failed(e.into()))
        })
        .await
    }

    async fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = RefreshTokenRow::new(hash, session, generation, now);
        self.call(move |connection| {
            diesel::insert_into(refresh_tokens::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn refresh_token(&mut self, hash: &TokenHash) -> Result<Option<(LoginSessionId, u32)>, StoreError> {
        let hash = hash.0.to_vec();
        self.call(move |connection| {
            refresh_tokens::table
                .find(hash)
                .select((refresh_tokens::session_id, refresh_tokens::generation))
                .first::<(i64, i64)>(connection)
                .optional()
                .map_err(store_error)?
                .map(|(session, generation)| Ok((identity(LoginSessionId::new(session))?, number(generation)?)))
                .transpose()
        })
        .await
    }
}

#[async_trait]
impl LoginFailures for SqliteUnitOfWork {
    async fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError> {
        let (account, row) = (account.0.to_vec(), LoginFailureRow::new(account, now));
        self.call(move |connection| {
            diesel::delete(login_failures::table)
                .filter(login_failures::account.eq(account))
                .filter(login_failures::at.lt(millis(forget_before)))
                .execute(connection)
                .map_err(store_error)?;
            diesel::insert_into(login_failures::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    async fn clear_login_failures(&mut self, account: &AccountKey) -> Result<(), StoreError> {
        let account = account.0.to_vec();
        self.call(move |connection| {
            diesel::delete(login_failures::table)
                .filter(login_failures::account.eq(account))
                .execute(connection)
                .map_err(store_error)?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl AuditTrail for SqliteUnitOfWork {
    async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let row = AuditRow::from(entry);
        self.call(move |connection| {
            diesel::insert_into(audit_log::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }
}
