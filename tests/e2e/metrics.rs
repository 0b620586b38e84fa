//! The metrics: what a scrape shows, under load and when something is broken, and what is made of it elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use attune_e2e::{Database, Instance, Method, Plan, Practice, eventually, later};
use attune_test_postgres::TestServer;
use serde_json::{Value, json};

use super::source::root;

type Labels = BTreeMap<String, String>;

/// A response of the metrics, understood.
struct Scrape {
    text: String,
    /// Type by the name of the family.
    types: BTreeMap<String, String>,
    /// Name, labels and value of each sample.
    samples: Vec<(String, Labels, f64)>,
}

impl Scrape {
    async fn of(url: &str, accept: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(url).header("accept", accept).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self::parse(response.text().await.unwrap())
    }

    /// As Prometheus understands it: what the older format does not have are comments there.
    fn parse(text: String) -> Self {
        let (mut types, mut samples) = (BTreeMap::new(), Vec::new());
        for line in text.lines() {
            if let Some(described) = line.strip_prefix("# TYPE ") {
                let (name, kind) = described.split_once(' ').unwrap();
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} is described twice");
            } else if !line.starts_with('#') {
                samples.push(sample(line));
            }
        }
        let distinct: BTreeSet<_> = samples.iter().map(|(name, labels, _)| (name, labels)).collect();
        assert_eq!(distinct.len(), samples.len(), "no series is there twice");
        assert!(samples.iter().all(|(.., value)| value.is_finite() && *value >= 0.0), "{text}");
        Self { text, types, samples }
    }

    /// The sum of the values with this name and these labels; `None` if there are none.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let matching = self.samples.iter().filter(|(found, all, _)| {
            found == name && labels.iter().all(|(key, value)| all.get(*key).is_some_and(|found| found == value))
        });
        matching.map(|(.., value)| *value).reduce(|sum, value| sum + value)
    }

    /// The names of the samples, with those of a histogram as one.
    fn families(&self) -> BTreeSet<String> {
        self.samples.iter().map(|(name, ..)| self.family(name)).collect()
    }

    fn family(&self, sample: &str) -> String {
        let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| sample.strip_suffix(part));
        let histogram = parts.into_iter().find(|name| self.types.get(*name).is_some_and(|kind| kind == "histogram"));
        histogram.unwrap_or(sample).to_owned()
    }

    /// The names of a family's labels.
    fn labels(&self, family: &str) -> BTreeSet<String> {
        let samples = self.samples.iter().filter(|(name, ..)| self.family(name) == family);
        samples.flat_map(|(_, labels, _)| labels.keys().cloned()).filter(|label| label != "le").collect()
    }
}

