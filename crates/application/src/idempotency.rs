//! A request that is sent twice under one idempotency key is executed once.
//!
//! The unit of work of its effect records the key. The response is rendered and saved afterwards, because a part of it, such
//! as the checkout URL, is known only then; a retry in between renders it from the present state of the booking.

use std::sync::Arc;

use attune_domain::BookingId;
use attune_ports::{Conflict, IdempotencyKey, IdempotencyRecord, Store, StoreError, StoredResponse, UnitOfWork};
use jiff::Timestamp;

#[derive(Debug, Clone)]
pub struct IdempotentRequest {
    pub key: IdempotencyKey,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
}

#[derive(Debug)]
pub enum Idempotent<T> {
    Executed(T),
    Replayed(Replay),
}

/// What an earlier execution of the request left.
#[derive(Debug)]
pub enum Replay {
    Response(StoredResponse),
    /// The request changed this booking, but its response is not saved yet.
    Unanswered(BookingId),
}

pub(crate) enum Found {
    Nothing,
    Replay(Replay),
    KeyReused,
}

/// Looks for an earlier execution of the same request.
pub(crate) async fn find(work: &mut dyn UnitOfWork, request: Option<&IdempotentRequest>) -> Result<Found, StoreError> {
    let Some(request) = request else { return Ok(Found::Nothing) };
    let Some(record) = work.idempotency_record(&request.key).await? else { return Ok(Found::Nothing) };
    if record.request_hash != request.request_hash {
        return Ok(Found::KeyReused);
    }
    match (record.response, record.booking) {
        (Some(response), _) => Ok(Found::Replay(Replay::Response(response))),
        (None, Some(booking)) => Ok(Found::Replay(Replay::Unanswered(booking))),
        (None, None) => Err(StoreError::Corrupt("an idempotency record has neither booking nor response".into())),
    }
}

/// Errors: [`StoreError::Contended`] if a concurrent retry was faster; the next attempt finds its record.
pub(crate) async fn record(
    work: &mut dyn UnitOfWork,
    request: Option<&IdempotentRequest>,
    booking: BookingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(IdempotentRequest { key, request_hash }) = request else { return Ok(()) };
    let record =
        IdempotencyRecord { request_hash: *request_hash, booking: Some(booking), response: None, created_at: now };
    match work.add_idempotency_record(key, &record).await {
        Err(error) if error.is_conflict(Conflict::IdempotencyKeyTaken) => Err(StoreError::Contended),
        other => other,
    }
}

/// Saves the response to a request that was executed.
#[derive(Clone)]
pub struct SaveResponse {
    pub store: Arc<dyn Store>,
}

impl SaveResponse {
    /// Returns the response that every retry receives, which is another one if that was saved first.
    pub async fn run(&self, key: &IdempotencyKey, response: StoredResponse) -> Result<StoredResponse, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let stored = work.save_response(key, &response).await?;
            work.commit().await?;
            // Without a record (it was purged in between) no retry will be answered from it.
            Ok(stored.unwrap_or_else(|| response.clone()))
        })
        .await
    }
}
