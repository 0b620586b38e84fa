//! A closed loop: each connection asks, waits for the answer, and asks again. One thread, so that the cores are left to
//! the server and the database.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::task::LocalSet;

use crate::http::{Line, request};
use crate::seed::{FIRST_THERAPIST, THERAPISTS};

/// How to book. Each booking needs a time of its own, which generators of load that are made for anything cannot know.
#[derive(Debug, Args)]
pub(crate) struct Book {
    /// The server, as host and port.
    #[arg(long)]
    server: String,
    /// Who books: address and password, with a colon between them.
    #[arg(long)]
    login: String,
    /// How many connections book at the same time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// For how long.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Each booking takes another free time, counted from this number on.
    #[arg(long)]
    book_from: u64,
    /// The first words of the line that is printed, with tabs between them.
    #[arg(long, default_value = "")]
    label: String,
    /// End with an error if any answer is not a good one.
    #[arg(long)]
    strict: bool,
}

/// How requests went.
#[derive(Default)]
pub(crate) struct Counted {
    /// Microseconds of each good answer.
    good: Vec<u32>,
    bad: u64,
    last_bad: Option<u16>,
    seconds: f64,
}

impl Counted {
    /// Good answers a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.good.len()).unwrap_or(u32::MAX)) / self.seconds
    }

    /// How many microseconds so many of a hundred good answers took at most.
    pub(crate) fn micros(&mut self, percent: usize) -> u32 {
        self.good.sort_unstable();
        self.good.get(self.good.len() * percent / 100).copied().unwrap_or_default()
    }

    /// How many answers were not good.
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
            request("POST", &server, "/api/bookings", Some(&token), Some(&wish(number))).into()
        };
        let long_enough = Duration::from_secs_f64(self.seconds);
        let over = move |since: Duration| since >= long_enough;
        let mut all = closed_loop(&self.server, self.connections, over, next).await?;
        ensure!(!self.strict || all.bad == 0, "{} answers were bad, the last one {:?}", all.bad, all.last_bad);
        let (p50, p99, count) = (all.micros(50), all.micros(99), all.good.len());
        println!("{}\t{:.1}\t{p50}\t{p99}\t{count}\t{}", self.label, all.rate(), all.bad);
        Ok(())
    }
}

/// Asks over so many connections at the same time, until it has gone on long enough. To be called in a [`LocalSet`].
pub(crate) async fn closed_loop(
    server: &str,
    connections: usize,
    over: impl Fn(Duration) -> bool + 'static,
    next: impl Fn() -> Rc<[u8]> + 'static,
) -> Result<Counted> {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Line::open(server).await.context("the server cannot be reached")?);
    }
    let began = Instant::now();
    let (over, next) = (Rc::new(over), Rc::new(next));
    let tasks = lines.into_iter().map(|mut line| {
        let (over, next) = (Rc::clone(&over), Rc::clone(&next));
        tokio::task::spawn_local(async move {
            let mut counted = Counted::default();
            loop {
                let question = next();
                let asked = Instant::now();
                if over(asked.duration_since(began)) {
                    return Ok(counted);
                }
                let status = line.ask(&question).await?.status;
                let micros = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
                if (200..300).contains(&status) {
                    counted.good.push(micros);
                } else {
                    counted.bad += 1;
                    counted.last_bad = Some(status);
                }
            }
        })
    });
    let mut all = Counted::default();
    for task in tasks.collect::<Vec<_>>() {
        let one: std::io::Result<Counted> = task.await?;
        let one = one.context("the connection broke")?;
        all.good.extend(one.good);
        all.bad += one.bad;
        all.last_bad = one.last_bad.or(all.last_bad);
    }
    all.seconds = began.elapsed().as_secs_f64();
    Ok(all)
}

/// Logs in with an address and a password, with a colon between them, and gives the token.
pub(crate) async fn log_in(server: &str, login: &str) -> Result<String> {
    let (email, password) = login.split_once(':').context("--login has no colon")?;
    let body = serde_json::json!({ "email": email, "password": password }).to_string();
    let mut line = Line::open(server).await.context("the server cannot be reached")?;
    let answer = line.ask(&request("POST", server, "/api/auth/login", None, Some(&body))).await?;
    ensure!(answer.status == 200, "the login was answered with {}", answer.status);
    let body: serde_json::Value = serde_json::from_slice(answer.body)?;
    Ok(body["access_token"].as_str().context("the login gave no token")?.to_owned())
}

/// A wish for a time that nobody has: the evening hours, which seeding leaves free, therapist by therapist.
pub(crate) fn wish(number: u64) -> String {
    let (round, therapist) = (number / THERAPISTS, FIRST_THERAPIST + number % THERAPISTS);
    let (day, hour) = (round / 5 + 2, 16 + round % 5);
    let midnight = Timestamp::now().as_second().div_euclid(86_400) * 86_400;
    let seconds = i64::try_from(day * 86_400 + hour * 3_600).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(midnight).and_then(|start| start.checked_add(SignedDuration::from_secs(seconds)));
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    format!(r#"{{"scheduled_at":"{at}","therapist_id":{therapist}}}"#)
}
