use async_trait::async_trait;
use attune_ports::{IdempotencyKey, IdempotencyStore, StoreError, StoredResponse};
use attune_sql::schema::idempotency_keys;
use attune_sql::{NewIdempotencyKeyRow, millis, statements};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use jiff::Timestamp;

use super::SqliteUnitOfWork;

const PURGE: &str = "DELETE FROM idempotency_keys WHERE id IN \
    (SELECT id FROM idempotency_keys WHERE created_at < ? ORDER BY created_at, id LIMIT ?)";

#[async_trait]
impl IdempotencyStore for SqliteUnitOfWork {
    /// The transaction is the only one that writes, so no other one is about to store a response.
    async fn stored_response(&mut self, key: &IdempotencyKey) -> Result<Option<StoredResponse>, StoreError> {
        self.one(statements::stored_response(key)).await
    }

    async fn save_response(&mut self, key: &IdempotencyKey, response: &StoredResponse) -> Result<(), StoreError> {
        let row = NewIdempotencyKeyRow::new(key, response);
        self.change(diesel::insert_into(idempotency_keys::table).values(row)).await
    }

    async fn update_response(&mut self, key: &IdempotencyKey, body: &str) -> Result<bool, StoreError> {
        let body = idempotency_keys::response_body.eq(body.to_owned());
        Ok(self.execute(diesel::update(statements::stored_response(key)).set(body)).await? == 1)
    }

    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let purge = sql_query(PURGE).bind::<BigInt, _>(millis(before)).bind::<BigInt, _>(i64::from(limit));
        self.execute(purge).await
    }
}
