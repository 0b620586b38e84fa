//! Failed logins: counted per account, and forgotten in time.

use crate::Backend;
use crate::fixtures::{account_key, minutes_after, now};

async fn count(backend: &Backend, account: u8, since_minutes: i64) -> u64 {
    backend.queries.login_failures(&account_key(account), minutes_after(now(), since_minutes)).await.unwrap()
}

/// Failures are counted from an instant on, that instant included, and for one account only.
pub async fn failures_are_counted_per_account_and_time(backend: &Backend) {
    let long_ago = minutes_after(now(), -10_000);
    for (account, minute) in [(1, 0), (1, 10), (1, 10), (1, 20), (2, 15)] {
        backend
            .commit(async |work| {
                work.add_login_failure(&account_key(account), minutes_after(now(), minute), long_ago).await
            })
            .await;
    }
    for (since, expected) in [(-1, 4), (0, 4), (1, 3), (10, 3), (11, 1), (20, 1), (21, 0)] {
        assert_eq!(count(backend, 1, since).await, expected, "since minute {since}");
    }
    assert_eq!(count(backend, 2, 0).await, 1);
    assert_eq!(count(backend, 3, -10_000).await, 0);
}

/// Noting a failure forgets older ones of this account, and of no other.
pub async fn old_failures_of_the_account_are_forgotten(backend: &Backend) {
    let note = async |account, minute, forget_before| {
        let (at, before) = (minutes_after(now(), minute), minutes_after(now(), forget_before));
        backend.commit(async |work| work.add_login_failure(&account_key(account), at, before).await).await;
    };
    for minute in [0, 10, 20] {
        note(1, minute, -100).await;
        note(2, minute, -100).await;
    }
    note(1, 30, 10).await;
    assert_eq!(count(backend, 1, -100).await, 3, "minute 0 is forgotten; 10, 20 and 30 are kept");
    assert_eq!(count(backend, 1, 11).await, 2);
    assert_eq!(count(backend, 2, -100).await, 3);
}

/// A login that worked wipes the slate of its own account, and of no other.
pub async fn failures_are_cleared_after_a_login(backend: &Backend) {
    for account in [1, 1, 2] {
        backend.commit(async |work| work.add_login_failure(&account_key(account), now(), now()).await).await;
    }
    backend.commit(async |work| work.clear_login_failures(&account_key(1)).await).await;
    backend.commit(async |work| work.clear_login_failures(&account_key(3)).await).await;
    assert_eq!(count(backend, 1, -100).await, 0);
    assert_eq!(count(backend, 2, -100).await, 1);
    backend.commit(async |work| work.add_login_failure(&account_key(1), now(), now()).await).await;
    assert_eq!(count(backend, 1, -100).await, 1, "counting begins anew");
}
