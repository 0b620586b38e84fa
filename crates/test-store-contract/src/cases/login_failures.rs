//! Failed logins, counted per account.

use crate::Backend;
use crate::fixtures::{account_key, minutes_after, now};

async fn count(backend: &Backend, account: u8, since_minutes: i64) -> u64 {
    backend.queries.login_failures(&account_key(account), minutes_after(now(), since_minutes)).await.unwrap()
}

async fn add(backend: &Backend, account: u8, minute: i64, forget_before: i64) {
    let (at, forget_before) = (minutes_after(now(), minute), minutes_after(now(), forget_before));
    backend.commit(async |work| work.add_login_failure(&account_key(account), at, forget_before).await).await;
}

pub async fn failures_are_counted_per_account_and_time(backend: &Backend) {
    for (account, minute) in [(1, 0), (1, 10), (1, 10), (1, 20), (2, 15)] {
        add(backend, account, minute, -10_000).await;
    }
    for (since, expected) in [(-1, 4), (0, 4), (1, 3), (10, 3), (11, 1), (20, 1), (21, 0)] {
        assert_eq!(count(backend, 1, since).await, expected, "since minute {since}");
    }
    assert_eq!(count(backend, 2, 0).await, 1);
    assert_eq!(count(backend, 3, -10_000).await, 0);
}

pub async fn old_failures_of_the_account_are_deleted(backend: &Backend) {
    for minute in [0, 10, 20] {
        add(backend, 1, minute, -100).await;
        add(backend, 2, minute, -100).await;
    }
    add(backend, 1, 30, 10).await;
    assert_eq!(count(backend, 1, -100).await, 3, "minute 0 is deleted; 10, 20 and 30 stay");
    assert_eq!(count(backend, 1, 11).await, 2);
    assert_eq!(count(backend, 2, -100).await, 3);
}

pub async fn failures_are_cleared_after_a_login(backend: &Backend) {
    for account in [1, 1, 2] {
        add(backend, account, 0, 0).await;
    }
    backend.commit(async |work| work.clear_login_failures(&account_key(1)).await).await;
    backend.commit(async |work| work.clear_login_failures(&account_key(3)).await).await;
    assert_eq!(count(backend, 1, -100).await, 0);
    assert_eq!(count(backend, 2, -100).await, 1);
    add(backend, 1, 0, 0).await;
    assert_eq!(count(backend, 1, -100).await, 1, "counting begins anew");
}
