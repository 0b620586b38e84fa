//! How often things may be done, counted in memory.
//!
//! Every table is bounded, so that a flood from a million addresses costs a few megabytes. Keys are kept as hashes
//! under a key of this process: an address or an e-mail address is nowhere in the tables.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_domain::{EmailAddress, UserId};
use attune_ports::Clock;

use crate::response::problem::{Code, Problem};
use crate::settings::{Limits, shorten};

/// Entries of each half of a table.
const CAPACITY: usize = 100_000;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A map that forgets what was not touched for longest, in bulk.
///
/// When the young half is full, it becomes the old half, and what was left in the old one is forgotten. So there are
/// never more than twice the capacity, and nothing ever stops to sweep.
struct Recent<V> {
    young: HashMap<u64, V>,
    old: HashMap<u64, V>,
    capacity: usize,
}

impl<V: Copy> Recent<V> {
    fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity }
    }

    fn get(&self, key: u64) -> Option<V> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    fn set(&mut self, key: u64, value: V) {
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    fn forget(&mut self, key: u64) {
        self.young.remove(&key);
        self.old.remove(&key);
    }
}

/// So many within a period that begins with the first.
#[derive(Clone, Copy)]
struct Window {
    since: i64,
    count: u32,
}

/// Wrong passwords in a row.
#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: i64,
    blocked_until: i64,
}

/// A login that may be tried. It counts as failed until it is told otherwise, so that a hundred tries at the same moment
/// are not all free.
#[must_use]
pub(crate) struct Attempt {
    key: u64,
    before: Option<Failures>,
}

/// Counts, and refuses what is too much.
pub(crate) struct Limiter {
    limits: Limits,
    clock: Arc<dyn Clock>,
    keys: RandomState,
    logins: Mutex<Recent<Window>>,
    registrations: Mutex<Recent<Window>>,
    refreshes: Mutex<Recent<Window>>,
    recoveries: Mutex<Recent<Window>>,
    availability: Mutex<Recent<Window>>,
    failures: Mutex<Recent<Failures>>,
    /// For each person, the instant until which their requests are spoken for.
    requests: Mutex<Recent<i64>>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            limits,
            clock,
            keys: RandomState::new(),
            logins: Mutex::new(Recent::new(CAPACITY)),
            registrations: Mutex::new(Recent::new(CAPACITY)),
            refreshes: Mutex::new(Recent::new(CAPACITY)),
            recoveries: Mutex::new(Recent::new(CAPACITY)),
            availability: Mutex::new(Recent::new(CAPACITY)),
            failures: Mutex::new(Recent::new(CAPACITY)),
            requests: Mutex::new(Recent::new(CAPACITY)),
        }
    }

    /// One more login from this network.
    pub(crate) fn login(&self, network: Option<IpAddr>) -> Result<(), Problem> {
        self.count(&self.logins, network, self.limits.logins_per_minute, MINUTE)
    }

    /// One more new account from this network.
    pub(crate) fn registration(&self, network: Option<IpAddr>) -> Result<(), Problem> {
        self.count(&self.registrations, network, self.limits.registrations_per_hour, HOUR)
    }

    /// One more refresh from this network.
    pub(crate) fn refresh(&self, network: Option<IpAddr>) -> Result<(), Problem> {
        self.count(&self.refreshes, network, self.limits.refreshes_per_minute, MINUTE)
    }

    /// One more request from this network for lost links.
    pub(crate) fn recovery(&self, network: Option<IpAddr>) -> Result<(), Problem> {
        self.count(&self.recoveries, network, self.limits.recoveries_per_hour, HOUR)
    }

    /// One more look from this network for free time.
    pub(crate) fn availability(&self, network: Option<IpAddr>) -> Result<(), Problem> {
        self.count(&self.availability, network, self.limits.availability_per_minute, MINUTE)
    }

    fn count(
        &self,
        table: &Mutex<Recent<Window>>,
        network: Option<IpAddr>,
        most: u32,
        period: i64,
    ) -> Result<(), Problem> {
        if !self.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let key = self.keys.hash_one(network.map(network_key));
        let mut table = lock(table);
        // A clock that was set back begins a new period; nobody waits for it to catch up.
        let window = table.get(key).filter(|w| (w.since..w.since + period).contains(&now));
        let window = window.unwrap_or(Window { since: now, count: 0 });
        if window.count >= most {
            return Err(too_many(Code::TooManyRequests, window.since + period - now));
        }
        table.set(key, Window { count: window.count + 1, ..window });
        Ok(())
    }

    /// One more request of this person: a bucket that holds the burst and fills at the steady rate, kept as the instant
    /// at which it would be full again.
    pub(crate) fn request(&self, user: UserId) -> Result<(), Problem> {
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
            return Err(too_many(Code::TooManyRequests, full_at - now - depth));
        }
        table.set(key, full_at);
        Ok(())
    }

    /// A password is about to be checked for this account. After some failures the next try has to wait.
    pub(crate) fn password(&self, account: &str, network: Option<IpAddr>) -> Result<Attempt, Problem> {
        let account = EmailAddress::parse(account).map_or_else(|_| account.to_lowercase(), |e| e.as_str().to_owned());
        let key = self.keys.hash_one((account, network.map(network_key)));
        if !self.limits.enabled {
            return Ok(Attempt { key, before: None });
        }
        let now = self.now();
        let mut table = lock(&self.failures);
        let before = table.get(key).filter(|f| (f.last..f.last + HOUR).contains(&now));
        if let Some(wait) = before.map(|f| f.blocked_until - now).filter(|wait| *wait > 0) {
            return Err(too_many(Code::TooManyFailures, wait));
        }
        let count = before.map_or(0, |f| f.count).saturating_add(1);
        table.set(key, Failures { count, last: now, blocked_until: now + self.delay(count) });
        Ok(Attempt { key, before })
    }

    /// The password was right.
    pub(crate) fn password_was_right(&self, attempt: &Attempt) {
        lock(&self.failures).forget(attempt.key);
    }

    /// Whether it was right, nobody knows: it was not checked after all.
    pub(crate) fn password_was_not_checked(&self, attempt: &Attempt) {
        let mut table = lock(&self.failures);
        match attempt.before {
            Some(before) => table.set(attempt.key, before),
            None => table.forget(attempt.key),
        }
    }

    /// How long the try after the failure of this number has to wait: nothing while failures are free, then 1, 2, 4 …
    /// seconds.
    fn delay(&self, count: u32) -> i64 {
        let longest = i64::from(self.limits.max_login_delay_secs);
        match count.checked_sub(self.limits.free_login_failures) {
            None => 0,
            Some(doublings) => (1_i64 << doublings.min(30)).min(longest) * SECOND,
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

/// One IPv4 address, or one IPv6 /64.
fn network_key(address: IpAddr) -> impl Hash {
    shorten(address, 32, 64)
}

fn too_many(code: Code, wait_ms: i64) -> Problem {
    Problem::after(code, u64::try_from(wait_ms).unwrap_or(0).div_ceil(1_000))
}

/// Nothing can panic while one of these locks is held, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
