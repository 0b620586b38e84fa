//! The database is unavailable for a while.

use std::time::{Duration, Instant};

use attune_e2e::{Database, Practice, eventually, later};
use attune_test_postgres::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_waits_for_an_unavailable_database() {
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    let plan = Practice::on(Database::Postgres).with("database.url", database.url());
    let (practice, mut app, admin, john) = plan.serve_client().await;
    app.may_log_errors();
    let before = john.booked(later(3 * 1440)).await;
    assert_eq!(app.get("/health/ready").await.status, 200);
    // The clock stands still, so the lease of an email that is interrupted would not expire.
    eventually("its email is recorded as sent", async || {
        (admin.notifications(before).await[0]["state"] == "sent").then_some(())
    })
    .await;

    server.stop().await;
    for _ in 0..3 {
        let sent = Instant::now();
        let read = john.link(before).await;
        assert_eq!(read.status, 503, "{}", read.text);
        let written = john.book(later(4 * 1440)).await;
        assert_eq!(written.status, 503, "{}", written.text);
        assert!(sent.elapsed() < Duration::from_secs(15), "no caller waits for long: {:?}", sent.elapsed());
        assert_eq!(app.get("/health/live").await.status, 200, "a restart would not help");
    }
    // A result is shared for ten seconds.
    eventually("it is not ready", async || {
        let ready = app.get("/health/ready").await;
        let status = ready.json()["checks"]["database"]["status"].clone();
        ((ready.status, status.as_str()) == (503, Some("failing"))).then_some(())
    })
    .await;

    server.start().await;
    eventually("it recovers automatically", async || (app.get("/health/ready").await.status == 200).then_some(()))
        .await;
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
