//! Failed logins, counted per account across restarts and instances.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// SHA-256 of an email address. Addresses without an account are counted in the same way, so that the count does not
/// reveal who is a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("AccountKey(***)")]
pub struct AccountKey(pub [u8; 32]);

/// Failed logins, inside a unit of work.
#[async_trait]
pub trait LoginFailures {
    /// Records a failed login at `now`, and deletes the failures of this account from before `forget_before`.
    async fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError>;

    /// Deletes all failures of an account, after a successful login.
    async fn clear_login_failures(&mut self, account: &AccountKey) -> Result<(), StoreError>;
}
