//! Several instances behind a load balancer serve clients who book, while one after another, or the database's primary, is
//! lost. What was acknowledged is compared with what is stored and with the emails that arrived.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use attune_test_postgres::TestServer;
use attune_test_smtp::SmtpSink;
use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls};

use crate::book::log_in;
use crate::cold::first_response;
use crate::http::{Connection, request, with_header};

const INSTANCES: usize = 3;
/// A client gets ten emails about bookings in an hour.
const BOOKINGS_PER_CLIENT: usize = 10;
const PASSWORD: &str = "a-passphrase-for-the-trial";
const PROBE_INTERVAL: Duration = Duration::from_millis(500);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Four intervals of the load balancer.
const STOP_DELAY_SECONDS: u64 = 2;
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// Longer than any client of a real system would try.
const PATIENCE: Duration = Duration::from_secs(60);
/// The leases of emails that a killed instance was sending end after two minutes.
const EMAIL_PATIENCE: Duration = Duration::from_secs(240);
const MAX_LOGIN_FAILURES: usize = 20;

/// What is lost.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Loss {
    /// One instance is killed, two are stopped for an upgrade.
    Instances,
    /// The primary is killed, and its standby promoted.
    Primary,
}

#[derive(Debug, Args)]
pub(crate) struct Trial {
    /// What is lost.
    loss: Loss,
    /// The binary.
    #[arg(long)]
    attune: PathBuf,
    /// The port of the first instance; the others use the next ones.
    #[arg(long, default_value_t = 18300)]
    port: u16,
    /// The number of clients that book at the same time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Milliseconds between the response to a client and its next request.
    #[arg(long, default_value_t = 150)]
    pause: u64,
    /// The seconds of each phase.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Seconds from the loss of the primary to the promotion of its standby.
    #[arg(long, default_value_t = 3)]
    promote_after: u64,
    /// The number of accounts.
    #[arg(long, default_value_t = 200)]
    clients: usize,
    /// The log file.
    #[arg(long)]
    log: PathBuf,
}

/// What a client saw of one attempt that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    NoConnection,
    Unavailable,
    OtherError,
}

struct Acknowledged {
    at: Instant,
    booking: i64,
    starts_at: i64,
    /// With all attempts.
    waited: Duration,
}

#[derive(Default)]
struct Ledger {
    acknowledged: Vec<Acknowledged>,
    failures: Vec<(Instant, Failure)>,
    /// The beginning of each phase.
    phases: Vec<(&'static str, Instant)>,
}

/// Knows which instances are ready, and gives requests to them in turn.
struct Balancer {
    addresses: Vec<String>,
    ready: Vec<Cell<bool>>,
    next: Cell<usize>,
}

impl Balancer {
    async fn probe(&self) {
        loop {
            for (address, ready) in self.addresses.iter().zip(&self.ready) {
                let asked = async {
                    let mut line = Connection::open(address).await?;
                    let response = line.send(&request("GET", address, "/health/ready", None, None)).await?;
                    std::io::Result::Ok(response.status == 200)
                };
                ready.set(matches!(timeout(PROBE_TIMEOUT, asked).await, Ok(Ok(true))));
            }
            sleep(PROBE_INTERVAL).await;
        }
    }

