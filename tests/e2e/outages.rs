//! The database is unavailable for a while.

use std::time::{Duration, Instant};

use attune_e2e::{Database, Practice, eventually, later};
use attune_test_postgres::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_waited_for() {
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    let practice = Practice::on(Database::Postgres).with("database.url", database.url()).open().await;
    let mut app = practice.serve().await;
    app.may_log_errors();
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let before = john.booked(later(3 * 1440)).await;
    assert_eq!(app.get("/health/ready").await.status, 200);

    server.stop().await;
    for _ in 0..3 {
        let asked = Instant::now();
        let read = john.link(before).await;
        assert_eq!(read.status, 503, "{}", read.text);
        let written = john.book(later(4 * 1440)).await;
        assert_eq!(written.status, 503, "{}", written.text);
        assert!(asked.elapsed() < Duration::from_secs(15), "anonymous waits for long: {:?}", asked.elapsed());
        assert_eq!(app.get("/health/live").await.status, 200, "a restart would not help");
        let ready = app.get("/health/ready").await;
        assert_eq!((ready.status, ready.json()["checks"]["database"]["status"].as_str()), (503, Some("failing")));
    }

    server.start().await;
    eventually("it heals by itself", async || (app.get("/health/ready").await.status == 200).then_some(())).await;
    let link = eventually("reading works again", async || {
        let answer = john.link(before).await;
        (answer.status == 200).then_some(answer.json())
    })
    .await;
    assert_eq!(link["booking_id"], before);
    let after = eventually("writing works again", async || {
        let answer = john.book(later(4 * 1440)).await;
        (answer.status == 201).then(|| answer.json()["id"].as_i64().unwrap())
    })
    .await;
    assert_eq!(john.bookings().await.len(), 2, "what was refused did not happen");
    practice.emails.wait_for(2, Duration::from_secs(60)).await;
    assert_eq!(admin.detail(after).await["status"], "scheduled");
    assert_eq!(app.terminate().await, Some(0));
}
