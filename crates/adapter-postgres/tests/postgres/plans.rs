//! Lists, counts and leases find their rows by an index: on tables so large that the planner has a choice, none of them
//! reads one of these from one end to the other.
//!
//! The server itself writes down how it goes about each statement that the store sends (`auto_explain`), the statements of
//! triggers included. So what is looked at are the product's own statements, with the plans that they really get: those
//! made for the values at hand, and those that are cached for any values.

use std::collections::BTreeMap;

use attune_domain::{BookingId, BookingStatus, PaymentStatus, SeriesId, UserId};
use attune_ports::{
    BookingCursor, BookingFilter, BookingOrder, BookingPageRequest, PageStart, Provider, Queries, Store,
};
use attune_test_postgres::{TestDatabase, TestServer};
use attune_test_store_contract::fixtures::{in_state, lease, minutes_after, next_version, restored};
use jiff::Timestamp;
use serde_json::Value;

use crate::harness::{OTHERS, migrated_on, open, until};

/// Twenty thousand bookings, an hour apart, of ten therapists and a hundred clients: nearly all of them long over.
const FILL: &str = "
    INSERT INTO users (email, is_admin, disabled, password_hash, created_at)
        SELECT 'user' || n || '@example.org', n <= 10, FALSE, '!', 0 FROM generate_series(1, 110) s(n);
    INSERT INTO services (name, description, minutes, buffer_minutes, price_minor, currency, active)
        VALUES ('Session', '', 50, 10, 0, 'EUR', TRUE);
    INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status,
                          payment_status, price_minor, currency, room_id, room_url, hold_expires_at, version, created_at,
                          updated_at)
        SELECT n, 11 + n % 100, 1 + n % 10, 1, at, 50, at + 3600000,
               CASE WHEN held THEN 'pending_payment' WHEN n % 100 = 1 THEN 'scheduled' ELSE 'completed' END,
               CASE WHEN held THEN 'pending' WHEN n % 3 = 0 THEN 'succeeded' ELSE 'not_required' END, 0, 'EUR',
               CASE WHEN NOT held THEN 'room-' || n END,
               CASE WHEN NOT held THEN 'https://meet.example.org/room-' || n END,
               CASE WHEN held THEN at END, 1, 0, 0
        FROM (SELECT n, n * 3600000 AS at, n % 100 = 0 AS held FROM generate_series(1::bigint, 20000) s(n)) numbered;
    SELECT setval('booking_ids', 20000);
    INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, booking_version,
                        send_after, state, attempts, next_at)
        SELECT 'seeded:' || id, 'meeting_info', 0, id, client_id, scheduled_at, 1, 0,
               CASE WHEN id % 100 = 0 THEN 'pending' ELSE 'sent' END, 0, scheduled_at
        FROM bookings;
    INSERT INTO audit_log (at, action, object_kind, object_id) SELECT 0, 'booking.created', 'booking', id FROM bookings;
    INSERT INTO payments (booking_id, provider, provider_checkout_id, amount_minor, currency, state, created_at, check_at)
        SELECT id, 'offline', 'seeded-' || id, 0, 'EUR', 'open', 0, CASE WHEN id % 100 = 0 THEN scheduled_at END
        FROM bookings;
";

/// The tables that grow with the practice and with time.
const LARGE: [&str; 4] = ["bookings", "outbox", "payments", "audit_log"];

/// More often than a plan is made anew before the server may decide for one.
const OFTEN: usize = 7;

fn hour(n: i64) -> Timestamp {
    Timestamp::from_millisecond(n * 3_600_000).unwrap()
}

/// Every set of parts of a filter, and a series, both ways. The parts fit one booking.
fn every_filter() -> impl Iterator<Item = BookingFilter> {
    let sets = (0..128_u8).map(|parts| {
        let has = |part: u8| parts & (1 << part) != 0;
        BookingFilter {
            search: None,
            series: None,
            client: has(0).then(|| UserId::new(12).unwrap()),
            therapist: has(1).then(|| UserId::new(2).unwrap()),
            status: has(2).then_some(BookingStatus::Scheduled),
            payment_status: has(3).then_some(PaymentStatus::NotRequired),
            from: has(4).then(|| hour(10_000)),
            to: has(5).then(|| hour(10_102)),
            order: if has(6) { BookingOrder::Earliest } else { BookingOrder::Latest },
        }
    });
    let series = [BookingOrder::Earliest, BookingOrder::Latest].map(|order| BookingFilter {
        series: SeriesId::new(12),
        order,
        ..BookingFilter::default()
    });
    sets.chain(series)
}

async fn read_lists(store: &(impl Queries + ?Sized), times: usize) {
    let place = BookingCursor { scheduled_at: hour(10_001), id: BookingId::new(10_001).unwrap() };
    for filter in every_filter() {
        for start in [PageStart::Offset(0), PageStart::Offset(1), PageStart::Offset(19_000), PageStart::After(place)] {
            for _ in 0..times {
                store.bookings(&filter, BookingPageRequest { limit: 50, start }).await.unwrap();
            }
        }
    }
}

