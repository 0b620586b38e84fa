#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, reason = "this is a test kit: a test may stop at the first surprise")]

mod commands;
mod concurrency;
mod emails;
mod invariants;
mod ledger_checks;
mod model;
mod random_walk;
mod retrying_store;
mod setup;
mod snapshot;
mod stores;
mod stripe;
mod unguarded;
mod world;

pub use commands::{Command, MailServer, Outcome, Rejection, Settled, Share, When, Who, any_commands};
pub use concurrency::at_once;
pub use model::{Appointment, Model};
pub use random_walk::{Tally, random_walk};
pub use setup::{Setup, any_setup};
pub use snapshot::{BookingSnapshot, Snapshot};
pub use stores::{Kind, Stores};
pub use stripe::Stripe;
pub use world::World;
