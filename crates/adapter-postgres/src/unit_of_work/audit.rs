use async_trait::async_trait;
use attune_ports::{AuditEntry, AuditTrail, StoreError};
use attune_sql::AuditRow;
use attune_sql::schema::audit_log;

use super::PostgresUnitOfWork;

#[async_trait]
impl AuditTrail for PostgresUnitOfWork {
    async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.change(diesel::insert_into(audit_log::table).values(AuditRow::from(entry))).await
    }
}
