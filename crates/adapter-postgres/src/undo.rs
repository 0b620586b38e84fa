//! Taking transactions back that nobody committed.
//!
//! A unit of work may be dropped anywhere, and nothing can be waited for there. So a task takes the transaction back,
//! and whoever begins the next unit of work waits for the tasks that are under way: to the caller it looks as if the
//! locks had been given back at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel_async::{AnsiTransactionManager, SimpleAsyncConnection, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};
use tokio::time::timeout;

use crate::dial::{ANSWER_DEADLINE, Dialer};
use crate::store::Writer;

/// Longest wait for transactions that are being taken back. Beyond that, their locks are waited for like any others.
const SETTLE_DEADLINE: Duration = Duration::from_millis(500);

/// Ready when a transaction has been taken back.
type Undone = Shared<BoxFuture<'static, ()>>;

/// The transactions that are being taken back; never more than there are connections in the pool.
pub(crate) struct Undoer {
    dialer: Arc<Dialer>,
    under_way: Mutex<Vec<Undone>>,
}

impl Undoer {
    /// Nothing is under way yet.
    pub(crate) fn new(dialer: Arc<Dialer>) -> Self {
        Self { dialer, under_way: Mutex::default() }
    }

    /// Takes a transaction back on which no statement is under way, and returns the connection to the pool.
    pub(crate) fn roll_back(&self, mut connection: Writer) -> Undone {
        self.spawn(async move {
            let undone = AnsiTransactionManager::rollback_transaction(&mut *connection);
            // If that fails, the pool throws the connection away, and the transaction ends with it.
            if !matches!(timeout(ANSWER_DEADLINE, undone).await, Ok(Ok(()))) {
                tracing::debug!("a transaction ended with its connection");
            }
        })
    }

    /// Ends a transaction together with its connection, on which a statement may be under way.
    pub(crate) fn abandon(&self, connection: Writer) -> Undone {
        let dialer = Arc::clone(&self.dialer);
        self.spawn(async move {
            dialer.cancel(connection.cancel_token()).await;
            // Answered in turn, so the answer says that the statement is over. Said past Diesel's own account of the
            // transaction, which still calls it open: the pool then throws the connection away, and a cancellation
            // that comes late meets nobody else's statement.
            let mut shared = &*connection;
            if !matches!(timeout(ANSWER_DEADLINE, shared.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
                tracing::debug!("a transaction ended with its connection");
            }
        })
    }

    /// Waits for everything that is under way now.
    pub(crate) async fn settled(&self) {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if timeout(SETTLE_DEADLINE, join_all(under_way)).await.is_err() {
            tracing::debug!("a transaction takes long to be taken back");
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Undone {
        let undone = self.dialer.home().spawn(task).map(|_| ()).boxed().shared();
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|earlier| earlier.clone().now_or_never().is_none());
        under_way.push(undone.clone());
        undone
    }
}
