#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, reason = "this is a test kit: a test may stop at the first surprise")]

mod cluster;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;
use url::Url;

use cluster::Cluster;

/// Where tests make their databases.
pub struct TestServer {
    /// Any database of the server, as the role that owns all others.
    url: Url,
    /// Makes names unique on a server that several test runs share.
    run: String,
    count: AtomicU64,
    templates: Mutex<HashMap<String, Arc<OnceCell<TestDatabase>>>>,
    /// `None` when the test run did not start the server itself.
    cluster: Option<Cluster>,
}

impl TestServer {
    /// The server of this process, started at the first call.
    ///
    /// It is stopped and deleted when the process ends, in whatever way it ends.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<TestServer> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                match std::env::var("TEST_POSTGRES_URL") {
                    Ok(url) => Self::new(url.parse().expect("TEST_POSTGRES_URL is a URL"), None),
                    Err(_) => Self::start_own().await,
                }
            })
            .await
    }

    /// A server for one test alone, which may stop and start it. Stopped and deleted when dropped.
    pub async fn start_own() -> Self {
        let cluster = tokio::task::spawn_blocking(Cluster::create).await.expect("the server starts");
        Self::new(cluster.url(), Some(cluster))
    }

    fn new(url: Url, cluster: Option<Cluster>) -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
        Self {
            url,
            run: format!("attune_test_{}_{nanos}", std::process::id()),
            count: AtomicU64::new(0),
            templates: Mutex::default(),
            cluster,
        }
    }

    /// The URL of the server's own database, as the role that may make others.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A new, empty database.
    pub async fn fresh_database(&self) -> TestDatabase {
        self.fresh_database_with("").await
    }

    /// A new, empty database with these options of `CREATE DATABASE`.
    pub async fn fresh_database_with(&self, options: &str) -> TestDatabase {
        let name = self.new_name();
        self.create(&format!("CREATE DATABASE {name} {options}")).await;
        self.database(name)
    }

    /// A new copy of a database that is prepared once per server, for example by running migrations.
    ///
    /// `template` names what is prepared. `prepare` gets a URL, and has to close its connections before it returns.
    pub async fn fresh_copy(&self, template: &str, prepare: impl AsyncFnOnce(String)) -> TestDatabase {
        let cell = Arc::clone(self.templates.lock().await.entry(template.to_owned()).or_default());
        let original = cell
            .get_or_init(async || {
                let name = self.new_name();
                self.create(&format!("CREATE DATABASE {name}")).await;
                let original = self.database(name);
                prepare(original.url.clone()).await;
                original
            })
            .await;
        let name = self.new_name();
        self.create(&format!("CREATE DATABASE {name} TEMPLATE {}", original.name)).await;
        self.database(name)
    }

    /// Folder of the server's Unix socket. Panics when the test run did not start the server itself.
    pub fn socket_folder(&self) -> &std::path::Path {
        self.own().folder()
    }

    /// Makes the server offer TLS with this certificate and key, both in PEM, from its next start on. Panics when the
    /// test run did not start the server itself.
    pub async fn enable_tls(&self, certificate: &str, key: &str) {
        self.own().write_private("server.crt", certificate);
        self.own().write_private("server.key", key);
        let admin = self.admin().await;
        for setting in ["ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'", "ssl = on"] {
            admin.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await.expect("the setting is accepted");
        }
    }

    /// Stops the server as a crash would: all connections end at once. Panics when the test run did not start the
    /// server itself.
    pub async fn stop(&self) {
        let cluster = self.own().clone();
        tokio::task::spawn_blocking(move || cluster.stop()).await.expect("the server stops");
    }

    /// Starts the server again, on the same port. Panics when the test run did not start the server itself.
    pub async fn start(&self) {
        let cluster = self.own().clone();
        tokio::task::spawn_blocking(move || cluster.start().expect("the server starts again")).await.unwrap();
    }

    /// What the server has logged. Panics when the test run did not start the server itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.own().folder().join("log")).expect("the server's log")
    }

    /// Makes the server a standby from its next start on. Panics when the test run did not start the server itself.
    pub fn demote(&self) {
        self.own().write_private("standby.signal", "");
    }

    /// A standby of this server, on a port of its own. From now on a commit waits until the standby has it too, so nothing that
    /// was committed is lost with this server. Panics when the test run did not start the server itself.
    pub async fn start_standby(&self) -> Self {
        let primary = self.own().clone();
        let made = tokio::task::spawn_blocking(move || primary.create_standby()).await;
        let standby = made.expect("the standby starts");
        let admin = self.admin().await;
        admin.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await.expect("the setting is accepted");
        admin.batch_execute("SELECT pg_reload_conf()").await.expect("the setting is read");
        let streams = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        let in_sync = tokio::time::timeout(Duration::from_secs(60), async {
            while admin.query_one(streams, &[]).await.expect("an answer").get::<_, i64>(0) == 0 {
                tokio::task::yield_now().await;
            }
        });
        in_sync.await.expect("the standby follows");
        Self::new(standby.url(), Some(standby))
    }

    /// Makes this standby the primary. Panics when the test run did not start the server itself.
    pub async fn promote(&self) {
        let cluster = self.own().clone();
        tokio::task::spawn_blocking(move || cluster.promote()).await.expect("the standby is promoted");
    }

    /// A connection as superuser to the server's own database. Panics when the test run did not start the server
    /// itself.
    pub async fn admin(&self) -> tokio_postgres::Client {
        connect(self.own().admin_url().as_str()).await
    }

    fn own(&self) -> &Cluster {
        self.cluster.as_ref().expect("a server that this test run started itself")
    }

    fn new_name(&self) -> String {
        format!("{}_{}", self.run, self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn database(&self, name: String) -> TestDatabase {
        let mut url = self.url.clone();
        url.set_path(&name);
        TestDatabase { url: url.into(), name, server: self.url.clone() }
    }

    /// Runs `CREATE DATABASE`, and again while the template still counts a connection that is on its way out.
    async fn create(&self, statement: &str) {
        let client = connect(self.url.as_str()).await;
        let made = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                match client.batch_execute(statement).await {
                    Err(e) if e.code() == Some(&SqlState::OBJECT_IN_USE) => tokio::task::yield_now().await,
                    other => return other,
                }
            }
        });
        made.await.expect("no connection to the template is left").expect("the database is made");
    }
}

/// A database for one test, deleted when dropped.
pub struct TestDatabase {
    url: String,
    name: String,
    server: Url,
}

impl TestDatabase {
    /// Where it is, with user and password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A plain connection to it, as the role that owns it.
    pub async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // On a thread and a runtime of its own, because a test's runtime may be on its way out. A server that has been
        // stopped takes the database with it, so a failure is of no interest.
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                if let Ok((client, connection)) = tokio_postgres::connect(server.as_str(), NoTls).await {
                    tokio::spawn(connection);
                    // The standby that a commit would wait for may be gone already.
                    let _ = client.batch_execute("SET synchronous_commit = local").await;
                    let _ = client.batch_execute(&statement).await;
                }
            });
            std::io::Result::Ok(())
        });
        let _ = deleted.join();
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    // An error shows up at the client's next call; the test sees it there.
    tokio::spawn(connection);
    client
}
