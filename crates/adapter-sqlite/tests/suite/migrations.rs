//! Schemas that are missing, current, half-way and newer.

use attune_adapter_sqlite::{MigrateError, SqliteConfig, SqliteStore};
use diesel::connection::SimpleConnection;
use tempfile::TempDir;

use crate::setting::{add_client, count, file, fresh, has_client, raw};

const TABLES: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
const APPLIED: &str = "SELECT count(*) FROM __diesel_schema_migrations";

fn unmigrated(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(SqliteConfig::new(file(folder))).unwrap()
}

#[tokio::test]
async fn an_empty_file_gets_the_schema_once() {
    let folder = TempDir::new().unwrap();
    let store = unmigrated(&folder);
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(count(&mut raw(&folder), TABLES), 0, "looking must not write");

    let applied = store.migrate().await.unwrap();
    assert_eq!(applied[0], "2026-11-21-000000_core");
    assert!(store.schema_is_current().await.unwrap());
    add_client(&store, "somebody").await.unwrap();

    assert!(store.migrate().await.unwrap().is_empty());
    assert!(has_client(&store, "somebody").await);
    assert_eq!(count(&mut raw(&folder), APPLIED), i64::try_from(applied.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_migrate_at_the_same_moment() {
    let folder = TempDir::new().unwrap();
    let stores: Vec<_> = (0..6).map(|_| unmigrated(&folder)).collect();
    let migrating: Vec<_> =
        stores.into_iter().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
    let mut applied = 0;
    for one in migrating {
        applied += one.await.unwrap().unwrap().len();
    }
    assert!(applied >= 1);
    assert_eq!(count(&mut raw(&folder), APPLIED), i64::try_from(applied).unwrap(), "each was applied once");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (folder, store) = fresh().await;
    let mut raw = raw(&folder);
    raw.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    let refused = store.migrate().await.unwrap_err();
    let MigrateError::Newer { version, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(version, "29990101000000");
    assert!(refused.to_string().contains("attune.db"), "{refused}");
    assert_eq!(count(&mut raw, APPLIED), 2);
}

/// A table that should not be there yet stands for whatever may stop a migration.
#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_can_be_repeated() {
    let folder = TempDir::new().unwrap();
    let store = unmigrated(&folder);
    let mut raw = raw(&folder);
    raw.batch_execute("CREATE TABLE outbox (id INTEGER)").unwrap();
    let failed = store.migrate().await.unwrap_err();
    assert!(matches!(failed, MigrateError::Failed { .. }), "{failed:?}");
    assert!(failed.to_string().contains("attune.db"), "{failed}");
    assert_eq!(count(&mut raw, TABLES), 1);

    raw.batch_execute("DROP TABLE outbox").unwrap();
    assert_eq!(store.migrate().await.unwrap().len(), 1);
    add_client(&store, "somebody").await.unwrap();
}

#[tokio::test]
async fn a_caller_who_gives_up_stops_no_migration() {
    let folder = TempDir::new().unwrap();
    let store = unmigrated(&folder);
    crate::cancellation::poll_times(1, store.migrate()).await;
    // The one after it waits its turn and finds nothing left to do.
    assert!(store.migrate().await.unwrap().is_empty());
    assert!(store.schema_is_current().await.unwrap());
}

#[tokio::test]
async fn the_way_down_leaves_nothing() {
    let (folder, store) = fresh().await;
    store.close().await;
    let mut raw = raw(&folder);
    raw.batch_execute(include_str!("../../../../migrations/sqlite/2026-11-21-000000_core/down.sql")).unwrap();
    assert_eq!(count(&mut raw, "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '%diesel%'"), 1);
}
