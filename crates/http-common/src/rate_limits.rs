//! Rate limits, counted in memory.
//!
//! Every table is bounded, so that a flood from a million addresses costs a few megabytes. Keys are stored as hashes
//! under a key of this process: no address and no email address is in the tables.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_domain::{EmailAddress, UserId};
use attune_ports::Clock;
use serde::{Deserialize, Serialize};

use crate::address::Network;

/// Entries in each half of a table.
const CAPACITY: usize = 100_000;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The settings `limits.*`.
///
/// A network is one IPv4 address or one IPv6 /64.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// `false` lifts all limits, for tests that make thousands of requests from one address.
    pub enabled: bool,
    /// Logins of one network in a minute, successful or not.
    pub logins_per_minute: u32,
    /// New accounts from one network in an hour.
    pub registrations_per_hour: u32,
    /// Token refreshes of one network in a minute.
    pub refreshes_per_minute: u32,
    /// Requests of one network for join links in an hour.
    pub link_recoveries_per_hour: u32,
    /// Searches of one network for available slots in a minute.
    pub availability_per_minute: u32,
    /// Failed logins for one account from one network without a delay. Each further failure doubles the delay, from one
    /// second on.
    pub login_failures_before_delay: u32,
    /// Longest delay, in seconds.
    pub max_login_delay_seconds: u32,
    /// Requests of one user in a second, in the long run.
    pub api_per_second: u32,
    /// Requests of one user at once.
    pub api_burst: u32,
    /// Connections of one network at the same time, except trusted proxies.
    pub connections_per_network: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            enabled: true,
            logins_per_minute: 30,
            registrations_per_hour: 10,
            refreshes_per_minute: 60,
            link_recoveries_per_hour: 20,
            availability_per_minute: 120,
            login_failures_before_delay: 5,
            max_login_delay_seconds: 60,
            api_per_second: 20,
            api_burst: 40,
            connections_per_network: 256,
        }
    }
}

/// Too many requests or attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimited {
    /// Too many requests. The next one is allowed after this many seconds.
    Requests(u64),
    /// Too many failed login attempts. The next one is allowed after this many seconds.
    LoginAttempts(u64),
}

/// What has a limit.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Logins,
    Registrations,
    Refreshes,
    LinkRecoveries,
    Availability,
    Api,
    LoginFailures,
}

impl Limit {
    const ALL: [Self; 7] = [
        Self::Logins,
        Self::Registrations,
        Self::Refreshes,
        Self::LinkRecoveries,
        Self::Availability,
        Self::Api,
        Self::LoginFailures,
    ];

    /// The setting below `limits`.
    fn setting(self) -> &'static str {
        match self {
            Self::Logins => "logins_per_minute",
            Self::Registrations => "registrations_per_hour",
            Self::Refreshes => "refreshes_per_minute",
            Self::LinkRecoveries => "link_recoveries_per_hour",
            Self::Availability => "availability_per_minute",
            Self::Api => "api_per_second",
            Self::LoginFailures => "login_failures_before_delay",
        }
    }
}

/// A map that drops the entries that were set longest ago, in bulk.
///
/// When the young half is full, it replaces the old half. So there are never more than twice the capacity of entries,
/// and no request has to wait for a purge.
#[derive(Default)]
struct BoundedMap<V> {
    young: HashMap<u64, V>,
    old: HashMap<u64, V>,
}

impl<V: Copy> BoundedMap<V> {
    fn get(&self, key: u64) -> Option<V> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    fn set(&mut self, key: u64, value: V) {
        if self.young.len() >= CAPACITY && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    fn remove(&mut self, key: u64) {
        self.young.remove(&key);
        self.old.remove(&key);
    }
}

/// A count within a period that starts with the first request.
#[derive(Clone, Copy, Default)]
struct Window {
    since: i64,
    count: u32,
}

/// Consecutive wrong passwords.
#[derive(Clone, Copy, Default)]
struct Failures {
    count: u32,
    last: i64,
    blocked_until: i64,
}

/// A login attempt. It counts as failed until its outcome is reported, so that a hundred concurrent attempts are not
/// all free.
#[must_use]
pub struct LoginAttempt {
    key: u64,
    before: Option<Failures>,
}

/// Counts requests and rejects those above the limits.
pub struct RateLimiter {
    limits: RateLimits,
    clock: Arc<dyn Clock>,
    keys: RandomState,
    logins: Mutex<BoundedMap<Window>>,
    registrations: Mutex<BoundedMap<Window>>,
    refreshes: Mutex<BoundedMap<Window>>,
    recoveries: Mutex<BoundedMap<Window>>,
    availability: Mutex<BoundedMap<Window>>,
    failures: Mutex<BoundedMap<Failures>>,
    /// For each user, the instant at which their bucket is full again, in milliseconds.
    requests: Mutex<BoundedMap<i64>>,
    /// By [`Limit`].
    refusals: [AtomicU64; Limit::ALL.len()],
}

impl RateLimiter {
    pub fn new(limits: RateLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            limits,
            clock,
            keys: RandomState::new(),
            logins: Mutex::default(),
            registrations: Mutex::default(),
            refreshes: Mutex::default(),
            recoveries: Mutex::default(),
            availability: Mutex::default(),
            failures: Mutex::default(),
            requests: Mutex::default(),
            refusals: Default::default(),
        }
    }

