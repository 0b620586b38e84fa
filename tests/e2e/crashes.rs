//! The process is killed while clients book, repeatedly, on the same data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use attune_e2e::{Database, Plan, Practice, User, eventually, later};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::task::JoinSet;

on_both_databases!(acknowledged_bookings_survive_a_crash);

fn kills() -> usize {
    std::env::var("ATTUNE_E2E_KILLS").map_or(4, |text| text.parse().expect("ATTUNE_E2E_KILLS is a number"))
}

#[derive(Default)]
pub(crate) struct Ledger {
    /// Requested start minutes, whatever the result.
    requested: Mutex<BTreeSet<i64>>,
    /// Acknowledged bookings: id and start minute.
    promised: Mutex<BTreeMap<i64, i64>>,
    next_minute: AtomicI64,
    count: AtomicUsize,
    stop: AtomicBool,
}

impl Ledger {
    /// Clients book one minute after another until stopped or until the service is gone.
    pub(crate) fn load(self: &Arc<Self>, people: &[User]) -> JoinSet<()> {
        self.stop.store(false, Ordering::SeqCst);
        let mut clients = JoinSet::new();
        for person in people {
            let (ledger, person) = (self.clone(), person.clone());
            clients.spawn(async move { while ledger.book_one(&person).await {} });
        }
        clients
    }

    /// `false` when it was stopped or the service is gone.
    async fn book_one(&self, person: &User) -> bool {
        if self.stop.load(Ordering::SeqCst) {
            return false;
        }
        // Far enough ahead that none begins before its emails are sent.
        let minute = 20 * 1440 + self.next_minute.fetch_add(1, Ordering::SeqCst);
        self.requested.lock().unwrap().insert(minute);
        let body = serde_json::json!({"scheduled_at": later(minute).to_string()});
        let request = person.request(attune_e2e::Method::POST, "/api/bookings").json(&body);
        let Ok(answer) = person.try_send(request).await else { return false };
        if answer.status == 503 {
            // The service is shutting down.
            return true;
        }
        let id = answer.expect(201)["id"].as_i64().unwrap();
        self.promised.lock().unwrap().insert(id, minute);
        self.count.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// The bookings acknowledged so far: id and start minute.
    pub(crate) fn promised(&self) -> BTreeMap<i64, i64> {
        self.promised.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) async fn reaches(&self, count: usize) {
        eventually("clients book", async || (self.count() >= count).then_some(())).await;
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Compares the clients' records with the service's bookings, which are returned.
    pub(crate) async fn check(&self, admin: &User) -> Vec<Value> {
        let bookings = admin.all_bookings().await;
        let promised = self.promised();
        let starts: BTreeMap<i64, &str> =
            bookings.iter().map(|b| (b["id"].as_i64().unwrap(), b["scheduled_at"].as_str().unwrap())).collect();
        assert_eq!(starts.len(), bookings.len(), "no id twice");
        for (id, minute) in &promised {
            let start = later(*minute).to_string();
            assert_eq!(starts.get(id), Some(&start.as_str()), "booking {id} was acknowledged");
        }
        let requested: BTreeSet<String> =
            self.requested.lock().unwrap().iter().map(|minute| later(*minute).to_string()).collect();
        assert!(starts.values().all(|start| requested.contains(*start)), "every booking was requested");
        for booking in &bookings {
            let pair = (booking["status"].as_str(), booking["payment_status"].as_str());
            assert_eq!(pair, (Some("scheduled"), Some("not_required")), "complete or absent: {booking}");
            let room = booking["jitsi_room_id"].as_str().expect("a scheduled booking has a room");
            crate::bookings::check_room_id(room, booking["id"].as_i64().unwrap());
        }
        bookings
    }
}

/// Sessions of a minute, so that there are slots for any number of clients.
pub(crate) fn short_sessions(database: Database) -> Plan {
    Practice::on(database)
        .with("practice.first_service_minutes", "1")
        .with("practice.first_service_buffer_minutes", "0")
}

async fn acknowledged_bookings_survive_a_crash(database: Database) {
    let (practice, mut app) = short_sessions(database).with("reminders.offsets_minutes", "").serve().await;
    let ledger = Arc::new(Ledger::default());
    let people = practice.clients(&app, 6).await;
    for kill in 0..kills() {
        let here: Vec<User> = people.iter().map(|person| person.at(&app)).collect();
        let clients = ledger.load(&here);
        // At a different moment in each round.
        ledger.reaches(ledger.count() + 1 + (kill * 13) % 60).await;
        app.kill();
        ledger.stop();
        clients.join_all().await;

        let began = Instant::now();
        app = practice.serve().await;
        assert_eq!(app.get("/health/ready").await.status, 200);
        assert!(began.elapsed() < Duration::from_secs(10), "back after {:?}", began.elapsed());
        let admin = practice.admin(&app).await;
        for booking in ledger.check(&admin).await {
            let detail = admin.detail(booking["id"].as_i64().unwrap()).await;
            let emails = detail["notifications"].as_array().unwrap();
            let is_queued = emails.len() == 1 && emails[0]["kind"] == "meeting_info";
            assert!(is_queued, "the email is queued with the booking: {detail}");
            assert_eq!(detail["history"][0]["action"], "booking.scheduled", "{detail}");
        }
    }

    // The leases of killed processes expire, and every queued email is sent.
    practice.clock.advance(SignedDuration::from_mins(3));
    let admin = practice.admin(&app).await;
    let bookings = ledger.check(&admin).await;
    let rooms: BTreeSet<&str> = bookings.iter().map(|b| b["jitsi_room_url"].as_str().unwrap()).collect();
    let sent = loop {
        let messages = practice.emails.messages();
        let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for email in &messages {
            let email = email.decode();
            let room = attune_e2e::link_in_text(&email.text).split('#').next().unwrap().to_owned();
            sent.entry(room).or_default().insert(email.header("Message-ID").unwrap().to_owned());
        }
        if rooms.iter().all(|room| sent.contains_key(*room)) {
            break sent;
        }
        // A client gets ten announcements in an hour.
        practice.clock.advance(SignedDuration::from_hours(1));
        eventually("every queued email arrives", async || {
            (practice.emails.messages().len() > messages.len()).then_some(())
        })
        .await;
    };
    assert_eq!(sent.len(), rooms.len(), "no email about a missing booking");
    assert!(sent.values().all(|ids| ids.len() == 1), "a repeated email is the same email");
}
