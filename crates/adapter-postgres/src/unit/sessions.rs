//! Logins.

use async_trait::async_trait;
use attune_domain::login_session::LoginSession;
use attune_domain::{LoginSessionId, UserId};
use attune_ports::{LoginSessions, NewLoginSession, StoreError, TokenHash};
use attune_sql::schema::{login_sessions, refresh_tokens};
use attune_sql::{NewSessionRow, RefreshTokenRow, SessionRow, millis, number};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;
use crate::error::{identity, one_row};

#[async_trait]
impl LoginSessions for PostgresUnit {
    async fn add_login_session(&mut self, session: &NewLoginSession) -> Result<LoginSessionId, StoreError> {
        let row = NewSessionRow::from(session);
        self.call(async |mut c| {
            let insert = diesel::insert_into(login_sessions::table).values(row).returning(login_sessions::id);
            Ok(identity(LoginSessionId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn session(&mut self, id: LoginSessionId) -> Result<Option<LoginSession>, StoreError> {
        let query = login_sessions::table.find(id.get()).select(SessionRow::as_select()).for_no_key_update();
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(LoginSession::try_from).transpose()?)
        })
        .await
    }

    async fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        let target = login_sessions::table.find(session.id.get());
        let changes = (
            login_sessions::generation.eq(i64::from(session.generation)),
            login_sessions::rotated_at.eq(millis(session.rotated_at)),
            login_sessions::ended_at.eq(session.ended_at.map(millis)),
        );
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(changes).execute(&mut c).await?)?)).await
    }

    async fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // No session has the id 0, so leaving out that one leaves out none.
        let live = login_sessions::table
            .filter(login_sessions::user_id.eq(user.get()))
            .filter(login_sessions::ended_at.is_null())
            .filter(login_sessions::id.ne(except.map_or(0, LoginSessionId::get)));
        let ended = login_sessions::ended_at.eq(millis(now));
        self.call(async |mut c| {
            let count = diesel::update(live).set(ended).execute(&mut c).await?;
            Ok(u64::try_from(count).unwrap_or(u64::MAX))
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
        self.call(async |mut c| {
            diesel::insert_into(refresh_tokens::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn refresh_token(&mut self, hash: &TokenHash) -> Result<Option<(LoginSessionId, u32)>, StoreError> {
        let query = refresh_tokens::table
            .find(hash.0.to_vec())
            .select((refresh_tokens::session_id, refresh_tokens::generation));
        self.call(async |mut c| {
            let row: Option<(i64, i64)> = query.first(&mut c).await.optional()?;
            let Some((session, generation)) = row else { return Ok(None) };
            Ok(Some((identity(LoginSessionId::new(session))?, number(generation)?)))
        })
        .await
    }
}
