//! The log, and what it must not contain.

use std::io::Write;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::harness::*;
use super::recorded::*;

/// Everything that was logged, by all tests of this process together.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_routes_and_no_personal_data() {
    let lines = Lines::default();
    // The HTTP client of these tests logs URLs; it is not part of the service.
    let filter = EnvFilter::new("debug,hyper=off,hyper_util=off,reqwest=off");
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(lines.clone()).init();
    let practice = Parts::new().signed().without_limits().open().await;
    let ada = practice.client("Zebulonia").await;
    practice.book(&ada, SLOT).await;
    practice.pay(1).await;
    let named =
        |method: Method, path: &str, id: &str| practice.request(method, path).token(&ada).header("X-Request-Id", id);
    // Other tests run the same code, and may just have registered that there is no subscriber.
    while !lines.text().contains("log-warm") {
        tracing::callsite::rebuild_interest_cache();
        named(Method::GET, "/health", "log-warm").send().await;
    }
    let link = named(Method::GET, "/api/meetings/1/link", "log-link").send().await;
    link.assert_status(200);
    let body = r#"{"zebulonias_secret":"zebulonias-note","email":"zebulonia@example.org"}"#;
    named(Method::PATCH, "/api/auth/me", "log-patch").json(body).send().await;
    named(Method::GET, "/api/bookings?zebulonia=1", "log-query").send().await;
    named(Method::GET, "/zebulonia", "log-nowhere").send().await;
    practice.log_in("zebulonia@example.org", "zebulonias-password").await;
    practice.recover("zebulonia@example.org").await;
    let feed =
        practice.request(Method::PUT, "/api/me/calendar-feed").token(&ada).send().await.assert_status(200).json();
    let feed = feed["url"].as_str().unwrap().strip_prefix("https://practice.example.org").unwrap().to_owned();
    practice.set_time("2024-01-15T10:00:00Z");
    let page = "/j/plain.1.user-2.1";
    named(Method::GET, page, "log-page").send().await.assert_status(200);
    named(Method::GET, "/j/plain.1.user-2.9", "log-revoked").send().await.assert_status(410);
    named(Method::GET, &feed, "log-feed").send().await.assert_status(200);
    named(Method::GET, &feed.replace("feed-", "feed-9"), "log-forged").send().await.assert_status(404);
    let entered = named(Method::POST, page, "log-enter").send().await;
    entered.assert_status(303);
    let name = practice.room_name().await;
    let conference = practice.server(Method::POST, "/jitsi/conference").header("X-Request-Id", "log-room");
    conference.body(format!("name={name}")).send().await.assert_status(200);
    for recorded in [ADA_LEFT, &with(ADA_LEFT, "/room_name", "zebulonias-room".into()), "zebulonia"] {
        practice.notify(recorded).await;
    }
    practice.notify_from_jaas(JAAS_ADA_LEFT).await;
    // Forged; genuine but unreadable; genuine and about an unknown payment.
    let paid = json!({"id": "evt_1", "kind": "checkout_paid", "created": 0, "live": false, "zebulonia": "zebulonia",
        "reference": "cs_zebulonia", "amount": 1, "currency": "EUR", "booking": 9, "payment": "pi_zebulonia"});
    practice.send_from_provider("zebulonia", paid.to_string()).await.assert_status(400);
    practice.notify_from_provider(&json!("zebulonia")).await.assert_status(400);
    practice.notify_from_provider(&paid).await.assert_status(200);
    let log = lines.text();
    for (id, wanted) in [
        ("log-link", [r#"method=GET"#, r#"route="/api/meetings/{id}/link""#, "status=200"]),
        ("log-patch", ["method=PATCH", r#"route="/api/auth/me""#, "status=422"]),
        ("log-query", ["method=GET", r#"route="/api/bookings""#, "status=422"]),
        ("log-page", ["method=GET", r#"route="/j/{token}""#, "status=200"]),
        ("log-revoked", ["method=GET", r#"route="/j/{token}""#, "status=410"]),
        ("log-enter", ["method=POST", r#"route="/j/{token}""#, "status=303"]),
        ("log-feed", ["method=GET", r#"route="/calendar/{token}/appointments.ics""#, "status=200"]),
        ("log-forged", ["method=GET", r#"route="/calendar/{token}/appointments.ics""#, "status=404"]),
        ("log-room", ["method=POST", r#"route="/jitsi/conference""#, "status=200"]),
        ("log-nowhere", ["method=GET", r#"route="(none)""#, "status=404"]),
    ] {
        let line = log.lines().find(|line| line.contains(id) && line.contains("request completed")).unwrap();
        assert!(wanted.iter().all(|part| line.contains(part)), "{line}");
    }
    let room = link.json()["meeting_url"].as_str().unwrap().to_owned();
    let checkout = practice.checkout_path(1).await;
    let inside = entered.header("location").unwrap();
    assert!(room.contains("jwt=") && inside.contains("jwt="));
    let secrets = [
        "zebulonia",
        "Zebulonia",
        PASSWORD,
        &ada,
        &room,
        inside,
        "jwt=",
        &name,
        SERVER_SECRET,
        "plain.1.",
        "feed-",
        "meet.example.org",
        checkout.rsplit('/').next().unwrap(),
        "/api/meetings/1/",
    ];
    for secret in secrets {
        let leak = log.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None, "{secret}");
    }
}
