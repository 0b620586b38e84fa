//! The embedded store, from outside and on real files.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod cancellation;
mod close;
mod concurrent_stores;
mod contract;
mod harness;
mod migrations;
mod open;
mod races;
mod reads;
mod recovery;
mod removed;
mod schema;
mod upgrade;
