//! The store on PostgreSQL passes the contract suite.

use attune_test_store_contract::{Backend, store_suite};

use crate::harness::{migrated, open};

async fn fresh() -> Backend {
    let database = migrated().await;
    let store = open(database.url()).await;
    Backend::new(store.clone(), store, database)
}

store_suite!(fresh);
