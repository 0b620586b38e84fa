//! Shared connections for queries, and queries that share statements.

pub(crate) mod batch_loader;
pub(crate) mod pages;
pub(crate) mod pool;
pub(crate) mod prepared;
