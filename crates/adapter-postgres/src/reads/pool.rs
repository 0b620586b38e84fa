//! A few connections that all queries share.
//!
//! Statements on one connection are answered in order, but sent without waiting for each other, so a caller that stops
//! waiting takes nothing away from others. A broken connection is replaced when it is next needed, once for all callers
//! that wait for it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use attune_ports::StoreError;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::timeout_at;

use crate::connector::{Connection, Connector, Purpose};
use crate::error::{ConnectError, QueryError};
use crate::timeouts::ANSWER_DEADLINE;

/// A connection, being opened or open.
type Attempt<C> = Shared<BoxFuture<'static, Result<Arc<C>, Arc<ConnectError>>>>;

/// A connection that queries can share.
pub(crate) trait Connect: Sized + Send + Sync + 'static {
    fn connect(connector: Arc<Connector>) -> BoxFuture<'static, Result<Self, ConnectError>>;
    fn is_closed(&self) -> bool;
}

impl Connect for Connection {
    fn connect(connector: Arc<Connector>) -> BoxFuture<'static, Result<Self, ConnectError>> {
        connector.connect(Purpose::Queries).boxed()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }
}

pub(crate) struct Pool<C: Connect> {
    connector: Arc<Connector>,
    slots: Vec<Mutex<Option<Attempt<C>>>>,
    next: AtomicUsize,
    closed: AtomicBool,
}

impl<C: Connect> Pool<C> {
    /// Opens nothing yet.
    pub(crate) fn new(connector: Arc<Connector>, size: usize) -> Self {
        let slots = (0..size.max(1)).map(|_| Mutex::default()).collect();
        Self { connector, slots, next: AtomicUsize::new(0), closed: AtomicBool::new(false) }
    }

    /// Runs statements on one of the connections, until the deadline.
    pub(crate) async fn run<T>(
        &self,
        statements: impl AsyncFnOnce(&C) -> Result<T, QueryError>,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let deadline = (began + ANSWER_DEADLINE).into();
        let late = |_| StoreError::Unavailable("the database did not answer in time".into());
        let slot = &self.slots[self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len()];
        let attempt = self.attempt(slot)?;
        let connection =
            timeout_at(deadline, attempt).await.map_err(late)?.map_err(|e| StoreError::Unavailable(e.into()))?;
        match timeout_at(deadline, statements(&connection)).await {
            Ok(result) => result.map_err(|error| error.into_store_error(began.elapsed())),
            Err(elapsed) => {
                // The next caller should not wait for the same silence. Callers that still wait hold on to the connection.
                retire(slot, &connection);
                Err(late(elapsed))
            }
        }
    }

    /// The connection of a slot. While it is being opened, all callers wait for the same attempt.
    fn attempt(&self, slot: &Mutex<Option<Attempt<C>>>) -> Result<Attempt<C>, StoreError> {
        let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the store is closed".into()));
        }
        let usable = held.take().filter(|attempt| match attempt.peek() {
            None => true,
            Some(Ok(connection)) => !connection.is_closed(),
            Some(Err(_)) => false,
        });
        let attempt = usable.unwrap_or_else(|| {
            let connecting = C::connect(Arc::clone(&self.connector));
            connecting.map(|connection| connection.map(Arc::new).map_err(Arc::new)).boxed().shared()
        });
        *held = Some(attempt.clone());
        Ok(attempt)
    }

    /// Drops all connections; running statements are still answered.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        for slot in &self.slots {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// Empties a slot if it still holds this connection.
fn retire<C: Connect>(slot: &Mutex<Option<Attempt<C>>>, connection: &Arc<C>) {
    let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let current = held.as_ref().and_then(Attempt::<C>::peek).and_then(|made| made.as_ref().ok());
    if current.is_some_and(|current| Arc::ptr_eq(current, connection)) {
        *held = None;
    }
}
