//! The store in memory keeps the promises of the ports.

use attune_adapter_memory::MemoryStore;
use attune_test_store_contract::{Backend, store_suite};

async fn fresh() -> Backend {
    let store = MemoryStore::new();
    Backend::new(store.clone(), store, ())
}

store_suite!(fresh);
