//! The embedded store, from outside and on real files.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod cancellation;
mod close;
mod contract;
mod migrations;
mod open;
mod races;
mod reads;
mod recovery;
mod schema;
mod setting;
mod two_stores;
mod upgrade;
