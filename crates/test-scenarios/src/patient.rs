//! A store for crowds: whoever is told that the queue is too long stands in it again.

use std::sync::Arc;

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};

/// How often somebody queues.
const TIMES: usize = 30;

/// Opens a unit of work once more when none was free in time, which says how fast the machine is and nothing else.
/// Whatever fails later fails.
pub(crate) struct Patient(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Store for Patient {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        for _ in 1..TIMES {
            match self.0.begin().await {
                Err(StoreError::Unavailable(_)) => {}
                other => return other,
            }
        }
        self.0.begin().await
    }
}
