//! What was responded to requests, and how long it took.
//!
//! The counts of a route are made when the server starts. To record a request takes three additions, without a lock or an
//! allocation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};

use crate::rate_limits::RateLimiter;

/// The name of methods and statuses without a count of their own. Methods are text of the client, so only known ones have.
const OTHER: &str = "other";

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", OTHER];

/// In ascending order.
const STATUSES: [u16; 33] = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414,
    415, 416, 422, 428, 429, 431, 500, 502, 503, 504,
];

/// With the last one for all other statuses.
const PER_METHOD: usize = STATUSES.len() + 1;

/// The upper bounds of the classes of durations, in microseconds. The last class has none.
const BOUNDS: [u64; 13] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// What a server counts for as long as it runs.
#[derive(Clone)]
pub struct Traffic {
    pub routes: Vec<Arc<RouteTraffic>>,
    pub limiter: Arc<RateLimiter>,
}

/// The counts of a route.
pub struct RouteTraffic {
    pattern: &'static str,
    responses: [AtomicU64; METHODS.len() * PER_METHOD],
    durations: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

/// How long requests of a route took.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// All of them together, in seconds.
    pub seconds: f64,
    /// How many there were.
    pub requests: u64,
    /// How many took at most so many seconds, and longer than the bound before; the last bound is infinite.
    pub classes: Vec<(f64, u64)>,
}

impl RouteTraffic {
    /// `pattern` is the path of the route, such as `/api/bookings/{id}`.
    pub fn new(pattern: &'static str) -> Self {
        Self {
            pattern,
            responses: [const { AtomicU64::new(0) }; METHODS.len() * PER_METHOD],
            durations: [const { AtomicU64::new(0) }; BOUNDS.len() + 1],
            microseconds: AtomicU64::new(0),
        }
    }

    pub fn pattern(&self) -> &'static str {
        self.pattern
    }

    /// Counts a request that got a response.
    pub fn record(&self, method: &Method, status: StatusCode, took: Duration) {
        let method = METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1);
        let status = STATUSES.binary_search(&status.as_u16()).unwrap_or(STATUSES.len());
        self.responses[method * PER_METHOD + status].fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.durations[BOUNDS.partition_point(|bound| *bound < microseconds)].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// The method, the status (`None` is any other one) and the number of responses, where there were any.
    pub fn responses(&self) -> impl Iterator<Item = (&'static str, Option<u16>, u64)> {
        self.responses.iter().enumerate().filter_map(|(index, responses)| {
            let responses = responses.load(Ordering::Relaxed);
            let status = STATUSES.get(index % PER_METHOD).copied();
            (responses > 0).then_some((METHODS[index / PER_METHOD], status, responses))
        })
    }

    pub fn durations(&self) -> Durations {
        #[expect(clippy::cast_precision_loss, reason = "the loss begins after 285 years")]
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        let bounds = BOUNDS.into_iter().map(seconds).chain([f64::INFINITY]);
        let counts = self.durations.iter().map(|count| count.load(Ordering::Relaxed));
        let classes: Vec<_> = bounds.zip(counts).collect();
        Durations {
            seconds: seconds(self.microseconds.load(Ordering::Relaxed)),
            requests: classes.iter().map(|(_, count)| count).sum(),
            classes,
        }
    }
}

#[cfg(test)]
mod tests;
