//! Applies migrations.

pub(crate) mod blocking;

use std::sync::Arc;

use attune_ports::{BoxError, StoreError};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use thiserror::Error;

use crate::PostgresStore;
use crate::connector::Purpose;
use crate::functions::to_regclass;
use blocking::Blocking;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Taken for migrating, so that instances that start together take turns.
const MIGRATION_LOCK: &str = "attune:migrations";

/// Diesel's table of applied migrations.
const TABLE: &str = "__diesel_schema_migrations";

const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations ORDER BY version";

/// Why the schema was not migrated.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database was migrated by a newer release. Nothing was changed.
    #[error(
        "the database has the migration {version}, which this release of Attune does not know; use a newer release"
    )]
    Newer {
        /// The first unknown migration.
        version: String,
    },
    /// A migration failed, or the connection broke. That migration was rolled back, those before it stay.
    #[error("the schema of the database cannot be brought up to date")]
    Failed(#[source] BoxError),
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

impl PostgresStore {
    /// Applies the pending migrations and returns their names. Waits for another process that does the same, so any
    /// number may start at once. Has no deadline of its own.
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        let migrated = self.blocking(|connection| {
            blocking::lock_migrations(connection)?;
            let known = known()?;
            match blocking::applied(connection)?.into_iter().find(|version| !known.contains(version)) {
                Some(version) => Ok(Err(MigrateError::Newer { version })),
                None => blocking::migrate(connection).map(Ok),
            }
        });
        migrated.await.map_err(MigrateError::Failed)?
    }

    /// Runs blocking work on a connection of its own, without limits of time.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Blocking) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, BoxError> {
        let (connection, driver) = Arc::clone(&self.connector).connect(Purpose::Migrations).await?.split();
        let done = tokio::task::spawn_blocking(move || work(&mut Blocking::from(connection))).await;
        // Only now are its locks released.
        let _ = driver.await;
        done?
    }

    /// Whether exactly the migrations of this release have been applied.
    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let known = known().map_err(StoreError::Failed)?;
        self.read(async |connection| Ok(applied(connection).await? == known)).await
    }
}

/// The versions of the migrations of this release, in order.
fn known() -> Result<Vec<String>, BoxError> {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    let mut versions: Vec<_> = migrations.iter().map(|migration| migration.name().version().to_string()).collect();
    versions.sort_unstable();
    Ok(versions)
}

/// The versions that the database has, in order. Writes nothing, not even the table of migrations.
async fn applied(mut connection: &AsyncPgConnection) -> QueryResult<Vec<String>> {
    let table: Option<u32> = diesel::select(to_regclass(TABLE)).get_result(&mut connection).await?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    let rows: Vec<Applied> = diesel::sql_query(APPLIED).load(&mut connection).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
