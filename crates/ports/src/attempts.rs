//! Attempts that are limited in number, such as guesses of a password, counted across restarts and instances.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// SHA-256 of what is attempted, and for whom. Addresses without an account are counted in the same way, so that the count
/// does not reveal who is a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("AttemptKey(***)")]
pub struct AttemptKey(pub [u8; 32]);

/// Attempts, inside a unit of work.
#[async_trait]
pub trait Attempts {
    /// Counts an attempt at `now`, unless `max` were counted at or after `since`. Earlier ones of this key are deleted.
    /// Returns whether it was counted. Units of work that count attempts of one key wait for each other, so together they
    /// never exceed the limit.
    async fn count_attempt(
        &mut self,
        key: &AttemptKey,
        now: Timestamp,
        since: Timestamp,
        max: u64,
    ) -> Result<bool, StoreError>;

    /// Takes back one attempt that was counted at `at`, because it was none.
    async fn take_back_attempt(&mut self, key: &AttemptKey, at: Timestamp) -> Result<(), StoreError>;

    /// Deletes all attempts of a key, after one that succeeded.
    async fn clear_attempts(&mut self, key: &AttemptKey) -> Result<(), StoreError>;

    /// Deletes the attempts from before `before`, whatever their key. Returns how many.
    async fn purge_attempts(&mut self, before: Timestamp) -> Result<u64, StoreError>;
}
