use async_trait::async_trait;
use attune_ports::{IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoreError, StoredResponse};
use attune_sql::schema::idempotency_keys;
use attune_sql::{NewIdempotencyRow, millis, statements};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::SqliteUnitOfWork;

const PURGE: &str = "DELETE FROM idempotency_keys WHERE id IN \
    (SELECT id FROM idempotency_keys WHERE created_at < ? ORDER BY created_at, id LIMIT ?)";

#[async_trait]
impl IdempotencyStore for SqliteUnitOfWork {
    /// The transaction is the only one that writes, so no other one is about to add a record.
    async fn idempotency_record(&mut self, key: &IdempotencyKey) -> Result<Option<IdempotencyRecord>, StoreError> {
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
        self.execute(diesel::update(unanswered).set(saved)).await?;
        let record: Option<IdempotencyRecord> = self.one(statements::idempotency_record(key)).await?;
        Ok(record.and_then(|record| record.response))
    }

    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let purge = sql_query(PURGE).bind::<BigInt, _>(millis(before)).bind::<BigInt, _>(i64::from(limit));
        self.execute(purge).await
    }
}
