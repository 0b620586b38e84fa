//! No caller waits longer than promised, and the next one is served.

use std::time::{Duration, Instant};

use attune_domain::LoginSessionId;
use attune_ports::{Queries, Store, StoreError};
use attune_test_store_contract::fixtures::service;

use crate::harness::{OTHERS, Scene, backend, migrated, open, open_with, until, until_waiting};

/// The promise is five seconds; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(9);

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_write_times_out() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let outside = database.connect().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$; \
                CREATE TRIGGER slow BEFORE INSERT ON services FOR EACH ROW EXECUTE FUNCTION slow()";
    outside.batch_execute(slow).await.unwrap();
    let began = Instant::now();
    let mut work = store.begin().await.unwrap();
    let answer = work.add_service(&service()).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(began.elapsed() < PATIENCE);
    assert!(matches!(work.default_service().await, Err(StoreError::Failed(_))), "it has ended");
    drop(work);

    outside.batch_execute("DROP TRIGGER slow ON services").await.unwrap();
    until(&outside, &format!("{OTHERS} AND state <> 'idle'"), 0).await;
    backend(&store).practice().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_read_times_out_and_affects_no_other() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    let outside = &scene.outside;
    let slow = "ALTER TABLE services RENAME TO services_proper; \
                CREATE VIEW services AS SELECT s.* FROM pg_sleep(60), services_proper s";
    outside.batch_execute(slow).await.unwrap();
    let began = Instant::now();
    let answer = Queries::services(&**store).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(began.elapsed() < PATIENCE);
    outside.batch_execute("DROP VIEW services; ALTER TABLE services_proper RENAME TO services").await.unwrap();
    for _ in 0..4 {
        assert_eq!(Queries::services(&**store).await.unwrap().len(), 1);
        assert!(Queries::user(&**store, practice.client).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_read_affects_no_other_on_the_same_connection() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    let outside = &scene.outside;
    outside.batch_execute("BEGIN; LOCK TABLE services IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let watcher = scene.database.connect().await;
    // One on each connection, and behind it a caller who reads something else.
    let stuck: Vec<_> = (0..2)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { Queries::services(&*store).await.map(|_| ()) })
        })
        .collect();
    until_waiting(&watcher, 2).await;
    let behind: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { Queries::user(&*store, practice.client).await })
        })
        .collect();
    for reader in &stuck {
        reader.abort();
    }
    outside.batch_execute("ROLLBACK").await.unwrap();
    for reader in behind {
        assert!(reader.await.unwrap().expect("it only had to wait").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_is_reported_within_two_seconds() {
    let database = migrated().await;
    let store = open_with(database.url(), 1).await;
    let practice = backend(&store).practice().await;
    let only = store.begin().await.unwrap();
    let began = Instant::now();
    assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))));
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&began.elapsed()));
    assert!(Queries::user(&*store, practice.client).await.unwrap().is_some(), "readers have their own connections");
    drop(only);
    store.begin().await.expect("a connection is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_transaction_is_ended_by_the_server() {
    let database = migrated().await;
    let quick = format!("{}?options=-c%20idle_in_transaction_session_timeout%3D100", database.url());
    let store = open(&quick).await;
    let practice = backend(&open(database.url()).await).practice().await;
    let mut idle = store.begin().await.unwrap();
    idle.lock_calendar(practice.therapist).await.unwrap();
    let outside = database.connect().await;
    until(&outside, "pg_locks WHERE locktype = 'advisory'", 0).await;
    let answer = idle.lock_calendar(practice.therapist).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    drop(idle);
    store.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_work_that_wait_for_a_connection_are_counted() {
    let database = migrated().await;
    let store = open_with(database.url(), 2).await;
    let write = || {
        let [pool] = store.activity().pools[..] else { panic!("one pool") };
        assert_eq!((pool.name, pool.size), ("write", 2));
        (pool.open, pool.idle, pool.waiting, pool.timeouts)
    };
    let (first, second) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    assert_eq!(write(), (2, 0, 0, 0));
    let third = store.begin();
    assert!(matches!(third.await, Err(StoreError::Unavailable(_))));
    assert_eq!(write(), (2, 0, 0, 1));
    let mut third = Box::pin(store.begin());
    let pending = std::future::poll_fn(|context| std::task::Poll::Ready(third.as_mut().poll(context).is_pending()));
    assert!(pending.await);
    assert_eq!(write(), (2, 0, 1, 1));
    drop(third);
    assert_eq!(write(), (2, 0, 0, 1), "who gave up does not wait");
    first.commit().await.unwrap();
    second.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_share_statements_are_counted() {
    let scene = Scene::new().await;
    let read = |name: &str| {
        let batches = scene.store.activity().batches;
        let batch = batches.into_iter().find(|batch| batch.name == name).expect("a kind of batch");
        (batch.batches, batch.reads)
    };
    let before = read("caller");
    let callers = (0..50).map(|_| async {
        let found = scene.store.caller(LoginSessionId::new(777_777).unwrap()).await;
        assert_eq!(found.unwrap(), None);
    });
    futures_util::future::join_all(callers).await;
    let after = read("caller");
    assert_eq!(after.1 - before.1, 50);
    assert!((1..50).contains(&(after.0 - before.0)), "{before:?} {after:?}");
    assert_eq!(read("page"), (0, 0));
}
