//! The store: opens the database and begins units of work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{PoolActivity, Store, StoreActivity, StoreError, UnitOfWork};
use attune_sql::{FromRow, WaitCount};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection};
use tokio::time::timeout;

use crate::config::PostgresConfig;
use crate::connector::{Connection, Connector};
use crate::error::{OpenError, QueryError};
use crate::load::Load;
use crate::reads::batch_loader::BatchLoader;
use crate::reads::pool::Pool;
use crate::reads::prepared::{CallerKey, PageKey, PreparedConnection};
use crate::rollback::Rollbacks;
use crate::unit_of_work::PostgresUnitOfWork;
use crate::write_pool::WritePool;

/// The longest wait for a free connection, and then for a transaction to begin on it.
const BEGIN_DEADLINE: Duration = Duration::from_secs(2);

/// A PostgreSQL database with the tables of Attune.
///
/// Implements [`Store`] and [`attune_ports::Queries`]. Its connections run on a thread of their own, and it can be used
/// from any runtime.
pub struct PostgresStore {
    pub(crate) connector: Arc<Connector>,
    connections: Pool<Connection>,
    prepared: Arc<Pool<PreparedConnection>>,
    pub(crate) callers: BatchLoader<CallerKey>,
    pub(crate) pages: BatchLoader<PageKey>,
    rollbacks: Arc<Rollbacks>,
    writers: Arc<WritePool>,
    max_writers: u32,
    /// Units of work that wait for a connection.
    waiting: WaitCount,
}

impl PostgresStore {
    /// Opens a database and leaves its tables as they are, see [`Self::migrate`].
    ///
    /// Errors: [`OpenError`] when the URL is invalid, or the database cannot be reached or used.
    pub async fn connect(config: PostgresConfig) -> Result<Self, OpenError> {
        let connector = Arc::new(Connector::new(&config).await?);
        connector.check_server().await?;
        let writers = Arc::new(WritePool::new(Arc::clone(&connector), config.writers, BEGIN_DEADLINE));
        let connections = Pool::new(Arc::clone(&connector), config.readers);
        let prepared = Arc::new(Pool::new(Arc::clone(&connector), config.readers));
        let callers = BatchLoader::start(connector.runtime(), &prepared, config.readers);
        let pages = BatchLoader::start(connector.runtime(), &prepared, config.readers);
        let rollbacks = Arc::new(Rollbacks::new(Arc::clone(&connector)));
        Ok(Self {
            connector,
            connections,
            prepared,
            callers,
            pages,
            rollbacks,
            writers,
            max_writers: config.writers.max(1),
            waiting: WaitCount::default(),
        })
    }

    /// Closes the database: refuses new calls, lets running ones finish, and waits for that up to five seconds.
    pub async fn close(&self) {
        self.connections.close();
        self.callers.close();
        self.pages.close();
        self.prepared.close();
        self.writers.close();
        self.connector.all_closed().await;
    }

    /// Runs statements on a shared connection.
    pub(crate) async fn read<T>(
        &self,
        read: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, QueryError>,
    ) -> Result<T, StoreError> {
        self.connections.run(async |connection| read(&connection.diesel).await).await
    }

    pub(crate) async fn all<T: FromRow>(&self, query: impl Load<T>) -> Result<Vec<T>, StoreError> {
        self.read(async |c| query.all(c).await).await
    }

    pub(crate) async fn one<T: FromRow>(&self, query: impl Load<T>) -> Result<Option<T>, StoreError> {
        self.read(async |c| query.one(c).await).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let waiting = self.waiting.enter();
        let (free, ()) = tokio::join!(self.writers.get(), self.rollbacks.wait());
        drop(waiting);
        let mut connection = free?;
        // The level is explicit, because all rules here rely on it and a server may have another default.
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        let begun = AnsiTransactionManager::begin_transaction_sql(&mut *connection, begin);
        match timeout(BEGIN_DEADLINE, begun).await {
            Ok(Ok(())) => Ok(Box::new(PostgresUnitOfWork::new(connection, Arc::clone(&self.rollbacks)))),
            // A transaction fails to begin only with its connection, whatever the language of the server's message.
            Ok(Err(error)) => Err(StoreError::Unavailable(error.into())),
            Err(_) => {
                connection.give_up();
                Err(StoreError::Unavailable("the database did not answer in time".into()))
            }
        }
    }

    /// Reads share connections, so none of them waits for one.
    fn activity(&self) -> StoreActivity {
        let write = self.writers.look(|pool| {
            let state = pool.state();
            PoolActivity {
                name: "write",
                size: self.max_writers.into(),
                open: state.connections.into(),
                idle: state.idle_connections.into(),
                waiting: self.waiting.get(),
                timeouts: state.statistics.get_timed_out,
            }
        });
        StoreActivity {
            pools: write.into_iter().collect(),
            batches: vec![self.callers.activity("caller"), self.pages.activity("page")],
        }
    }
}
