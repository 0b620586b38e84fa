//! Rollbacks of transactions that were not committed.
//!
//! A unit of work may be dropped anywhere, where nothing can be awaited. So a task rolls its transaction back, and the
//! next unit of work waits for the running tasks: to the caller the locks seem to be released at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel_async::{AnsiTransactionManager, SimpleAsyncConnection, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};
use tokio::time::timeout;

use crate::connector::Connector;
use crate::timeouts::ANSWER_DEADLINE;
use crate::write_pool::PooledConnection;

/// The longest wait for running rollbacks. After that, their locks are waited for like any others.
const SETTLE_DEADLINE: Duration = Duration::from_millis(500);

/// Ready when a transaction has been rolled back.
type Rollback = Shared<BoxFuture<'static, ()>>;

/// The running rollbacks, at most one for each connection of the pool.
pub(crate) struct Rollbacks {
    connector: Arc<Connector>,
    running: Mutex<Vec<Rollback>>,
}

impl Rollbacks {
    pub(crate) fn new(connector: Arc<Connector>) -> Self {
        Self { connector, running: Mutex::default() }
    }

    /// Rolls a transaction back on whose connection no statement is running, and returns the connection to the pool.
    pub(crate) fn roll_back(&self, mut connection: PooledConnection) -> Rollback {
        self.spawn(async move {
            let rollback = AnsiTransactionManager::rollback_transaction(&mut *connection);
            // If that fails, the pool discards the connection, and the transaction ends with it.
            if !matches!(timeout(ANSWER_DEADLINE, rollback).await, Ok(Ok(()))) {
                tracing::debug!("a transaction ended with its connection");
            }
        })
    }

    /// Ends a transaction together with its connection, on which a statement may be running.
    pub(crate) fn abandon(&self, connection: PooledConnection) -> Rollback {
        let connector = Arc::clone(&self.connector);
        self.spawn(async move {
            connector.cancel(connection.cancel_token()).await;
            // Statements are answered in order, so the answer shows that the cancelled one is over. Diesel does not know and
            // still counts the transaction as open: so the pool discards the connection, and a cancellation that arrives
            // late hits no other statement.
            let mut shared = &*connection;
            if !matches!(timeout(ANSWER_DEADLINE, shared.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
                tracing::debug!("a transaction ended with its connection");
            }
        })
    }

    /// Waits for the rollbacks that are running now.
    pub(crate) async fn wait(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if timeout(SETTLE_DEADLINE, join_all(running)).await.is_err() {
            tracing::debug!("a rollback takes long");
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Rollback {
        let rollback = self.connector.runtime().spawn(task).map(|_| ()).boxed().shared();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|earlier| earlier.clone().now_or_never().is_none());
        running.push(rollback.clone());
        rollback
    }
}
