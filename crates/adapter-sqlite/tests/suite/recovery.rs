//! What a crash leaves behind, and units of work that no one ends properly.

use attune_domain::UserId;
use attune_ports::{AuditEntry, AuditObject, Store};
use attune_test_store_contract::fixtures::{audit_entry, client};
use tempfile::TempDir;

use crate::harness::{add_client, count, file, fresh, has_client, open, raw};

#[tokio::test(flavor = "multi_thread")]
async fn an_open_unit_of_work_dropped_on_another_thread_is_undone() {
    let (_folder, store) = fresh().await;
    let mut work = store.begin().await.unwrap();
    work.add_user(&client("dropped")).await.unwrap();
    // A thread without any runtime.
    std::thread::spawn(move || drop(work)).join().unwrap();
    add_client(&*store, "after").await.unwrap();
    assert!(!has_client(&*store, "dropped").await);
}

#[test]
fn a_unit_of_work_may_outlive_its_runtime_and_its_store() {
    let folder = TempDir::new().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = runtime().block_on(async {
        let store = open(&folder).await;
        let mut work = store.begin().await.unwrap();
        work.add_user(&client("dropped")).await.unwrap();
        work
    });
    drop(work);
    runtime().block_on(async {
        let store = open(&folder).await;
        add_client(&*store, "after").await.unwrap();
        assert!(!has_client(&*store, "dropped").await);
    });
}

/// The files are copied while a transaction is open that has outgrown SQLite's cache, so that part of it is in the log:
/// that is what a power cut leaves.
#[tokio::test]
async fn after_a_crash_exactly_what_was_committed_is_stored() {
    let (folder, store) = fresh().await;
    for n in 0..20 {
        add_client(&*store, &format!("client{n}")).await.unwrap();
    }
    let mut work = store.begin().await.unwrap();
    work.add_user(&client("open")).await.unwrap();
    let log = folder.path().join("attune.db-wal");
    let before = std::fs::metadata(&log).unwrap().len();
    let object = AuditObject::User(UserId::new(1).unwrap());
    let entry = AuditEntry { action: "a".repeat(100_000), ..audit_entry(object, "") };
    while std::fs::metadata(&log).unwrap().len() == before {
        work.add_audit_entry(&entry).await.unwrap();
    }

    let crashed = TempDir::new().unwrap();
    for name in ["attune.db", "attune.db-wal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let store = open(&crashed).await;
    for n in 0..20 {
        assert!(has_client(&*store, &format!("client{n}")).await);
    }
    assert!(!has_client(&*store, "open").await);
    let mut raw = raw(&crashed);
    assert_eq!(count(&mut raw, "SELECT count(*) FROM audit_log"), 0);
    assert_eq!(count(&mut raw, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    add_client(&*store, "after").await.unwrap();
    assert!(file(&crashed).exists());
}

#[tokio::test]
async fn a_leaked_unit_of_work_is_undone_when_the_store_closes() {
    let (folder, store) = fresh().await;
    let mut work = store.begin().await.unwrap();
    work.add_user(&client("leaked")).await.unwrap();
    std::mem::forget(work);
    // Tokio's clock is stopped, so that the wait costs no time.
    tokio::time::pause();
    store.close().await;
    tokio::time::resume();
    let store = open(&folder).await;
    add_client(&*store, "after").await.unwrap();
    assert!(!has_client(&*store, "leaked").await);
}
