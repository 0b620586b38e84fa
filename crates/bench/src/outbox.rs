//! The product sends reminders that are due at the same time to a mail server in this process, while clients book.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use attune_test_smtp::{ReceivedMail, SmtpSink};
use clap::Args;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use jiff::Timestamp;
use tokio::task::LocalSet;
use tokio_postgres::NoTls;

use crate::book::{Load, booking_body, closed_loop, log_in};
use crate::cold::first_response;
use crate::http::request;
use crate::seed::{Dialect, FIRST_CLIENT, POSTGRES, SQLITE};

const TIME_LIMIT: Duration = Duration::from_secs(600);
const REMINDERS_PER_THERAPIST: u64 = 10;
const POLL_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug, Args)]
pub(crate) struct Outbox {
    /// The database, filled by `seed` with at least a thousand clients: postgres://… or sqlite:PATH.
    #[arg(long)]
    database: String,
    /// The binary. It reads its other settings from the environment.
    #[arg(long)]
    attune: PathBuf,
    /// The number of processes.
    #[arg(long, default_value_t = 1)]
    servers: u16,
    /// The port of the first process; the others use the next ones.
    #[arg(long)]
    port: u16,
    /// The log file.
    #[arg(long)]
    log: PathBuf,
    /// The number of reminders.
    #[arg(long, default_value_t = 10_000)]
    emails: u64,
    /// The number of concurrent clients of the first process.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Seconds of booking before the reminders are due.
    #[arg(long, default_value_t = 10)]
    quiet: u32,
    /// The client: EMAIL:PASSWORD.
    #[arg(long)]
    login: String,
    /// The number of the first free time.
    #[arg(long, default_value_t = 0)]
    book_from: u64,
    /// The first column of the table row.
    #[arg(long)]
    label: String,
}

/// Killed when dropped.
struct Servers(Vec<Child>);

