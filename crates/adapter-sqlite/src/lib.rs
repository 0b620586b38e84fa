//! The embedded store of Attune, on SQLite.
//!
//! Plain Diesel connections live on threads of their own: one that writes, a few that read lists, and one or two that look
//! up rows by their keys and answer all who wait at once. A call sends a job to a thread and waits for the answer with a
//! deadline, so a caller that gives up, or is dropped, leaves nothing behind: the job runs to its end, and a unit of work
//! that nobody committed is rolled back before the next one begins.
//!
//! A second process may open the same file. Writers of both wait for each other, and readers wait for nobody.

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
