#![doc = include_str!("../README.md")]

mod families;
mod server;
mod snapshot;

pub use server::serve;
pub use snapshot::{PasswordQueue, Snapshot, Source, TaskRuns};

#[cfg(test)]
mod tests;
