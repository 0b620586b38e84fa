use async_trait::async_trait;
use attune_domain::Practice;
use attune_domain::practice::{Logo, LogoName};
use attune_ports::{PracticeData, StoreError};
use attune_sql::schema::{installation, logos, practice};
use attune_sql::statements::last_booking;
use attune_sql::{LogoRow, PracticeRow};
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

    async fn save_practice(&mut self, changed: &Practice) -> Result<u32, StoreError> {
        let changes = (PracticeRow::from(changed), practice::version.eq(practice::version + 1));
        self.returning(diesel::update(practice::table).set(changes).returning(practice::version)).await
    }

    async fn replace_logo(&mut self, logo: Option<(&LogoName, &Logo)>) -> Result<(), StoreError> {
        self.execute(diesel::delete(logos::table)).await?;
        if let Some((name, logo)) = logo {
            self.execute(diesel::insert_into(logos::table).values(LogoRow::new(name, logo))).await?;
        }
        Ok(())
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
