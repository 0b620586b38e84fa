//! The pool of connections for units of work.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attune_ports::StoreError;
use diesel::{ConnectionError, result};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::bb8;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use futures_util::FutureExt;
use futures_util::future::ready;

use crate::connector::{Connector, Purpose};

pub(crate) type Pool = bb8::Pool<AsyncPgConnection>;

/// A connection that returns to its pool when it is dropped, unless it is broken or has an open transaction.
pub(crate) struct PooledConnection {
    connection: bb8::PooledConnection<'static, AsyncPgConnection>,
    pool: Arc<Pool>,
    owner: Arc<WritePool>,
}

impl Deref for PooledConnection {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.connection
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }
}

impl PooledConnection {
    /// Drops a connection with an open transaction, which ends with it, to a server that is silent or accepts no writes; and
    /// all unused connections beside it.
    pub(crate) fn give_up(self) {
        self.owner.replace(&self.pool);
    }
}

/// The pool in use. It is replaced when one of its connections turns out to lead to the wrong server: then the others do as
/// well, and each would fail one more request.
pub(crate) struct WritePool {
    connector: Arc<Connector>,
    size: u32,
    connection_timeout: Duration,
    /// `None` once the store is closed.
    current: Mutex<Option<Arc<Pool>>>,
}

impl WritePool {
    /// Opens nothing yet.
    pub(crate) fn new(connector: Arc<Connector>, size: u32, connection_timeout: Duration) -> Self {
        let pool = pool(Arc::clone(&connector), size, connection_timeout);
        Self { connector, size, connection_timeout, current: Mutex::new(Some(Arc::new(pool))) }
    }

    /// Errors: `Unavailable` when no connection is free or can be opened in time.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<PooledConnection, StoreError> {
        let pool = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let pool = pool.ok_or_else(|| StoreError::Unavailable("the store is closed".into()))?;
        let connection = pool.get_owned().await.map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(PooledConnection { connection, pool, owner: Arc::clone(self) })
    }

    /// Puts a new pool in the place of this one, unless that was done already.
    fn replace(&self, old: &Arc<Pool>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = current.as_mut().filter(|current| Arc::ptr_eq(current, old)) {
            *current = Arc::new(pool(Arc::clone(&self.connector), self.size, self.connection_timeout));
        }
    }

    /// What is asked about the pool; `None` once the store is closed.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Pool) -> T) -> Option<T> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_deref().map(look)
    }

    /// Gives no more connections.
    pub(crate) fn close(&self) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A pool that opens connections when they are needed.
fn pool(connector: Arc<Connector>, size: u32, connection_timeout: Duration) -> Pool {
    let mut setup = ManagerConfig::<AsyncPgConnection>::default();
    // A statement to test the connection would cost a round trip per unit of work; whether the server has closed it is
    // known without one.
    setup.recycling_method = RecyclingMethod::CustomFunction(Box::new(|connection| {
        let state = if connection.is_broken() { Err(result::Error::BrokenTransactionManager) } else { Ok(()) };
        ready(state).boxed()
    }));
    setup.custom_setup = Box::new(move |_| {
        let connecting = Arc::clone(&connector).connect(Purpose::UnitsOfWork);
        connecting
            .map(|connection| match connection {
                Ok(connection) => Ok(connection.diesel),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the pool could not connect");
                    Err(ConnectionError::BadConnection(error.to_string()))
                }
            })
            .boxed()
    });
    // The URL of the manager is not used.
    let manager = AsyncDieselConnectionManager::new_with_config("", setup);
    bb8::Pool::builder().max_size(size.max(1)).connection_timeout(connection_timeout).build_unchecked(manager)
}
