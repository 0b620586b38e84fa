//! A wish that is sent twice under one key is granted once.
//!
//! The reply is kept in the unit of work of its effect. So a client that lost the connection can send the same again and
//! gets the reply it missed; nothing happens twice, whatever the network did.

use std::fmt;
use std::sync::Arc;

use attune_domain::Booking;
use attune_ports::{Conflict, IdempotencyKey, StoreError, StoredResponse, UnitOfWork};
use jiff::Timestamp;

/// Writes the reply down, as it will go out: its status and its body.
pub type Render = Arc<dyn Fn(&Booking) -> (u16, String) + Send + Sync>;

/// A wish with a key.
#[derive(Clone)]
pub struct IdempotentRequest {
    pub key: IdempotencyKey,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
    pub render: Render,
}

impl fmt::Debug for IdempotentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotentRequest").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What came of a wish.
#[derive(Debug)]
pub enum Idempotent<T> {
    Executed(T),
    Replayed(StoredResponse),
}

/// What an attempt finds under its key.
pub(crate) enum Found {
    Nothing,
    Reply(StoredResponse),
    KeyReused,
}

/// Looks for the reply to an earlier try of the same wish.
pub(crate) async fn find_response(
    work: &mut dyn UnitOfWork,
    request: Option<&IdempotentRequest>,
) -> Result<Found, StoreError> {
    let Some(request) = request else { return Ok(Found::Nothing) };
    Ok(match work.stored_response(&request.key).await? {
        None => Found::Nothing,
        Some(stored) if stored.request_hash == request.request_hash => Found::Reply(stored),
        Some(_) => Found::KeyReused,
    })
}

/// Keeps the reply. Errors: [`StoreError::Contended`] when another try of the same wish was faster; the next attempt finds
/// its reply.
pub(crate) async fn save_response(
    work: &mut dyn UnitOfWork,
    request: Option<&IdempotentRequest>,
    booking: &Booking,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(request) = request else { return Ok(()) };
    let (status, body) = (request.render)(booking);
    let reply = StoredResponse { request_hash: request.request_hash, status, body, at: now };
    match work.save_response(&request.key, &reply).await {
        Err(error) if error.is_conflict(Conflict::IdempotencyKeyTaken) => Err(StoreError::Contended),
        other => other,
    }
}
