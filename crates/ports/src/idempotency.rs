//! The idempotency store: what became of a request that was sent with an idempotency key.

use std::fmt;

use async_trait::async_trait;
use attune_domain::{BookingId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// The key of one request of one user. `Debug` hides the text that the client chose.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// The authenticated user.
    pub user: UserId,
    /// Method and path.
    pub route: String,
    /// The client's own text, 1 to 255 visible ASCII characters.
    pub key: String,
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKey").field("user", &self.user).field("route", &self.route).finish_non_exhaustive()
    }
}

/// A request that was executed under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// SHA-256 of the request, to distinguish a retry from a different request under the same key.
    pub request_hash: [u8; 32],
    /// The booking that the request created or changed. Absent only in records of older releases, which have a response.
    pub booking: Option<BookingId>,
    /// Absent until [`IdempotencyStore::save_response`].
    pub response: Option<StoredResponse>,
    /// When the request was executed.
    pub created_at: Timestamp,
}

/// A response that is sent again to a retry. `Debug` hides the body.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// The body, byte for byte.
    pub body: String,
}

impl fmt::Debug for StoredResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Records are added in the unit of work of their effect, so there is never one without the other. The response follows in
/// a unit of work of its own.
#[async_trait]
pub trait IdempotencyStore {
    /// The record under this key. Waits for another unit of work that is about to add one, as far as the store can
    /// detect it; [`IdempotencyStore::add_idempotency_record`] decides.
    async fn idempotency_record(&mut self, key: &IdempotencyKey) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// Errors: [`crate::Conflict::IdempotencyKeyTaken`] if there is a record under this key already.
    async fn add_idempotency_record(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError>;

    /// Stores the response of a record that has none yet. Returns the response that is stored from now on, which is
    /// another one if that was saved first; `None` if there is no record.
    async fn save_response(
        &mut self,
        key: &IdempotencyKey,
        response: &StoredResponse,
    ) -> Result<Option<StoredResponse>, StoreError>;

    /// Deletes records that were created before this instant, at most `limit`, the oldest first. Returns how many.
    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
