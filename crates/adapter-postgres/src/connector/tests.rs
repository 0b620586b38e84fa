//! The settings of every connection, and that none outlives the store.

use std::sync::Arc;

use attune_test_postgres::{TestDatabase, TestServer};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::{Connector, Purpose};
use crate::PostgresConfig;

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn settings(url: &str, purpose: Purpose) -> Vec<String> {
    let connector = Arc::new(Connector::new(&PostgresConfig::new(url)).await.unwrap());
    let mut connection = connector.connect(purpose).await.unwrap();
    let mut values = Vec::new();
    for name in [
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "synchronous_commit",
        "default_transaction_read_only",
        "default_transaction_isolation",
        "TimeZone",
        "application_name",
    ] {
        let query = diesel::sql_query("SELECT current_setting($1) AS value").bind::<Text, _>(name);
        let Setting { value } = query.get_result(&mut connection.diesel).await.unwrap();
        values.push(value);
    }
    values
}

const COMMITTED: &str = "read committed";

async fn database() -> TestDatabase {
    TestServer::shared().await.fresh_database().await
}

#[tokio::test]
async fn every_purpose_has_its_settings() {
    let database = database().await;
    for default in ["default_transaction_isolation = 'serializable'", "lock_timeout = '1h'", "TimeZone = 'Asia/Tokyo'"]
    {
        let name = "SELECT quote_ident(current_database())";
        let name: String = database.connect().await.query_one(name, &[]).await.unwrap().get(0);
        let set = format!("ALTER DATABASE {name} SET {default}");
        database.connect().await.batch_execute(&set).await.unwrap();
    }
    let url = database.url();
    assert_eq!(settings(url, Purpose::UnitsOfWork).await, ["5s", "2s", "10s", "on", "off", COMMITTED, "UTC", "attune"]);
    assert_eq!(settings(url, Purpose::Queries).await, ["5s", "2s", "10s", "on", "on", COMMITTED, "UTC", "attune"]);
    assert_eq!(settings(url, Purpose::Migrations).await, ["0", "0", "0", "on", "off", COMMITTED, "UTC", "attune"]);
    let primary = format!("{url}?target_session_attrs=read-write");
    for (purpose, read_only) in [(Purpose::UnitsOfWork, "off"), (Purpose::Queries, "on")] {
        assert_eq!(settings(&primary, purpose).await, ["5s", "2s", "10s", "on", read_only, COMMITTED, "UTC", "attune"]);
    }
}

#[tokio::test]
async fn the_url_overrides_settings() {
    let database = database().await;
    let url = format!("{}?application_name=other&options=-c%20lock_timeout%3D7000", database.url());
    assert_eq!(settings(&url, Purpose::UnitsOfWork).await, ["5s", "7s", "10s", "on", "off", COMMITTED, "UTC", "other"]);
}

#[tokio::test]
async fn a_closed_connection_is_detected() {
    let database = database().await;
    let connector = Arc::new(Connector::new(&PostgresConfig::new(database.url())).await.unwrap());
    let connection = Arc::clone(&connector).connect(Purpose::Queries).await.unwrap();
    assert!(!connection.is_closed());
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.connect().await.batch_execute(terminate).await.unwrap();
    while !connection.is_closed() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn closing_waits_for_all_connections() {
    let database = database().await;
    let connector = Arc::new(Connector::new(&PostgresConfig::new(database.url())).await.unwrap());
    let (first, second) =
        (Arc::clone(&connector).connect(Purpose::Queries), Arc::clone(&connector).connect(Purpose::UnitsOfWork));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    drop(first);
    let closed = tokio::spawn(async move { connector.all_closed().await });
    tokio::task::yield_now().await;
    assert!(!closed.is_finished(), "one connection is still open");
    drop(second);
    closed.await.unwrap();
}
