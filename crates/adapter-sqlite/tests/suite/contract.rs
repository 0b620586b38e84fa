//! The embedded store passes the contract suite.

use attune_test_store_contract::{Backend, store_suite};

use crate::harness;

async fn fresh() -> Backend {
    let (folder, store) = harness::fresh().await;
    Backend::new(store.clone(), store, folder)
}

store_suite!(fresh);
