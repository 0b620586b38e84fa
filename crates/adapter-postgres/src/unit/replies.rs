//! IdempotencyStore that are kept for a second try.

use async_trait::async_trait;
use attune_ports::{IdempotencyKey, IdempotencyStore, StoreError, StoredResponse};
use attune_sql::schema::idempotency_keys;
use attune_sql::{NewIdempotencyKeyRow, StoredResponseRow, millis};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;
use crate::sql::reply_lock;

#[async_trait]
impl IdempotencyStore for PostgresUnit {
    async fn stored_response(&mut self, key: &IdempotencyKey) -> Result<Option<StoredResponse>, StoreError> {
        // A statement of its own: one that waited sees nothing of what was kept meanwhile.
        self.lock(&reply_lock(key)).await?;
        let query = idempotency_keys::table
            .filter(idempotency_keys::user_id.eq(key.user.get()))
            .filter(idempotency_keys::route.eq(&key.route))
            .filter(idempotency_keys::key.eq(&key.key))
            .select(StoredResponseRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(StoredResponse::try_from).transpose()?)
        })
        .await
    }

    async fn save_response(&mut self, key: &IdempotencyKey, reply: &StoredResponse) -> Result<(), StoreError> {
        let row = NewIdempotencyKeyRow::new(key, reply);
        self.call(async |mut c| {
            diesel::insert_into(idempotency_keys::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn update_response(&mut self, key: &IdempotencyKey, body: &str) -> Result<bool, StoreError> {
        let kept = idempotency_keys::table
            .filter(idempotency_keys::user_id.eq(key.user.get()))
            .filter(idempotency_keys::route.eq(&key.route))
            .filter(idempotency_keys::key.eq(&key.key));
        let amended = idempotency_keys::response_body.eq(body);
        self.call(async |mut c| Ok(diesel::update(kept).set(amended).execute(&mut c).await? == 1)).await
    }

    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        // Those that somebody holds are left for the next time, so that two who forget never wait for each other.
        let oldest = idempotency_keys::table
            .filter(idempotency_keys::created_at.lt(millis(before)))
            .order((idempotency_keys::created_at, idempotency_keys::id))
            .limit(i64::from(limit))
            .select(idempotency_keys::id)
            .for_update()
            .skip_locked();
        self.call(async |mut c| {
            let ids: Vec<i64> = oldest.load(&mut c).await?;
            let forgotten = diesel::delete(idempotency_keys::table.filter(idempotency_keys::id.eq_any(ids)));
            Ok(u64::try_from(forgotten.execute(&mut c).await?).unwrap_or(u64::MAX))
        })
        .await
    }
}
