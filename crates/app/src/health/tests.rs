use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Counts how often it is run, and is as healthy as the count says.
struct Counting {
    runs: Arc<AtomicUsize>,
    takes: Duration,
}

#[async_trait]
impl HealthCheck for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    async fn check(&self) -> Health {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.takes).await;
        if run == 0 { Health::Failing("the first") } else { Health::Ok }
    }
}

fn counting(takes: Duration) -> (Arc<SharedCheck>, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    (Arc::new(SharedCheck::new(Counting { runs: Arc::clone(&runs), takes }, SHARED_FOR)), runs)
}

#[tokio::test(start_paused = true)]
async fn everyone_shares_a_result_for_ten_seconds() {
    let (shared, runs) = counting(Duration::from_millis(50));
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { shared.check().await })
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.expect("an answer"), Health::Failing("the first"));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1, "those who ask at the same time wait for one check");

    for (after, wanted, total) in [
        (Duration::ZERO, Health::Failing("the first"), 1),
        (Duration::from_millis(9_900), Health::Failing("the first"), 1),
        (Duration::from_millis(50), Health::Ok, 2),
        (Duration::from_secs(9), Health::Ok, 2),
        (Duration::from_secs(3_600), Health::Ok, 3),
    ] {
        tokio::time::advance(after).await;
        assert_eq!((shared.check().await, runs.load(Ordering::Relaxed)), (wanted, total), "after another {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_given_up_is_not_begun_again() {
    let (shared, runs) = counting(Duration::from_secs(3_600));
    for _ in 0..3 {
        let given_up = timeout(Duration::from_secs(1), shared.check()).await;
        assert!(given_up.is_err());
    }
    assert_eq!(shared.check().await, Health::Failing("no response in time"));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test]
async fn a_backup_that_is_too_old_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let made: Timestamp = "2026-12-01T03:00:00Z".parse().expect("an instant");
    let check = async |hours_later: i64, max_age: Option<i64>| {
        let now = made + SignedDuration::from_hours(hours_later);
        let max_age = max_age.map(SignedDuration::from_hours);
        Check::Backup { data_dir: folder.path().to_owned(), max_age, clock: Arc::new(At(now)) }.check().await
    };
    assert_eq!(check(0, None).await, Health::Ok);
    assert_eq!(check(0, Some(26)).await, Health::Warn("there has been no backup"));
    last_backup::write(folder.path(), made).expect("it is written");
    for (hours_later, max_age, expected) in [
        (0, Some(26), Health::Ok),
        (26, Some(26), Health::Ok),
        (27, Some(26), Health::Warn("the last backup is older than backup.max_age_hours")),
        (9_999, None, Health::Ok),
    ] {
        assert_eq!(check(hours_later, max_age).await, expected, "{hours_later} {max_age:?}");
    }
    std::fs::write(folder.path().join("last-backup"), "soon").expect("it is written");
    assert_eq!(check(0, Some(26)).await, Health::Warn("the time of the last backup cannot be read"));
    assert_eq!(check(0, None).await, Health::Ok);
}
