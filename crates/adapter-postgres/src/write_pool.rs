//! The pool of connections for units of work.

use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, result};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::bb8;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use futures_util::FutureExt;
use futures_util::future::ready;

use crate::connector::{Connector, Purpose};

pub(crate) type WritePool = bb8::Pool<AsyncPgConnection>;
pub(crate) type PooledConnection = bb8::PooledConnection<'static, AsyncPgConnection>;

/// A pool that opens connections when they are needed.
pub(crate) fn write_pool(connector: Arc<Connector>, size: u32, connection_timeout: Duration) -> WritePool {
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
