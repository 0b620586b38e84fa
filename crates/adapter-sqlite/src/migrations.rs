//! Applies migrations.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use attune_ports::{BoxError, StoreError};
use attune_sql::dump::unknown_migration;
use attune_sql::schema::users;
use attune_sql::search_texts;
use attune_sql::statements::users_without_search_text;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql_query;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::connector::BUSY_TIMEOUT;
use crate::error::store_error;
use crate::store::SqliteStore;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The longest wait for another process that migrates the same file.
const OTHERS_WAIT: Duration = Duration::from_secs(60);

/// Why the schema was not migrated. Nothing was changed.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database was migrated by a newer release.
    #[error(
        "the database {} has the migration {version}, which this release of Attune does not know; use a newer release",
        path.display()
    )]
    Newer {
        path: PathBuf,
        /// The first unknown migration.
        version: String,
    },
    /// Another process locks the file for longer than a migration should take.
    #[error("the database {} is held by another process, so its schema cannot be brought up to date", path.display())]
    Busy { path: PathBuf, source: StoreError },
    /// A migration failed; all of them were rolled back.
    #[error("the schema of the database {} cannot be brought up to date", path.display())]
    Failed { path: PathBuf, source: BoxError },
}

/// The error without the path of the file.
enum Stop {
    Newer(String),
    Store(StoreError),
    Migration(BoxError),
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(store_error(error))
    }
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

impl SqliteStore {
    /// Applies the pending migrations, all or none, and returns their names. Waits for another process that does the
    /// same, so any number may start at once. Has no deadline of its own.
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        let path = || self.connector.path();
        let permit =
            self.turn().await.map_err(|source| MigrateError::Failed { path: path(), source: source.into() })?;
        let (reply, answer) = oneshot::channel();
        self.writer
            .post(Box::new(move |connection| {
                let result = connection.run(|connection| Ok(migrate(connection)));
                drop(permit);
                let _ = reply.send(result);
            }))
            .map_err(|source| MigrateError::Failed { path: path(), source: source.into() })?;
        match answer.await {
            Ok(Ok(Ok(applied))) => Ok(applied),
            Ok(Ok(Err(Stop::Newer(version)))) => Err(MigrateError::Newer { path: path(), version }),
            Ok(Ok(Err(Stop::Store(source @ StoreError::Contended)))) => {
                Err(MigrateError::Busy { path: path(), source })
            }
            Ok(Ok(Err(Stop::Store(source))) | Err(source)) => {
                Err(MigrateError::Failed { path: path(), source: source.into() })
            }
            Ok(Ok(Err(Stop::Migration(source)))) => Err(MigrateError::Failed { path: path(), source }),
            Err(lost) => Err(MigrateError::Failed { path: path(), source: lost.into() }),
        }
    }

    /// The names of the migrations that [`Self::migrate`] would apply. Changes nothing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, MigrateError> {
        let path = || self.connector.path();
        let applied = self.readers.run(|connection| applied(connection).map_err(store_error)).await;
        let applied = applied.map_err(|source| MigrateError::Failed { path: path(), source: source.into() })?;
        pending(&applied).map_err(|stop| match stop {
            Stop::Newer(version) => MigrateError::Newer { path: path(), version },
            Stop::Store(source) => MigrateError::Failed { path: path(), source: source.into() },
            Stop::Migration(source) => MigrateError::Failed { path: path(), source },
        })
    }

    /// Whether exactly the migrations of this release have been applied.
    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let known: Vec<_> = known().map_err(StoreError::Failed)?.into_keys().collect();
        self.readers.run(move |connection| Ok(applied(connection).map_err(store_error)? == known)).await
    }
}

/// The names of the migrations of this release by their versions.
fn known() -> Result<BTreeMap<String, String>, BoxError> {
    let migrations: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations()?;
    let named = migrations.iter().map(|migration| migration.name());
    Ok(named.map(|name| (name.version().to_string(), name.to_string())).collect())
}

/// The names of all migrations of this release, in order: those of a database that does not exist yet.
pub fn migration_names() -> Result<Vec<String>, BoxError> {
    Ok(known()?.into_values().collect())
}

/// The names of the migrations that the database does not have.
fn pending(applied: &[String]) -> Result<Vec<String>, Stop> {
    let mut pending = known().map_err(Stop::Migration)?;
    match applied.iter().find(|version| pending.remove(*version).is_none()) {
        Some(version) => Err(Stop::Newer(version.clone())),
        None => Ok(pending.into_values().collect()),
    }
}

/// The versions that the database has, in order. Writes nothing, not even the table of migrations.
pub(crate) fn applied(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let has_table = sql_query("SELECT name AS version FROM sqlite_schema WHERE name = '__diesel_schema_migrations'")
        .load::<Applied>(connection)?;
    if has_table.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Applied> =
        sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version").load(connection)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

fn migrate(connection: &mut SqliteConnection) -> Result<Vec<String>, Stop> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", OTHERS_WAIT.as_millis()))?;
    // The lock is taken before the list of applied migrations is read, so two processes cannot both find one missing.
    let result = connection.immediate_transaction(|connection| {
        pending(&applied(connection)?)?;
        migrate_within(connection).map_err(Stop::Migration)
    });
    connection.batch_execute(BUSY_TIMEOUT)?;
    result
}

/// Applies the pending migrations within a transaction, and returns their names.
pub(crate) fn migrate_within(connection: &mut SqliteConnection) -> Result<Vec<String>, BoxError> {
    let pending = connection.pending_migrations(MIGRATIONS)?;
    connection.run_migrations(&pending)?;
    for (user, search_text) in search_texts(users_without_search_text().load(connection)?) {
        diesel::update(users::table.find(user)).set(users::search_text.eq(search_text)).execute(connection)?;
    }
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}

/// Applies these migrations to a new database, within a transaction. Errors: one of them is of a newer release.
pub(crate) fn migrate_to(connection: &mut SqliteConnection, schema: &[String]) -> Result<(), BoxError> {
    let known: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations()?;
    for version in schema {
        let migration = known.iter().find(|migration| migration.name().version().to_string() == *version);
        let migration = migration.ok_or_else(|| unknown_migration(version))?;
        // Creates the list of migrations where there is none.
        connection.applied_migrations()?;
        connection.run_migration(migration)?;
    }
    Ok(())
}
