//! A fresh, empty store of each kind, and direct access to its database.

use std::sync::Arc;

use attune_adapter_memory::MemoryStore;
use attune_adapter_postgres::{PostgresConfig, PostgresStore};
use attune_adapter_sqlite::{SqliteConfig, SqliteStore};
use attune_ports::{Queries, Store};
use attune_test_postgres::{TestDatabase, TestServer};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::retrying_store::RetryingStore;
use crate::unguarded::Unguarded;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

pub struct Stores {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    database: Database,
}

enum Database {
    Memory,
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

impl Kind {
    pub async fn fresh(self) -> Stores {
        match self {
            Self::Memory => {
                let store = MemoryStore::new();
                Stores { store: store.clone(), queries: store, database: Database::Memory }
            }
            Self::Sqlite => {
                let folder = TempDir::new().expect("a folder");
                let store = SqliteStore::open(SqliteConfig::new(folder.path().join(FILE))).expect("the file opens");
                store.migrate().await.expect("the migrations run");
                let store = Arc::new(store);
                Stores { store: store.clone(), queries: store, database: Database::Sqlite(folder) }
            }
            Self::Postgres => {
                let server = TestServer::shared().await;
                let database = server
                    .fresh_copy("migrated", async |url| {
                        let store = connect(&url).await;
                        store.migrate().await.expect("the migrations run");
                        store.close().await;
                    })
                    .await;
                let store = Arc::new(connect(database.url()).await);
                Stores { store: store.clone(), queries: store, database: Database::Postgres(database) }
            }
        }
    }
}

const FILE: &str = "attune.db";

async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(PostgresConfig::new(url)).await.expect("the store opens")
}

impl Stores {
    pub fn unguarded(self) -> Self {
        Self { store: Arc::new(Unguarded(self.store)), ..self }
    }

    pub fn retrying(self) -> Self {
        Self { store: Arc::new(RetryingStore(self.store)), ..self }
    }

    pub async fn opened_again(&self) -> (Arc<dyn Store>, Arc<dyn Queries>) {
        match &self.database {
            Database::Memory => (self.store.clone(), self.queries.clone()),
            Database::Sqlite(folder) => {
                let store = SqliteStore::open(SqliteConfig::new(folder.path().join(FILE))).expect("the file opens");
                let store = Arc::new(store);
                (store.clone(), store)
            }
            Database::Postgres(database) => {
                let store = Arc::new(connect(database.url()).await);
                (store.clone(), store)
            }
        }
    }

    pub async fn count(&self, query: &str) -> i64 {
        match &self.database {
            Database::Memory => panic!("no SQL in memory"),
            Database::Sqlite(folder) => sql::<BigInt>(query).get_result(&mut raw(folder)).expect("a count"),
            Database::Postgres(database) => {
                database.connect().await.query_one(query, &[]).await.expect("a count").get(0)
            }
        }
    }

    pub async fn execute(&self, statements: &str) {
        match &self.database {
            Database::Memory => panic!("no SQL in memory"),
            Database::Sqlite(folder) => raw(folder).batch_execute(statements).expect("it runs"),
            Database::Postgres(database) => database.connect().await.batch_execute(statements).await.expect("it runs"),
        }
    }

    pub async fn drop_overlap_rule(&self) {
        match &self.database {
            Database::Memory => panic!("no SQL in memory"),
            Database::Sqlite(_) => {
                self.execute("DROP TRIGGER bookings_no_overlap_insert; DROP TRIGGER bookings_no_overlap_update").await;
            }
            Database::Postgres(_) => self.execute("ALTER TABLE bookings DROP CONSTRAINT bookings_no_overlap").await,
        }
    }

    pub async fn overlaps(&self) -> i64 {
        const BLOCKING: &str = "IN ('pending_payment', 'scheduled', 'completed', 'no_show')";
        let pairs = format!(
            "SELECT count(*) FROM bookings a JOIN bookings b ON a.id < b.id AND a.therapist_id = b.therapist_id \
             AND a.scheduled_at < b.blocked_until AND b.scheduled_at < a.blocked_until \
             WHERE a.status {BLOCKING} AND b.status {BLOCKING}"
        );
        self.count(&pairs).await
    }
}

fn raw(folder: &TempDir) -> SqliteConnection {
    let path = folder.path().join(FILE);
    let mut connection = SqliteConnection::establish(path.to_str().expect("a path in UTF-8")).expect("it opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("it is set up");
    connection
}
