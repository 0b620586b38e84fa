//! A closed loop: each connection sends a request, waits for the response, and repeats. On one thread, so that the other
//! cores are left to the server and the database.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::task::LocalSet;

use crate::http::{Connection, request};
use crate::seed::{FIRST_THERAPIST, THERAPISTS};

/// Every booking needs another free time, which generic load generators do not support.
#[derive(Debug, Args)]
pub(crate) struct Book {
    /// The server, as host and port.
    #[arg(long)]
    server: String,
    /// The client: EMAIL:PASSWORD.
    #[arg(long)]
    login: String,
    /// The number of concurrent connections.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// The duration.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The number of the first free time.
    #[arg(long)]
    book_from: u64,
    /// The first columns of the printed line, separated by tabs.
    #[arg(long, default_value = "")]
    label: String,
    /// Fail if any response is an error.
    #[arg(long)]
    strict: bool,
}

#[derive(Default)]
pub(crate) struct Load {
    /// Microseconds of each successful response.
    good: Vec<u32>,
    bad: u64,
    last_bad: Option<u16>,
    seconds: f64,
}

impl Load {
    /// Successful responses per second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.good.len()).unwrap_or(u32::MAX)) / self.seconds
    }

    /// A percentile of the response times.
    pub(crate) fn micros(&mut self, percent: usize) -> u32 {
        self.good.sort_unstable();
        self.good.get(self.good.len() * percent / 100).copied().unwrap_or_default()
    }

    pub(crate) fn bad(&self) -> u64 {
        self.bad
    }
}

impl Book {
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.drive())
    }

    async fn drive(self) -> Result<()> {
        let token = log_in(&self.server, &self.login).await?;
        let number = Cell::new(self.book_from);
        let server = self.server.clone();
        let next = move || {
            let number = number.replace(number.get() + 1);
            request("POST", &server, "/api/bookings", Some(&token), Some(&booking_body(number))).into()
        };
        let limit = Duration::from_secs_f64(self.seconds);
        let over = move |since: Duration| since >= limit;
        let mut all = closed_loop(&self.server, self.connections, over, next).await?;
        ensure!(!self.strict || all.bad == 0, "{} responses were errors, the last one {:?}", all.bad, all.last_bad);
        let (p50, p99, count) = (all.micros(50), all.micros(99), all.good.len());
        println!("{}\t{:.1}\t{p50}\t{p99}\t{count}\t{}", self.label, all.rate(), all.bad);
        Ok(())
    }
}

/// Sends requests over the connections until `over`. Must run in a [`LocalSet`].
pub(crate) async fn closed_loop(
    server: &str,
    connections: usize,
    over: impl Fn(Duration) -> bool + 'static,
    next: impl Fn() -> Rc<[u8]> + 'static,
) -> Result<Load> {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Connection::open(server).await.context("the server is unreachable")?);
    }
    let began = Instant::now();
    let (over, next) = (Rc::new(over), Rc::new(next));
    let tasks = lines.into_iter().map(|mut line| {
        let (over, next) = (Rc::clone(&over), Rc::clone(&next));
        tokio::task::spawn_local(async move {
            let mut load = Load::default();
            loop {
                let request_bytes = next();
                let sent = Instant::now();
                if over(sent.duration_since(began)) {
                    return Ok(load);
                }
                let status = line.send(&request_bytes).await?.status;
                let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
                if (200..300).contains(&status) {
                    load.good.push(micros);
                } else {
                    load.bad += 1;
                    load.last_bad = Some(status);
                }
            }
        })
    });
    let mut all = Load::default();
    for task in tasks.collect::<Vec<_>>() {
        let one: std::io::Result<Load> = task.await?;
        let one = one.context("the connection broke")?;
        all.good.extend(one.good);
        all.bad += one.bad;
        all.last_bad = one.last_bad.or(all.last_bad);
    }
    all.seconds = began.elapsed().as_secs_f64();
    Ok(all)
}

/// Returns the access token.
pub(crate) async fn log_in(server: &str, login: &str) -> Result<String> {
    let (email, password) = login.split_once(':').context("--login has no colon")?;
    let body = serde_json::json!({ "email": email, "password": password }).to_string();
    let mut line = Connection::open(server).await.context("the server is unreachable")?;
    let response = line.send(&request("POST", server, "/api/auth/login", None, Some(&body))).await?;
    ensure!(response.status == 200, "the login failed with {}", response.status);
    let body: serde_json::Value = serde_json::from_slice(response.body)?;
    Ok(body["access_token"].as_str().context("the login returned no token")?.to_owned())
}

/// A request for a free time: the evening hours, which seeding leaves free, therapist by therapist.
pub(crate) fn booking_body(number: u64) -> String {
    let (round, therapist) = (number / THERAPISTS, FIRST_THERAPIST + number % THERAPISTS);
    let (day, hour) = (round / 5 + 2, 16 + round % 5);
    let midnight = Timestamp::now().as_second().div_euclid(86_400) * 86_400;
    let seconds = i64::try_from(day * 86_400 + hour * 3_600).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(midnight).and_then(|start| start.checked_add(SignedDuration::from_secs(seconds)));
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    format!(r#"{{"scheduled_at":"{at}","therapist_id":{therapist}}}"#)
}
