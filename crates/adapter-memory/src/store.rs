//! The store: the committed state, and the lock that permits changing it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};
use tokio::sync::Mutex as AsyncMutex;

use crate::state::State;
use crate::unit::MemoryUnit;

/// How long `begin` waits for another unit of work to end.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// A store in memory, with the same guarantees as the databases, except that its data is lost when the process ends.
///
/// Only one unit of work is open at a time, as in SQLite, so its write lock also serves as calendar lock, as row lock
/// and as lock on the set of admins. Readers see the state that was committed last and never wait for a unit of work.
pub struct MemoryStore {
    shared: Arc<Shared>,
}

/// What the store shares with its open unit of work.
pub(crate) struct Shared {
    /// The state that was committed last. Replaced as a whole, never changed in place.
    committed: Mutex<Arc<State>>,
    /// The write lock; a unit of work holds it while it is open.
    writer: Arc<AsyncMutex<()>>,
    /// The newest booking id that was assigned, also by units of work that were rolled back.
    last_booking_id: AtomicI64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Arc<Self> {
        let shared = Shared {
            committed: Mutex::new(Arc::new(State::default())),
            writer: Arc::new(AsyncMutex::new(())),
            last_booking_id: AtomicI64::new(0),
        };
        Arc::new(Self { shared: Arc::new(shared) })
    }

    /// The state that readers see now.
    pub(crate) fn committed(&self) -> Arc<State> {
        self.shared.committed()
    }
}

impl Shared {
    /// The state that was committed last.
    fn committed(&self) -> Arc<State> {
        Arc::clone(&self.committed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the state that readers see. Only for the holder of the write lock.
    pub(crate) fn commit(&self, state: Arc<State>) {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// A booking id that was never assigned before.
    pub(crate) fn next_booking_id(&self) -> i64 {
        self.last_booking_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let writer = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.shared.writer).lock_owned())
            .await
            .map_err(|elapsed| StoreError::Unavailable(elapsed.into()))?;
        Ok(Box::new(MemoryUnit::new(Arc::clone(&self.shared), writer, self.shared.committed())))
    }
}