/// `name{label="value",…} 1.5`; no value of ours contains a quote.
fn sample(line: &str) -> (String, Labels, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
    let (name, labels) = series.strip_suffix('}').and_then(|series| series.split_once('{')).unwrap_or((series, ""));
    let labels = labels.split_terminator("\",").flat_map(|labels| labels.split_terminator("\","));
    let labels = labels.map(|label| {
        let (key, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        (key.to_owned(), value.trim_end_matches('"').to_owned())
    });
    (name.to_owned(), labels.collect(), value.parse().unwrap())
}

fn measured(database: Database) -> Plan {
    Practice::on(database).with("metrics.bind", "127.0.0.1:0")
}

async fn scrape(app: &Instance) -> Scrape {
    Scrape::of(&app.metrics_url(), "text/plain").await
}

/// Bookings, errors, and paths and methods that are made up, while the metrics are read again and again.
async fn under_load(practice: &Practice, app: &Instance) {
    let clients = practice.clients(app, 6).await;
    let url = app.metrics_url();
    let loaded = Arc::new(AtomicBool::new(false));
    let scraping = tokio::spawn({
        let loaded = loaded.clone();
        async move {
            let (mut scrapes, mut before) = (0, 0.0);
            while !loaded.load(Ordering::Relaxed) || scrapes < 3 {
                let shown = Scrape::of(&url, "application/openmetrics-text;version=1.0.0").await;
                assert!(shown.text.ends_with("# EOF\n"));
                let requests = shown.sum("attune_http_requests_total", &[]).unwrap();
                assert!(requests >= before, "a counter never decreases");
                (scrapes, before) = (scrapes + 1, requests);
            }
        }
    });
    let mut running = tokio::task::JoinSet::new();
    for (client, day) in clients.into_iter().zip(0..) {
        let booked = client.booked(later((20 + day) * 1440)).await;
        running.spawn(async move {
            client.link(booked).await.refused(404, "meeting_link_unavailable");
            for _ in 0..10 {
                client.get("/api/bookings").await.expect(200);
                client.get("/api/bookings/9876543").await.refused(404, "booking_not_found");
            }
            client.get("/canary.mailbox/Featherstone?email=canary.mailbox").await;
            client.get("/j/Featherstone-is-no-token").await;
            client.send(client.request(Method::from_bytes(b"CANARY").unwrap(), "/api/bookings")).await;
            client.with_token(Some("Featherstone")).get("/api/bookings").await.expect(401);
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    loaded.store(true, Ordering::Relaxed);
    scraping.await.unwrap();
}

/// A label may say what of the product was used, and nothing that a client sent or that is about one person or booking.
fn assert_impersonal(practice: &Practice, shown: &Scrape) {
    assert_eq!(practice.personal_data_in(&shown.text), [""; 0]);
    for word in ["canary", "Canary", "CANARY", "9876543"] {
        assert!(!shown.text.contains(word), "{word}");
    }
    for (name, labels, _) in &shown.samples {
        for (label, value) in labels {
            let is_known = match label.as_str() {
                "route" => value == "(none)" || value.starts_with('/') && !value.contains(|c: char| c.is_ascii_digit()),
                "method" => ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"].contains(&&**value),
                "status" => value.len() == 3 && value.parse::<u16>().is_ok(),
                "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
                "version" => value == "0.1.0",
                "kind" | "limit" | "pool" | "read" | "state" | "task" => {
                    value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                }
                _ => false,
            };
            assert!(is_known, "{name} has {label}={value}");
        }
    }
}

/// The table of metrics in the documentation: name, type and labels.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let text = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    let (_, section) = text.split_once("\n## Metrics\n").expect("a section");
    let section = section.split("\n## ").next().unwrap();
    let spans = |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        let name = spans(cells[0]).pop_first().unwrap();
        (name, (cells[1].to_owned(), spans(cells[2])))
    })
    .collect()
}

async fn the_metrics_are_the_documented_ones_and_about_no_one(database: Database) {
    let (practice, app, _, john) = measured(database).with("payments.provider", "test").serve_client().await;
    practice.keep_secret("Canary-of-a-note");
    let note = json!({"scheduled_at": later(2 * 1440).to_string(), "note": "Canary-of-a-note"});
    john.post("/api/bookings", note).await.expect(201);
    std::fs::write(practice.folder().join("data/last-backup"), "2026-12-01T03:00:00Z\n").unwrap();
    under_load(&practice, &app).await;
    // Numbers of the database are shared for ten seconds, and tasks of the worker need their turn.
    let shown = eventually("every task ran and the holds are counted", async || {
        let shown = scrape(&app).await;
        let ran =
            shown.samples.iter().filter(|(name, ..)| name == "attune_worker_last_success_timestamp_seconds").count();
        let holds = shown.sum("attune_holds", &[]).unwrap();
        (ran == 7 && holds == 7.0).then_some(shown)
    })
    .await;
    assert_impersonal(&practice, &shown);

    let documented = documented();
    let found: BTreeMap<_, _> = shown
        .families()
        .into_iter()
        .map(|family| {
            let kind = if family.ends_with("_info") { "info" } else { &shown.types[&family] };
            (family.clone(), (kind.to_owned(), shown.labels(&family)))
        })
        .collect();
    assert_eq!(found, documented, "docs/OPERATIONS.md, section Metrics");

    let requests = |labels: &[(&str, &str)]| shown.sum("attune_http_requests_total", labels).unwrap_or_default();
    assert_eq!(requests(&[("route", "/api/bookings"), ("method", "GET"), ("status", "200")]), 60.0);
    assert_eq!(requests(&[("route", "/api/bookings"), ("method", "GET"), ("status", "401")]), 6.0);
    assert_eq!(requests(&[("route", "/api/bookings"), ("method", "other")]), 6.0);
    assert_eq!(requests(&[("route", "/api/bookings/{id}"), ("status", "404")]), 60.0);
    assert_eq!(requests(&[("route", "(none)")]), 6.0);
    for route in ["/api/bookings", "/api/bookings/{id}", "/api/meetings/{id}/link", "(none)"] {
        let timed = shown.sum("attune_http_request_duration_seconds_count", &[("route", route)]);
        assert_eq!(timed, Some(requests(&[("route", route)])), "{route}");
    }
    let kind = if database == Database::Sqlite { "sqlite" } else { "postgres" };
    assert_eq!(shown.sum("attune_database_info", &[("kind", kind)]), Some(1.0));
    assert_eq!(shown.sum("attune_database_up", &[]), Some(1.0));
    assert_eq!(shown.sum("attune_last_backup_timestamp_seconds", &[]), Some(1_796_094_000.0));
    assert!(shown.sum("attune_database_batched_reads_total", &[]) > shown.sum("attune_database_batches_total", &[]));
    promtool(&["check", "metrics"], &shown.text);
}

async fn a_worker_has_metrics_of_its_own(database: Database) {
    let practice = measured(database).open().await;
    let (app, worker) = (practice.serve_without_worker().await, practice.work().await);
    let tasks = |shown: &Scrape| shown.families().into_iter().filter(|name| name.contains("_worker_")).count();
    let served = eventually("a request is counted", async || {
        app.get("/health/live").await.expect(200);
        let shown = scrape(&app).await;
        shown.sum("attune_http_requests_total", &[("route", "/health/live")]).map(|_| shown)
    })
    .await;
    assert_eq!(tasks(&served), 0);
    let worked = eventually("the worker worked", async || {
        let shown = scrape(&worker).await;
        (tasks(&shown) == 3).then_some(shown)
    })
    .await;
    assert_eq!(worked.sum("attune_http_requests_total", &[]), None);
    assert_eq!(worked.sum("attune_worker_failures_total", &[]), Some(0.0));
    assert_eq!((app.terminate().await, worker.terminate().await), (Some(0), Some(0)));
}

on_both_databases!(the_metrics_are_the_documented_ones_and_about_no_one, a_worker_has_metrics_of_its_own);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_fails_no_scrape() {
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    let (_practice, mut app) = measured(Database::Postgres).with("database.url", database.url()).serve().await;
    app.may_log_errors();
    let shown = scrape(&app).await;
    assert_eq!((shown.sum("attune_database_up", &[]), shown.sum("attune_holds", &[])), (Some(1.0), Some(0.0)));
    server.stop().await;
    let shown = eventually("it is known as down", async || {
        let shown = scrape(&app).await;
        (shown.sum("attune_database_up", &[]) == Some(0.0)).then_some(shown)
    })
    .await;
    for absent in ["attune_holds", "attune_outbox_emails", "attune_payments_needing_review"] {
        assert_eq!(shown.sum(absent, &[]), None, "{absent}");
    }
    assert!(shown.sum("attune_database_connections_limit", &[]).is_some());
    eventually("the worker fails", async || {
        let failures = scrape(&app).await.sum("attune_worker_failures_total", &[("task", "emails")]);
        (failures > Some(0.0)).then_some(())
    })
    .await;
    server.start().await;
    eventually("it is back", async || (scrape(&app).await.sum("attune_holds", &[]) == Some(0.0)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_logins_are_counted() {
    let plan =
        measured(Database::Sqlite).with("limits.enabled", "true").with("limits.login_failures_before_delay", "1");
    let (_practice, app) = plan.serve().await;
    let guess = json!({"email": "someone@clients.example.org", "password": "a wrong guess at it"});
    let mut refused = 0.0;
    for _ in 0..4 {
        refused += f64::from(u8::from(app.post("/api/auth/login", guess.clone()).await.status == 429));
    }
    assert!(refused >= 2.0);
    let shown = scrape(&app).await;
    let limit = [("limit", "login_failures_before_delay")];
    assert_eq!(shown.sum("attune_rate_limited_total", &limit), Some(refused));
    assert_eq!(shown.sum("attune_rate_limited_total", &[]), Some(refused));
}

/// Without the setting there is no such server, and the API never shows metrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_off_unless_they_have_an_address() {
    let (_practice, app) = Practice::on(Database::Sqlite).serve().await;
    assert!(!app.stdout().contains("metrics"), "{}", app.stdout());
    assert_eq!(app.get("/metrics").await.status, 404);

    let (_practice, app) = measured(Database::Sqlite).serve().await;
    assert_eq!(app.get("/metrics").await.status, 404);
    let elsewhere = app.metrics_url().replace("/metrics", "/api/services");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(elsewhere).send().await.unwrap().status(), 404);
}

/// The names of metrics in a text, and what the panels of the dashboard show.
fn named_in(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deploy").join(file)).unwrap();
    let texts: Vec<String> = if file.ends_with(".json") {
        let board: Value = serde_json::from_str(&text).unwrap();
        let panels = board["panels"].as_array().unwrap().iter();
        let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
    } else {
        text.lines().filter(|line| !line.trim_start().starts_with('#')).map(str::to_owned).collect()
    };
    let words = texts.iter().flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
    words.filter(|word| word.starts_with("attune_") || word.starts_with("process_")).map(str::to_owned).collect()
}

/// That the documented ones are those of a scrape is shown above.
#[test]
fn alerts_and_dashboard_only_name_what_there_is() {
    let documented = documented();
    let known = |name: &String| {
        let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part));
        let mut histograms = parts.filter(|name| documented.get(*name).is_some_and(|(kind, _)| kind == "histogram"));
        documented.contains_key(name) || histograms.next().is_some()
    };
    for file in ["prometheus/alerts.yml", "prometheus/alerts_test.yml", "grafana/attune.json"] {
        let named = named_in(file);
        assert!(named.len() >= 10, "{file}: {named:?}");
        let unknown: Vec<_> = named.iter().filter(|name| !known(name)).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    let shown: BTreeSet<_> = named_in("grafana/attune.json");
    let unseen: Vec<_> = documented.keys().filter(|name| !shown.iter().any(|shown| shown.starts_with(*name))).collect();
    assert!(unseen.is_empty(), "no panel shows {unseen:?}");
}

#[test]
fn every_alert_fires_when_it_should() {
    let rules = std::fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).unwrap();
    let tests = std::fs::read_to_string(root().join("deploy/prometheus/alerts_test.yml")).unwrap();
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 10, "{alerts:?}");
    for alert in alerts {
        let fires = tests.split("alertname: ").filter(|test| {
            let mut lines = test.lines();
            lines.next().is_some_and(|name| name == alert)
                && lines.next().is_some_and(|next| next.contains("exp_alerts"))
        });
        assert_eq!(fires.count(), 1, "{alert} has a test in which it fires");
        assert!(
            tests.contains(&format!("alertname: {alert} }}"))
                || tests.contains(&format!("alertname: {alert}\n      - "))
        );
    }
    promtool(&["check", "rules", "deploy/prometheus/alerts.yml"], "");
    promtool(&["test", "rules", "deploy/prometheus/alerts_test.yml"], "");
}

/// Runs the tool of Prometheus in the workspace. Where it is missing, it says so: `scripts/test` installs it.
fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new("promtool");
    tool.args(arguments).current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut running) = tool.spawn() else {
        #[expect(clippy::print_stderr, reason = "what is skipped must not go unseen")]
        {
            eprintln!("skipped, because promtool is not installed: promtool {}", arguments.join(" "));
        }
        return;
    };
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(output.status.success(), "promtool {}: {said}", arguments.join(" "));
}
