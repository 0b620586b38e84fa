//! Applies migrations.

pub(crate) mod blocking;

use std::collections::BTreeMap;
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
            match pending(&blocking::applied(connection)?) {
                Ok(_) => blocking::migrate(connection).map(Ok),
                Err(newer) => Ok(Err(newer)),
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

    /// The names of the migrations that [`Self::migrate`] would apply. Changes nothing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, MigrateError> {
        let applied = self.read(async |connection| Ok(applied(connection).await?)).await;
        pending(&applied.map_err(|error| MigrateError::Failed(error.into()))?)
    }

    /// Whether exactly the migrations of this release have been applied.
    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let known: Vec<_> = known().map_err(StoreError::Failed)?.into_keys().collect();
        self.read(async |connection| Ok(applied(connection).await? == known)).await
    }
}

/// The names of the migrations of this release by their versions.
fn known() -> Result<BTreeMap<String, String>, BoxError> {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    let named = migrations.iter().map(|migration| migration.name());
    Ok(named.map(|name| (name.version().to_string(), name.to_string())).collect())
}

/// The names of the migrations that the database does not have.
///
/// Errors: [`MigrateError::Newer`] when it has one that this release does not.
fn pending(applied: &[String]) -> Result<Vec<String>, MigrateError> {
    let mut pending = known().map_err(MigrateError::Failed)?;
    match applied.iter().find(|version| pending.remove(*version).is_none()) {
        Some(version) => Err(MigrateError::Newer { version: version.clone() }),
        None => Ok(pending.into_values().collect()),
    }
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
