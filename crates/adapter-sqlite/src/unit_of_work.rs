//! One transaction on the writer's thread.

mod accounts;
pub(crate) mod bookings;
mod calendars;
mod meetings;
mod outbox;
mod payments;

use std::sync::Arc;

use async_trait::async_trait;
use attune_ports::{StoreError, UnitOfWork};
use diesel::sqlite::SqliteConnection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::threads::{Pool, execute, wait_for};

/// The open transaction. Every call of a face is a job on the writer's thread.
///
/// The permit to write goes with the transaction, and comes free only when the writer's thread has ended it, by a
/// commit or by the rollback that follows an error, a call that was dropped half-way, or the drop of the whole.
pub(crate) struct SqliteUnitOfWork {
    writer: Arc<Pool>,
    /// `None` once it is spent.
    permit: Option<OwnedSemaphorePermit>,
    /// A call was made and its answer was not seen: nobody knows what it did.
    unanswered: bool,
}

impl SqliteUnitOfWork {
    /// Begins, and takes SQLite's write lock at once: a transaction that starts by reading and writes later would be
    /// refused if another process wrote in between.
    pub(crate) async fn begin(writer: Arc<Pool>, permit: OwnedSemaphorePermit) -> Result<Self, StoreError> {
        // Made before the transaction begins, so that a caller who is dropped meanwhile rolls it back.
        let mut work = Self { writer, permit: Some(permit), unanswered: false };
        work.call(|connection| execute(connection, "BEGIN IMMEDIATE")).await?;
        Ok(work)
    }

    /// Does something within the transaction. The first error ends it.
    pub(crate) async fn call<T, F>(&mut self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.check_unspent()?;
        self.unanswered = true;
        let result = self.writer.ask(job).await;
        self.unanswered = false;
        if result.is_err() {
            self.undo();
        }
        result
    }

    fn check_unspent(&mut self) -> Result<(), StoreError> {
        if self.unanswered {
            self.undo();
        }
        if self.permit.is_some() {
            Ok(())
        } else {
            Err(StoreError::Failed("the unit of work is spent: a call before this one failed or was dropped".into()))
        }
    }

    /// Has the writer's thread roll back, without waiting for it.
    fn undo(&mut self) {
        if let Some(permit) = self.permit.take() {
            // If the store is closed, the connection went with it, and so did the transaction.
            let _ = self.writer.post(Box::new(move |link| {
                link.roll_back();
                drop(permit);
            }));
        }
    }
}

impl Drop for SqliteUnitOfWork {
    fn drop(&mut self) {
        self.undo();
    }
}

#[async_trait]
impl UnitOfWork for SqliteUnitOfWork {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.check_unspent()?;
        let permit = self.permit.take();
        let (reply, answer) = oneshot::channel();
        // Posted, not asked: once the commit is on its way it is carried out, whether or not the caller still waits.
        self.writer.post(Box::new(move |link| {
            let result = link.run(|connection| execute(connection, "COMMIT"));
            if result.is_err() {
                link.roll_back();
            }
            drop(permit);
            let _ = reply.send(result);
        }))?;
        wait_for(answer).await
    }
}
