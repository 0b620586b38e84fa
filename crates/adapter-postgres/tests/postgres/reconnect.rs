//! Connections that break, servers that stop or fall silent: requests are refused in time, and the store recovers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_adapter_postgres::PostgresStore;
use attune_ports::{Queries, Store, StoreError};
use attune_test_postgres::TestServer;
use attune_test_store_contract::fixtures::slot;

use crate::harness::{
    OTHERS, Proxy, Scene, Way, backend, migrated, migrated_on, open, terminate_others, until, until_waiting,
};

/// Tries reads and writes in turn until three rounds in a row succeed. Returns how many calls were refused before.
pub(crate) async fn heal(store: &PostgresStore) -> usize {
    let (mut refused, mut well) = (0, 0);
    let healing = async {
        while well < 3 {
            let read = store.ping().await;
            let write = match store.begin().await {
                Ok(work) => work.commit().await,
                Err(error) => Err(error),
            };
            well = if read.is_ok() && write.is_ok() { well + 1 } else { 0 };
            for result in [read, write] {
                if let Err(error) = result {
                    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                    refused += 1;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), healing).await.expect("it heals within five seconds");
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn terminated_connections_are_replaced() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    // All six connections for writing are open, and both for reading.
    let mut units = Vec::new();
    for _ in 0..6 {
        units.push(store.begin().await.unwrap());
        store.ping().await.unwrap();
    }
    drop(units);
    let outside = &scene.outside;
    until(outside, &format!("{OTHERS} AND state = 'idle'"), 8).await;
    terminate_others(outside).await;
    let refused = heal(store).await;
    assert!(refused <= 4, "{refused} calls were refused");
    scene.backend.add_booking(|id| practice.booking(id, slot(0))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_work_fails_when_its_connection_ends() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    let mut work = store.begin().await.unwrap();
    work.user_for_change(practice.client).await.unwrap();
    let outside = &scene.outside;
    terminate_others(outside).await;
    until(outside, OTHERS, 0).await;
    let answer = work.user(practice.client).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(matches!(work.commit().await, Err(StoreError::Failed(_))));
    heal(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn running_statements_fail_when_their_connection_ends() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    let outside = &scene.outside;
    let locker = scene.database.connect().await;
    let mut work = store.begin().await.unwrap();
    locker.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let write = tokio::spawn(async move { work.user(practice.client).await.map(|_| ()) });
    let read = tokio::spawn({
        let store = Arc::clone(store);
        async move { Queries::user(&*store, practice.client).await.map(|_| ()) }
    });
    until_waiting(outside, 2).await;
    terminate_others(outside).await;
    for answer in [write.await.unwrap(), read.await.unwrap()] {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
    heal(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again() {
    let server = TestServer::start_own().await;
    let database = migrated_on(&server).await;
    let store = open(database.url()).await;
    let practice = backend(&store).practice().await;
    heal(&store).await;

    server.stop().await;
    for _ in 0..2 {
        let began = Instant::now();
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))));
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    server.start().await;
    heal(&store).await;
    assert!(Queries::user(&*store, practice.client).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_given_up() {
    // A login that never ends holds up every CREATE DATABASE, and those of other tests should not suffer.
    let server = TestServer::start_own().await;
    let database = migrated_on(&server).await;
    let proxy = Proxy::before(database.url()).await;
    let store = open(proxy.url()).await;
    let practice = backend(&store).practice().await;
    let mut work = store.begin().await.unwrap();
    work.user(practice.client).await.unwrap();
    store.ping().await.unwrap();
    store.ping().await.unwrap();

    proxy.set(Way::Silent);
    let began = Instant::now();
    let (one, two, call, opening) = tokio::join!(store.ping(), store.ping(), work.user(practice.client), store.begin());
    assert!(matches!(one, Err(StoreError::Unavailable(_))), "{one:?}");
    assert!(matches!(two, Err(StoreError::Unavailable(_))), "{two:?}");
    assert!(matches!(call, Err(StoreError::Unavailable(_))), "{call:?}");
    assert!(matches!(opening, Err(StoreError::Unavailable(_))), "it went unnoticed");
    assert!(began.elapsed() < Duration::from_secs(9), "five seconds and the time of a busy machine");
    drop(work);

    // The old connections stay silent; new ones get through.
    proxy.set(Way::Open);
    store.ping().await.expect("the first read finds a new connection");
    store.ping().await.expect("so does the second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_connection_is_tried_again_by_the_next_reader() {
    let database = migrated().await;
    let proxy = Proxy::before(database.url()).await;
    let store = open(proxy.url()).await;
    proxy.set(Way::Shut);
    for _ in 0..4 {
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    }
    proxy.set(Way::Open);
    for _ in 0..4 {
        store.ping().await.expect("an old failure is not inherited");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_readers_open_one_connection_per_slot() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let pings = (0..50).map(|_| store.ping());
    for answer in futures_util::future::join_all(pings).await {
        answer.unwrap();
    }
    until(&database.connect().await, OTHERS, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_leaves_nothing_behind() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    let mut last = store.begin().await.unwrap();
    let closing = tokio::spawn({
        let store = Arc::clone(store);
        async move { store.close().await }
    });
    while store.begin().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    last.user(practice.client).await.expect("running work goes on");
    last.commit().await.unwrap();
    closing.await.unwrap();
    until(&scene.outside, OTHERS, 0).await;
}
