//! Databases, stores, and looking at the server from outside.

use std::sync::Arc;

use attune_adapter_postgres::{PostgresConfig, PostgresStore};
use attune_contract::Backend;
use attune_pg_testkit::{TestDatabase, TestServer};

/// A new database with all tables, and nothing in them.
pub(crate) async fn migrated() -> TestDatabase {
    migrated_on(TestServer::shared().await).await
}

/// The same, on a particular server.
pub(crate) async fn migrated_on(server: &TestServer) -> TestDatabase {
    server
        .fresh_copy("migrated", async |url| {
            let store = open(&url).await;
            store.migrate().await.expect("the migrations run");
            store.close().await;
        })
        .await
}

/// Opens a store with a few connections.
pub(crate) async fn open(url: &str) -> Arc<PostgresStore> {
    open_with(url, 6).await
}

/// Opens a store with so many connections for units of work.
pub(crate) async fn open_with(url: &str, writers: u32) -> Arc<PostgresStore> {
    let config = PostgresConfig { writers, ..PostgresConfig::new(url) };
    Arc::new(PostgresStore::connect(config).await.expect("the store opens"))
}

/// The helpers of the contract suite, for a store of ours.
pub(crate) fn backend(store: &Arc<PostgresStore>) -> Backend {
    Backend::new(store.clone(), store.clone(), ())
}

/// Asks until the server answers with what is wanted; fails after a time that is far too long.
pub(crate) async fn until(client: &tokio_postgres::Client, what: &str, wanted: i64) {
    let query = format!("SELECT count(*) FROM {what}");
    let mut found = -1;
    let reached = async {
        while found != wanted {
            found = client.query_one(&query, &[]).await.expect("an answer").get(0);
        }
    };
    if tokio::time::timeout(std::time::Duration::from_secs(30), reached).await.is_err() {
        panic!("{query} stays at {found}, not {wanted}");
    }
}

/// Sessions of this database other than the one that asks.
pub(crate) const OTHERS: &str = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Ends all sessions of this database but the one that asks.
pub(crate) async fn terminate_others(client: &tokio_postgres::Client) {
    let query = format!("SELECT pg_terminate_backend(pid) FROM {OTHERS}");
    client.execute(&query, &[]).await.expect("the sessions can be ended");
}
