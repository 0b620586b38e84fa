//! Calendar feeds: the calendars that an account's calendar program subscribes to.

use async_trait::async_trait;
use attune_domain::UserId;
use jiff::Timestamp;

use crate::StoreError;

/// The calendar feed of a user, which exists while it is turned on.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct CalendarFeed {
    /// Random, and signed in the token of the feed's URL: a new one ends the former URL.
    #[debug(skip)]
    pub nonce: [u8; 16],
    /// When the feed got its URL.
    pub created_at: Timestamp,
}

/// Calendar feeds, inside a unit of work that has locked the user ([`crate::Users::user_for_change`]).
#[async_trait]
pub trait CalendarFeeds {
    /// The calendar feed of a user; `None` if it is turned off.
    async fn calendar_feed(&mut self, user: UserId) -> Result<Option<CalendarFeed>, StoreError>;

    /// Stores the calendar feed of a user in place of another one.
    async fn save_calendar_feed(&mut self, user: UserId, feed: &CalendarFeed) -> Result<(), StoreError>;

    /// Deletes the calendar feed of a user. Returns whether there was one.
    async fn remove_calendar_feed(&mut self, user: UserId) -> Result<bool, StoreError>;
}

/// Signs the tokens in the URLs of calendar feeds. They are never stored.
pub trait CalendarFeedTokens: Send + Sync {
    /// The token of a user's feed with this nonce: at most 64 characters from `A` to `Z`, `a` to `z`, `0` to `9`, `-` and
    /// `_`. The same feed always gives the same text.
    fn sign_feed(&self, user: UserId, nonce: &[u8; 16]) -> String;

    /// The user whose feed a text claims to be for; `None` if it is no such text. Whether it is genuine is decided by
    /// [`Self::is_genuine_feed`].
    fn read_feed(&self, text: &str) -> Option<UserId>;

    /// Whether the text is the token of this user's feed with this nonce.
    fn is_genuine_feed(&self, text: &str, user: UserId, nonce: &[u8; 16]) -> bool;
}