    /// How many requests were refused since the start, by the setting below `limits`.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Limit::ALL.into_iter().map(|limit| (limit.setting(), self.refusals[limit as usize].load(Ordering::Relaxed)))
    }

    /// Counts what is refused.
    fn refuse(&self, limit: Limit, refusal: RateLimited) -> RateLimited {
        self.refusals[limit as usize].fetch_add(1, Ordering::Relaxed);
        refusal
    }

    pub fn login(&self, network: Option<IpAddr>) -> Result<(), RateLimited> {
        self.count(Limit::Logins, &self.logins, network, self.limits.logins_per_minute, MINUTE)
    }

    pub fn registration(&self, network: Option<IpAddr>) -> Result<(), RateLimited> {
        self.count(Limit::Registrations, &self.registrations, network, self.limits.registrations_per_hour, HOUR)
    }

    pub fn refresh(&self, network: Option<IpAddr>) -> Result<(), RateLimited> {
        self.count(Limit::Refreshes, &self.refreshes, network, self.limits.refreshes_per_minute, MINUTE)
    }

    pub fn recovery(&self, network: Option<IpAddr>) -> Result<(), RateLimited> {
        self.count(Limit::LinkRecoveries, &self.recoveries, network, self.limits.link_recoveries_per_hour, HOUR)
    }

    pub fn availability(&self, network: Option<IpAddr>) -> Result<(), RateLimited> {
        self.count(Limit::Availability, &self.availability, network, self.limits.availability_per_minute, MINUTE)
    }

    fn count(
        &self,
        what: Limit,
        table: &Mutex<BoundedMap<Window>>,
        network: Option<IpAddr>,
        limit: u32,
        period: i64,
    ) -> Result<(), RateLimited> {
        if !self.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let key = self.keys.hash_one(network.map(Network::of));
        let mut table = lock(table);
        // A clock that was set back starts a new period, instead of making clients wait for it to catch up.
        let window = table.get(key).filter(|w| (w.since..w.since + period).contains(&now));
        let window = window.unwrap_or(Window { since: now, count: 0 });
        if window.count >= limit {
            return Err(self.refuse(what, RateLimited::Requests(seconds(window.since + period - now))));
        }
        table.set(key, Window { count: window.count + 1, ..window });
        Ok(())
    }

    /// A request of this user: a token bucket with the burst as its capacity and the steady rate as its refill, stored
    /// as the instant at which it is full again.
    pub fn request(&self, user: UserId) -> Result<(), RateLimited> {
        let each = SECOND / i64::from(self.limits.api_per_second.max(1));
        let depth = each * i64::from(self.limits.api_burst.max(1));
        if !self.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let key = self.keys.hash_one(user);
        let mut table = lock(&self.requests);
        let full_at = table.get(key).unwrap_or(now).clamp(now, now + depth) + each;
        if full_at - now > depth {
            return Err(self.refuse(Limit::Api, RateLimited::Requests(seconds(full_at - now - depth))));
        }
        table.set(key, full_at);
        Ok(())
    }

    /// Before the password of this account is checked. After some failures the next attempt has to wait.
    pub fn password(&self, account: &str, network: Option<IpAddr>) -> Result<LoginAttempt, RateLimited> {
        let account = EmailAddress::parse(account).map_or_else(|_| account.to_lowercase(), |e| e.as_str().to_owned());
        let key = self.keys.hash_one((account, network.map(Network::of)));
        if !self.limits.enabled {
            return Ok(LoginAttempt { key, before: None });
        }
        let now = self.now();
        let mut table = lock(&self.failures);
        let before = table.get(key).filter(|f| (f.last..f.last + HOUR).contains(&now));
        if let Some(wait) = before.map(|f| f.blocked_until - now).filter(|wait| *wait > 0) {
            return Err(self.refuse(Limit::LoginFailures, RateLimited::LoginAttempts(seconds(wait))));
        }
        let count = before.map_or(0, |f| f.count).saturating_add(1);
        table.set(key, Failures { count, last: now, blocked_until: now + self.delay(count) });
        Ok(LoginAttempt { key, before })
    }

    pub fn login_succeeded(&self, attempt: &LoginAttempt) {
        lock(&self.failures).remove(attempt.key);
    }

    /// The password was not checked after all, so the attempt does not count.
    pub fn login_abandoned(&self, attempt: &LoginAttempt) {
        let mut table = lock(&self.failures);
        match attempt.before {
            Some(before) => table.set(attempt.key, before),
            None => table.remove(attempt.key),
        }
    }

    /// The delay in milliseconds after this many failures: none while failures are free, then 1, 2, 4 … seconds.
    fn delay(&self, count: u32) -> i64 {
        let max = i64::from(self.limits.max_login_delay_seconds);
        match count.checked_sub(self.limits.login_failures_before_delay) {
            None => 0,
            Some(doublings) => (1_i64 << doublings.min(30)).min(max) * SECOND,
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1_000).max(1)
}

/// No code can panic while it holds one of these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
