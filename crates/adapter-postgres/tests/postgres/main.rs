//! The PostgreSQL store, against a real server. What all stores promise is in the contract suite; the rest is what only
//! a server can do to us.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod contract;
mod crowd;
mod harness;
mod healing;
mod locks;
mod migrations;
mod opening;
mod plans;
mod race;
mod schema;
mod tally;
mod upgrade;
mod waiting;
