use attune_domain::UserId;
use attune_ports::{CalendarFeed, StoreError};
use diesel::prelude::*;

use super::FromRow;
use crate::map::{from_millis, millis, sound};
use crate::schema::calendar_feeds;

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = calendar_feeds)]
pub struct CalendarFeedRow {
    user_id: i64,
    nonce: Vec<u8>,
    created_at: i64,
}

impl CalendarFeedRow {
    pub fn new(user: UserId, feed: &CalendarFeed) -> Self {
        Self { user_id: user.get(), nonce: feed.nonce.to_vec(), created_at: millis(feed.created_at) }
    }
}

impl FromRow for CalendarFeed {
    type Row = CalendarFeedRow;

    fn from_row(row: CalendarFeedRow) -> Result<Self, StoreError> {
        Ok(Self {
            nonce: sound(row.nonce.as_slice().try_into().ok(), "calendar_feeds.nonce")?,
            created_at: from_millis(row.created_at)?,
        })
    }
}
