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

/// Makes a test of each scenario on every store.
#[macro_export]
macro_rules! on_every_store {
    ($($scenario:ident)+) => {$($crate::on_stores! { $scenario: in_memory Memory, on_sqlite Sqlite, on_postgres Postgres })+};
}

/// Makes a test of each scenario on both databases.
#[macro_export]
macro_rules! on_both_databases {
    ($($scenario:ident)+) => {$($crate::on_stores! { $scenario: on_sqlite Sqlite, on_postgres Postgres })+};
}

#[doc(hidden)]
#[macro_export]
macro_rules! on_stores {
    ($scenario:ident: $($test:ident $kind:ident),+) => {
        mod $scenario {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$scenario($crate::Kind::$kind).await;
            })+
        }
    };
}

pub use commands::{Command, MailServer, Outcome, Rejection, Settled, Share, When, Who, any_commands};
pub use concurrency::at_once;
pub use model::{Appointment, Model};
pub use random_walk::{Tally, random_walk};
pub use setup::{Setup, any_setup};
pub use snapshot::{BookingSnapshot, Snapshot};
pub use stores::{Kind, Stores};
pub use stripe::Stripe;
pub use world::World;
