//! A unit of work: a connection of the pool with an open transaction.

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
use std::time::Instant;

use async_trait::async_trait;
use attune_ports::{StoreError, UnitOfWork};
use attune_sql::FromRow;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager};
use tokio::time::timeout;

use crate::error::{QueryError, one_row};
use crate::functions::{hashtextextended, pg_advisory_xact_lock};
use crate::load::{Load, Returning};
use crate::rollback::Rollbacks;
use crate::timeouts::ANSWER_DEADLINE;
use crate::write_pool::PooledConnection;

pub(crate) struct PostgresUnitOfWork {
    /// `None` once the unit of work is committed or has failed.
    connection: Option<PooledConnection>,
    /// A call is running, or was dropped before it finished.
    in_call: bool,
    rollbacks: Arc<Rollbacks>,
}

impl PostgresUnitOfWork {
    /// Takes over a connection on which a transaction has begun.
    pub(crate) fn new(connection: PooledConnection, rollbacks: Arc<Rollbacks>) -> Self {
        Self { connection: Some(connection), in_call: false, rollbacks }
    }

    /// Runs one call of the port. Its first error, of whatever kind, ends the transaction.
    async fn call<T>(
        &mut self,
        statements: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().filter(|_| !self.in_call).ok_or_else(ended)?;
        let began = Instant::now();
        self.in_call = true;
        let outcome = timeout(ANSWER_DEADLINE, statements(connection)).await;
        let Ok(result) = outcome else {
            return Err(StoreError::Unavailable("the database did not answer in time".into()));
        };
        self.in_call = false;
        match result {
            Ok(value) => Ok(value),
            Err(error) => {
                let is_read_only = error.is_read_only();
                let error = error.into_store_error(began.elapsed());
                match self.connection.take() {
                    // Another server, or the same one later, is the primary.
                    Some(connection) if is_read_only => connection.give_up(),
                    Some(connection) => self.rollbacks.roll_back(connection).await,
                    None => {}
                }
                Err(error)
            }
        }
    }

    async fn all<T: FromRow>(&mut self, query: impl Load<T>) -> Result<Vec<T>, StoreError> {
        self.call(async |c| query.all(c).await).await
    }

    async fn one<T: FromRow>(&mut self, query: impl Load<T>) -> Result<Option<T>, StoreError> {
        self.call(async |c| query.one(c).await).await
    }

    async fn returning<T: FromRow>(&mut self, statement: impl Returning<T>) -> Result<T, StoreError> {
        self.call(async |c| statement.value(c).await).await
    }

    /// The number of rows that a statement changed.
    async fn execute<S>(&mut self, statement: S) -> Result<u64, StoreError>
    where
        S: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        self.call(async |mut c| Ok(u64::try_from(statement.execute(&mut c).await?).unwrap_or(u64::MAX))).await
    }

    /// Runs a statement that has to change one row.
    async fn change<S>(&mut self, statement: S) -> Result<(), StoreError>
    where
        S: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        self.call(async |mut c| Ok(one_row(statement.execute(&mut c).await?)?)).await
    }

    /// Waits for an advisory lock, which is held until the transaction ends.
    async fn lock(&mut self, name: &str) -> Result<(), StoreError> {
        self.call(async |mut c| {
            diesel::select(pg_advisory_xact_lock(hashtextextended(name, 0))).execute(&mut c).await?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl UnitOfWork for PostgresUnitOfWork {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        // The connection is taken out of the unit of work: if this future is dropped, the pool finds a transaction in the
        // middle of its commit and discards the connection.
        let mut connection = self.connection.take_if(|_| !self.in_call).ok_or_else(ended)?;
        let began = Instant::now();
        match timeout(ANSWER_DEADLINE, AnsiTransactionManager::commit_transaction(&mut *connection)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(QueryError::Diesel(error).into_store_error(began.elapsed())),
            Err(_) => Err(StoreError::Unavailable("the database did not confirm the commit in time".into())),
        }
    }
}

impl Drop for PostgresUnitOfWork {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // The next unit of work waits for the rollback.
            drop(if self.in_call { self.rollbacks.abandon(connection) } else { self.rollbacks.roll_back(connection) });
        }
    }
}

fn ended() -> StoreError {
    StoreError::Failed("the unit of work has ended: an earlier call failed or was dropped".into())
}
