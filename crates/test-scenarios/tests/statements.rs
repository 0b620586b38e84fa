//! How many SQL statements a booking takes. Each is a round trip, and other bookings wait while the transaction holds
//! the calendar lock.
//!
//! Diesel counts statements for a whole process only, so this is a test binary with one test.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Mutex;

use attune_application::bookings::CreateBookingCommand;
use attune_application::{Idempotent, IdempotentRequest};
use attune_domain::PracticePolicy;
use attune_ports::{IdempotencyKey, Provider};
use attune_test_scenarios::{Kind, Setup, World};
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

/// Books twice and returns the statements of the second booking.
async fn statements_of_a_booking(kind: Kind) -> Vec<String> {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await, setup).await;
    for day in [2, 3] {
        SENT.lock().unwrap().clear();
        let start = world.now() + SignedDuration::from_hours(24 * day + 1);
        let key = IdempotencyKey { user: world.clients[0], route: "book".into(), key: format!("key-{day}") };
        let idempotency = IdempotentRequest { key, request_hash: [7; 32] };
        let booking_command = world.booking_command(world.clients[0], world.therapists[0], start);
        let booked = world
            .use_cases()
            .create_booking
            .run(CreateBookingCommand { idempotency: Some(idempotency), ..booking_command })
            .await
            .unwrap();
        assert!(matches!(booked, Idempotent::Executed(_)), "{booked:?}");
    }
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
        let sent = statements_of_a_booking(kind).await;
        let listed = format!("{kind:?}, {} statements:\n{}", sent.len(), sent.join("\n"));
        let count = |word: &str| sent.iter().filter(|sql| sql.starts_with(word)).count();
        assert_eq!((count("BEGIN"), count("COMMIT"), count("ROLLBACK")), (1, 1, 0), "{listed}");
        assert!(sent.len() <= most, "{listed}");
    }
}