    fn pick(&self) -> Option<usize> {
        let count = self.addresses.len();
        let first = self.next.replace(self.next.get() + 1);
        (0..count).map(|step| (first + step) % count).find(|number| self.ready[*number].get())
    }
}

struct Clients {
    balancer: Balancer,
    tokens: Vec<String>,
    next_booking: Cell<usize>,
    first_minute: i64,
    pause: Duration,
    over: Cell<bool>,
    ledger: RefCell<Ledger>,
}

impl Clients {
    /// One client after another books ten times.
    async fn book(self: Rc<Self>) -> Result<()> {
        let mut lines: Vec<Option<Connection>> = self.balancer.addresses.iter().map(|_| None).collect();
        while !self.over.get() {
            let number = self.next_booking.replace(self.next_booking.get() + 1);
            let token = &self.tokens[number / BOOKINGS_PER_CLIENT % self.tokens.len()];
            let starts_at = (self.first_minute + i64::try_from(number)?) * 60;
            let body = format!(r#"{{"scheduled_at":"{}"}}"#, Timestamp::from_second(starts_at)?);
            let bytes = request("POST", "localhost", "/api/bookings", Some(token), Some(&body));
            let bytes = with_header(&bytes, &format!("Idempotency-Key: trial-{number}"));
            let began = Instant::now();
            let booking = loop {
                ensure!(began.elapsed() < PATIENCE, "a client waited for more than a minute");
                for (line, ready) in lines.iter_mut().zip(&self.balancer.ready) {
                    // The process at the other end may be another one when it is ready again.
                    line.take_if(|_| !ready.get());
                }
                let Some(instance) = self.balancer.pick() else {
                    sleep(RETRY_AFTER).await;
                    continue;
                };
                let failure = match send(&mut lines[instance], &self.balancer.addresses[instance], &bytes).await {
                    Err(_) => Failure::NoConnection,
                    Ok((201, body)) => break serde_json::from_slice::<serde_json::Value>(&body)?["id"].as_i64(),
                    Ok((503, _)) => Failure::Unavailable,
                    Ok((500.., _)) => Failure::OtherError,
                    Ok((status, body)) => bail!("the response is {status}: {}", String::from_utf8_lossy(&body)),
                };
                self.ledger.borrow_mut().failures.push((Instant::now(), failure));
                sleep(RETRY_AFTER).await;
            };
            let booking = booking.context("a booking without an id")?;
            let (at, waited) = (Instant::now(), began.elapsed());
            self.ledger.borrow_mut().acknowledged.push(Acknowledged {
                at,
                booking,
                starts_at: starts_at * 1_000,
                waited,
            });
            sleep(self.pause).await;
        }
        Ok(())
    }

    fn phase(&self, name: &'static str) {
        self.ledger.borrow_mut().phases.push((name, Instant::now()));
    }
}

/// Sends a request on a line that is opened if necessary and closed by an error.
async fn send(line: &mut Option<Connection>, address: &str, bytes: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
    let mut open = match line.take() {
        Some(open) => open,
        None => Connection::open(address).await?,
    };
    let response = open.send(bytes).await?;
    let found = (response.status, response.body.to_vec());
    *line = Some(open);
    Ok(found)
}

/// The running instances; killed when dropped.
struct Fleet {
    trial: Trial,
    environment: BTreeMap<&'static str, String>,
    log: File,
    running: Vec<Option<Child>>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Fleet {
    fn address(&self, number: usize) -> String {
        format!("127.0.0.1:{}", usize::from(self.trial.port) + number)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.trial.attune);
        command.args(arguments).env_remove("ATTUNE_PROFILE").env_remove("ATTUNE_CONFIG").envs(&self.environment);
        command
    }

    async fn start(&mut self, number: usize) -> Result<()> {
        let address = self.address(number);
        let child = self
            .command(&["serve"])
            .env("ATTUNE__HTTP__BIND", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log.try_clone()?)
            .spawn()
            .with_context(|| self.trial.attune.display().to_string())?;
        self.running[number] = Some(child);
        first_response(&address, "/health/ready").await
    }

    /// As the kernel does when it runs out of memory.
    fn kill(&mut self, number: usize) -> Result<()> {
        let mut child = self.running[number].take().context("it runs")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// As a service manager does.
    async fn stop(&mut self, number: usize) -> Result<()> {
        let mut child = self.running[number].take().context("it runs")?;
        Command::new("kill").arg(child.id().to_string()).status().context("an instance cannot be stopped")?;
        let ended = tokio::task::spawn_blocking(move || child.wait()).await??;
        ensure!(ended.success(), "an instance ended with {ended}");
        Ok(())
    }

    fn add_admin(&self) -> Result<()> {
        let add = ["user", "add", "--admin", "--notify", "none", "--password-stdin", "--email", "admin@example.org"];
        let mut child =
            self.command(&add).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(self.log.try_clone()?).spawn()?;
        child.stdin.take().context("its input")?.write_all(PASSWORD.as_bytes())?;
        ensure!(child.wait()?.success(), "the admin cannot be added");
        Ok(())
    }
}

impl Trial {
    pub(crate) fn run(self) -> Result<()> {
        // The mail server has a thread of its own, so that it does not wait for the clients.
        let mail = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let sink = {
            let _inside = mail.enter();
            SmtpSink::start()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.observe(&sink))
    }

