#![doc = include_str!("../README.md")]

mod error;
mod migrations;
mod open;
mod queries;
mod statements;
mod store;
mod threads;
mod unit_of_work;

pub use migrations::MigrateError;
pub use open::{OpenError, SqliteConfig};
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
