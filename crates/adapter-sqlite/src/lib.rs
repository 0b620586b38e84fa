#![doc = include_str!("../README.md")]

mod config;
mod connector;
mod dump;
mod error;
mod load;
mod migrations;
mod queries;
mod snapshot;
mod store;
mod threads;
mod unit_of_work;

pub use config::SqliteConfig;
pub use dump::{DumpError, restore, retire};
pub use error::{OpenError, is_replaced};
pub use migrations::{MigrateError, migration_names};
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
