//! What a scrape shows.

use async_trait::async_trait;
use attune_http_common::Traffic;
use attune_ports::{Backlog, StoreActivity};
use jiff::Timestamp;

/// Where the metrics come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// The state at this moment. Completes within a few seconds, also when the database does not respond.
    async fn snapshot(&self) -> Snapshot;
}

#[derive(Clone, derive_more::Debug)]
pub struct Snapshot {
    pub version: &'static str,
    /// `sqlite`, `postgres` or `memory`.
    pub database: &'static str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None` if the database did not respond.
    pub backlog: Option<Backlog>,
    pub store: StoreActivity,
    pub passwords: PasswordQueue,
    /// The tasks of the worker, if this process runs one.
    pub tasks: Vec<TaskRuns>,
    /// `None` if there was none, or its time cannot be read.
    pub last_backup: Option<Timestamp>,
    /// `None` if this process serves no requests.
    #[debug(skip)]
    pub traffic: Option<Traffic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordQueue {
    /// Passwords that wait for a thread.
    pub waiting: u64,
    /// Passwords that were refused since the start, because too many were waiting.
    pub refused: u64,
}

/// What a task of the worker did since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskRuns {
    pub name: &'static str,
    /// When it last ended, in whatever way.
    pub last_run: Option<Timestamp>,
    /// When it last succeeded.
    pub last_success: Option<Timestamp>,
    pub failures: u64,
}
