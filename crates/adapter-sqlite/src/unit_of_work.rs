//! A unit of work: an open transaction on the thread of the writer.

mod attempts;
mod audit;
mod bookings;
mod calendar_feeds;
mod calendars;
mod idempotency;
mod login_sessions;
mod one_time_tokens;
mod outbox;
mod participants;
mod payments;
mod practice;
mod rooms;
mod second_factors;
mod services;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use attune_ports::{Conflict, StoreError, UnitOfWork};
use attune_sql::FromRow;
use diesel::query_dsl::methods::{ExecuteDsl, LoadQuery};
use diesel::sqlite::SqliteConnection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::{one_row, store_error};
use crate::load::{Load, row};
use crate::threads::{Pool, run_sql, wait_for};

/// The open transaction. Every call is a job on the thread of the writer.
///
/// The permit to write belongs to the transaction and is released when the writer has ended it: by a commit, or by the
/// rollback after an error, after a call that was dropped, or when this value is dropped.
pub(crate) struct SqliteUnitOfWork {
    writer: Arc<Pool>,
    /// `None` once the unit of work is committed or has failed.
    permit: Option<OwnedSemaphorePermit>,
    /// A call is running, or was dropped before it finished.
    unanswered: bool,
}

impl SqliteUnitOfWork {
    /// Takes SQLite's write lock at once: a transaction that starts with a read and writes later would be refused if
    /// another process wrote in between.
    pub(crate) async fn begin(writer: Arc<Pool>, permit: OwnedSemaphorePermit) -> Result<Self, StoreError> {
        // Created before the transaction begins, so that it is rolled back if the caller is dropped meanwhile.
        let mut work = Self { writer, permit: Some(permit), unanswered: false };
        work.call(|connection| run_sql(connection, "BEGIN IMMEDIATE")).await?;
        Ok(work)
    }

    /// Runs one call of the port. Its first error ends the transaction.
    pub(crate) async fn call<T, F>(&mut self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.check_open()?;
        self.unanswered = true;
        let result = self.writer.run(job).await;
        self.unanswered = false;
        if result.is_err() {
            self.roll_back();
        }
        result
    }

    async fn all<T, Q>(&mut self, query: Q) -> Result<Vec<T>, StoreError>
    where
        T: FromRow + Send + 'static,
        Q: Load<T> + Send + 'static,
    {
        self.call(move |connection| query.all(connection)).await
    }

    async fn one<T, Q>(&mut self, query: Q) -> Result<Option<T>, StoreError>
    where
        T: FromRow + Send + 'static,
        Q: Load<T> + Send + 'static,
    {
        self.call(move |connection| query.one(connection)).await
    }

    /// Runs a statement that returns one value of the row that it adds or changes, such as its id.
    async fn returning<T, S>(&mut self, statement: S) -> Result<T, StoreError>
    where
        T: FromRow + Send + 'static,
        S: LoadQuery<'static, SqliteConnection, T::Row> + Send + 'static,
    {
        self.call(move |connection| row(statement, connection)?.ok_or(StoreError::Conflict(Conflict::Stale))).await
    }

    /// The number of rows that a statement changed.
    async fn execute<S>(&mut self, statement: S) -> Result<u64, StoreError>
    where
        S: ExecuteDsl<SqliteConnection> + Send + 'static,
    {
        self.call(move |connection| {
            u64::try_from(execute(statement, connection)?).map_err(|e| StoreError::Failed(e.into()))
        })
        .await
    }

    /// Runs a statement that has to change one row.
    async fn change<S>(&mut self, statement: S) -> Result<(), StoreError>
    where
        S: ExecuteDsl<SqliteConnection> + Send + 'static,
    {
        self.call(move |connection| one_row(execute(statement, connection)?)).await
    }

    fn check_open(&mut self) -> Result<(), StoreError> {
        if self.unanswered {
            self.roll_back();
        }
        if self.permit.is_some() {
            Ok(())
        } else {
            Err(StoreError::Failed("the unit of work has ended: an earlier call failed or was dropped".into()))
        }
    }

    /// Has the writer roll back, without waiting for it.
    fn roll_back(&mut self) {
        if let Some(permit) = self.permit.take() {
            // If the store is closed, so is the connection, and the transaction ended with it.
            let _ = self.writer.post(Box::new(move |connection| {
                connection.roll_back();
                drop(permit);
            }));
        }
    }
}

impl Drop for SqliteUnitOfWork {
    fn drop(&mut self) {
        self.roll_back();
    }
}

#[async_trait]
impl UnitOfWork for SqliteUnitOfWork {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.check_open()?;
        let permit = self.permit.take();
        let (reply, committed) = oneshot::channel();
        // Posted, so that a queued commit is carried out whether or not the caller still waits.
        self.writer.post(Box::new(move |connection| {
            // A commit to a file that no path leads to would succeed, and be lost with the process.
            let in_place = connection.check_in_place();
            let result = in_place.and_then(|()| connection.run(|connection| run_sql(connection, "COMMIT")));
            if result.is_err() {
                connection.roll_back();
            }
            drop(permit);
            let _ = reply.send(result);
        }))?;
        wait_for(committed).await
    }
}

/// The number of rows that a statement changed.
fn execute<S: ExecuteDsl<SqliteConnection>>(
    statement: S,
    connection: &mut SqliteConnection,
) -> Result<usize, StoreError> {
    ExecuteDsl::execute(statement, connection).map_err(store_error)
}
