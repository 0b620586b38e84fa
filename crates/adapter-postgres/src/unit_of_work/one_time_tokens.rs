use async_trait::async_trait;
use attune_domain::{EmailAddress, OneTimePurpose, OneTimeToken, OneTimeTokenId, UserId};
use attune_ports::{NewOneTimeToken, OneTimeTokens, StoreError};
use attune_sql::schema::one_time_tokens;
use attune_sql::statements::{IS_UNDO, live_tokens_to, open_tokens_for, unused_token};
use attune_sql::{NewOneTimeTokenRow, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::PostgresUnitOfWork;

#[async_trait]
impl OneTimeTokens for PostgresUnitOfWork {
    async fn add_one_time_token(&mut self, token: &NewOneTimeToken) -> Result<(), StoreError> {
        let insert = diesel::insert_into(one_time_tokens::table).values(NewOneTimeTokenRow::from(token));
        let issued = (one_time_tokens::user_id, one_time_tokens::purpose, one_time_tokens::created_at);
        self.execute(insert.on_conflict(issued).do_nothing()).await.map(|_| ())
    }

    async fn use_one_time_token(&mut self, id: OneTimeTokenId, now: Timestamp) -> Result<bool, StoreError> {
        let ended = one_time_tokens::ended_at.eq(millis(now));
        Ok(self.execute(diesel::update(unused_token(id)).set(ended)).await? == 1)
    }

    async fn end_one_time_tokens(
        &mut self,
        user: UserId,
        purposes: &[OneTimePurpose],
        created_from: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let open = open_tokens_for(user, purposes, created_from);
        self.execute(diesel::update(open).set(one_time_tokens::ended_at.eq(millis(now)))).await
    }

    async fn email_reserved_for(&mut self, email: &EmailAddress, now: Timestamp) -> Result<Option<UserId>, StoreError> {
        let undo: Option<OneTimeToken> = self.one(live_tokens_to(email, now).filter(sql::<Bool>(IS_UNDO))).await?;
        Ok(undo.map(|token| token.user))
    }

    async fn purge_one_time_tokens(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let expired = one_time_tokens::table.filter(one_time_tokens::expires_at.lt(millis(before)));
        self.execute(diesel::delete(expired)).await
    }
}
