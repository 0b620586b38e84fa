//! The server that other tests stand on.

use attune_test_postgres::TestServer;
use tokio_postgres::Client;

async fn count(client: &Client, what: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {what}"), &[]).await.expect("a count").get(0)
}

#[tokio::test]
async fn databases_are_fresh_and_go_when_dropped() {
    let server = TestServer::shared().await;
    let (one, two) = (server.fresh_database().await, server.fresh_database().await);
    let (first, second) = (one.connect().await, two.connect().await);
    first.batch_execute("CREATE TABLE t (n INT)").await.unwrap();
    assert!(second.query("SELECT FROM t", &[]).await.is_err());
    let name: String = first.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
    drop(one);
    assert_eq!(count(&second, &format!("pg_database WHERE datname = '{name}'")).await, 0);
}

#[tokio::test]
async fn a_template_is_prepared_once() {
    let server = TestServer::shared().await;
    let times = std::cell::Cell::new(0);
    let mut copies = Vec::new();
    for _ in 0..2 {
        let prepare = async |url: String| {
            times.set(times.get() + 1);
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            client.batch_execute("CREATE TABLE t AS SELECT 7 AS n").await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
        };
        copies.push(server.fresh_copy("with a table", prepare).await);
    }
    assert_eq!(times.get(), 1);
    let first = copies[0].connect().await;
    first.batch_execute("DELETE FROM t").await.unwrap();
    assert_eq!(count(&first, "t").await, 0);
    assert_eq!(count(&copies[1].connect().await, "t").await, 1);
}

#[tokio::test]
async fn tests_are_no_superusers() {
    if std::env::var_os("TEST_POSTGRES_URL").is_some() {
        return;
    }
    let database = TestServer::shared().await.fresh_database().await;
    let is_superuser: String = database.connect().await.query_one("SHOW is_superuser", &[]).await.unwrap().get(0);
    assert_eq!(is_superuser, "off");
}

#[tokio::test]
async fn a_server_of_its_own_can_be_stopped_started_and_is_gone_when_dropped() {
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    let folder = server.socket_folder().to_owned();
    database.connect().await.batch_execute("CREATE TABLE t (n INT)").await.unwrap();
    server.stop().await;
    assert!(tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.is_err());
    server.start().await;
    assert_eq!(count(&database.connect().await, "t").await, 0, "the table has survived the crash");
    drop(server);
    assert!(tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.is_err());
    assert!(!folder.exists());
}
