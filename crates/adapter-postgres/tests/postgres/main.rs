//! The PostgreSQL store, against a real server. What all stores promise is in the contract suite; the rest is what only
//! a server can do to us.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod batch_loader;
mod connecting;
mod contract;
mod fail_over;
mod harness;
mod locks;
mod migrations;
mod plans;
mod pool_waits;
mod race;
mod reconnect;
mod requirements;
mod schema;
mod totals;
mod upgrade;
