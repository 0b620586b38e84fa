//! How many SQL statements a booking takes. Each is a trip to the database, and those of the transaction are made while
//! everybody else waits for the calendar.
//!
//! The statements are counted where Diesel sends them, which can only be arranged for a whole process: these tests are a
//! program of their own, with one test.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::{Arc, Mutex};

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

/// PaymentLedger twice, and gives what was sent for the second one.
async fn statements_of_a_booking(kind: Kind) -> Vec<String> {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await, setup).await;
    for day in [2, 3] {
        SENT.lock().unwrap().clear();
        let start = world.now() + SignedDuration::from_hours(24 * day + 1);
        let key = IdempotencyKey { user: world.clients[0], route: "book".into(), key: format!("key-{day}") };
        let once = IdempotentRequest {
            key,
            request_hash: [7; 32],
            render: Arc::new(|booking| (201, booking.id().to_string())),
        };
        let booking_command = world.booking_command(world.clients[0], world.therapists[0], start);
        let booked = world
            .use_cases()
            .create_booking
            .run(CreateBookingCommand { idempotency: Some(once), ..booking_command })
            .await
            .unwrap();
        assert!(matches!(booked, Idempotent::Executed(_)), "{booked:?}");
    }
    let mut sent = std::mem::take(&mut *SENT.lock().unwrap());
    // How a new connection is set up, whenever a pool opens one.
    sent.retain(|sql| !sql.starts_with("SET "));
    sent
}

#[tokio::test]
async fn a_booking_takes_one_transaction_and_a_handful_of_statements() {
    set_default_instrumentation(listener).unwrap();
    // Found: three before the transaction, for the hours; in it BEGIN, COMMIT, the look for a kept reply, client,
    // therapist, service, id, the calendar, the booking, its mails (SQLite writes them one by one), the trail, the reply;
    // and in PostgreSQL the locks of calendar and reply.
    for (kind, most) in [(Kind::Sqlite, 17), (Kind::Postgres, 17)] {
        let sent = statements_of_a_booking(kind).await;
        let told = format!("{kind:?}, {} statements:\n{}", sent.len(), sent.join("\n"));
        let count = |word: &str| sent.iter().filter(|sql| sql.starts_with(word)).count();
        assert_eq!((count("BEGIN"), count("COMMIT"), count("ROLLBACK")), (1, 1, 0), "{told}");
        assert!(sent.len() <= most, "{told}");
    }
}
