//! Scenarios on all three stores: random walks, concurrent requests, repeated requests.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod concurrency;
mod idempotency;
mod outbox;
mod random_walks;
mod simulated_year;
