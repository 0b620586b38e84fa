//! A store for many concurrent requests: opening a unit of work is retried while the queue is full.

use std::sync::Arc;

use async_trait::async_trait;
use attune_ports::{Store, StoreError, UnitOfWork};

const TIMES: usize = 30;

pub(crate) struct RetryingStore(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Store for RetryingStore {
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
