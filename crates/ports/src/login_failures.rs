//! Failed logins, counted per account across restarts and instances.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// SHA-256 of an e-mail address, known or not: unknown addresses are counted the same, so that the count tells nobody
/// who is a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountKey(pub [u8; 32]);

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey(***)")
    }
}

/// Failed logins, inside a unit of work.
#[async_trait]
pub trait LoginFailures {
    /// Notes a failure, and forgets those of this account from before `forget_before`.
    async fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets all failures of an account, after a login that worked.
    async fn clear_login_failures(&mut self, account: &AccountKey) -> Result<(), StoreError>;
}
