#![doc = include_str!("../README.md")]

mod config;
mod connector;
mod dump;
mod error;
mod functions;
mod load;
mod migrations;
mod queries;
mod reads;
mod requirements;
mod rollback;
mod runtime;
mod store;
mod timeouts;
mod tls;
mod unit_of_work;
mod write_pool;

pub use config::{DatabaseUrl, PostgresConfig};
pub use dump::DumpError;
pub use error::OpenError;
pub use migrations::MigrateError;
pub use requirements::ServerFault;
pub use store::PostgresStore;