    async fn observe(self, sink: &SmtpSink) -> Result<()> {
        let primary = TestServer::start_own().await;
        let database = primary.fresh_database().await;
        let standby = match self.loss {
            Loss::Instances => None,
            Loss::Primary => Some(primary.start_standby().await),
        };
        let (loss, seconds, connections) = (self.loss, Duration::from_secs(self.seconds), self.connections);
        let (pause, promote_after) = (Duration::from_millis(self.pause), Duration::from_secs(self.promote_after));
        let accounts = self.clients;
        let mut url = database.url().to_owned();
        if let Some(standby) = &standby {
            let port = |url: &str| url.rsplit(':').next().and_then(|rest| rest.split('/').next()).map(str::to_owned);
            let (first, second) = (port(&url).context("a port")?, port(standby.url().as_str()).context("a port")?);
            url = url.replace(&first, &format!("{first},127.0.0.1:{second}"));
        }
        let mut fleet = self.fleet(&url, sink)?;
        fleet.start(0).await?;
        fleet.add_admin()?;
        add_clients(&mut connect(database.url()).await?, accounts).await?;
        for number in 1..INSTANCES {
            fleet.start(number).await?;
        }
        let addresses: Vec<_> = (0..INSTANCES).map(|number| fleet.address(number)).collect();
        let mut tokens = Vec::new();
        for number in 0..accounts {
            let login = format!("client{number}@example.org:{PASSWORD}");
            tokens.push(log_in(&addresses[number % INSTANCES], &login).await?);
        }
        let counted = count_login_failures(&addresses).await?;

        let clients = Rc::new(Clients {
            balancer: Balancer {
                ready: addresses.iter().map(|_| Cell::new(true)).collect(),
                addresses,
                next: Cell::new(0),
            },
            tokens,
            next_booking: Cell::new(0),
            first_minute: Timestamp::now().as_second() / 60 + 20 * 1_440,
            pause,
            over: Cell::new(false),
            ledger: RefCell::default(),
        });
        let probing = Rc::clone(&clients);
        let probe = spawn_local(async move { probing.balancer.probe().await });
        clients.phase("all is well");
        let booking: Vec<JoinHandle<Result<()>>> =
            (0..connections).map(|_| spawn_local(Rc::clone(&clients).book())).collect();
        sleep(seconds).await;
        match loss {
            Loss::Instances => {
                clients.phase("one is killed");
                fleet.kill(0)?;
                sleep(seconds).await;
                clients.phase("it is started again");
                fleet.start(0).await?;
                sleep(seconds).await;
                clients.phase("the others are stopped and started in turn");
                for number in 1..INSTANCES {
                    fleet.stop(number).await?;
                    fleet.start(number).await?;
                    sleep(2 * PROBE_INTERVAL).await;
                }
                clients.phase("all is well again");
            }
            Loss::Primary => {
                clients.phase("the primary is killed");
                primary.stop().await;
                sleep(promote_after).await;
                if let Some(standby) = &standby {
                    clients.phase("its standby is promoted");
                    standby.promote().await;
                }
            }
        }
        sleep(seconds).await;
        clients.over.set(true);
        for client in booking {
            client.await??;
        }
        let ended = Instant::now();
        probe.abort();

        // The standby has the database under the same name.
        let database = match &standby {
            Some(standby) => {
                let name = database.url().rsplit('/').next().unwrap_or_default();
                let mut url = standby.url().clone();
                url.set_path(name);
                connect(url.as_str()).await?
            }
            None => connect(database.url()).await?,
        };
        let ledger = clients.ledger.take();
        print_phases(&ledger, ended);
        compare(&ledger, &database).await?;
        compare_emails(&database, sink).await?;
        println!(
            "- {} of {} wrong passwords for one account, sent to {INSTANCES} instances at once, were checked; the limit is \
             {MAX_LOGIN_FAILURES}",
            counted.0, counted.1
        );
        ensure!(counted.0 == MAX_LOGIN_FAILURES, "the limit of an account does not hold across instances");
        for number in 0..INSTANCES {
            fleet.stop(number).await?;
        }
        Ok(())
    }

