use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use async_trait::async_trait;
use attune_http_common::{RateLimiter, RateLimits, RouteTraffic, Traffic};
use attune_ports::{Backlog, BatchActivity, PoolActivity, StoreActivity};
use attune_test_doubles::FixedClock;
use jiff::{SignedDuration, Timestamp};

use crate::{PasswordQueue, Snapshot, Source, TaskRuns, serve};

struct Fixed(Snapshot);

#[async_trait]
impl Source for Fixed {
    async fn snapshot(&self) -> Snapshot {
        self.0.clone()
    }
}

fn now() -> Timestamp {
    "2026-12-01T10:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

fn traffic() -> Traffic {
    let route = RouteTraffic::new("/api/bookings/{id}");
    for took in [900, 30_000] {
        route.record(&Method::GET, StatusCode::OK, Duration::from_micros(took));
    }
    route.record(&Method::GET, StatusCode::from_u16(299).unwrap(), Duration::from_secs(60));
    let limits = RateLimits { logins_per_minute: 0, ..RateLimits::default() };
    let limiter = RateLimiter::new(limits, Arc::new(FixedClock::new(now())));
    limiter.login(None).unwrap_err();
    Traffic { routes: vec![Arc::new(RouteTraffic::new("(none)")), Arc::new(route)], limiter: Arc::new(limiter) }
}

/// A process that does everything.
fn busy() -> Snapshot {
    Snapshot {
        version: "1.2.3",
        database: "sqlite",
        started_at: ago(3_600),
        now: now(),
        backlog: Some(Backlog {
            pending_emails: 7,
            first_email_due: Some(ago(90)),
            dead_emails: 2,
            held_emails: 4,
            holds: 3,
            first_hold_expiry: Some(now() + SignedDuration::from_mins(5)),
            payment_problems: 1,
            conferences: 4,
        }),
        store: StoreActivity {
            pools: vec![PoolActivity { name: "write", size: 6, open: 5, idle: 1, waiting: 9, timeouts: 8 }],
            batches: vec![BatchActivity { name: "caller", batches: 10, reads: 55 }],
        },
        passwords: PasswordQueue { waiting: 11, refused: 12 },
        tasks: vec![
            TaskRuns { name: "emails", last_run: Some(ago(1)), last_success: Some(ago(61)), failures: 13 },
            TaskRuns { name: "purge", last_run: None, last_success: None, failures: 0 },
        ],
        last_backup: Some(ago(7_200)),
        traffic: Some(traffic()),
    }
}

/// The content type and the body.
async fn scrape(snapshot: Snapshot, accept: &str) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = serve(listener, Arc::new(Fixed(snapshot))).unwrap();
    let handle = server.handle();
    tokio::spawn(server);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(&url).header("accept", accept).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let format = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = response.text().await.unwrap();
    handle.stop(false).await;
    (format, body)
}

/// The lines with values.
async fn values(snapshot: Snapshot) -> Vec<String> {
    let (_, body) = scrape(snapshot, "*/*").await;
    body.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_known_is_shown() {
    let shown = values(busy()).await;
    for line in [
        r#"attune_build_info{version="1.2.3"} 1"#,
        r#"attune_database_info{kind="sqlite"} 1"#,
        "process_start_time_seconds 1796115600.0",
        "attune_password_hasher_waiting 11",
        "attune_password_hasher_refused_total 12",
        "attune_last_backup_timestamp_seconds 1796112000.0",
        r#"attune_http_requests_total{route="/api/bookings/{id}",method="GET",status="200"} 2"#,
        r#"attune_http_requests_total{route="/api/bookings/{id}",method="GET",status="other"} 1"#,
        r#"attune_http_request_duration_seconds_bucket{route="/api/bookings/{id}",le="0.001"} 1"#,
        r#"attune_http_request_duration_seconds_bucket{route="/api/bookings/{id}",le="0.05"} 2"#,
        r#"attune_http_request_duration_seconds_bucket{route="/api/bookings/{id}",le="10"} 2"#,
        r#"attune_http_request_duration_seconds_bucket{route="/api/bookings/{id}",le="+Inf"} 3"#,
        r#"attune_http_request_duration_seconds_count{route="/api/bookings/{id}"} 3"#,
        r#"attune_http_request_duration_seconds_sum{route="/api/bookings/{id}"} 60.0309"#,
        r#"attune_rate_limited_total{limit="logins_per_minute"} 1"#,
        r#"attune_rate_limited_total{limit="api_per_second"} 0"#,
        "attune_database_up 1",
        r#"attune_database_connections_limit{pool="write"} 6"#,
        r#"attune_database_connections{pool="write",state="idle"} 1"#,
        r#"attune_database_connections{pool="write",state="used"} 4"#,
        r#"attune_database_connections_waiting{pool="write"} 9"#,
        r#"attune_database_connection_timeouts_total{pool="write"} 8"#,
        r#"attune_database_batches_total{read="caller"} 10"#,
        r#"attune_database_batched_reads_total{read="caller"} 55"#,
        r#"attune_outbox_emails{state="pending"} 7"#,
        r#"attune_outbox_emails{state="dead"} 2"#,
        r#"attune_outbox_emails{state="held"} 4"#,
        "attune_outbox_oldest_due_age_seconds 90.0",
        "attune_holds 3",
        "attune_holds_oldest_expired_age_seconds 0.0",
        "attune_payments_needing_review 1",
        "attune_conferences 4",
        r#"attune_worker_last_run_timestamp_seconds{task="emails"} 1796119199.0"#,
        r#"attune_worker_last_success_timestamp_seconds{task="emails"} 1796119139.0"#,
        r#"attune_worker_failures_total{task="emails"} 13"#,
        r#"attune_worker_failures_total{task="purge"} 0"#,
    ] {
        assert!(shown.iter().any(|shown| shown == line), "{line} is missing in:\n{}", shown.join("\n"));
    }
    let unused = ["(none)", r#"last_run_timestamp_seconds{task="purge"}"#];
    assert!(
        !shown.iter().any(|line| unused.iter().any(|unused| line.contains(unused))),
        "what never happened is absent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_is_absent() {
    let shown = values(Snapshot {
        backlog: None,
        store: StoreActivity::default(),
        tasks: Vec::new(),
        last_backup: None,
        traffic: None,
        ..busy()
    })
    .await;
    let names: Vec<_> = shown.iter().map(|line| line.split(['{', ' ']).next().unwrap()).collect();
    let expected = [
        "attune_build_info",
        "attune_database_info",
        "process_start_time_seconds",
        "attune_password_hasher_waiting",
        "attune_password_hasher_refused_total",
        "attune_database_up",
    ];
    assert_eq!(names, expected);
    assert_eq!(shown.last().map(String::as_str), Some("attune_database_up 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_is_the_newest_that_the_scraper_reads() {
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for (accept, format) in
        [("*/*", "text/plain; version=0.0.4; charset=utf-8"), (prometheus, openmetrics), (openmetrics, openmetrics)]
    {
        let (found, body) = scrape(busy(), accept).await;
        assert_eq!(found, format, "{accept}");
        assert_eq!(body.ends_with("# EOF\n"), format == openmetrics, "{accept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = serve(listener, Arc::new(Fixed(busy()))).unwrap();
    let handle = server.handle();
    tokio::spawn(server);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/", "/metrics/", "/health/live", "/api/services", "/docs"] {
        assert_eq!(client.get(format!("{base}{path}")).send().await.unwrap().status(), 404, "{path}");
    }
    assert_eq!(client.post(format!("{base}/metrics")).send().await.unwrap().status(), 405);
    handle.stop(false).await;
}
