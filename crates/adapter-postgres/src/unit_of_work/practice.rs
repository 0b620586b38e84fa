use async_trait::async_trait;
use attune_domain::Practice;
use attune_ports::{PracticeData, StoreError};
use attune_sql::PracticeRow;
use attune_sql::schema::{installation, practice};
use attune_sql::statements::last_booking;
use diesel::prelude::*;

use super::PostgresUnitOfWork;

#[async_trait]
impl PracticeData for PostgresUnitOfWork {
    async fn practice_for_change(&mut self) -> Result<Option<Practice>, StoreError> {
        self.one(practice::table.for_no_key_update()).await
    }

    async fn add_practice(&mut self, new: &Practice) -> Result<bool, StoreError> {
        let insert = diesel::insert_into(practice::table).values(PracticeRow::from(new));
        Ok(self.execute(insert.on_conflict_do_nothing()).await? == 1)
    }

    async fn save_practice(&mut self, changed: &Practice) -> Result<(), StoreError> {
        self.change(diesel::update(practice::table).set(PracticeRow::from(changed))).await
    }

    async fn set_legacy_uid_domain(&mut self, domain: &str) -> Result<(), StoreError> {
        let first = installation::table.filter(installation::legacy_uid_domain.is_null());
        let legacy = (
            installation::legacy_uid_domain.eq(domain.to_owned()),
            installation::legacy_last_booking.eq(last_booking().single_value()),
        );
        self.execute(diesel::update(first).set(legacy)).await.map(|_| ())
    }

    async fn rewrite_installation(&mut self) -> Result<(), StoreError> {
        let unchanged = installation::uid_domain.eq(installation::uid_domain);
        self.change(diesel::update(installation::table).set(unchanged)).await
    }
}
