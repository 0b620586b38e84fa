//! How many SQL statements a booking takes. Each is a round trip, and other bookings wait while the transaction holds
//! the calendar lock.
//!
//! Diesel counts statements for a whole process only, so this is a test binary with one test.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Mutex;

use attune_application::bookings::{Change, CreateBookingCommand};
use attune_application::{Idempotent, IdempotentRequest};
use attune_domain::{BookingId, PracticePolicy};
use attune_ports::{IdempotencyKey, Provider};
use attune_test_scenarios::{Kind, Setup, Who, World};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use jiff::SignedDuration;

static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn listener() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            SENT.lock().unwrap().push(query.to_string());
        }
    }))
}

/// A practice with two bookings, the second of them, and its statements.
async fn statements_of_a_booking(kind: Kind) -> (World, BookingId, Vec<String>) {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await, setup).await;
    let mut last = None;
    for day in [2, 3] {
        SENT.lock().unwrap().clear();
        let start = world.now() + SignedDuration::from_hours(24 * day + 1);
        let key = IdempotencyKey { user: world.clients[0], route: "book".into(), key: format!("key-{day}") };
        let idempotency = IdempotentRequest { key, request_hash: [7; 32] };
        let command = world.booking_command(world.clients[0], world.therapists[0], start);
        let command = CreateBookingCommand { idempotency: Some(idempotency), ..command };
        let booked = world.use_cases().create_booking.run(command).await.unwrap();
        let Idempotent::Executed(created) = booked else { panic!("{booked:?}") };
        last = Some(created.booking.id());
    }
    (world, last.unwrap(), sent())
}

fn sent() -> Vec<String> {
    let mut sent = std::mem::take(&mut *SENT.lock().unwrap());
    // A pool sets up each new connection.
    sent.retain(|sql| !sql.starts_with("SET "));
    sent
}

#[tokio::test]
async fn a_booking_takes_one_transaction_and_a_handful_of_statements() {
    set_default_instrumentation(listener).unwrap();
    // Three before the transaction, for the working hours; in it BEGIN, COMMIT, search for an idempotency record, client,
    // therapist, service, id, calendar, booking, emails (one by one on SQLite), audit trail, idempotency record; on
    // PostgreSQL the locks of calendar and idempotency key.
    for (kind, most) in [(Kind::Sqlite, 17), (Kind::Postgres, 17)] {
        let (world, booking, statements) = statements_of_a_booking(kind).await;
        let listed = format!("{kind:?}, {} statements:\n{}", statements.len(), statements.join("\n"));
        let count = |word: &str| statements.iter().filter(|sql| sql.starts_with(word)).count();
        assert_eq!((count("BEGIN"), count("COMMIT"), count("ROLLBACK")), (1, 1, 0), "{listed}");
        assert!(statements.len() <= most, "{listed}");

        // A reschedule reads the booking before its transaction, for the check of access, and again under its lock.
        let change = Change::Reschedule {
            to: world.now() + SignedDuration::from_hours(100),
            override_hours: false,
            reason: None,
        };
        let command = world.change(Who::Owner, booking, world.clients[0], change);
        world.use_cases().change_booking.run(command).await.unwrap();
        let statements = sent();
        let listed = format!("{kind:?}, rescheduling:\n{}", statements.join("\n"));
        // A read outside the unit of work has a transaction of its own on SQLite.
        let begin = statements.iter().rposition(|sql| sql.starts_with("BEGIN")).expect("a transaction");
        let is_read = |sql: &str| sql.starts_with("SELECT") && sql.replace(['"', '`'], "").contains("bookings.id = ");
        let reads: Vec<bool> =
            statements.iter().enumerate().filter(|(_, sql)| is_read(sql)).map(|(n, _)| n > begin).collect();
        assert_eq!(reads, [false, true], "reads of the booking, and whether in the transaction; {listed}");

        // The practice and the installation are read for a batch, and not when nothing is due.
        let worker = world.worker(0, world.notifier.clone()).await;
        for (claimed, expected) in [(3, 2), (0, 0)] {
            assert_eq!(worker.run().await.unwrap().claimed, claimed);
            let reads = sent().into_iter().map(|sql| sql.replace(['"', '`'], ""));
            let of_practice =
                reads.filter(|sql| ["FROM practice", "FROM installation"].iter().any(|table| sql.contains(table)));
            assert_eq!(of_practice.count(), expected, "{kind:?}");
        }
    }
}
