//! The database's primary is lost while clients book, and its standby takes over.

use std::sync::Arc;

use attune_e2e::{Database, eventually};
use attune_test_postgres::TestServer;

use crate::crashes::{Ledger, short_sessions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bookings_go_on_when_a_standby_takes_over() {
    let primary = TestServer::start_own().await;
    let database = primary.fresh_database().await;
    let standby = primary.start_standby().await;
    let port = |url: &str| url.rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    let (first, second) = (port(database.url()), port(standby.url().as_str()));
    let url = database.url().replace(&first, &format!("{first},127.0.0.1:{second}"));
    let (practice, mut app) = short_sessions(Database::Postgres).with("database.url", &url).serve().await;
    app.may_log_errors();
    let people = practice.clients(&app, 4).await;
    let ledger = Arc::new(Ledger::default());
    let clients = ledger.load(&people);
    ledger.reaches(30).await;
    assert_eq!(app.get("/health/ready").await.status, 200);

    primary.stop().await;
    eventually("it is not ready", async || (app.get("/health/ready").await.status == 503).then_some(())).await;
    let before = ledger.count();
    let refused = people[0].get("/api/bookings").await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    standby.promote().await;
    ledger.reaches(before + 30).await;
    eventually("it is ready", async || (app.get("/health/ready").await.status == 200).then_some(())).await;
    ledger.stop();
    clients.join_all().await;
    ledger.check(&practice.admin(&app).await).await;
    assert_eq!(app.terminate().await, Some(0), "the process was never restarted");
}
