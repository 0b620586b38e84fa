//! The cases, by subject. Each takes a fresh backend and panics when a promise is broken.

use attune_domain::{BookingId, ParticipantId, UserId};

pub mod bookings;
pub mod calendars;
pub mod cancelled_calls;
pub mod history;
pub mod lists;
pub mod login_failures;
pub mod outbox;
pub mod participants;
pub mod payments;
pub mod races;
pub mod replies;
pub mod rooms;
pub mod services;
pub mod sessions;
pub mod units;
pub mod users;
pub mod values;

/// Somebody who has no account in any case.
fn unknown_user() -> UserId {
    UserId::new(987_654).expect("positive")
}

/// A booking that no case makes.
fn unknown_booking() -> BookingId {
    BookingId::new(987_654).expect("positive")
}

/// An invitation that no case makes.
fn unknown_participant() -> ParticipantId {
    ParticipantId::new(987_654).expect("positive")
}

/// Lets a call begin, and drops it after so many turns if it has not ended by then.
async fn begin_and_drop<T>(turns: usize, call: impl Future<Output = T>) {
    let wait = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = call => {}
        () = wait => {}
    }
}

/// Checks that an answer is one particular conflict.
macro_rules! assert_conflict {
    ($answer:expr, $conflict:ident) => {
        match $answer {
            Err(error) => assert!(
                error.is_conflict(attune_ports::Conflict::$conflict),
                concat!("expected ", stringify!($conflict), ", got {:?}"),
                error
            ),
            Ok(_) => panic!(concat!("expected ", stringify!($conflict), ", but it was accepted")),
        }
    };
}
use assert_conflict;
