//! The store itself: the committed state, and the one right to change it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};
use tokio::sync::Mutex as AsyncMutex;

use crate::state::State;
use crate::unit::MemoryUnit;

/// How long a unit of work waits for the one before it.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Everything in memory, with the same promises as the databases except that it ends with the process.
///
/// One unit of work is open at a time, as in SQLite, so the right to write is at once the calendar lock, the row locks
/// and the lock on who the admins are. Readers see what was committed last and wait for nobody.
pub struct MemoryStore {
    shared: Arc<Shared>,
}

/// What the store and its open unit of work share.
pub(crate) struct Shared {
    /// What was committed last. Replaced whole, never changed in place.
    committed: Mutex<Arc<State>>,
    /// Whoever holds it may change the state.
    writer: Arc<AsyncMutex<()>>,
    /// The newest id of a booking that was given out, also by units of work that were undone.
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

    /// What readers see now.
    pub(crate) fn committed(&self) -> Arc<State> {
        self.shared.committed()
    }
}

impl Shared {
    /// What was committed last.
    fn committed(&self) -> Arc<State> {
        Arc::clone(&self.committed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces what readers see. Only for the holder of the right to write.
    pub(crate) fn commit(&self, state: Arc<State>) {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// A booking id that was never given out before.
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
