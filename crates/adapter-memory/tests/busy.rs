use attune_adapter_memory::MemoryStore;
use attune_ports::{Store, StoreError};

#[tokio::test]
async fn a_second_unit_of_work_does_not_wait_for_ever() {
    let store = MemoryStore::new();
    let first = store.begin().await.unwrap();
    assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))));
    drop(first);
    assert!(store.begin().await.is_ok());
}
