//! Attempts that are limited in number.

use attune_ports::StoreError;

use crate::Backend;
use crate::fixtures::{attempt_key, minutes_after, now};

async fn attempt(backend: &Backend, key: u8, minute: i64, since: i64, max: u64) -> bool {
    let (at, since) = (minutes_after(now(), minute), minutes_after(now(), since));
    backend.commit(async |work| work.count_attempt(&attempt_key(key), at, since, max).await).await
}

/// How many attempts of a key are counted at or after a minute.
pub(super) async fn counted(backend: &Backend, key: u8, since: i64) -> u64 {
    let mut work = backend.begin().await;
    let mut max = 0;
    while !work.count_attempt(&attempt_key(key), now(), minutes_after(now(), since), max + 1).await.unwrap() {
        max += 1;
    }
    max
}

pub async fn attempts_are_counted_up_to_their_limit(backend: &Backend) {
    for n in 0..7 {
        assert_eq!(attempt(backend, 1, n, -10, 5).await, n < 5, "attempt {n}");
    }
    assert_eq!(counted(backend, 1, -10).await, 5, "those that were refused do not count");
    assert!(attempt(backend, 1, 8, -10, 6).await, "a higher limit admits more");
    assert!(!attempt(backend, 2, 0, -10, 0).await);
    assert!(attempt(backend, 2, 0, -10, u64::MAX).await);
    assert!(attempt(backend, 2, 0, -10, 2).await, "two at one time are two");
    assert_eq!(counted(backend, 2, -10).await, 2, "each key is counted separately");
    assert_eq!(counted(backend, 3, -10).await, 0);
}

pub async fn attempts_before_the_window_do_not_count(backend: &Backend) {
    for minute in [0, 10, 20] {
        for key in [1, 2] {
            assert!(attempt(backend, key, minute, -100, 9).await);
        }
    }
    for (since, expected) in [(-1, 3), (0, 3), (1, 2), (10, 2), (11, 1), (20, 1), (21, 0)] {
        assert_eq!(counted(backend, 1, since).await, expected, "since minute {since}");
    }
    assert!(!attempt(backend, 1, 30, 10, 2).await, "10 and 20 are within the window");
    assert!(attempt(backend, 1, 30, 11, 2).await);
    assert_eq!(counted(backend, 1, -100).await, 2, "0 and 10 are deleted");
    assert_eq!(counted(backend, 2, -100).await, 3, "those of other keys are not");
}

pub async fn an_attempt_can_be_taken_back(backend: &Backend) {
    for minute in [0, 5, 5] {
        assert!(attempt(backend, 1, minute, -10, 9).await);
    }
    assert!(attempt(backend, 2, 5, -10, 9).await);
    for (key, minute, left) in [(1, 5, 2), (1, 5, 1), (1, 5, 1), (3, 0, 1)] {
        let at = minutes_after(now(), minute);
        backend.commit(async |work| work.take_back_attempt(&attempt_key(key), at).await).await;
        assert_eq!(counted(backend, 1, -10).await, left);
    }
    assert_eq!(counted(backend, 1, 1).await, 0, "the one of minute 0 is left");
    assert_eq!(counted(backend, 2, -10).await, 1);
}

pub async fn attempts_are_cleared_after_a_success(backend: &Backend) {
    for key in [1, 1, 2] {
        assert!(attempt(backend, key, 0, -10, 2).await);
    }
    for key in [1, 3] {
        backend.commit(async |work| work.clear_attempts(&attempt_key(key)).await).await;
    }
    assert_eq!((counted(backend, 1, -10).await, counted(backend, 2, -10).await), (0, 1));
    assert!(attempt(backend, 1, 0, -10, 1).await, "counting begins anew");
}

pub async fn an_attempt_of_a_dropped_unit_of_work_does_not_count(backend: &Backend) {
    let dropped: Result<bool, StoreError> =
        backend.uncommitted(async |work| work.count_attempt(&attempt_key(1), now(), now(), 1).await).await;
    assert!(dropped.unwrap());
    assert!(attempt(backend, 1, 0, 0, 1).await);
}

pub async fn old_attempts_are_purged_whatever_their_key(backend: &Backend) {
    for (key, minute) in [(1, 0), (1, 5), (2, 4), (3, 6)] {
        assert!(attempt(backend, key, minute, -10, 9).await);
    }
    let purge = async |minute: i64| {
        let before = minutes_after(now(), minute);
        backend.commit(async |work| work.purge_attempts(before).await).await
    };
    assert_eq!([purge(0).await, purge(5).await, purge(5).await], [0, 2, 0]);
    assert_eq!((counted(backend, 1, -10).await, counted(backend, 2, -10).await), (1, 0));
}
