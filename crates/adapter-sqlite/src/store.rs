//! The store: a writer, readers, and the one permit to write.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::open::{OpenError, Opener, SqliteConfig};
use crate::threads::{Link, Lookup, Pool};
use crate::unit_of_work::SqliteUnitOfWork;

/// How long a unit of work waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// A database file, opened. Implements [`Store`] and [`attune_ports::Queries`].
///
/// Needs a Tokio runtime with its clock, of either kind, in every asynchronous call.
pub struct SqliteStore {
    pub(crate) opener: Opener,
    pub(crate) writer: Arc<Pool>,
    /// Lists and reports, which may take their time.
    pub(crate) readers: Pool,
    /// Rows that are found by their keys, so that no list is in their way.
    pub(crate) lookups: Pool<Box<dyn Lookup>>,
    turn: Arc<Semaphore>,
}

impl SqliteStore {
    /// Opens the file, checks that it is sound, and starts the threads. Blocks while it checks; that takes about a
    /// second for each gigabyte. Changes nothing but the file's journal mode: see [`SqliteStore::migrate`].
    pub fn open(config: SqliteConfig) -> Result<Self, OpenError> {
        let opener = Opener::prepare(&config)?;
        let mut connection = opener.connect()?;
        opener.check(&mut connection)?;
        let reading = |threads: usize| {
            (0..threads)
                .map(|_| opener.reading().connect().map(|connection| Link::new(opener.reading(), connection)))
                .collect::<Result<Vec<_>, _>>()
        };
        let readers = reading(config.readers.max(1))?;
        // Fewer, because each does much at once; a second one, so that not all wait when one waits for the disk.
        let lookups = reading(config.readers.max(1).div_ceil(2))?;
        let writer = vec![Link::new(opener.clone(), connection)];
        let thread = |source| OpenError::Thread { path: opener.path(), source };
        Ok(Self {
            writer: Arc::new(Pool::start("sqlite-writer", writer).map_err(thread)?),
            readers: Pool::start("sqlite-reader", readers).map_err(thread)?,
            lookups: Pool::start_lookups("sqlite-lookup", lookups).map_err(thread)?,
            turn: Arc::new(Semaphore::new(1)),
            opener,
        })
    }

    /// Lets the open unit of work end (for about two seconds), finishes the reads that are queued, and closes all
    /// connections; the last one to a file writes the log back into it. Every later call is `Unavailable`. Calling it
    /// twice is like calling it once.
    pub async fn close(&self) {
        let last_turn = self.turn().await;
        self.turn.close();
        drop(last_turn);
        self.lookups.stop().await;
        self.readers.stop().await;
        self.writer.stop().await;
    }

    /// Waits for the writer. Errors: `Unavailable` after about two seconds, or when the store is closed.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        match timeout(TURN_WAIT, Arc::clone(&self.turn).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(closed)) => Err(StoreError::Unavailable(closed.into())),
            Err(late) => Err(StoreError::Unavailable(late.into())),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let permit = self.turn().await?;
        Ok(Box::new(SqliteUnitOfWork::begin(Arc::clone(&self.writer), permit).await?))
    }
}
