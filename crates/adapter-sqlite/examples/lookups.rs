//! Asks the store as the server does, without the server around it: two runtimes of one thread each, and many askers.
//!
//! `lookups FILE (link|caller|booking|list) [SECONDS] [ASKERS] [WRITES]` fills the file first if it is missing, and prints
//! answers per second, the processor time and the waits of the process for each answer, and how long askers waited. With
//! `WRITES` somebody commits all the time.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for measuring, not a part of the product")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use attune_adapter_sqlite::{SqliteConfig, SqliteStore};
use attune_contract::fixtures::{Practice, client, now, session, token_hash};
use attune_domain::{BookingId, SessionId, UserId};
use attune_ports::{BookingFilter, PageRequest, Queries, Store};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

const CLIENTS: u64 = 10_000;
const BOOKINGS: u64 = 100_000;
const FIRST_CLIENT: u64 = 1_001;

async fn fill(path: &str) {
    let store = SqliteStore::open(SqliteConfig::new(path)).unwrap();
    store.migrate().await.unwrap();
    let practice = Practice::found(&store).await;
    let mut work = store.begin().await.unwrap();
    let user = work.add_user(&client("somebody")).await.unwrap();
    let login = work.add_session(&session(user)).await.unwrap();
    work.add_refresh_token(&token_hash(1), login, 1, now()).await.unwrap();
    work.commit().await.unwrap();
    store.close().await;
    let mut connection = SqliteConnection::establish(path).unwrap();
    let numbers = |limit: u64| {
        format!("(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {limit}) SELECT n FROM s)")
    };
    let therapist = practice.therapist.get();
    let service = practice.service.get();
    for statement in [
        "PRAGMA synchronous = OFF".to_owned(),
        "BEGIN".to_owned(),
        "DROP TRIGGER bookings_no_overlap_insert".to_owned(),
        format!(
            "INSERT INTO users (id, email, first_name, last_name, time_zone, is_admin, disabled, password_hash, created_at) \
             SELECT {FIRST_CLIENT} - 1 + n, 'client' || n || '@example.org', 'Ada', 'Lovelace' || n, 'Europe/Berlin', 0, 0, \
             (SELECT password_hash FROM users WHERE id = 1), 1000000 FROM {}",
            numbers(CLIENTS)
        ),
        format!(
            "INSERT INTO sessions (id, user_id, generation, rotated_at, created_at) \
             SELECT {FIRST_CLIENT} - 1 + n, {FIRST_CLIENT} - 1 + n, 1, 1000000, 1000000 FROM {}",
            numbers(CLIENTS)
        ),
        format!(
            "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status, \
             payment_status, price_minor, currency, room_id, room_url, version, created_at, updated_at) \
             SELECT n, {FIRST_CLIENT} + n % {CLIENTS}, {therapist}, {service}, n * 3600000, 50, (n + 1) * 3600000, \
             'scheduled', 'succeeded', 10000, 'EUR', \
             'booking-' || n || '-feedfacecafebeef0123456789abcdef', \
             'https://meet.example.org/booking-' || n || '-feedfacecafebeef0123456789abcdef', \
             2, 1000000, 1000000 FROM {}",
            numbers(BOOKINGS)
        ),
        "COMMIT".to_owned(),
        "ANALYZE".to_owned(),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
    ] {
        connection.batch_execute(&statement).unwrap();
    }
}

/// Seconds of processor time of this process: its own, and the system's for it.
fn processor() -> (f64, f64) {
    let line = std::fs::read_to_string("/proc/self/stat").unwrap();
    let mut fields = line.rsplit(')').next().unwrap().split_whitespace().skip(11).map(|f| f.parse::<f64>().unwrap());
    (fields.next().unwrap() / 100.0, fields.next().unwrap() / 100.0)
}

/// How often threads of this process waited for something.
fn waits() -> f64 {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok())
        .filter_map(|status| {
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt"))?;
            line.split_whitespace().last()?.parse::<f64>().ok()
        })
        .sum()
}

async fn ask(store: &SqliteStore, mode: &str, n: u64) {
    let user = FIRST_CLIENT + n % CLIENTS;
    let booking = BookingId::new(i64::try_from(1 + n % BOOKINGS).unwrap()).unwrap();
    let user_id = UserId::new(i64::try_from(user).unwrap()).unwrap();
    let login = SessionId::new(i64::try_from(user).unwrap()).unwrap();
    match mode {
        "caller" => drop(store.caller(login).await.unwrap().unwrap()),
        "booking" => drop(store.booking(booking).await.unwrap().unwrap()),
        "list" => {
            let filter = BookingFilter { client: Some(user_id), ..BookingFilter::default() };
            assert_eq!(store.bookings(&filter, PageRequest { limit: 20, offset: 0 }).await.unwrap().items.len(), 10);
        }
        _ => drop(store.caller_and_booking(login, booking).await.unwrap().unwrap().1.unwrap()),
    }
}

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let path = words[0].clone();
    let mode: &'static str = words[1].clone().leak();
    let seconds: f64 = words.get(2).map_or(3.0, |word| word.parse().unwrap());
    let askers: u64 = words.get(3).map_or(64, |word| word.parse().unwrap());
    let writes = words.get(4).is_some();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if !std::path::Path::new(&path).exists() {
        runtime().block_on(fill(&path));
    }
    let store = Arc::new(SqliteStore::open(SqliteConfig::new(&path)).unwrap());
    runtime().block_on(store.migrate()).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let writer = writes.then(|| {
        let (store, over) = (Arc::clone(&store), Arc::clone(&over));
        std::thread::spawn(move || {
            runtime().block_on(async {
                let mut commits = 0;
                while !over.load(Ordering::Relaxed) {
                    let mut work = store.begin().await.unwrap();
                    work.add_session(&session(UserId::new(1_001).unwrap())).await.unwrap();
                    work.commit().await.unwrap();
                    commits += 1;
                }
                commits
            })
        })
    });
    let (before, waited, began) = (processor(), waits(), Instant::now());
    let until = began + Duration::from_secs_f64(seconds);
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                runtime().block_on(tokio::task::LocalSet::new().run_until(async move {
                    let tasks: Vec<_> = (0..askers / 2)
                        .map(|asker| {
                            let store = Arc::clone(&store);
                            tokio::task::spawn_local(async move {
                                let mut n = (asker * 2 + thread) * 7_919;
                                let mut took = Vec::new();
                                loop {
                                    let asked = Instant::now();
                                    if asked >= until {
                                        return took;
                                    }
                                    n += 104_729;
                                    ask(&store, mode, n).await;
                                    took.push(asked.elapsed());
                                }
                            })
                        })
                        .collect();
                    let mut all = Vec::new();
                    for task in tasks {
                        all.extend(task.await.unwrap());
                    }
                    all
                }))
            })
        })
        .collect();
    let mut took: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let (elapsed, waited, after) = (began.elapsed().as_secs_f64(), waits() - waited, processor());
    over.store(true, Ordering::Relaxed);
    let commits = writer.map_or(0, |writer| writer.join().unwrap());
    took.sort_unstable();
    let answers = f64::from(u32::try_from(took.len()).unwrap());
    println!(
        "{mode}: {:.0}/s  user {:.1} µs  system {:.1} µs  waits {:.2}  p50 {:?}  p99 {:?}  commits {commits}",
        answers / elapsed,
        (after.0 - before.0) * 1e6 / answers,
        (after.1 - before.1) * 1e6 / answers,
        waited / answers,
        took[took.len() / 2],
        took[took.len() * 99 / 100],
    );
}
