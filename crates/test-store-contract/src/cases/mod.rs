//! The cases, by subject. Each takes a fresh backend and panics when a promise is broken.

use attune_domain::{BookingId, ParticipantId, PaymentId, PaymentProblemId, RefundId, UserId};
use attune_ports::StoreError;
use jiff::{SignedDuration, Timestamp};

pub mod audit_trail;
pub mod bookings;
pub mod calendars;
pub mod cancelled_calls;
pub mod idempotency;
pub mod ledger;
pub mod lists;
pub mod login_failures;
pub mod login_sessions;
pub mod outbox;
pub mod pages;
pub mod participants;
pub mod payment_events;
pub mod payment_problems;
pub mod payments;
pub mod races;
pub mod refunds;
pub mod rooms;
pub mod services;
pub mod units_of_work;
pub mod users;
pub mod values;

/// Someone who has no account in any case.
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

/// An attempt to collect a price that no case makes.
fn unknown_payment() -> PaymentId {
    PaymentId::new(987_654).expect("positive")
}

/// A refund that no case makes.
fn unknown_refund() -> RefundId {
    RefundId::new(987_654).expect("positive")
}

/// A problem that no case notes.
fn unknown_problem() -> PaymentProblemId {
    PaymentProblemId::new(987_654).expect("positive")
}

/// An instant within the millisecond that begins at this one. Before 1970 it is the same one: which way is off where
/// instants are counted backwards, no one promises.
fn finer(instant: Timestamp) -> Timestamp {
    if instant < Timestamp::UNIX_EPOCH { instant } else { instant + SignedDuration::from_nanos(456_789) }
}

/// Checks that an answer is a failure that is no conflict, as when a row that is referred to is not there.
fn assert_failed<T>(answer: Result<T, StoreError>, what: &str) {
    match answer {
        Err(StoreError::Failed(_)) => {}
        Err(error) => panic!("{what}: expected a failure, got {error:?}"),
        Ok(_) => panic!("{what}: expected a failure, but it was accepted"),
    }
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
