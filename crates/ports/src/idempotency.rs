//! The idempotency store: responses that are replayed when a request is repeated under the same key.

use std::fmt;

use async_trait::async_trait;
use attune_domain::UserId;
use jiff::Timestamp;

use crate::StoreError;

/// Names one wish of one caller. `Debug` hides the caller's own key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Who asks.
    pub user: UserId,
    /// What for: method and path.
    pub route: String,
    /// What the caller called it, 1 to 255 visible ASCII characters.
    pub key: String,
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKey").field("user", &self.user).field("route", &self.route).finish_non_exhaustive()
    }
}

/// A reply that was given. `Debug` hides what it said.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// SHA-256 of what was asked, to tell a second try from another wish under the same key.
    pub request_hash: [u8; 32],
    /// HTTP status.
    pub status: u16,
    /// The body as it went out.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for StoredResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredResponse").field("status", &self.status).field("at", &self.at).finish_non_exhaustive()
    }
}

/// IdempotencyStore kept in the unit of work of their effect, so that there is never one without the other.
#[async_trait]
pub trait IdempotencyStore {
    /// The reply kept under this key. Waits for another unit of work that is about to keep one, as far as the store can
    /// tell; [`IdempotencyStore::save_response`] is what decides.
    async fn stored_response(&mut self, key: &IdempotencyKey) -> Result<Option<StoredResponse>, StoreError>;

    /// Keeps a reply. Errors: [`crate::Conflict::IdempotencyKeyTaken`] when there is one under this key already.
    async fn save_response(&mut self, key: &IdempotencyKey, reply: &StoredResponse) -> Result<(), StoreError>;

    /// Replaces the body of a kept reply, for what is known only after the effect was kept. `false` when there is none.
    async fn update_response(&mut self, key: &IdempotencyKey, body: &str) -> Result<bool, StoreError>;

    /// Forgets replies from before this instant, at most `limit`. Returns how many.
    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
