//! A fresh, empty store of each kind, and a way past it for looking at the database itself.

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

use crate::patient::Patient;
use crate::unguarded::Unguarded;

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In memory.
    Memory,
    /// A file.
    Sqlite,
    /// A real server.
    Postgres,
}

/// Both sides of a store of its own, deleted when dropped.
pub struct Stores {
    /// The write side.
    pub store: Arc<dyn Store>,
    /// The read side.
    pub queries: Arc<dyn Queries>,
    database: Database,
}

enum Database {
    Memory,
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

impl Kind {
    /// A new store with all tables and nothing in them.
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
    /// The same without the calendar's lock, and with a calendar that always looks free.
    pub fn unguarded(self) -> Self {
        Self { store: Arc::new(Unguarded(self.store)), ..self }
    }

    /// The same for crowds: a unit of work that was not opened in time is opened once more.
    pub fn patient(self) -> Self {
        Self { store: Arc::new(Patient(self.store)), ..self }
    }

    /// Both sides once more, as another process has them: on connections of its own, where there are any.
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

    /// Runs a query that counts, past the store. Panics where there is no SQL.
    pub async fn count(&self, query: &str) -> i64 {
        match &self.database {
            Database::Memory => panic!("no SQL in memory"),
            Database::Sqlite(folder) => sql::<BigInt>(query).get_result(&mut raw(folder)).expect("a count"),
            Database::Postgres(database) => {
                database.connect().await.query_one(query, &[]).await.expect("a count").get(0)
            }
        }
    }

    /// Runs statements past the store. Panics where there is no SQL.
    pub async fn execute(&self, statements: &str) {
        match &self.database {
            Database::Memory => panic!("no SQL in memory"),
            Database::Sqlite(folder) => raw(folder).batch_execute(statements).expect("it runs"),
            Database::Postgres(database) => database.connect().await.batch_execute(statements).await.expect("it runs"),
        }
    }

    /// Takes away the database's own rule against overlaps.
    pub async fn drop_overlap_rule(&self) {
        match &self.database {
            Database::Memory => panic!("no SQL in memory"),
            Database::Sqlite(_) => {
                self.execute("DROP TRIGGER bookings_no_overlap_insert; DROP TRIGGER bookings_no_overlap_update").await;
            }
            Database::Postgres(_) => self.execute("ALTER TABLE bookings DROP CONSTRAINT bookings_no_overlap").await,
        }
    }

    /// How many pairs of bookings take the same therapist's time at once, as the database itself sees it.
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

/// A connection past the store, as an administrator's shell would be.
fn raw(folder: &TempDir) -> SqliteConnection {
    let path = folder.path().join(FILE);
    let mut connection = SqliteConnection::establish(path.to_str().expect("a path in UTF-8")).expect("it opens");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("it is set up");
    connection
}
