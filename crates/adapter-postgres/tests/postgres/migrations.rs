//! Migrations: from an empty database, from older schemas, and by several instances at once.

use attune_adapter_postgres::{MigrateError, PostgresConfig, PostgresStore};
use attune_test_postgres::{TestDatabase, TestServer};
use attune_test_store_contract::migration_suite;
use attune_test_store_contract::migrations::Database;
use attune_test_store_contract::race::race;
use tokio_postgres::Client;

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
    for result in [store.migrate().await, store.pending_migrations().await] {
        match result {
            Err(MigrateError::Newer { version }) => assert_eq!(version, "29990101000000"),
            other => panic!("{other:?}"),
        }
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

/// A database, and an administrator's connection to it.
struct Migrated {
    database: TestDatabase,
    client: Client,
}

impl Database for Migrated {
    type Store = PostgresStore;
    const FOLDER: &str = "postgres";

    async fn empty() -> Self {
        let database = TestServer::shared().await.fresh_database().await;
        Self { client: database.connect().await, database }
    }

    async fn open(&self) -> PostgresStore {
        PostgresStore::connect(PostgresConfig::new(self.database.url())).await.unwrap()
    }

    async fn schema_is_current(store: &PostgresStore) -> bool {
        store.schema_is_current().await.unwrap()
    }

    async fn migrate(store: &PostgresStore) -> Vec<String> {
        store.migrate().await.unwrap()
    }

    async fn close(store: PostgresStore) {
        store.close().await;
    }

    async fn run(&mut self, statements: &str) {
        self.client.batch_execute(statements).await.unwrap();
    }

    async fn texts(&mut self, query: &str) -> Vec<String> {
        self.client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    async fn shape(&mut self) -> Vec<String> {
        let mut shape = Vec::new();
        for query in [
            "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name !~ 'diesel' \
             ORDER BY table_name, column_name",
            "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ 'diesel' \
             ORDER BY conrelid::regclass::text, conname",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ 'diesel' ORDER BY indexdef",
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal \
             ORDER BY tgrelid::regclass::text, tgname",
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
             AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') ORDER BY oid::regprocedure::text",
            "SELECT sequence_name::text FROM information_schema.sequences WHERE sequence_schema = 'public' \
             ORDER BY sequence_name",
        ] {
            shape.extend(self.texts(query).await);
        }
        shape
    }

    async fn emails(&mut self) -> Vec<String> {
        let query = "SELECT to_jsonb(o)::text FROM (SELECT id, dedupe_key, kind, offset_minutes, booking_id, \
                     recipient_id, starts_at, booking_version, send_after, state, attempts, next_at, \
                     encode(lease_token, 'hex'), lease_until, sent_at, last_error FROM outbox) o ORDER BY id";
        self.texts(query).await
    }

    const COLUMNS: &str = "SELECT table_name || '.' || column_name FROM information_schema.columns \
                           JOIN information_schema.tables USING (table_schema, table_name) \
                           WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name !~ 'diesel' \
                           ORDER BY table_name, ordinal_position";

    fn literal(column: &str) -> String {
        format!("quote_nullable({column}::text)")
    }

    fn dialect(statements: &str) -> String {
        statements.replace("X'", r"'\x")
    }
}

migration_suite!(Migrated);
