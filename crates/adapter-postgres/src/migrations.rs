//! Applies migrations.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_ports::{BoxError, StoreError};
use attune_sql::search_texts;
use attune_sql::statements::users_without_search_text;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

use crate::PostgresStore;
use crate::connector::Purpose;
use crate::functions::{hashtextextended, pg_advisory_lock, to_regclass};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Taken for migrating, so that instances that start together take turns.
const MIGRATION_LOCK: &str = "attune:migrations";

/// Diesel's table of applied migrations.
const TABLE: &str = "__diesel_schema_migrations";

const FILL_SEARCH_TEXTS: &str = "UPDATE users SET search_text = filled.search_text \
    FROM unnest($1, $2) AS filled (id, search_text) WHERE users.id = filled.id";

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
        let mut connection = Arc::clone(&self.connector)
            .connect(Purpose::Migrations)
            .await
            .map_err(|e| MigrateError::Failed(e.into()))?;
        // The lock is released with the connection.
        diesel::select(pg_advisory_lock(hashtextextended(MIGRATION_LOCK, 0)))
            .execute(&mut connection.diesel)
            .await
            .map_err(|e| MigrateError::Failed(e.into()))?;
        let applied = applied(&connection.diesel).await.map_err(|e| MigrateError::Failed(e.into()))?;
        pending(&applied)?;
        let (connection, driver) = connection.split();
        // Diesel's harness blocks its thread.
        let run = match tokio::task::spawn_blocking(move || run(connection)).await {
            Ok(Ok((pending, connection))) => fill_search_texts(&connection).await.map(|()| pending).map_err(Into::into),
            Ok(Err(error)) => Err(error),
            Err(error) => Err(error.into()),
        };
        // Only now is the lock released.
        let _ = driver.await;
        run.map_err(MigrateError::Failed)
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
    let rows: Vec<Applied> =
        diesel::sql_query(format!("SELECT version FROM {TABLE} ORDER BY version")).load(&mut connection).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

fn run(connection: AsyncPgConnection) -> Result<(Vec<String>, AsyncPgConnection), BoxError> {
    let mut harness = AsyncMigrationHarness::new(connection);
    let pending = harness.pending_migrations(MIGRATIONS)?;
    harness.run_migrations(&pending)?;
    Ok((pending.iter().map(|migration| migration.name().to_string()).collect(), harness.into_inner()))
}

async fn fill_search_texts(mut connection: &AsyncPgConnection) -> QueryResult<()> {
    let (users, texts): (Vec<i64>, Vec<String>) =
        search_texts(users_without_search_text().load(&mut connection).await?).into_iter().unzip();
    if users.is_empty() {
        return Ok(());
    }
    diesel::sql_query(FILL_SEARCH_TEXTS)
        .bind::<Array<BigInt>, _>(users)
        .bind::<Array<Text>, _>(texts)
        .execute(&mut connection)
        .await
        .map(|_| ())
}
