//! Schemas that are missing, current, half-way and newer.

use attune_adapter_sqlite::{MigrateError, SqliteConfig, SqliteStore};
use attune_test_store_contract::migration_suite;
use attune_test_store_contract::migrations::Database;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::harness::{add_client, count, file, fresh, has_client, raw};

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
    add_client(&store, "client").await.unwrap();

    assert!(store.migrate().await.unwrap().is_empty());
    assert!(has_client(&store, "client").await);
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
    let known = count(&mut raw, APPLIED);
    raw.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    let refused = store.migrate().await.unwrap_err();
    let MigrateError::Newer { version, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(version, "29990101000000");
    assert_eq!(store.pending_migrations().await.unwrap_err().to_string(), refused.to_string());
    assert!(refused.to_string().contains("attune.db"), "{refused}");
    assert_eq!(count(&mut raw, APPLIED), known + 1);
}

/// A table that should not be there yet stands for whatever may stop a migration, be it the first or a later one.
#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_can_be_repeated() {
    for in_the_way in ["outbox", "attendance", "kept_replies", "payment_problems", "booking_tally", "booking_counts"] {
        let folder = TempDir::new().unwrap();
        let store = unmigrated(&folder);
        let mut raw = raw(&folder);
        raw.batch_execute(&format!("CREATE TABLE {in_the_way} (id INTEGER)")).unwrap();
        let failed = store.migrate().await.unwrap_err();
        assert!(matches!(failed, MigrateError::Failed { .. }), "{failed:?}");
        assert!(failed.to_string().contains("attune.db"), "{failed}");
        assert_eq!(count(&mut raw, TABLES), 1, "{in_the_way}");

        raw.batch_execute(&format!("DROP TABLE {in_the_way}")).unwrap();
        assert_eq!(store.migrate().await.unwrap()[0], "2026-11-21-000000_core");
        assert!(store.schema_is_current().await.unwrap());
        add_client(&store, "client").await.unwrap();
    }
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

/// A database, and an administrator's connection to it.
struct Migrated {
    folder: TempDir,
    connection: SqliteConnection,
}

impl Database for Migrated {
    type Store = SqliteStore;
    const FOLDER: &str = "sqlite";

    async fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let mut connection = raw(&folder);
        // What a crash of the machine would lose is of no interest here.
        connection.batch_execute("PRAGMA synchronous = OFF").unwrap();
        Self { connection, folder }
    }

    async fn open(&self) -> SqliteStore {
        unmigrated(&self.folder)
    }

    async fn schema_is_current(store: &SqliteStore) -> bool {
        store.schema_is_current().await.unwrap()
    }

    async fn migrate(store: &SqliteStore) -> Vec<String> {
        store.migrate().await.unwrap()
    }

    async fn close(store: SqliteStore) {
        store.close().await;
    }

    async fn run(&mut self, statements: &str) {
        self.connection.batch_execute(statements).unwrap();
    }

    async fn texts(&mut self, query: &str) -> Vec<String> {
        sql::<Text>(query).load(&mut self.connection).unwrap()
    }

    async fn shape(&mut self) -> Vec<String> {
        // Names of tables that were renamed are in quotes.
        let query = "SELECT json_array(type, tbl_name, name, replace(substr(sql, instr(sql, '(')), '\"', '')) \
                     FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND tbl_name NOT LIKE '%diesel%' \
                     ORDER BY type, tbl_name, name";
        self.texts(query).await
    }

    async fn emails(&mut self) -> Vec<String> {
        let query = "SELECT json_array(id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, \
                     booking_version, send_after, state, attempts, next_at, hex(lease_token), lease_until, sent_at, \
                     last_error) FROM outbox ORDER BY id";
        self.texts(query).await
    }

    const COLUMNS: &str = "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                           WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%' \
                           ORDER BY t.name, c.cid";

    fn literal(column: &str) -> String {
        format!("quote({column})")
    }

    fn dialect(statements: &str) -> String {
        statements.to_owned()
    }

    async fn check_references(&mut self) {
        assert_eq!(count(&mut self.connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(self.texts("SELECT integrity_check FROM pragma_integrity_check").await, ["ok"]);
    }
}

migration_suite!(Migrated);
