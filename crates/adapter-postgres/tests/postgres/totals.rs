//! The database counts the bookings in each state, however they are changed: plain SQL that bypasses the store.

use attune_test_postgres::TestDatabase;
use attune_test_store_contract::fixtures::legal_states;
use attune_test_store_contract::race::race;
use attune_test_store_contract::schema_rules::PRACTICE;
use tokio_postgres::Client;

use crate::harness::migrated;

/// A database with a therapist, a client and a service, and a connection to it.
async fn practice() -> (TestDatabase, Client) {
    let database = migrated().await;
    let client = database.connect().await;
    client.batch_execute(&PRACTICE.join(";")).await.unwrap();
    (database, client)
}

/// What a state demands of a row, and the state: whatever the row was before.
fn state_sets(status: &str, payment: &str) -> String {
    let has_room = matches!(status, "scheduled" | "completed" | "no_show");
    format!(
        "status = '{status}', payment_status = '{payment}', room_id = {}, room_url = {0}, hold_expires_at = {}, \
         cancelled_at = {}",
        if has_room { "'room-' || id" } else { "NULL" },
        if status == "pending_payment" { "0" } else { "NULL" },
        if status == "cancelled" { "0" } else { "NULL" },
    )
}

/// So many bookings in one statement, an hour each, with ids and hours from a number on.
async fn insert(client: &Client, first: i64, count: i64) {
    let statement = "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, \
                     status, payment_status, price_minor, currency, hold_expires_at, version, created_at, updated_at) \
                     SELECT n, 1, 1, 1, n * 3600000, 50, (n + 1) * 3600000, 'pending_payment', 'pending', 0, 'EUR', 0, \
                     1, 0, 0 FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) s(n)";
    client.execute(statement, &[&first, &count]).await.unwrap();
}

/// The states in which the stored and the actual number of bookings differ.
const DIFFERENCE: &str = "SELECT count(*) FROM \
    (SELECT status, payment_status, sum(rows) AS rows FROM booking_counts GROUP BY 1, 2 HAVING sum(rows) <> 0) stored \
    FULL JOIN (SELECT status, payment_status, count(*) AS rows FROM bookings GROUP BY 1, 2) counted \
    USING (status, payment_status) WHERE stored.rows IS DISTINCT FROM counted.rows";

async fn expect_exact(client: &Client, after: &str) {
    let differences: i64 = client.query_one(DIFFERENCE, &[]).await.unwrap().get(0);
    assert_eq!(differences, 0, "after {after}");
}

async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_way_to_change_rows_is_counted() {
    let (_database, client) = practice().await;
    insert(&client, 1, 40).await;
    expect_exact(&client, "forty at once").await;
    for (id, (status, payment)) in (1..).zip(legal_states()) {
        let sets = state_sets(status.as_str(), payment.as_str());
        client.batch_execute(&format!("UPDATE bookings SET {sets} WHERE id = {id}")).await.unwrap();
        expect_exact(&client, &format!("one became {sets}")).await;
    }
    let cancelled = state_sets("cancelled", "cancelled");
    for change in [
        "UPDATE bookings SET note = 'nothing that counts'".to_owned(),
        format!("UPDATE bookings SET {cancelled} WHERE id % 2 = 0"),
        "DELETE FROM bookings WHERE id % 3 = 0".to_owned(),
        "DELETE FROM bookings WHERE id = 3".to_owned(),
        "BEGIN; DELETE FROM bookings; ROLLBACK".to_owned(),
        format!("BEGIN; UPDATE bookings SET {cancelled}; SAVEPOINT s; DELETE FROM bookings; ROLLBACK TO s; COMMIT"),
        "BEGIN ISOLATION LEVEL SERIALIZABLE; DELETE FROM bookings WHERE id = 5; COMMIT".to_owned(),
        "INSERT INTO bookings SELECT * FROM bookings ON CONFLICT DO NOTHING".to_owned(),
        format!(
            "INSERT INTO bookings SELECT * FROM bookings ON CONFLICT (id) DO UPDATE SET {}",
            state_sets("expired", "cancelled")
        ),
        "DELETE FROM bookings".to_owned(),
    ] {
        client.batch_execute(&change).await.unwrap_or_else(|error| panic!("{change}: {error:?}"));
        expect_exact(&client, &change).await;
    }
    client.batch_execute("TRUNCATE bookings CASCADE").await.expect_err("the ledger would have to go, too");
}