impl Servers {
    fn stop(&mut self) -> Result<()> {
        for child in &self.0 {
            Command::new("kill").arg(child.id().to_string()).status().context("a server cannot be stopped")?;
        }
        for child in &mut self.0 {
            ensure!(child.wait()?.success(), "a server failed");
        }
        self.0.clear();
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

struct Received {
    /// Reminders of earlier bookings may be left from an aborted run.
    first: i64,
    seen: usize,
    reminders: u64,
    different: HashSet<String>,
}

impl Received {
    /// Emails about new bookings are not counted.
    fn count_new(&mut self, emails: &[ReceivedMail]) {
        for email in &emails[self.seen..] {
            if let Some((id, booking)) = reminder(&email.raw)
                && booking >= self.first
            {
                self.reminders += 1;
                self.different.insert(id);
            }
        }
        self.seen = emails.len();
    }
}

/// The Message-ID of a reminder and the booking id in it.
fn reminder(raw: &[u8]) -> Option<(String, i64)> {
    let head = raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(raw, |end| &raw[..end]);
    let head = String::from_utf8_lossy(head);
    let id = head.lines().find_map(|line| line.strip_prefix("Message-ID: <"))?;
    let booking = id.strip_prefix("reminder.")?.split('.').next()?.parse().ok()?;
    Some((id.to_owned(), booking))
}

impl Outbox {
    pub(crate) fn run(self) -> Result<()> {
        // The mail server has a thread of its own, so that it does not wait for the clients.
        let mail = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let sink = {
            let _inside = mail.enter();
            SmtpSink::start()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.measure(&sink))
    }

    async fn measure(self, sink: &SmtpSink) -> Result<()> {
        let mut servers = self.start(sink)?;
        for number in 0..self.servers {
            first_response(&self.address(number), "/health").await?;
        }
        let server = self.address(0);
        let token = log_in(&server, &self.login).await?;
        let mut database = Database::open(&self.database).await?;
        let due = Timestamp::now().as_second() + i64::from(self.quiet) + 5;
        let first = database.queue_reminders(self.emails, due * 1_000).await?;
        let until_due = u64::try_from(due - Timestamp::now().as_second()).context("queueing took too long")?;
        let due = Instant::now() + Duration::from_secs(until_due);

        let next = Rc::new(Cell::new(self.book_from));
        let bookings = || {
            let (next, server, token) = (Rc::clone(&next), server.clone(), token.clone());
            move || {
                let number = next.replace(next.get() + 1);
                request("POST", &server, "/api/bookings", Some(&token), Some(&booking_body(number))).into()
            }
        };
        let quiet = closed_loop(&server, self.connections, move |_| Instant::now() >= due, bookings()).await?;
        let all_there = Rc::new(Cell::new(false));
        let over = Rc::clone(&all_there);
        let busy = tokio::task::spawn_local({
            let (server, bookings) = (server.clone(), bookings());
            async move { closed_loop(&server, self.connections, move |_| over.get(), bookings).await }
        });
        let mut received = Received { first, seen: 0, reminders: 0, different: HashSet::new() };
        while u64::try_from(received.different.len()).unwrap_or(u64::MAX) < self.emails {
            ensure!(due.elapsed() < TIME_LIMIT, "only {} reminders arrived", received.different.len());
            ensure!(!busy.is_finished(), "the bookings failed");
            tokio::time::sleep(POLL_INTERVAL).await;
            sink.look(|emails| received.count_new(emails));
        }
        let seconds = due.elapsed().as_secs_f64();
        all_there.set(true);
        let busy = busy.await??;

        servers.stop()?;
        sink.look(|emails| received.count_new(emails));
        let unrecorded = database.not_sent(first).await?;
        ensure!(unrecorded == 0, "{unrecorded} reminders were sent but not recorded");
        let twice = received.reminders - u64::try_from(received.different.len()).unwrap_or(u64::MAX);
        self.print(seconds, twice, sink.connections(), [quiet, busy]);
        Ok(())
    }

    fn address(&self, number: u16) -> String {
        format!("127.0.0.1:{}", self.port + number)
    }

    fn start(&self, sink: &SmtpSink) -> Result<Servers> {
        let log = File::create(&self.log).with_context(|| self.log.display().to_string())?;
        let mut servers = Servers(Vec::new());
        for number in 0..self.servers {
            let child = Command::new(&self.attune)
                .arg("serve")
                .env("ATTUNE__DATABASE__URL", &self.database)
                .env("ATTUNE__HTTP__BIND", self.address(number))
                .env("ATTUNE__MAIL__TRANSPORT", "smtp")
                .env("ATTUNE__MAIL__SMTP_URL", sink.url())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log.try_clone()?)
                .spawn()
                .with_context(|| self.attune.display().to_string())?;
            servers.0.push(child);
        }
        Ok(servers)
    }

    fn print(&self, seconds: f64, twice: u64, connections: u64, [quiet, busy]: [Load; 2]) {
        let rate = f64::from(u32::try_from(self.emails).unwrap_or(u32::MAX)) / seconds;
        print!("| {} | {seconds:.1} | {rate:.0} | {twice} | {connections} |", self.label);
        for mut bookings in [quiet, busy] {
            let [p50, p99] = [50, 99].map(|percent| f64::from(bookings.micros(percent)) / 1_000.0);
            print!(" {:.0} | {p50:.1} | {p99:.1} | {} |", bookings.rate(), bookings.bad());
        }
        println!();
    }
}

/// A direct connection to the store.
enum Database {
    Postgres(tokio_postgres::Client),
    Sqlite(SqliteConnection),
}

impl Database {
    async fn open(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let mut connection = SqliteConnection::establish(path).context("the file cannot be opened")?;
            connection.batch_execute("PRAGMA busy_timeout = 10000")?;
            return Ok(Self::Sqlite(connection));
        }
        if !url.starts_with("postgres") {
            bail!("--database is neither postgres:// nor sqlite:")
        }
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("the database is unreachable")?;
        tokio::spawn(connection);
        Ok(Self::Postgres(client))
    }

