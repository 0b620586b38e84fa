//! Changes the schema by Diesel's harness, which blocks its thread.

use attune_ports::BoxError;
use attune_sql::dump::unknown_migration;
use attune_sql::search_texts;
use attune_sql::statements::users_without_search_text;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::MigrationHarness;

use super::{APPLIED, Applied, MIGRATION_LOCK, MIGRATIONS, TABLE, pending};
use crate::functions::{hashtextextended, pg_advisory_lock, to_regclass};

/// A connection for Diesel's blocking functions.
pub(crate) type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

const FILL_SEARCH_TEXTS: &str = "UPDATE users SET search_text = filled.search_text \
    FROM unnest($1, $2) AS filled (id, search_text) WHERE users.id = filled.id";

/// Waits for the lock of the migrations, which is released with the connection.
pub(crate) fn lock_migrations(connection: &mut Blocking) -> QueryResult<()> {
    diesel::select(pg_advisory_lock(hashtextextended(MIGRATION_LOCK, 0))).execute(connection).map(drop)
}

/// The versions that the database has, in order. Writes nothing, not even the table of migrations.
pub(crate) fn applied(connection: &mut Blocking) -> QueryResult<Vec<String>> {
    let table: Option<u32> = diesel::select(to_regclass(TABLE)).get_result(connection)?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    let rows: Vec<Applied> = diesel::sql_query(APPLIED).load(connection)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

/// Applies the pending migrations and returns their names.
pub(crate) fn migrate(connection: &mut Blocking) -> Result<Vec<String>, BoxError> {
    let pending = connection.pending_migrations(MIGRATIONS)?;
    connection.run_migrations(&pending)?;
    let (users, texts): (Vec<i64>, Vec<String>) =
        search_texts(users_without_search_text().load(connection)?).into_iter().unzip();
    if !users.is_empty() {
        let fill = diesel::sql_query(FILL_SEARCH_TEXTS).bind::<Array<BigInt>, _>(users);
        fill.bind::<Array<Text>, _>(texts).execute(connection)?;
    }
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}

/// Reverts all migrations. Errors: one of them is of a newer release.
pub(crate) fn revert_all(connection: &mut Blocking) -> Result<(), BoxError> {
    pending(&applied(connection)?)?;
    connection.revert_all_migrations(MIGRATIONS).map(drop)
}

/// Applies these migrations to a database that has none. Errors: one of them is of a newer release.
pub(crate) fn migrate_to(connection: &mut Blocking, schema: &[String]) -> Result<(), BoxError> {
    let known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    for version in schema {
        let migration = known.iter().find(|migration| migration.name().version().to_string() == *version);
        connection.run_migration(migration.ok_or_else(|| unknown_migration(version))?)?;
    }
    Ok(())
}
