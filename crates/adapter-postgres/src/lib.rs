#![doc = include_str!("../README.md")]

mod config;
mod crowd;
mod dial;
mod error;
mod home;
mod hot;
mod lists;
mod migrations;
mod queries;
mod readers;
mod sql;
mod store;
mod undo;
mod unit;

pub use config::{DatabaseUrl, PostgresConfig};
pub use dial::OpenError;
pub use migrations::MigrateError;
pub use store::PostgresStore;
