//! A batch loader (dataloader): reads that are requested at the same time share one statement.
//!
//! Each statement has a fixed cost on both sides, to be sent, parsed, answered and awaited; one that finds one row costs
//! nearly as much as one that finds fifty. So a read that is requested while a statement is running waits for the next
//! one, together with all others. An idle loader sends a read at once.
//!
//! Nothing is cached. A statement is sent after each of its reads was requested, so each sees everything that was committed
//! before.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attune_ports::{BatchActivity, StoreError};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::QueryError;
use crate::reads::pool::{Connect, Pool};
use crate::timeouts::ANSWER_DEADLINE;

/// When a statement takes longer than this, another one may be sent.
const PATIENCE: Duration = Duration::from_millis(2);

/// What is read, best in a batch with others.
pub(crate) trait Key: Send + Sync + Sized + 'static {
    type Value: Send + 'static;
    type Connection: Connect;
    const MAX_BATCH: usize;

    /// Loads a value for each key, in their order. An error of one key is returned as its value.
    fn load(
        connection: &Self::Connection,
        keys: &[Self],
    ) -> impl Future<Output = Result<Vec<Result<Self::Value, StoreError>>, QueryError>> + Send;
}

struct Request<K: Key> {
    key: K,
    reply: oneshot::Sender<Result<K::Value, StoreError>>,
}

/// A failed statement fails all its reads with the same cause.
#[derive(Debug, Error)]
#[error("the statement of a batch failed")]
struct BatchFailed(#[source] Arc<StoreError>);

/// What was sent to the database.
#[derive(Default)]
struct Sent {
    statements: AtomicU64,
    reads: AtomicU64,
}

pub(crate) struct BatchLoader<K: Key> {
    /// `None` once the store is closed.
    requests: Mutex<Option<mpsc::UnboundedSender<Request<K>>>>,
    sent: Arc<Sent>,
}

impl<K: Key> BatchLoader<K> {
    /// Starts the task that sends the statements, at most so many at a time. It ends with this value.
    pub(crate) fn start(runtime: &Handle, connections: &Arc<Pool<K::Connection>>, max_statements: usize) -> Self {
        let (requests, queue) = mpsc::unbounded_channel();
        let sent = Arc::<Sent>::default();
        runtime.spawn(load_batches::<K>(queue, Arc::clone(connections), max_statements.max(1), Arc::clone(&sent)));
        Self { requests: Mutex::new(Some(requests)), sent }
    }

    /// `name` says what is read.
    pub(crate) fn activity(&self, name: &'static str) -> BatchActivity {
        let Sent { statements, reads } = &*self.sent;
        BatchActivity { name, batches: statements.load(Ordering::Relaxed), reads: reads.load(Ordering::Relaxed) }
    }

    /// Errors: `Unavailable` after the deadline.
    pub(crate) async fn fetch(&self, key: K) -> Result<K::Value, StoreError> {
        let (reply, replied) = oneshot::channel();
        let closed = || StoreError::Unavailable("the store is closed".into());
        {
            let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.as_ref().ok_or_else(closed)?.send(Request { key, reply }).map_err(|_| closed())?;
        }
        match timeout(ANSWER_DEADLINE, replied).await {
            Ok(Ok(value)) => value,
            Ok(Err(_)) => Err(StoreError::Unavailable("the read was abandoned".into())),
            Err(_) => Err(StoreError::Unavailable("the database did not answer in time".into())),
        }
    }

    /// Accepts no more requests.
    pub(crate) fn close(&self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Takes all waiting requests and loads them with one statement, again and again.
///
/// One statement at a time makes the batches large and the work small. Another one is sent only when a statement takes
/// unusually long, and only up to the limit.
async fn load_batches<K: Key>(
    mut queue: mpsc::UnboundedReceiver<Request<K>>,
    connections: Arc<Pool<K::Connection>>,
    max_statements: usize,
    sent: Arc<Sent>,
) {
    let mut statements = FuturesUnordered::new();
    let mut requests: Vec<Request<K>> = Vec::new();
    let mut patient_until = Instant::now();
    let mut patient = false;
    loop {
        let idle = statements.is_empty();
        let below_limit = statements.len() < max_statements;
        tokio::select! {
            biased;
            Some(()) = statements.next() => continue,
            () = sleep_until(patient_until), if patient && !idle && below_limit => {
                patient = false;
                continue;
            }
            taken = queue.recv_many(&mut requests, K::MAX_BATCH), if idle || !patient && below_limit => {
                if taken == 0 { break }
            }
        }
        // Callers that stopped waiting in the meantime need no answer.
        requests.retain(|request| !request.reply.is_closed());
        if !requests.is_empty() {
            sent.statements.fetch_add(1, Ordering::Relaxed);
            sent.reads.fetch_add(requests.len() as u64, Ordering::Relaxed);
            statements.push(load_batch(std::mem::take(&mut requests), &connections));
            patient_until = Instant::now() + PATIENCE;
            patient = true;
        }
    }
    while statements.next().await.is_some() {}
}

async fn load_batch<K: Key>(requests: Vec<Request<K>>, connections: &Pool<K::Connection>) {
    let (keys, replies): (Vec<K>, Vec<_>) = requests.into_iter().map(|request| (request.key, request.reply)).unzip();
    let loading = AssertUnwindSafe(connections.run(async |connection| K::load(connection, &keys).await)).catch_unwind();
    // Nothing here should panic. If it does, only this batch is lost, not all that follow.
    let Ok(loaded) = loading.await else {
        tracing::error!(reads = keys.len(), "a batch of reads was abandoned after a panic");
        return;
    };
    let values = match loaded {
        Ok(values) => values,
        Err(error) => {
            let error = Arc::new(error);
            keys.iter().map(|_| Err(share(&error))).collect()
        }
    };
    for (reply, value) in replies.into_iter().zip(values) {
        // The caller may have stopped waiting.
        let _ = reply.send(value);
    }
}

/// The same error, for one more caller.
pub(crate) fn share(error: &Arc<StoreError>) -> StoreError {
    let source = || Box::new(BatchFailed(Arc::clone(error)));
    match &**error {
        StoreError::Conflict(rule) => StoreError::Conflict(*rule),
        StoreError::Contended => StoreError::Contended,
        StoreError::Unavailable(_) => StoreError::Unavailable(source()),
        StoreError::Corrupt(_) => StoreError::Corrupt(source()),
        StoreError::Failed(_) => StoreError::Failed(source()),
    }
}