    fn fleet(self, url: &str, sink: &SmtpSink) -> Result<Fleet> {
        let log = File::create(&self.log).with_context(|| self.log.display().to_string())?;
        let many = "1000000";
        let environment = [
            ("ATTUNE__DATABASE__URL", url),
            ("ATTUNE__DATA_DIR", &format!("{}.data", self.log.display())),
            ("ATTUNE__AUTH__FIRST_ADMIN_EMAIL", ""),
            ("ATTUNE__AUTH__MAX_LOGIN_FAILURES_PER_DAY", &MAX_LOGIN_FAILURES.to_string()),
            ("ATTUNE__HTTP__STOP_DELAY_SECONDS", &STOP_DELAY_SECONDS.to_string()),
            ("ATTUNE__LIMITS__LOGINS_PER_MINUTE", many),
            ("ATTUNE__LIMITS__LOGIN_FAILURES_BEFORE_DELAY", many),
            ("ATTUNE__LIMITS__API_PER_SECOND", many),
            ("ATTUNE__LIMITS__API_BURST", many),
            ("ATTUNE__PRACTICE__TIMEZONE", "UTC"),
            ("ATTUNE__PRACTICE__DEFAULT_OPENS", "00:00"),
            ("ATTUNE__PRACTICE__DEFAULT_CLOSES", "24:00"),
            ("ATTUNE__PRACTICE__FIRST_SERVICE_MINUTES", "1"),
            ("ATTUNE__PRACTICE__FIRST_SERVICE_BUFFER_MINUTES", "0"),
            ("ATTUNE__JITSI__BASE_URL", "https://127.0.0.1:1"),
            ("ATTUNE__PAYMENTS__PROVIDER", "none"),
            ("ATTUNE__REMINDERS__OFFSETS_MINUTES", ""),
            ("ATTUNE__MAIL__TRANSPORT", "smtp"),
            ("ATTUNE__MAIL__SMTP_URL", &sink.url()),
        ];
        let environment = environment.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
        Ok(Fleet { trial: self, environment, log, running: (0..INSTANCES).map(|_| None).collect() })
    }
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("the database is unreachable")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Accounts with the admin's password.
async fn add_clients(database: &mut Client, count: usize) -> Result<()> {
    let last = i64::try_from(count)?;
    let insert = "INSERT INTO users (email, first_name, is_admin, disabled, password_hash, email_verified_at, created_at) \
                  SELECT 'client' || n || '@example.org', 'Client', FALSE, FALSE, \
                  (SELECT password_hash FROM users WHERE is_admin), 0, 0 FROM generate_series(0, $1::bigint) AS s (n)";
    database.execute(insert, &[&last]).await?;
    Ok(())
}

/// Sends wrong passwords for one account to all instances at the same time. Returns how many were checked, and how many sent.
async fn count_login_failures(addresses: &[String]) -> Result<(usize, usize)> {
    let body = r#"{"email":"client0@example.org","password":"a-wrong-passphrase"}"#;
    let attempts = addresses.iter().map(|address| {
        let address = address.clone();
        spawn_local(async move {
            let mut line = Connection::open(&address).await?;
            let bytes = request("POST", &address, "/api/auth/login", None, Some(body));
            let mut statuses = Vec::new();
            for _ in 0..MAX_LOGIN_FAILURES {
                statuses.push(line.send(&bytes).await?.status);
            }
            std::io::Result::Ok(statuses)
        })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.extend(attempt.await??);
    }
    let other = statuses.iter().find(|status| !matches!(status, 401 | 429));
    ensure!(other.is_none(), "the response to a wrong password is {other:?}");
    Ok((statuses.iter().filter(|status| **status == 401).count(), statuses.len()))
}

fn print_phases(ledger: &Ledger, ended: Instant) {
    println!("| phase | seconds | booked | p50 ms | longest ms | longest gap ms | no connection | 503 | other 5xx |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (number, (name, from)) in ledger.phases.iter().enumerate() {
        let to = ledger.phases.get(number + 1).map_or(ended, |(_, next)| *next);
        let during = |at: &Instant| (*from..to).contains(at);
        let booked: Vec<_> = ledger.acknowledged.iter().filter(|booking| during(&booking.at)).collect();
        let mut waits: Vec<_> = booked.iter().map(|booking| booking.waited.as_millis()).collect();
        waits.sort_unstable();
        let times: Vec<_> = std::iter::once(*from).chain(booked.iter().map(|one| one.at)).chain([to]).collect();
        let gap = times.windows(2).map(|two| two[1].duration_since(two[0]).as_millis()).max().unwrap_or_default();
        let failures = |kind| ledger.failures.iter().filter(|(at, found)| during(at) && *found == kind).count();
        println!(
            "| {name} | {:.1} | {} | {} | {} | {gap} | {} | {} | {} |",
            to.duration_since(*from).as_secs_f64(),
            booked.len(),
            waits.get(waits.len() / 2).copied().unwrap_or_default(),
            waits.last().copied().unwrap_or_default(),
            failures(Failure::NoConnection),
            failures(Failure::Unavailable),
            failures(Failure::OtherError),
        );
    }
    println!();
}

/// Every booking that was acknowledged is stored.
async fn compare(ledger: &Ledger, database: &Client) -> Result<()> {
    let rows = database.query("SELECT id, scheduled_at FROM bookings WHERE status = 'scheduled'", &[]).await?;
    let stored: BTreeMap<i64, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let promised = ledger.acknowledged.iter();
    let lost = promised.clone().filter(|one| stored.get(&one.booking) != Some(&one.starts_at)).count();
    let different: BTreeSet<_> = promised.map(|one| one.booking).collect();
    println!("- {} bookings were acknowledged, {lost} of them are lost", ledger.acknowledged.len());
    ensure!(different.len() == ledger.acknowledged.len(), "a booking was acknowledged twice");
    ensure!(lost == 0, "acknowledged bookings are lost");
    let unknown = stored.len() - different.len();
    ensure!(unknown == 0, "{unknown} bookings are stored that no client knows of");
    let failed = ledger.failures.iter().filter(|(_, kind)| *kind == Failure::OtherError).count();
    ensure!(failed == 0, "{failed} responses were errors other than 503");
    Ok(())
}

/// Waits until everything that is due was sent, and looks for emails that arrived twice or not at all.
async fn compare_emails(database: &Client, sink: &SmtpSink) -> Result<()> {
    let count = async |what: &str| -> Result<i64> {
        let query = format!("SELECT count(*) FROM outbox WHERE kind = 'meeting_info' AND {what}");
        Ok(database.query_one(&query, &[]).await?.get(0))
    };
    let soon = SignedDuration::from_mins(3);
    let began = Instant::now();
    loop {
        let until = (Timestamp::now() + soon).as_millisecond();
        let due = count(&format!("state = 'pending' AND next_at <= {until}")).await?;
        if due == 0 {
            break;
        }
        ensure!(began.elapsed() < EMAIL_PATIENCE, "{due} emails were not sent");
        sleep(PROBE_INTERVAL).await;
    }
    let sent = usize::try_from(count("state = 'sent'").await?)?;
    let mut ids = Vec::new();
    sink.look(|emails| {
        ids = emails.iter().filter_map(|email| message_id(&email.raw)).collect();
    });
    let different: BTreeSet<_> = ids.iter().collect();
    println!(
        "- {sent} confirmations are recorded as sent, {} arrived, {} of them twice; {} wait, because a client gets ten an hour",
        different.len(),
        ids.len() - different.len(),
        count("state = 'pending'").await?,
    );
    ensure!(different.len() == sent, "emails are recorded as sent and did not arrive, or the other way round");
    Ok(())
}

/// The Message-ID of a confirmation.
fn message_id(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: <"))?;
    id.starts_with("meeting_info.").then(|| id.to_owned())
}
