//! A database of its own for each test.

use std::path::PathBuf;
use std::sync::Arc;

use attune_adapter_sqlite::{SqliteConfig, SqliteStore};
use attune_domain::UserId;
use attune_ports::{Queries, Store, StoreError};
use attune_test_store_contract::fixtures::{client, email};
use attune_test_store_contract::race;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

/// The database file in a folder.
pub(crate) fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("attune.db")
}

/// Opens the database of a folder, with its schema up to date.
pub(crate) async fn open(folder: &TempDir) -> Arc<SqliteStore> {
    let store = SqliteStore::open(SqliteConfig::new(file(folder))).expect("the file opens");
    store.migrate().await.expect("the migrations apply");
    Arc::new(store)
}

/// An empty database.
pub(crate) async fn fresh() -> (TempDir, Arc<SqliteStore>) {
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder).await;
    (folder, store)
}

/// A connection past the store, as an administrator's shell would be.
pub(crate) fn raw(folder: &TempDir) -> SqliteConnection {
    let path = file(folder);
    let mut connection = SqliteConnection::establish(path.to_str().expect("a path in UTF-8")).expect("it opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").expect("it is set up");
    connection
}

/// Runs a query that counts.
pub(crate) fn count(connection: &mut SqliteConnection, query: &str) -> i64 {
    sql::<BigInt>(query).get_result(connection).expect("a count")
}

/// Adds an account in a unit of work of its own.
pub(crate) async fn add_client(store: &dyn Store, local: &str) -> Result<UserId, StoreError> {
    let mut work = race::open(store).await?;
    let id = work.add_user(&client(local)).await?;
    work.commit().await?;
    Ok(id)
}

/// Whether readers see an account.
pub(crate) async fn has_client(queries: &dyn Queries, local: &str) -> bool {
    queries.credentials(&email(local)).await.expect("the account can be read").is_some()
}
