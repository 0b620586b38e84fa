//! Closing waits for running work and leaves one file.

use attune_ports::{Queries, Store, StoreError};

use crate::harness::{add_client, file, fresh, has_client, open};

#[tokio::test]
async fn closing_leaves_one_file_with_everything_in_it() {
    let (folder, store) = fresh().await;
    add_client(&*store, "client").await.unwrap();
    store.close().await;
    store.close().await;
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["attune.db"]);

    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.begin().await.err(), Some(StoreError::Unavailable(_))));
    let copy = tempfile::TempDir::new().unwrap();
    std::fs::copy(file(&folder), file(&copy)).unwrap();
    assert!(has_client(&*open(&copy).await, "client").await);
}

#[tokio::test]
async fn closing_waits_for_the_open_unit_of_work() {
    let (folder, store) = fresh().await;
    let mut work = store.begin().await.unwrap();
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    tokio::task::yield_now().await;
    work.add_user(&attune_test_store_contract::fixtures::client("in-time")).await.unwrap();
    work.commit().await.unwrap();
    closing.await.unwrap();
    assert!(has_client(&*open(&folder).await, "in-time").await);
}

#[tokio::test]
async fn a_unit_of_work_that_never_ends_is_undone() {
    let (folder, store) = fresh().await;
    let mut work = store.begin().await.unwrap();
    work.add_user(&attune_test_store_contract::fixtures::client("stuck")).await.unwrap();
    // Tokio's clock is stopped, so that the wait costs no time.
    tokio::time::pause();
    store.close().await;
    tokio::time::resume();
    assert!(matches!(work.commit().await, Err(StoreError::Unavailable(_))));
    assert!(!has_client(&*open(&folder).await, "stuck").await);
}
