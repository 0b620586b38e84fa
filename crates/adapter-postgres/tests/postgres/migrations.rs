//! From nothing to the present schema, once, whoever comes when.

use attune_adapter_postgres::MigrateError;
use attune_contract::race::race;
use attune_pg_testkit::TestServer;

use crate::harness::{OTHERS, open, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_filled_once() {
    let database = TestServer::shared().await.fresh_database().await;
    let store = open(database.url()).await;
    assert!(!store.schema_is_current().await.unwrap());
    let outside = database.connect().await;
    until(&outside, "pg_tables WHERE schemaname = 'public'", 0).await;
    let applied = store.migrate().await.unwrap();
    assert!(!applied.is_empty());
    assert!(store.schema_is_current().await.unwrap());
    assert!(store.migrate().await.unwrap().is_empty(), "there is nothing left to do");
    assert!(store.schema_is_current().await.unwrap());
    until(&outside, "pg_locks WHERE locktype = 'advisory'", 0).await;
}

#[tokio::test]
async fn one_thread_is_enough() {
    let database = TestServer::shared().await.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    assert!(store.schema_is_current().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_together_take_turns() {
    let database = TestServer::shared().await.fresh_database().await;
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(open(database.url()).await);
    }
    let applied = race(3, |index| {
        let store = stores[index].clone();
        async move { store.migrate().await.expect("it only has to wait").len() }
    })
    .await;
    let worked = applied.iter().filter(|count| **count > 0).count();
    assert_eq!(worked, 1, "{applied:?}");
    for store in stores {
        assert!(store.schema_is_current().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_left_alone() {
    let database = TestServer::shared().await.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    let outside = database.connect().await;
    outside.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").await.unwrap();
    match store.migrate().await {
        Err(MigrateError::Newer { version }) => assert_eq!(version, "29990101000000"),
        other => panic!("{other:?}"),
    }
    assert!(!store.schema_is_current().await.unwrap());
    until(&outside, &format!("{OTHERS} AND state <> 'idle'"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_leaves_nothing_behind() {
    let database = TestServer::shared().await.fresh_database().await;
    let outside = database.connect().await;
    // The last table of the first migration is in the way.
    outside.batch_execute("CREATE TABLE audit_log (id BIGINT)").await.unwrap();
    let store = open(database.url()).await;
    assert!(matches!(store.migrate().await, Err(MigrateError::Failed(_))));
    until(&outside, "pg_tables WHERE tablename IN ('users', 'bookings')", 0).await;
    assert!(!store.schema_is_current().await.unwrap());
    outside.batch_execute("DROP TABLE audit_log").await.unwrap();
    store.migrate().await.expect("it works once the way is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_can_be_taken_back() {
    let database = TestServer::shared().await.fresh_database().await;
    let outside = database.connect().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let mut steps: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    for step in &steps {
        outside.batch_execute(&std::fs::read_to_string(step.join("up.sql")).unwrap()).await.unwrap();
    }
    for step in steps.iter().rev() {
        outside.batch_execute(&std::fs::read_to_string(step.join("down.sql")).unwrap()).await.unwrap();
    }
    let left = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'";
    until(&outside, left, 0).await;
}
