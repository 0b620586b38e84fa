//! Servers, databases and poolers that answer but cannot be used, and what the error says about them.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use attune_adapter_postgres::{OpenError, PostgresConfig, PostgresStore, ServerFault};
use attune_ports::Queries;
use attune_test_postgres::{TestDatabase, TestServer};
use tempfile::TempDir;

use crate::harness::open;

async fn fault(url: &str) -> ServerFault {
    match PostgresStore::connect(PostgresConfig::new(url)).await {
        Err(OpenError::Unusable(fault)) => fault,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("the store opened"),
    }
}

/// A database with this setting for everyone who connects to it.
async fn with_setting(setting: &str) -> TestDatabase {
    let database = TestServer::shared().await.fresh_database().await;
    let client = database.connect().await;
    let name: String = client.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    client.batch_execute(&format!("ALTER DATABASE {name} SET {setting}")).await.unwrap();
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_database_in_utf8_can_store_every_name() {
    let server = TestServer::shared().await;
    for encoding in ["LATIN1", "LATIN2", "SQL_ASCII", "WIN1252"] {
        let options = format!("ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        let database = server.fresh_database_with(&options).await;
        assert_eq!(fault(database.url()).await, ServerFault::Encoding(encoding.into()));
    }
    let options = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let database = server.fresh_database_with(options).await;
    open(database.url()).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_stay_in_one_schema() {
    for path in ["nowhere", "\"$user\"", "''"] {
        let database = with_setting(&format!("search_path = {path}")).await;
        assert_eq!(fault(database.url()).await, ServerFault::NoSchema, "{path}");
    }
    for schema in ["pg_catalog", "information_schema"] {
        let database = with_setting(&format!("search_path = {schema}")).await;
        assert_eq!(fault(database.url()).await, ServerFault::SchemaForbidden(schema.into()));
    }
    let database = with_setting("search_path = practice, public").await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    store.close().await;
    // A schema that is created later comes first.
    database.connect().await.batch_execute("CREATE SCHEMA practice").await.unwrap();
    let other = ServerFault::OtherSchema { tables: "public".into(), first: "practice".into() };
    assert_eq!(fault(database.url()).await, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_no_writes_is_refused() {
    let database = TestServer::shared().await.fresh_database().await;
    let read_only = format!("{}?options=-c%20default_transaction_read_only%3Don", database.url());
    assert_eq!(fault(&read_only).await, ServerFault::ReadOnly);
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    server.demote();
    server.stop().await;
    server.start().await;
    assert_eq!(fault(database.url()).await, ServerFault::Standby);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_defaults_of_the_server_do_not_matter() {
    for setting in [
        "default_transaction_isolation = 'serializable'",
        "default_transaction_read_only = on",
        "statement_timeout = 1",
        "TimeZone = 'Asia/Tokyo'",
    ] {
        let database = with_setting(setting).await;
        let store = open(database.url()).await;
        store.migrate().await.unwrap();
        store.ping().await.unwrap();
        store.close().await;
    }
}

/// A running PgBouncer, ended with this value or with the test's process.
struct PgBouncer {
    guard: Child,
    /// Closed when the process ends.
    _pipe: ChildStdin,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// In front of a database, with these settings.
    fn start(database: &TestDatabase, settings: &str) -> Self {
        let url: url::Url = database.url().parse().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={} password={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nauth_type = any\nunix_socket_dir =\n{settings}\n",
            url.port().unwrap(),
            url.username(),
            url.password().unwrap(),
        );
        std::fs::write(&file, text).unwrap();
        let mut guard = Command::new("/bin/sh")
            .arg("-c")
            // It refuses to run as root.
            .arg(
                r#"[ "$(id -u)" = 0 ] && set -- "$1" -u nobody
                PATH="$PATH:/usr/sbin"; file=$1; shift
                pgbouncer -q "$@" "$file" & read -r _; kill $!"#,
            )
            .arg("sh")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pipe = guard.stdin.take().unwrap();
        let mut started = Self { guard, _pipe: pipe, port, _folder: folder };
        started.wait();
        started
    }

    fn wait(&mut self) {
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > until {
                let _ = self.guard.kill();
                let mut said = String::new();
                let _ = self.guard.stderr.take().unwrap().read_to_string(&mut said);
                panic!("this test needs PgBouncer (`apt-get install -y pgbouncer`): {said}");
            }
            std::thread::yield_now();
        }
    }

    fn url(&self, database: &TestDatabase) -> String {
        let mut url: url::Url = database.url().parse().unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pgbouncer_is_refused_by_name_in_every_mode() {
    let database = TestServer::shared().await.fresh_database().await;
    open(database.url()).await.close().await;
    for mode in ["session", "transaction", "statement"] {
        for ignored in ["", "ignore_startup_parameters = options"] {
            let pooler = PgBouncer::start(&database, &format!("pool_mode = {mode}\n{ignored}"));
            let fault = fault(&pooler.url(&database)).await;
            assert_eq!(fault, ServerFault::Pooler, "{mode}, {ignored}");
            assert!(fault.to_string().contains("PgBouncer"));
        }
    }
}
