use async_trait::async_trait;
use attune_ports::{IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoreError, StoredResponse};
use attune_sql::schema::idempotency_keys;
use attune_sql::{NewIdempotencyRow, millis, statements};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnitOfWork;
use crate::functions::idempotency_lock;

#[async_trait]
impl IdempotencyStore for PostgresUnitOfWork {
    async fn idempotency_record(&mut self, key: &IdempotencyKey) -> Result<Option<IdempotencyRecord>, StoreError> {
        // A statement of its own: one that waited for the lock would not see what was committed meanwhile.
        self.lock(&idempotency_lock(key)).await?;
        self.one(statements::idempotency_record(key)).await
    }

    async fn add_idempotency_record(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError> {
        self.change(diesel::insert_into(idempotency_keys::table).values(NewIdempotencyRow::new(key, record))).await
    }

    async fn save_response(
        &mut self,
        key: &IdempotencyKey,
        response: &StoredResponse,
    ) -> Result<Option<StoredResponse>, StoreError> {
        let unanswered = statements::idempotency_record(key).filter(idempotency_keys::response_body.is_null());
        let saved = (
            idempotency_keys::response_status.eq(i64::from(response.status)),
            idempotency_keys::response_body.eq(response.body.clone()),
        );
        // Waits for a concurrent save, and then changes nothing; the next statement sees what that saved.
        self.execute(diesel::update(unanswered).set(saved)).await?;
        let record: Option<IdempotencyRecord> = self.one(statements::idempotency_record(key)).await?;
        Ok(record.and_then(|record| record.response))
    }

    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        // Locked rows are left for the next time, so that two purges never wait for each other.
        let oldest = idempotency_keys::table
            .filter(idempotency_keys::created_at.lt(millis(before)))
            .order((idempotency_keys::created_at, idempotency_keys::id))
            .limit(i64::from(limit))
            .select(idempotency_keys::id)
            .for_update()
            .skip_locked();
        self.call(async |mut c| {
            let ids: Vec<i64> = oldest.load(&mut c).await?;
            let purge = diesel::delete(idempotency_keys::table.filter(idempotency_keys::id.eq_any(ids)));
            Ok(u64::try_from(purge.execute(&mut c).await?).unwrap_or(u64::MAX))
        })
        .await
    }
}
