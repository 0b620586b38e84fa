//! Two stores on one file, as two processes would have it. SQLite locks files the same way for both.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_adapter_sqlite::{SqliteConfig, SqliteStore};
use attune_ports::{Queries, Store};
use attune_test_store_contract::race::{insist, race};
use tempfile::TempDir;

use crate::harness::{add_client, file, fresh, has_client, open};

#[tokio::test(flavor = "multi_thread")]
async fn both_write_and_see_each_others_rows() {
    let (folder, first) = fresh().await;
    let second = open(&folder).await;
    let stores = [first, second];
    let added = race(16, |task| {
        let store = Arc::clone(&stores[task % 2]);
        async move {
            for n in 0..10 {
                let name = format!("client-{task}-{n}");
                insist(|| add_client(&*store, &name)).await.expect("both may write");
            }
        }
    })
    .await;
    assert_eq!(added.len(), 16);
    for store in &stores {
        for task in 0..16 {
            for n in 0..10 {
                assert!(has_client(&**store, &format!("client-{task}-{n}")).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn booking_ids_are_given_out_once_by_both() {
    let (folder, first) = fresh().await;
    let second = open(&folder).await;
    let stores = [first, second];
    let ids = race(20, |task| {
        let store = Arc::clone(&stores[task % 2]);
        async move {
            insist(|| async {
                let mut work = store.begin().await?;
                let id = work.next_booking_id().await?;
                work.commit().await?;
                Ok(id)
            })
            .await
            .expect("an id")
        }
    })
    .await;
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 20);
}

/// Opening is blocking work, so it runs on threads of its own here.
#[test]
fn many_may_open_a_new_file_at_the_same_moment() {
    let folder = TempDir::new().unwrap();
    let start = Arc::new(std::sync::Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (start, path) = (Arc::clone(&start), file(&folder));
            std::thread::spawn(move || {
                start.wait();
                SqliteStore::open(SqliteConfig::new(path)).map(drop)
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[tokio::test]
async fn one_closes_and_the_other_goes_on() {
    let (folder, first) = fresh().await;
    let second = open(&folder).await;
    add_client(&*first, "one").await.unwrap();
    first.close().await;
    add_client(&*second, "two").await.unwrap();
    assert!(has_client(&*second, "one").await);
    assert!(second.ping().await.is_ok());
}
