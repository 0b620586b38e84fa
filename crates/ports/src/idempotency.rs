//! The idempotency store: the requests that were sent with an idempotency key, and their responses.

use async_trait::async_trait;
use attune_domain::{BookingId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// The key of one request of one user. `Debug` hides the text that the client chose.
#[derive(Clone, PartialEq, Eq, Hash, derive_more::Debug)]
pub struct IdempotencyKey {
    /// The authenticated user.
    pub user: UserId,
    /// Method and path.
    pub route: String,
    /// Chosen by the client: 1 to 255 visible ASCII characters.
    #[debug(skip)]
    pub key: String,
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
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// The body, byte for byte.
    #[debug(skip)]
    pub body: String,
}

/// Records are added in the unit of work of their effect, so neither exists without the other. The response
/// is stored afterwards, in another unit of work.
#[async_trait]
pub trait IdempotencyStore {
    /// The record under this key. Waits for another unit of work that is adding one, as far as the store can detect
    /// it; the conflict of [`IdempotencyStore::add_idempotency_record`] is what excludes two.
    async fn idempotency_record(&mut self, key: &IdempotencyKey) -> Result<Option<IdempotencyRecord>, StoreError>;

    /// Errors: [`crate::Conflict::IdempotencyKeyTaken`] if a record is already stored under this key.
    async fn add_idempotency_record(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError>;

    /// Stores the response of a record that has none yet. Returns the stored response, which is a different one if
    /// that was stored first; `None` if there is no record.
    async fn save_response(
        &mut self,
        key: &IdempotencyKey,
        response: &StoredResponse,
    ) -> Result<Option<StoredResponse>, StoreError>;

    /// Deletes records that were created before this instant, at most `limit`, the oldest first. Returns how many.
    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