async fn read_one(store: &(impl Queries + ?Sized)) {
    let booking = BookingId::new(101).unwrap();
    let therapist = UserId::new(1).unwrap();
    store.booking(booking).await.unwrap().unwrap();
    store.booking_by_room("room-101").await.unwrap().unwrap();
    store.payments(booking).await.unwrap();
    store.payment_by_checkout_id(Provider::Offline, "seeded-101").await.unwrap().unwrap();
    store.payment_by_provider_id(Provider::Offline, "none").await.unwrap();
    assert_eq!(store.payments_due_for_polling(hour(30_000), 20).await.unwrap().len(), 20);
    store.notifications(booking).await.unwrap();
    store.history(booking).await.unwrap();
    store.busy_times(therapist, hour(100), hour(124), hour(90)).await.unwrap();
    store.outbox_health(hour(100)).await.unwrap();
    store.backlog().await.unwrap();
}

/// Leases and changes, which are rolled back.
async fn work_and_roll_back(store: &(impl Store + ?Sized)) {
    let therapist = UserId::new(1).unwrap();
    let mut work = store.begin().await.unwrap();
    work.lock_calendar(therapist).await.unwrap();
    work.blocking_bookings(therapist, hour(100), hour(124)).await.unwrap();
    let ended = work.ended_bookings(hour(30_000), 20).await.unwrap();
    assert_eq!(ended.len(), 20);
    assert_eq!(work.expired_holds(hour(30_000), 20).await.unwrap().len(), 20);
    let lease = lease(1, minutes_after(hour(30_000), 10));
    assert_eq!(work.lease_notifications(20, hour(30_000), &lease).await.unwrap().len(), 20);
    let known = work.booking(ended[0].id()).await.unwrap().unwrap();
    let done = restored(in_state(next_version(&known), BookingStatus::Completed, known.payment_status()));
    work.save_booking(&done).await.unwrap();
    work.payments_of(known.id()).await.unwrap();
    work.payment_by_checkout_id(Provider::Offline, "seeded-101").await.unwrap().unwrap();
}

/// What the server logged: each statement and, for each large table that it ever read, how.
fn plans(log: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut plans: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    // Further lines of an entry begin with a tab.
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.ends_with(" plan:") {
            continue;
        }
        let mut entry = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            entry.push_str(more);
        }
        let entry: Value = serde_json::from_str(&entry).expect("a plan in JSON");
        let ways = plans.entry(entry["Query Text"].as_str().unwrap().to_owned()).or_default();
        collect(&entry["Plan"], ways);
    }
    plans
}

fn collect(node: &Value, ways: &mut Vec<(String, String)>) {
    if let (Some(table), Some(way)) = (node["Relation Name"].as_str(), node["Node Type"].as_str()) {
        let way = (table.to_owned(), way.to_owned());
        if LARGE.contains(&table) && !ways.contains(&way) {
            ways.push(way);
        }
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect(child, ways);
    }
}

async fn filled(server: &TestServer) -> TestDatabase {
    let database = migrated_on(server).await;
    let client = database.connect().await;
    client.batch_execute(FILL).await.unwrap();
    client.batch_execute("VACUUM (ANALYZE)").await.unwrap();
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_counts_and_leases_never_read_a_whole_table() {
    let server = TestServer::start_own().await;
    let database = filled(&server).await;
    let admin = server.admin().await;
    let role: String = database.connect().await.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_format = 'json'",
        "auto_explain.log_nested_statements = on",
    ] {
        admin.batch_execute(&format!("ALTER ROLE {role} SET {setting}")).await.unwrap();
    }

    let store = open(database.url()).await;
    read_lists(&*store, OFTEN).await;
    for _ in 0..OFTEN {
        read_one(&*store).await;
        work_and_roll_back(&*store).await;
    }
    store.close().await;
    let url = format!("{}?options=-c%20plan_cache_mode%3Dforce_generic_plan", database.url());
    // A list may have one plan for any values. What rests on an index of one state only is planned for the values at hand.
    let store = open(&url).await;
    read_lists(&*store, 1).await;
    store.close().await;
    // A scan of a whole table does show.
    let client = database.connect().await;
    let bad = "SELECT count(*) FROM bookings WHERE note = 'anything'";
    client.query(bad, &[]).await.unwrap();
    drop(client);
    // A connection that is closed has logged everything.
    until(&admin, &format!("{OTHERS} OR usename = '{role}'"), 0).await;

    let log = std::fs::read_to_string(server.socket_folder().join("log")).unwrap();
    let mut plans = plans(&log);
    let whole = |ways: &[(String, String)]| ways.iter().any(|(_, way)| way == "Seq Scan");
    assert!(whole(&plans.remove(bad).expect("it is logged")), "a scan is logged");
    let about_large = plans.values().filter(|ways| !ways.is_empty()).count();
    assert!(about_large > 128 * 3 / 2, "only {about_large} statements were seen");
    plans.retain(|_, ways| whole(ways));
    assert_eq!(plans, BTreeMap::new());
}
