//! Databases, stores, and looking at the server from outside.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use attune_adapter_postgres::{PostgresConfig, PostgresStore};
use attune_test_postgres::{TestDatabase, TestServer};
use attune_test_store_contract::Backend;
use attune_test_store_contract::fixtures::PracticeFixture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

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

/// A store with a practice in it.
pub(crate) struct Scene {
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) backend: Backend,
    pub(crate) practice: PracticeFixture,
    /// A connection past the store.
    pub(crate) outside: tokio_postgres::Client,
    pub(crate) database: TestDatabase,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let database = migrated().await;
        let store = open(database.url()).await;
        Self::of(database, store).await
    }

    pub(crate) async fn of(database: TestDatabase, store: Arc<PostgresStore>) -> Self {
        let backend = backend(&store);
        let practice = backend.practice().await;
        Self { practice, backend, store, outside: database.connect().await, database }
    }
}

/// Counts until the number is the wanted one; fails after a time that is far too long.
pub(crate) async fn until(client: &tokio_postgres::Client, what: &str, wanted: i64) {
    let query = format!("SELECT count(*) FROM {what}");
    let mut found = -1;
    let reached = async {
        while found != wanted {
            found = client.query_one(&query, &[]).await.expect("an answer").get(0);
        }
    };
    if tokio::time::timeout(Duration::from_secs(30), reached).await.is_err() {
        panic!("{query} stays at {found}, not {wanted}");
    }
}

/// Waits until so many other connections to this database wait for locks.
pub(crate) async fn until_waiting(client: &tokio_postgres::Client, count: i64) {
    until(client, &format!("{OTHERS} AND wait_event_type = 'Lock'"), count).await;
}

/// The other connections to this database.
pub(crate) const OTHERS: &str = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Ends all other sessions of this database: first those that wait for a lock, which they would get once its holder ends.
pub(crate) async fn terminate_others(client: &tokio_postgres::Client) {
    for which in [" AND wait_event_type = 'Lock'", ""] {
        let query = format!("SELECT pg_terminate_backend(pid, 10000) FROM {OTHERS}{which}");
        client.execute(&query, &[]).await.expect("the sessions can be ended");
    }
}

/// What a [`Proxy`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Passes everything on.
    Open,
    /// Passes everything on, but delays every ROLLBACK.
    SlowToUndo,
    /// Refuses new connections.
    Shut,
    /// Drops everything: connections stay open, and nothing passes through them again.
    Silent,
}

/// Stands between a store and its server. All its connections end when it is dropped.
pub(crate) struct Proxy {
    url: String,
    way: watch::Sender<Way>,
    work: AbortHandle,
}

impl Proxy {
    /// A proxy for the server of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        let mut url: url::Url = url.parse().unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let way = watch::Sender::new(Way::Open);
        let observer = way.subscribe();
        let work = tokio::spawn(async move {
            let mut pairs = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                if *observer.borrow() != Way::Shut {
                    pairs.spawn(connect_through(near, server.clone(), observer.clone()));
                }
            }
        });
        Self { url: url.into(), way, work: work.abort_handle() }
    }

    /// The URL of the way through it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Behaves like this from now on.
    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn connect_through(near: TcpStream, server: String, way: watch::Receiver<Way>) {
    let far = TcpStream::connect(server).await.unwrap();
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
    let mut silence = way.clone();
    let silence = async { drop(silence.wait_for(|way| *way == Way::Silent).await) };
    let to_server = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = near_in.read(&mut buffer).await?;
            if *way.borrow() == Way::SlowToUndo && buffer[..count].windows(8).any(|text| text == b"ROLLBACK") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if count == 0 {
                return io::Result::Ok(());
            }
            far_out.write_all(&buffer[..count]).await?;
        }
    };
    tokio::select! {
        // The silence comes before what arrives after it was set.
        biased;
        () = silence => {}
        _ = to_server => return,
        _ = tokio::io::copy(&mut far_in, &mut near_out) => return,
    }
    // Both ends stay open.
    std::future::pending().await
}
