use attune_test_doubles::FixedClock;
use jiff::{SignedDuration, Timestamp};

use super::*;

const HERE: &str = "203.0.113.9";

fn limiter(limits: RateLimits) -> (RateLimiter, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::new(Timestamp::from_second(1_700_000_000).unwrap()));
    (RateLimiter::new(limits, clock.clone()), clock)
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// Wrong passwords for one account from one network.
fn fail(limiter: &RateLimiter, times: usize) {
    for _ in 0..times {
        let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    }
}

#[test]
fn a_network_has_thirty_logins_a_minute() {
    let (limiter, clock) = limiter(RateLimits::default());
    for _ in 0..30 {
        limiter.login(ip(HERE)).unwrap();
    }
    clock.advance(SignedDuration::from_secs(20));
    assert_eq!(limiter.login(ip(HERE)), Err(RateLimited::Requests(40)));
    limiter.login(ip("203.0.113.10")).unwrap();
    clock.advance(SignedDuration::from_secs(40));
    limiter.login(ip(HERE)).unwrap();
}

#[test]
fn each_kind_is_counted_separately() {
    let (limiter, _) = limiter(RateLimits { logins_per_minute: 1, refreshes_per_minute: 1, ..RateLimits::default() });
    limiter.login(ip(HERE)).unwrap();
    limiter.refresh(ip(HERE)).unwrap();
    limiter.registration(ip(HERE)).unwrap();
    limiter.recovery(ip(HERE)).unwrap();
    limiter.availability(ip(HERE)).unwrap();
    assert!(limiter.login(ip(HERE)).is_err() && limiter.refresh(ip(HERE)).is_err());
}

#[test]
fn an_ipv6_network_is_a_64() {
    let (limiter, _) = limiter(RateLimits { registrations_per_hour: 1, ..RateLimits::default() });
    limiter.registration(ip("2001:db8:1:2::1")).unwrap();
    assert_eq!(limiter.registration(ip("2001:db8:1:2:ffff::1")), Err(RateLimited::Requests(3600)));
    limiter.registration(ip("2001:db8:1:3::1")).unwrap();
}

#[test]
fn a_clock_that_is_set_back_makes_no_one_wait() {
    let (limiter, clock) = limiter(RateLimits { logins_per_minute: 1, api_burst: 1, ..RateLimits::default() });
    let user = UserId::new(7).unwrap();
    limiter.login(ip(HERE)).unwrap();
    limiter.request(user).unwrap();
    clock.advance(SignedDuration::from_hours(-1));
    limiter.login(ip(HERE)).unwrap();
    assert_eq!(limiter.request(user), Err(RateLimited::Requests(1)));
}

#[test]
fn after_five_wrong_passwords_the_delay_doubles_up_to_one_minute() {
    let (limiter, clock) = limiter(RateLimits::default());
    fail(&limiter, 5);
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let rejected = limiter.password(" ADA@example.org", ip(HERE)).map(|_| ());
        assert_eq!(rejected, Err(RateLimited::LoginAttempts(seconds)));
        clock.advance(SignedDuration::from_secs(i64::try_from(seconds).unwrap()));
        fail(&limiter, 1);
    }
    let _ = limiter.password("ada@example.org", ip("198.51.100.7")).unwrap();
    let _ = limiter.password("bob@example.org", ip(HERE)).unwrap();
}

#[test]
fn a_successful_login_resets_the_failures() {
    let (limiter, _) = limiter(RateLimits::default());
    for _ in 0..20 {
        fail(&limiter, 4);
        let attempt = limiter.password("ada@example.org", ip(HERE)).unwrap();
        limiter.login_succeeded(&attempt);
    }
}

#[test]
fn a_password_that_was_not_checked_does_not_count() {
    let (limiter, _) = limiter(RateLimits::default());
    fail(&limiter, 4);
    for _ in 0..20 {
        let attempt = limiter.password("ada@example.org", ip(HERE)).unwrap();
        limiter.login_abandoned(&attempt);
    }
    let _ = limiter.password("ada@example.org", ip(HERE)).unwrap();
    assert!(limiter.password("ada@example.org", ip(HERE)).is_err());
}

#[test]
fn failures_expire_after_an_hour() {
    let (limiter, clock) = limiter(RateLimits::default());
    fail(&limiter, 5);
    clock.advance(SignedDuration::from_hours(1));
    fail(&limiter, 5);
}

#[test]
fn a_user_has_a_burst_and_a_steady_rate() {
    let (limiter, clock) = limiter(RateLimits::default());
    let (ada, bob) = (UserId::new(7).unwrap(), UserId::new(8).unwrap());
    for _ in 0..40 {
        limiter.request(ada).unwrap();
    }
    assert_eq!(limiter.request(ada), Err(RateLimited::Requests(1)));
    limiter.request(bob).unwrap();
    for _ in 0..100 {
        clock.advance(SignedDuration::from_millis(50));
        limiter.request(ada).unwrap();
    }
    assert!(limiter.request(ada).is_err());
}

#[test]
fn limits_can_be_disabled() {
    let (limiter, _) = limiter(RateLimits { enabled: false, ..RateLimits::default() });
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
    let (limiter, _) = limiter(RateLimits { logins_per_minute: 1, ..RateLimits::default() });
    for n in 0..1_000_000_u32 {
        limiter.login(Some(IpAddr::from(n.to_be_bytes()))).unwrap();
    }
    let table = lock(&limiter.logins);
    assert!(table.young.len() + table.old.len() <= 2 * CAPACITY);
    drop(table);
    let newest = IpAddr::from(999_999_u32.to_be_bytes());
    assert!(limiter.login(Some(newest)).is_err(), "the latest address is still counted");
}

#[test]
fn refusals_are_counted_by_their_limit() {
    let (limiter, _) =
        limiter(RateLimits { logins_per_minute: 1, login_failures_before_delay: 1, ..RateLimits::default() });
    assert!(limiter.refusals().all(|(_, count)| count == 0));
    limiter.login(ip(HERE)).unwrap();
    for _ in 0..2 {
        limiter.login(ip(HERE)).unwrap_err();
    }
    fail(&limiter, 1);
    assert!(limiter.password("ada@example.org", ip(HERE)).is_err());
    let counted: Vec<_> = limiter.refusals().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [("logins_per_minute", 2), ("login_failures_before_delay", 1)]);
}
