//! The store: opens units of work, one at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};

use crate::shared::Shared;
use crate::state::State;
use crate::unit::MemoryUnit;

/// How long `begin` waits for another unit of work to end.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// A store in memory, with the same guarantees as the databases, except that its data is lost when the process ends.
///
/// Only one unit of work is open at a time, as in SQLite, so its write lock also serves as calendar lock, as row lock
/// and as lock on the set of admins. Readers see the state that was committed last and never wait for a unit of work.
#[derive(Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The state that readers see now.
    pub(crate) fn committed(&self) -> Arc<State> {
        self.shared.committed()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let writer = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.shared.writer).lock_owned())
            .await
            .map_err(|elapsed| StoreError::Unavailable(elapsed.into()))?;
        Ok(Box::new(MemoryUnit::new(Arc::clone(&self.shared), writer)))
    }
}
