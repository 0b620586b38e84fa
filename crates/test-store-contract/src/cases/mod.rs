//! The cases, by subject. Each takes a fresh backend and panics when a port's contract is broken.

use attune_ports::StoreError;
use jiff::{SignedDuration, Timestamp};

pub mod attempts;
pub mod audit_trail;
pub mod backlog;
pub mod bookings;
pub mod calendar_feeds;
pub mod calendars;
pub mod cancelled_calls;
pub mod idempotency;
pub mod ledger;
pub mod lists;
pub mod login_sessions;
pub mod one_time_tokens;
pub mod outbox;
pub mod pages;
pub mod participants;
pub mod payment_events;
pub mod payment_problems;
pub mod payments;
pub mod practice;
pub mod races;
pub mod refunds;
pub mod rooms;
pub mod second_factors;
pub mod services;
pub mod units_of_work;
pub mod users;
pub mod values;

/// An id that no row has.
fn unknown<Id: TryFrom<i64>>() -> Id {
    let Ok(id) = Id::try_from(987_654) else { panic!("every positive number is an id") };
    id
}

/// An instant within the millisecond that begins at this one. Before 1970 it is the same one: the ports do not say in
/// which direction such instants are truncated.
fn finer(instant: Timestamp) -> Timestamp {
    if instant < Timestamp::UNIX_EPOCH { instant } else { instant + SignedDuration::from_nanos(456_789) }
}

/// Checks that a call failed, but by no conflict, as when a referenced row does not exist.
fn assert_failed<T>(result: Result<T, StoreError>, what: &str) {
    let result = result.map(drop);
    assert!(matches!(result, Err(StoreError::Failed(_))), "{what}: expected a failure, got {result:?}");
}

/// Polls a call, and drops it after so many turns if it has not ended by then.
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

/// Checks that a call failed by one particular conflict.
macro_rules! assert_conflict {
    ($result:expr, $conflict:ident) => {{
        let result = $result.map(drop);
        let is_expected = matches!(&result, Err(error) if error.is_conflict(attune_ports::Conflict::$conflict));
        assert!(is_expected, concat!("expected ", stringify!($conflict), ", got {:?}"), result);
    }};
}
use assert_conflict;
