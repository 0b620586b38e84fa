//! A unit of work: one connection of the pool, with an open transaction.
//!
//! One file per face of the port.

mod audit;
mod bookings;
mod calendars;
mod login_failures;
mod outbox;
mod participants;
mod payments;
mod replies;
mod rooms;
mod services;
mod sessions;
mod users;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use attune_ports::{StoreError, UnitOfWork};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager};
use tokio::time::timeout;

use crate::dial::ANSWER_DEADLINE;
use crate::error::Trouble;
use crate::sql::{hashtextextended, pg_advisory_xact_lock};
use crate::store::Writer;
use crate::undo::Undoer;

/// An open unit of work.
pub(crate) struct PostgresUnit {
    /// `None` once the unit of work is committed or spent.
    connection: Option<Writer>,
    /// A call is under way, or was dropped or given up in the middle.
    in_call: bool,
    undoer: Arc<Undoer>,
}

impl PostgresUnit {
    /// Takes over a connection on which a transaction has begun.
    pub(crate) fn new(connection: Writer, undoer: Arc<Undoer>) -> Self {
        Self { connection: Some(connection), in_call: false, undoer }
    }

    /// Runs one call of the port. Its first error, of whatever kind, ends the transaction.
    async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().filter(|_| !self.in_call).ok_or_else(spent)?;
        let began = Instant::now();
        self.in_call = true;
        let outcome = timeout(ANSWER_DEADLINE, work(connection)).await;
        let Ok(result) = outcome else {
            return Err(StoreError::Unavailable("the database did not answer in time".into()));
        };
        self.in_call = false;
        match result {
            Ok(value) => Ok(value),
            Err(trouble) => {
                let error = trouble.into_store_error(began.elapsed());
                self.give_up().await;
                Err(error)
            }
        }
    }

    /// Takes the transaction back and returns the connection to the pool.
    async fn give_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.undoer.roll_back(connection).await;
        }
    }

    /// Waits for a lock that has no row.
    async fn lock(&mut self, name: &str) -> Result<(), StoreError> {
        self.call(async |mut c| {
            diesel::select(pg_advisory_xact_lock(hashtextextended(name, 0))).execute(&mut c).await?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl UnitOfWork for PostgresUnit {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        // From here on the connection is ours alone: if this future is dropped, the pool sees a transaction in the
        // middle of its end and throws the connection away.
        let mut connection = self.connection.take_if(|_| !self.in_call).ok_or_else(spent)?;
        let began = Instant::now();
        match timeout(ANSWER_DEADLINE, AnsiTransactionManager::commit_transaction(&mut *connection)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Trouble::Driver(error).into_store_error(began.elapsed())),
            Err(_) => Err(StoreError::Unavailable("the database did not confirm the commit in time".into())),
        }
    }
}

impl Drop for PostgresUnit {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // What becomes of it is waited for by whoever begins next.
            drop(if self.in_call { self.undoer.abandon(connection) } else { self.undoer.roll_back(connection) });
        }
    }
}

fn spent() -> StoreError {
    StoreError::Failed("the unit of work is spent: an earlier call failed or was given up".into())
}