    async fn number(&mut self, query: &str) -> Result<i64> {
        Ok(match self {
            Self::Postgres(client) => client.query_one(query, &[]).await?.get(0),
            Self::Sqlite(connection) => sql::<BigInt>(query).get_result(connection)?,
        })
    }

    async fn execute(&mut self, statements: &str) -> Result<()> {
        match self {
            Self::Postgres(client) => client.batch_execute(statements).await?,
            Self::Sqlite(connection) => connection.batch_execute(statements)?,
        }
        Ok(())
    }

    /// Creates confirmed bookings with new therapists whose reminders are due at an instant in milliseconds. Returns the id of
    /// the first booking.
    async fn queue_reminders(&mut self, emails: u64, due: i64) -> Result<i64> {
        let Dialect { yes, no, numbers, counters, .. } = match self {
            Self::Postgres(_) => POSTGRES,
            Self::Sqlite(_) => SQLITE,
        };
        let user = self.number("SELECT max(id) FROM users").await?;
        let booking = self.number("SELECT max(id) FROM bookings").await?;
        let mail = self.number("SELECT max(id) FROM outbox").await?;
        let therapists = emails.div_ceil(REMINDERS_PER_THERAPIST);
        let (minute, hour) = (60_000, 3_600_000);
        let room = format!("'booking-' || ({booking} + n) || '-feedfacecafebeef0123456789abcdef'");
        // So late that the reminder of the hour before does not replace this one.
        let at = format!("{due} + (2 + (n - 1) / {therapists}) * {hour}");
        let mut statements = vec![
            "BEGIN".to_owned(),
            format!(
                "INSERT INTO users (id, email, first_name, last_name, is_admin, disabled, password_hash, created_at) \
                 SELECT {user} + n, 'therapist' || ({user} + n) || '@example.org', 'Anna', 'Freud' || n, {yes}, {no}, \
                 (SELECT password_hash FROM users WHERE id = 1), {due} FROM {}",
                numbers(therapists)
            ),
            format!(
                "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, \
                 status, payment_status, price_minor, currency, room_id, room_url, version, created_at, updated_at) \
                 SELECT {booking} + n, {FIRST_CLIENT} + n % 1000, {user} + 1 + (n - 1) % {therapists}, 1, {at}, 50, \
                 {at} + {hour}, 'scheduled', 'succeeded', 10000, 'EUR', {room}, 'https://meet.example.org/' || {room}, 2, \
                 {due} - {hour}, {due} - {hour} FROM {}",
                numbers(emails)
            ),
            format!(
                "INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, \
                 booking_version, send_after, state, attempts, next_at) \
                 SELECT 'due:' || id, 'reminder', 1440, id, client_id, scheduled_at, 2, {due}, 'pending', 0, {due} \
                 FROM bookings WHERE id > {booking} AND scheduled_at - {minute} >= {due}"
            ),
        ];
        statements.extend(counters.iter().map(|&statement| statement.to_owned()));
        statements.push("COMMIT".to_owned());
        self.execute(&statements.join(";\n")).await?;
        let queued = self.number(&format!("SELECT count(*) FROM outbox WHERE id > {mail}")).await?;
        ensure!(u64::try_from(queued) == Ok(emails), "{queued} reminders are queued");
        Ok(booking + 1)
    }

    /// The number of reminders that are not recorded as sent or had more than one attempt.
    async fn not_sent(&mut self, first: i64) -> Result<i64> {
        self.number(&format!(
            "SELECT count(*) FROM outbox WHERE booking_id >= {first} AND dedupe_key LIKE 'due:%' \
             AND (state <> 'sent' OR attempts <> 1)"
        ))
        .await
    }
}
