//! Concurrent clients for the same slot. The controls without guards are in the adapters' tests; this is the finished
//! product.

use std::sync::Arc;

use attune_e2e::{Database, Practice, User, at, later};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::{Barrier, Mutex};
use tokio::task::JoinSet;

/// One race at a time: each is heavy enough to disturb another.
static TRACK: Mutex<()> = Mutex::const_new(());

const CLIENTS: usize = 64;

on_both_databases!(
    one_slot_is_sold_once,
    concurrent_overlapping_requests_leave_no_overlap,
    late_payments_race_for_the_slot
);
on_database!(memory, Memory, one_slot_is_sold_once, concurrent_overlapping_requests_leave_no_overlap);

/// All clients start at the same moment, each for its own minute.
async fn race(people: &[User], minute_of: impl Fn(usize) -> i64) -> Vec<(i64, u16, String)> {
    let start = Arc::new(Barrier::new(CLIENTS));
    let mut tasks = JoinSet::new();
    for (number, person) in people.iter().cycle().take(CLIENTS).enumerate() {
        let (person, start, minute) = (person.clone(), start.clone(), minute_of(number));
        tasks.spawn(async move {
            start.wait().await;
            let answer = person.book(later(minute)).await;
            (minute, answer.status, answer.text)
        });
    }
    tasks.join_all().await
}

fn only_sold_or_taken(answers: &[(i64, u16, String)]) -> Vec<i64> {
    for (_, status, text) in answers {
        assert!(*status == 201 || (*status == 409 && text.contains("\"slot_taken\"")), "{status} {text}");
    }
    answers.iter().filter(|(_, status, _)| *status == 201).map(|(minute, ..)| *minute).collect()
}

async fn one_slot_is_sold_once(database: Database) {
    let _track = TRACK.lock().await;
    let (practice, app) = Practice::on(database).serve().await;
    let people = practice.clients(&app, 8).await;
    for round in 1..=8 {
        let answers = race(&people, |_| round * 1440).await;
        assert_eq!(only_sold_or_taken(&answers).len(), 1, "round {round}");
    }
    assert_eq!(practice.admin(&app).await.get("/api/admin/bookings").await.expect(200)["total"], 8);
}

async fn concurrent_overlapping_requests_leave_no_overlap(database: Database) {
    let _track = TRACK.lock().await;
    let (practice, app) = Practice::on(database).serve().await;
    let people = practice.clients(&app, 8).await;
    let admin = practice.admin(&app).await;
    let mut sold = 0;
    for round in 1..=4 {
        // Sixteen beginnings, a quarter of an hour apart, for appointments of one hour with their buffer.
        let answers = race(&people, |number| round * 1440 + i64::try_from(number % 16).unwrap() * 15).await;
        let minutes = only_sold_or_taken(&answers);
        assert!((2..=4).contains(&minutes.len()), "{minutes:?}");
        sold += minutes.len();
    }
    let bookings = admin.all_bookings().await;
    assert_eq!(bookings.len(), sold, "exactly the successful requests have bookings");
    check_calendar(&bookings);
}

/// Sessions of an hour with their buffer do not overlap.
fn check_calendar(bookings: &[Value]) {
    let mut starts: Vec<_> = bookings.iter().map(|b| at(b["scheduled_at"].as_str().unwrap())).collect();
    starts.sort();
    for pair in starts.windows(2) {
        assert!(pair[0] + SignedDuration::from_hours(1) <= pair[1], "{} and {} overlap", pair[0], pair[1]);
    }
}

/// An expired hold goes to the first: the client who pays late, or another one who books.
async fn late_payments_race_for_the_slot(database: Database) {
    let _track = TRACK.lock().await;
    let practice = Practice::on(database).with("payments.provider", "test").open().await;
    let app = practice.serve_without_worker().await;
    let people = practice.clients(&app, 6).await;
    let rounds = 8;
    let mut checkouts = Vec::new();
    for round in 1..=rounds {
        let created = people[0].book(later(round * 1440)).await.expect(201);
        checkouts.push(created["checkout_url"].as_str().unwrap().to_owned());
    }
    practice.clock.set(later(15));
    let mut again = Vec::new();
    for person in &people {
        again.push(person.again().await);
    }
    for (round, checkout) in (1..=rounds).zip(&checkouts) {
        let mut tasks = JoinSet::new();
        let (payer, url) = (again[0].clone(), checkout.clone());
        tasks.spawn(async move {
            let request = payer.request(attune_e2e::Method::POST, &url).header("accept", "application/json");
            payer.send(request).await.status
        });
        for person in &again[1..] {
            let person = person.clone();
            tasks.spawn(async move { person.book(later(round * 1440)).await.status });
        }
        for status in tasks.join_all().await {
            assert!(status < 500, "{status}");
        }
    }
    let bookings = practice.admin(&app).await.all_bookings().await;
    let is_blocking = |booking: &Value| booking["status"] == "scheduled" || booking["status"] == "pending_payment";
    let blocking: Vec<Value> = bookings.into_iter().filter(is_blocking).collect();
    assert_eq!(i64::try_from(blocking.len()).unwrap(), rounds, "each slot has one owner");
    check_calendar(&blocking);
}
