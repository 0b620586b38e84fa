//! What the store shares with its open unit of work.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::state::State;

#[derive(Default)]
pub(crate) struct Shared {
    /// The state that was committed last. Replaced as a whole, never changed in place.
    committed: Mutex<Arc<State>>,
    /// The write lock; a unit of work holds it while it is open.
    pub(crate) writer: Arc<AsyncMutex<()>>,
    /// The newest booking id that was assigned, also by units of work that were rolled back.
    last_booking_id: AtomicI64,
}

impl Shared {
    pub(crate) fn committed(&self) -> Arc<State> {
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