/// Six sessions change bookings at the same moment; some roll back.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_sessions() {
    let (database, client) = practice().await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(std::sync::Arc::new(database.connect().await));
    }
    let states: Vec<_> =
        legal_states().map(|(status, payment)| state_sets(status.as_str(), payment.as_str())).collect();
    race(6, |session| {
        let (client, states) = (sessions[session].clone(), states.clone());
        async move {
            // No session has to wait for the count.
            client.batch_execute("SET lock_timeout = '5s'").await.unwrap();
            let mine = i64::try_from(session).unwrap() * 10_000;
            for step in 0..100_i64 {
                let commits = step % 7 != 3;
                client.batch_execute("BEGIN").await.unwrap();
                insert(&client, mine + step * 3, 1 + step % 3).await;
                let state = &states[usize::try_from(step).unwrap() % states.len()];
                let changed = format!(
                    "UPDATE bookings SET {state} WHERE id BETWEEN {} AND {}; DELETE FROM bookings WHERE id = {}",
                    mine + step * 2,
                    mine + step * 3,
                    mine + step,
                );
                client.batch_execute(&changed).await.unwrap();
                client.batch_execute(if commits { "COMMIT" } else { "ROLLBACK" }).await.unwrap();
                expect_exact(&client, "whatever the others did").await;
            }
        }
    })
    .await;
    expect_exact(&client, "all sessions ended").await;
    assert!(number(&client, "SELECT count(*) FROM bookings").await > 300);
    assert!(
        number(&client, "SELECT sum(rows)::bigint FROM booking_count_totals").await > 0,
        "a session added the changes up"
    );
}

/// Recorded changes are added up by later writers, so there are never many.
#[tokio::test]
async fn changes_do_not_pile_up() {
    let (_database, client) = practice().await;
    let mut most = 0;
    for n in 0..450 {
        insert(&client, n, 1).await;
        most = most.max(number(&client, "SELECT count(*) FROM booking_count_deltas").await);
    }
    assert!((50..=100).contains(&most), "{most}");
    expect_exact(&client, "all of them").await;
    assert_eq!(number(&client, "SELECT count(*) FROM booking_count_totals").await, 1);
}

/// A session that adds up may be slow, and may roll back: others go on, and read the right numbers.
#[tokio::test]
async fn no_session_waits_for_one_that_adds_up() {
    let (database, other) = practice().await;
    let adder = database.connect().await;
    other.batch_execute("SET lock_timeout = '1s'").await.unwrap();
    for (round, end) in ["ROLLBACK", "COMMIT"].into_iter().enumerate() {
        let from = i64::try_from(round).unwrap() * 10_000;
        adder.batch_execute("BEGIN").await.unwrap();
        for n in 0..150 {
            insert(&adder, from + n, 1).await;
        }
        // Other tests hold such locks in other databases of the same server.
        let holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        assert_eq!(number(&other, holders).await, 1, "it added up");
        for n in 0..250 {
            insert(&other, from + 1_000 + n, 1).await;
            other
                .batch_execute(&format!("DELETE FROM bookings WHERE id = {}", from + 1_000 + n - n % 2))
                .await
                .unwrap();
        }
        expect_exact(&other, "the other session").await;
        expect_exact(&adder, "the session that adds up").await;
        adder.batch_execute(end).await.unwrap();
        expect_exact(&other, end).await;
    }
}
