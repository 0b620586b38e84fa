//! Starting, stopping, and several processes at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_e2e::{Database, Practice, User, eventually, later};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::crashes::{Ledger, short_sessions};

on_both_databases!(a_stop_under_load_loses_nothing, data_survives_restarts);

async fn a_stop_under_load_loses_nothing(database: Database) {
    let (practice, app) = short_sessions(database).serve().await;
    let people = practice.clients(&app, 4).await;
    let ledger = Arc::new(Ledger::default());
    let clients = ledger.load(&people);
    ledger.reaches(30).await;
    let stopping = Instant::now();
    assert_eq!(app.terminate().await, Some(0), "a clean end");
    assert!(stopping.elapsed() < Duration::from_secs(30), "{:?}", stopping.elapsed());
    ledger.stop();
    clients.join_all().await;

    let app = practice.serve().await;
    let bookings = ledger.check(&practice.admin(&app).await).await;
    let unknown = bookings.len() - ledger.count();
    assert!(unknown <= people.len(), "at most one booking of each client is unknown to them: {unknown}");
    // No second email: deliveries before the stop were recorded.
    practice.emails_in_hours(bookings.len()).await;
    let admin = practice.admin(&app).await;
    for booking in &bookings {
        let id = booking["id"].as_i64().unwrap();
        eventually("the email is recorded as sent", async || {
            (admin.notifications(id).await[0]["state"] == "sent").then_some(())
        })
        .await;
    }
    assert_eq!(practice.emails.messages().len(), bookings.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_answered_before_the_end() {
    let (practice, app, _admin, john) = Practice::on(Database::Sqlite).serve_client().await;
    let body = format!("{{\"scheduled_at\":\"{}\"}}", later(1440));
    let mut wire = TcpStream::connect(app.base().strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /api/bookings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        john.access,
        body.len()
    );
    wire.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    wire.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 100", "the service has the request in hand");

    app.ask_to_end();
    eventually("it begins to stop", async || app.stderr().contains("\"message\":\"stopping\"").then_some(())).await;
    wire.write_all(body.as_bytes()).await.unwrap();
    let mut rest = String::new();
    wire.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("HTTP/1.1 201 Created"), "{rest}");
    assert_eq!(app.ended().await, Some(0));
    assert_eq!(john.at(&practice.serve().await).bookings().await.len(), 1);
}

async fn data_survives_restarts(database: Database) {
    let (practice, app, _admin, john) = Practice::on(database).serve_client().await;
    let id = john.booked(later(1440)).await;
    let before = john.get(&format!("/api/bookings/{id}")).await.expect(200);
    for _ in 0..2 {
        assert_eq!(practice.serve().await.terminate().await, Some(0), "a second process beside the first");
    }
    assert_eq!(app.terminate().await, Some(0));
    let app = practice.serve().await;
    let john = john.at(&app);
    assert_eq!(john.get(&format!("/api/bookings/{id}")).await.expect(200), before, "the token is still good, too");
    let services = app.get("/api/services").await.expect(200);
    assert_eq!(services["services"].as_array().unwrap().len(), 1, "the first service was made once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_instances_share_one_postgres_database() {
    let plan = Practice::on(Database::Postgres).with("auth.first_admin_email", "founder@practice.example.org");
    let practice = plan.open_without_admin().await;
    // All three find an empty database at the same moment.
    let (a, b, c) = tokio::join!(practice.serve(), practice.serve(), practice.serve());
    let founders: Vec<_> = [&a, &b, &c].iter().filter_map(|instance| instance.first_admin()).collect();
    let [(email, password)] = founders.as_slice() else { panic!("one of them made the admin, not {}", founders.len()) };
    let login = serde_json::json!({"email": email, "password": password});
    for instance in [&a, &b, &c] {
        instance.post("/api/auth/login", login.clone()).await.expect(200);
        let services = instance.get("/api/services").await.expect(200);
        assert_eq!(services["services"].as_array().unwrap().len(), 1);
        assert_eq!(instance.get("/health/ready").await.status, 200);
    }

    let founder = User::log_in(&a, email, password).await;
    founder.patch("/api/auth/me", serde_json::json!({"notify": "none"})).await.expect(200);
    let john = practice.client(&a, "John", "Doe").await;
    let id = john.booked(later(1440)).await;
    let elsewhere = john.at(&b);
    assert_eq!(elsewhere.meeting_url(id).await, john.meeting_url(id).await);
    elsewhere.book(later(1440)).await.refused(409, "slot_taken");
    // No role or login is cached in one process.
    elsewhere.post("/api/auth/logout", serde_json::json!({})).await.expect(204);
    john.get("/api/auth/me").await.refused(401, "invalid_token");

    // Three workers, one email for each booking.
    let john = john.again().await;
    let everywhere = [&a, &b, &c].map(|instance| john.at(instance));
    for day in 2..32 {
        let count = usize::try_from(day).unwrap();
        everywhere[count % 3].booked(later(day * 1440)).await;
    }
    practice.emails_in_hours(31).await;
    // Time jumps, and most of the reminders are due at once.
    practice.clock.set(later(30 * 1440));
    let founder = User::log_in(&a, email, password).await;
    let mut sent = 0;
    for booking in founder.all_bookings().await {
        let id = booking["id"].as_i64().unwrap();
        let emails = eventually("everything due is sent", async || {
            let emails = founder.notifications(id).await;
            let now = practice.clock.now();
            let waits = |m: &serde_json::Value| {
                m["state"] == "pending" && attune_e2e::at(m["send_after"].as_str().unwrap()) <= now
            };
            (!emails.iter().any(waits)).then_some(emails)
        })
        .await;
        assert!(emails.len() <= 3, "one row for each kind and offset: {emails:?}");
        sent += emails.iter().filter(|email| email["state"] == "sent").count();
    }
    for instance in [a, b, c] {
        assert_eq!(instance.terminate().await, Some(0));
    }
    let emails: Vec<_> = practice.emails.messages().iter().map(attune_test_smtp::ReceivedMail::decode).collect();
    let ids: BTreeSet<_> = emails.iter().map(|email| email.header("Message-ID").unwrap()).collect();
    assert_eq!((emails.len(), ids.len()), (sent, sent), "no email was sent by two workers");
    assert!(emails.iter().filter(|email| email.subject.starts_with("Reminder")).count() >= 1);
}
