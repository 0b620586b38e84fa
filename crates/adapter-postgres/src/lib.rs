//! The production store of Attune, on PostgreSQL.
//!
//! Writes go through a pool: a unit of work owns one connection with an open transaction, and gives it back committed,
//! rolled back, or not at all. Reads share a few connections on which any number of queries is under way at once
//! (pipelining), because a look-up is one short statement and needs no connection of its own.
//!
//! # The database URL
//!
//! `postgres://user:password@host:5432/database`, or `?host=/run/postgresql` for a Unix socket. Beside the parameters
//! of `tokio-postgres` it takes these two:
//!
//! - `sslmode`: `disable`, `prefer` or `require`. Whenever TLS is used, the server's certificate and name are checked,
//!   so `require` means what libpq calls `verify-full`, which is accepted as another word for it. Without the parameter,
//!   a server on this machine is spoken to in the clear, any other one as with `prefer`.
//! - `sslrootcert`: a PEM file with the certificates to trust instead of the system's.

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
