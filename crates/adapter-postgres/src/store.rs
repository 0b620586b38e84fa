//! The store itself: what is opened, and what begins a unit of work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};
use diesel::{ConnectionError, result};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection};
use futures_util::FutureExt;
use futures_util::future::ready;
use tokio::time::timeout;

use crate::config::PostgresConfig;
use crate::crowd::Crowd;
use crate::dial::{Dialer, Line, OpenError, Purpose};
use crate::error::Trouble;
use crate::hot::{HotLine, Lookup, PageWish};
use crate::readers::Readers;
use crate::undo::Undoer;
use crate::unit::PostgresUnit;

/// A connection of the pool.
pub(crate) type Writer = PooledConnection<'static, AsyncPgConnection>;

/// Longest wait for a free connection, and then for a transaction to begin on it.
const BEGIN_DEADLINE: Duration = Duration::from_secs(2);

/// A PostgreSQL database with the tables of Attune.
///
/// Implements [`Store`] and [`attune_ports::Queries`]. Its connections live on a thread of its own, and it can be used from
/// any runtime.
pub struct PostgresStore {
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) readers: Readers<Line>,
    hot: Arc<Readers<HotLine>>,
    pub(crate) lookups: Crowd<Lookup>,
    pub(crate) pages: Crowd<PageWish>,
    undoer: Arc<Undoer>,
    pool: Mutex<Option<Pool<AsyncPgConnection>>>,
}

impl PostgresStore {
    /// Opens a database; its tables are left as they are, see [`Self::migrate`].
    ///
    /// Errors: [`OpenError`] when the URL makes no sense, or no connection can be made right now.
    pub async fn connect(config: PostgresConfig) -> Result<Self, OpenError> {
        let dialer = Arc::new(Dialer::new(&config).await?);
        let first = Arc::clone(&dialer).dial(Purpose::Queries).await;
        first.map_err(|e| OpenError::Unreachable(e.into()))?.close().await;
        let pool = pool(&dialer, config.writers);
        let readers = Readers::new(Arc::clone(&dialer), config.readers);
        let hot = Arc::new(Readers::new(Arc::clone(&dialer), config.readers));
        let lookups = Crowd::gather(dialer.home(), &hot, config.readers);
        let pages = Crowd::gather(dialer.home(), &hot, config.readers);
        let undoer = Arc::new(Undoer::new(Arc::clone(&dialer)));
        Ok(Self { dialer, readers, hot, lookups, pages, undoer, pool: Mutex::new(Some(pool)) })
    }

    /// Closes the database: refuses everything new, lets what is under way come to its end, and waits for that up to
    /// five seconds.
    pub async fn close(&self) {
        self.readers.close();
        self.lookups.close();
        self.pages.close();
        self.hot.close();
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.dialer.all_closed().await;
    }

    fn pool(&self) -> Result<Pool<AsyncPgConnection>, StoreError> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
        pool.ok_or_else(|| StoreError::Unavailable("the store is closed".into()))
    }
}

/// A pool that opens connections when they are needed.
fn pool(dialer: &Arc<Dialer>, size: u32) -> Pool<AsyncPgConnection> {
    let mut setup = ManagerConfig::<AsyncPgConnection>::default();
    // Asking the server whether it is there would cost a round trip per unit of work; whether it has hung up is known
    // without asking.
    setup.recycling_method = RecyclingMethod::CustomFunction(Box::new(|connection| {
        let state = if connection.is_broken() { Err(result::Error::BrokenTransactionManager) } else { Ok(()) };
        ready(state).boxed()
    }));
    let dialer = Arc::clone(dialer);
    setup.custom_setup = Box::new(move |_| {
        let dialled = Arc::clone(&dialer).dial(Purpose::UnitsOfWork);
        dialled
            .map(|line| match line {
                Ok(line) => Ok(line.connection),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the pool could not connect");
                    Err(ConnectionError::BadConnection(error.to_string()))
                }
            })
            .boxed()
    });
    // The manager's own URL is never looked at.
    let manager = AsyncDieselConnectionManager::new_with_config("", setup);
    Pool::builder().max_size(size.max(1)).connection_timeout(BEGIN_DEADLINE).build_unchecked(manager)
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let pool = self.pool()?;
        let (free, ()) = tokio::join!(pool.get_owned(), self.undoer.settled());
        let mut connection = free.map_err(|e| StoreError::Unavailable(e.into()))?;
        let began = Instant::now();
        // The level is said, because every rule here is made for it and a server may have another default.
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        let begun = AnsiTransactionManager::begin_transaction_sql(&mut *connection, begin);
        match timeout(BEGIN_DEADLINE, begun).await {
            Ok(Ok(())) => Ok(Box::new(PostgresUnit::new(connection, Arc::clone(&self.undoer)))),
            Ok(Err(error)) => Err(Trouble::Driver(error).into_store_error(began.elapsed())),
            Err(_) => Err(StoreError::Unavailable("the database did not answer in time".into())),
        }
    }
}
