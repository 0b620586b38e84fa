use async_trait::async_trait;
use attune_domain::UserId;
use attune_ports::{CalendarFeed, CalendarFeeds, StoreError};
use attune_sql::CalendarFeedRow;
use attune_sql::schema::calendar_feeds;
use diesel::prelude::*;

use super::SqliteUnitOfWork;

#[async_trait]
impl CalendarFeeds for SqliteUnitOfWork {
    async fn calendar_feed(&mut self, user: UserId) -> Result<Option<CalendarFeed>, StoreError> {
        self.one(calendar_feeds::table.find(user.get())).await
    }

    async fn save_calendar_feed(&mut self, user: UserId, feed: &CalendarFeed) -> Result<(), StoreError> {
        let row = CalendarFeedRow::new(user, feed);
        let insert = diesel::insert_into(calendar_feeds::table).values(row.clone());
        self.change(insert.on_conflict(calendar_feeds::user_id).do_update().set(row)).await
    }

    async fn remove_calendar_feed(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.execute(diesel::delete(calendar_feeds::table.find(user.get()))).await? == 1)
    }
}
