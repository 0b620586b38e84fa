use attune_test_doubles::FixedClock;
use jiff::{SignedDuration, Timestamp};

use super::*;

const HERE: &str = "203.0.113.9";

fn limiter(limits: Limits) -> (Limiter, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::new(Timestamp::from_second(1_700_000_000).unwrap()));
    (Limiter::new(limits, clock.clone()), clock)
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn wait(refusal: Problem) -> (Code, u64) {
    (refusal.code, refusal.retry_after.unwrap())
}

#[test]
fn a_network_has_thirty_logins_a_minute() {
    let (limiter, clock) = limiter(Limits::default());
    for _ in 0..30 {
        limiter.login(ip(HERE)).unwrap();
    }
    clock.advance(SignedDuration::from_secs(20));
    assert_eq!(wait(limiter.login(ip(HERE)).unwrap_err()), (Code::TooManyRequests, 40));
    limiter.login(ip("203.0.113.10")).unwrap();
    clock.advance(SignedDuration::from_secs(40));
    limiter.login(ip(HERE)).unwrap();
}

#[test]
fn each_kind_is_counted_for_itself() {
    let (limiter, _) = limiter(Limits { logins_per_minute: 1, refreshes_per_minute: 1, ..Limits::default() });
    limiter.login(ip(HERE)).unwrap();
    limiter.refresh(ip(HERE)).unwrap();
    limiter.registration(ip(HERE)).unwrap();
    limiter.recovery(ip(HERE)).unwrap();
    limiter.availability(ip(HERE)).unwrap();
    assert!(limiter.login(ip(HERE)).is_err() && limiter.refresh(ip(HERE)).is_err());
}

#[test]
fn an_ipv6_network_is_a_64() {
    let (limiter, _) = limiter(Limits { registrations_per_hour: 1, ..Limits::default() });
    limiter.registration(ip("2001:db8:1:2::1")).unwrap();
    let (code, seconds) = wait(limiter.registration(ip("2001:db8:1:2:ffff::1")).unwrap_err());
    assert_eq!((code, seconds), (Code::TooManyRequests, 3600));
    limiter.registration(ip("2001:db8:1:3::1")).unwrap();
}

#[test]
fn a_clock_set_back_makes_nobody_wait() {
    let (limiter, clock) = limiter(Limits { logins_per_minute: 1, api_burst: 1, ..Limits::default() });
    let user = UserId::new(7).unwrap();
    limiter.login(ip(HERE)).unwrap();
    limiter.request(user).unwrap();
    clock.advance(SignedDuration::from_hours(-1));
    limiter.login(ip(HERE)).unwrap();
    let (_, seconds) = wait(limiter.request(user).unwrap_err());
    assert_eq!(seconds, 1);
}

#[test]
fn five_wrong_passwords_are_free_and_then_the_wait_doubles_up_to_a_minute() {
    let (limiter, clock) = limiter(Limits::default());
    for _ in 0..5 {
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let refusal = limiter.password(" ADA@example.org", ip(HERE)).map(|_| ()).unwrap_err();
        assert_eq!(wait(refusal), (Code::TooManyFailures, seconds));
        clock.advance(SignedDuration::from_secs(i64::try_from(seconds).unwrap()));
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
    let _ = limiter.password("ada@example.org", ip("198.51.100.7")).unwrap();
    let _ = limiter.password("bob@example.org", ip(HERE)).unwrap();
}

#[test]
fn the_right_password_wipes_the_slate() {
    let (limiter, _) = limiter(Limits::default());
    for _ in 0..20 {
        for _ in 0..4 {
            let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
        }
        let attempt = limiter.password("ada@example.org", ip(HERE)).unwrap();
        limiter.password_was_right(&attempt);
    }
}

#[test]
fn a_password_that_was_not_checked_does_not_count() {
    let (limiter, _) = limiter(Limits::default());
    for _ in 0..4 {
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
    for _ in 0..20 {
        let attempt = limiter.password("ada@example.org", ip(HERE)).unwrap();
        limiter.password_was_not_checked(&attempt);
    }
    let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    assert!(limiter.password("ada@example.org", ip(HERE)).is_err());
}

#[test]
fn failures_are_forgotten_after_an_hour() {
    let (limiter, clock) = limiter(Limits::default());
    for _ in 0..5 {
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
    clock.advance(SignedDuration::from_hours(1));
    for _ in 0..5 {
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
}

#[test]
fn a_person_has_a_burst_and_a_steady_rate() {
    let (limiter, clock) = limiter(Limits::default());
    let (ada, bob) = (UserId::new(7).unwrap(), UserId::new(8).unwrap());
    for _ in 0..40 {
        limiter.request(ada).unwrap();
    }
    assert_eq!(wait(limiter.request(ada).unwrap_err()), (Code::TooManyRequests, 1));
    limiter.request(bob).unwrap();
    for _ in 0..100 {
        clock.advance(SignedDuration::from_millis(50));
        limiter.request(ada).unwrap();
    }
    assert!(limiter.request(ada).is_err());
}

#[test]
fn limits_can_be_lifted() {
    let (limiter, _) = limiter(Limits { enabled: false, ..Limits::default() });
    for _ in 0..1_000 {
        limiter.login(ip(HERE)).unwrap();
        limiter.registration(ip(HERE)).unwrap();
        limiter.refresh(ip(HERE)).unwrap();
        limiter.recovery(ip(HERE)).unwrap();
        limiter.request(UserId::new(7).unwrap()).unwrap();
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
}

#[test]
fn a_flood_of_a_million_addresses_keeps_the_tables_small() {
    let (limiter, _) = limiter(Limits { logins_per_minute: 1, ..Limits::default() });
    for n in 0..1_000_000_u32 {
        limiter.login(Some(IpAddr::from(n.to_be_bytes()))).unwrap();
    }
    let table = lock(&limiter.logins);
    assert!(table.young.len() + table.old.len() <= 2 * CAPACITY);
    drop(table);
    let newest = IpAddr::from(999_999_u32.to_be_bytes());
    assert!(limiter.login(Some(newest)).is_err(), "whoever came last is remembered");
}
