use async_trait::async_trait;
use attune_domain::login_session::LoginSession;
use attune_domain::{LoginSessionId, UserId};
use attune_ports::{LoginSessions, NewLoginSession, StoreError, TokenHash};
use attune_sql::schema::{login_sessions, refresh_tokens};
use attune_sql::statements::live_sessions;
use attune_sql::{FromRow, NewLoginSessionRow, RefreshTokenRow, millis, number};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnitOfWork;

#[async_trait]
impl LoginSessions for PostgresUnitOfWork {
    async fn add_login_session(&mut self, session: &NewLoginSession) -> Result<LoginSessionId, StoreError> {
        let insert = diesel::insert_into(login_sessions::table).values(NewLoginSessionRow::from(session));
        self.returning(insert.returning(login_sessions::id)).await
    }

    async fn session(&mut self, id: LoginSessionId) -> Result<Option<LoginSession>, StoreError> {
        self.one(login_sessions::table.find(id.get()).for_no_key_update()).await
    }

    async fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        let changes = (
            login_sessions::generation.eq(i64::from(session.generation)),
            login_sessions::rotated_at.eq(millis(session.rotated_at)),
            login_sessions::ended_at.eq(session.ended_at.map(millis)),
        );
        self.change(diesel::update(login_sessions::table.find(session.id.get())).set(changes)).await
    }

    async fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.execute(diesel::update(live_sessions(user, except)).set(login_sessions::ended_at.eq(millis(now)))).await
    }

    async fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = RefreshTokenRow::new(hash, session, generation, now);
        self.change(diesel::insert_into(refresh_tokens::table).values(row)).await
    }

    async fn refresh_token(&mut self, hash: &TokenHash) -> Result<Option<(LoginSessionId, u32)>, StoreError> {
        let query = refresh_tokens::table
            .find(hash.0.to_vec())
            .select((refresh_tokens::session_id, refresh_tokens::generation));
        self.call(async |mut c| {
            let row: Option<(i64, i64)> = query.first(&mut c).await.optional()?;
            let Some((session, generation)) = row else { return Ok(None) };
            Ok(Some((LoginSessionId::from_row(session)?, number(generation)?)))
        })
        .await
    }
}
