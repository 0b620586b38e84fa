//! Whole stories over all three stores: walks of many commands, crowds at one moment, wishes made more than once.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod concurrency;
mod idempotency;
mod outbox;
mod random_walks;
