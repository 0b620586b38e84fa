//! The embedded store keeps the promises of the ports.

use attune_test_store_contract::{Backend, store_suite};

use crate::harness;

async fn fresh() -> Backend {
    let (folder, store) = harness::fresh().await;
    Backend::new(store.clone(), store, folder)
}

store_suite!(fresh);
