//! Tokens that work once, and how they are signed.

use async_trait::async_trait;
use attune_domain::{ChosenSlot, EmailAddress, OneTimePurpose, OneTimeToken, OneTimeTokenId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// A one-time token that is not stored yet.
#[derive(Debug, Clone)]
pub struct NewOneTimeToken {
    /// The account that it is for.
    pub user: UserId,
    /// What it is for.
    pub purpose: OneTimePurpose,
    /// Random.
    pub nonce: [u8; 16],
    /// The address that it is mailed to.
    pub email: EmailAddress,
    /// What was chosen before, for links that log in or verify.
    pub slot: Option<ChosenSlot>,
    /// The current time. No other token of this account and purpose was issued at this time.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// One-time tokens, inside a unit of work. They are read by [`crate::Queries::one_time_token`]; the lock of their account
/// ([`crate::Users::user_for_change`]) excludes concurrent use.
#[async_trait]
pub trait OneTimeTokens {
    /// Stores a token. One of the same account, purpose and time is left unchanged.
    async fn add_one_time_token(&mut self, token: &NewOneTimeToken) -> Result<(), StoreError>;

    /// Ends a token because it is used. Returns `false` and changes nothing if it has ended before.
    async fn use_one_time_token(&mut self, id: OneTimeTokenId, now: Timestamp) -> Result<bool, StoreError>;

    /// Ends the tokens of an account that have one of these purposes and were created at or after `created_from`. Returns
    /// how many were ended.
    async fn end_one_time_tokens(
        &mut self,
        user: UserId,
        purposes: &[OneTimePurpose],
        created_from: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The account that can still get this address back: it has a live token with the purpose
    /// [`OneTimePurpose::UndoEmail`] that was mailed there. No other account can have the address until then.
    async fn email_reserved_for(&mut self, email: &EmailAddress, now: Timestamp) -> Result<Option<UserId>, StoreError>;

    /// Deletes the tokens that expired before `before`. Returns how many.
    async fn purge_one_time_tokens(&mut self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Signs one-time tokens: the text that their holder shows. It is never stored, and the same each time it is made, so that an
/// email can be rendered again.
pub trait OneTimeTokenSigner: Send + Sync {
    /// The text of a token: at most 64 characters from `A` to `Z`, `a` to `z`, `0` to `9`, `-` and `_`.
    fn sign_one_time(&self, purpose: OneTimePurpose, id: OneTimeTokenId, nonce: &[u8; 16]) -> String;

    /// The purpose and id that a text claims to be for; `None` if it is no such text. Whether it is genuine is decided by
    /// [`Self::is_genuine_one_time`].
    fn read_one_time(&self, text: &str) -> Option<(OneTimePurpose, OneTimeTokenId)>;

    /// Whether the text is that of this token.
    fn is_genuine_one_time(&self, text: &str, token: &OneTimeToken) -> bool;
}
