//! The store: a writer, readers, and the permit to write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{BatchActivity, PoolActivity, Store, StoreActivity, StoreError, UnitOfWork};
use attune_sql::{FromRow, WaitCount};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::SqliteConfig;
use crate::connector::Connector;
use crate::error::OpenError;
use crate::load::Load;
use crate::threads::{Lookup, Pool, QueueActivity, ThreadConnection};
use crate::unit_of_work::SqliteUnitOfWork;

/// How long a unit of work waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// An open database file. Implements [`Store`] and [`attune_ports::Queries`].
///
/// Needs a Tokio runtime with its clock, of either kind, in every asynchronous call.
pub struct SqliteStore {
    pub(crate) connector: Connector,
    pub(crate) writer: Arc<Pool>,
    /// For lists and reports, which may take long.
    pub(crate) readers: Pool,
    /// For rows that are found by their keys, so that they need not wait for lists.
    pub(crate) lookups: Pool<Box<dyn Lookup>>,
    turn: Arc<Semaphore>,
    /// Units of work that wait for their turn.
    waiting: WaitCount,
    /// Those that gave up.
    timeouts: AtomicU64,
}

impl SqliteStore {
    /// Opens the file, checks it, and starts the threads. Blocks during the check, which takes about a second per
    /// gigabyte. Changes nothing but the journal mode: see [`SqliteStore::migrate`].
    pub fn open(config: SqliteConfig) -> Result<Self, OpenError> {
        let connector = Connector::prepare(&config)?;
        let mut connection = connector.connect()?;
        connector.check(&mut connection)?;
        let reading = |threads: usize| {
            (0..threads)
                .map(|_| {
                    let connector = connector.reading();
                    connector.connect().map(|connection| ThreadConnection::new(connector, connection))
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let readers = reading(config.readers.max(1))?;
        // Fewer, because each runs many at once; a second one, so that not all wait when one waits for the disk.
        let lookups = reading(config.readers.max(1).div_ceil(2))?;
        let writer = vec![ThreadConnection::new(connector.clone(), connection)];
        let thread = |source| OpenError::Thread { path: connector.path(), source };
        Ok(Self {
            writer: Arc::new(Pool::start("sqlite-writer", writer).map_err(thread)?),
            readers: Pool::start("sqlite-reader", readers).map_err(thread)?,
            lookups: Pool::start_lookups("sqlite-lookup", lookups).map_err(thread)?,
            turn: Arc::new(Semaphore::new(1)),
            waiting: WaitCount::default(),
            timeouts: AtomicU64::new(0),
            connector,
        })
    }

    /// Waits about two seconds for the open unit of work, finishes the queued reads, and closes all connections; the last
    /// one writes the log back into the file. Later calls are `Unavailable`. May be called again.
    pub async fn close(&self) {
        let last_turn = self.turn().await;
        self.turn.close();
        drop(last_turn);
        self.lookups.stop().await;
        self.readers.stop().await;
        self.writer.stop().await;
    }

    /// Waits for the permit to write. Errors: `Unavailable` after about two seconds, or when the store is closed.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let waiting = self.waiting.enter();
        let turn = timeout(TURN_WAIT, Arc::clone(&self.turn).acquire_owned()).await;
        drop(waiting);
        match turn {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(closed)) => Err(StoreError::Unavailable(closed.into())),
            Err(late) => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
                Err(StoreError::Unavailable(late.into()))
            }
        }
    }

    pub(crate) async fn all<T, Q>(&self, query: Q) -> Result<Vec<T>, StoreError>
    where
        T: FromRow + Send + 'static,
        Q: Load<T> + Send + 'static,
    {
        self.readers.run(move |connection| query.all(connection)).await
    }

    /// Reads one row by a query that may take long.
    pub(crate) async fn one<T, Q>(&self, query: Q) -> Result<Option<T>, StoreError>
    where
        T: FromRow + Send + 'static,
        Q: Load<T> + Send + 'static,
    {
        self.readers.run(move |connection| query.one(connection)).await
    }

    /// Reads one row by its key.
    pub(crate) async fn look_up<T, Q>(&self, query: Q) -> Result<Option<T>, StoreError>
    where
        T: FromRow + Send + 'static,
        Q: Load<T> + Send + 'static,
    {
        self.lookups.look_up(move |connection| query.one(connection)).await
    }
}

/// The pool of threads that each keep a connection open.
fn pool_of_threads(name: &'static str, threads: usize, queue: QueueActivity) -> PoolActivity {
    let size = threads as u64;
    PoolActivity { name, size, open: size, idle: queue.asleep as u64, waiting: queue.waiting as u64, timeouts: 0 }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let permit = self.turn().await?;
        Ok(Box::new(SqliteUnitOfWork::begin(Arc::clone(&self.writer), permit).await?))
    }

    fn activity(&self) -> StoreActivity {
        let write = PoolActivity {
            name: "write",
            size: 1,
            open: 1,
            idle: self.turn.available_permits() as u64,
            waiting: self.waiting.get(),
            timeouts: self.timeouts.load(Ordering::Relaxed),
        };
        let lookups = self.lookups.activity();
        let read = pool_of_threads("read", self.readers.threads(), self.readers.activity());
        let lookup = pool_of_threads("lookup", self.lookups.threads(), lookups);
        let batch = BatchActivity { name: "lookup", batches: lookups.batches, reads: lookups.taken };
        StoreActivity { pools: vec![write, read, lookup], batches: vec![batch] }
    }
}
