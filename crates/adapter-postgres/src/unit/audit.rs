//! The audit trail.

use async_trait::async_trait;
use attune_ports::{AuditEntry, AuditTrail, StoreError};
use attune_sql::AuditRow;
use attune_sql::schema::audit_log;
use diesel_async::RunQueryDsl;

use super::PostgresUnit;

#[async_trait]
impl AuditTrail for PostgresUnit {
    async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let row = AuditRow::from(entry);
        self.call(async |mut c| {
            diesel::insert_into(audit_log::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }
}
