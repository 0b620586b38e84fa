//! Several servers of one database: which of them is used, and what happens when that one goes.

use std::time::{Duration, Instant};

use attune_adapter_postgres::{OpenError, PostgresConfig, PostgresStore, ServerFault};
use attune_ports::{Queries, Store, StoreError};
use attune_test_postgres::TestServer;
use attune_test_store_contract::fixtures::slot;
use url::Url;

use crate::harness::{Proxy, Way, backend, migrated_on, open, until};
use crate::reconnect::heal;

/// The URL of a database that is on these servers, in this order.
fn on_hosts(database: &str, servers: &[&str]) -> String {
    let url: Url = database.parse().unwrap();
    let host = |server: &&str| {
        let server: Url = server.parse().unwrap();
        format!("{}:{}", server.host_str().unwrap(), server.port().unwrap())
    };
    let hosts: Vec<_> = servers.iter().map(host).collect();
    let login = format!("{}:{}", url.username(), url.password().unwrap());
    format!("postgres://{login}@{}{}", hosts.join(","), url.path())
}

async fn connected_to(store: &PostgresStore, server: &TestServer) {
    store.ping().await.unwrap();
    store.begin().await.unwrap().commit().await.unwrap();
    until(&server.admin().await, "pg_stat_activity WHERE application_name = 'attune'", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_primary_is_found_among_several_hosts_and_again_after_it_is_lost() {
    let primary = TestServer::start_own().await;
    let database = migrated_on(&primary).await;
    let standby = primary.start_standby().await;
    let store = open(&on_hosts(database.url(), &[standby.url().as_str(), primary.url().as_str()])).await;
    let practice = backend(&store).practice().await;
    connected_to(&store, &primary).await;

    primary.stop().await;
    for _ in 0..2 {
        let began = Instant::now();
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))), "a standby accepts no bookings");
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    }
    standby.promote().await;
    heal(&store).await;
    assert!(Queries::user(&*store, practice.client).await.unwrap().is_some(), "nothing that was committed is lost");
    backend(&store).add_booking(|id| practice.booking(id, slot(0))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_on_a_primary_only() {
    let server = TestServer::start_own().await;
    let database = migrated_on(&server).await;
    let nowhere = "postgres://127.0.0.1:1";
    let both = on_hosts(database.url(), &[nowhere, server.url().as_str()]);
    open(&both).await.begin().await.unwrap();
    server.demote();
    server.stop().await;
    server.start().await;
    let standbys = on_hosts(database.url(), &[server.url().as_str(), server.url().as_str()]);
    for url in [&standbys, &format!("{}?target_session_attrs=primary", database.url())] {
        let refused = PostgresStore::connect(PostgresConfig::new(url)).await.err();
        assert!(matches!(refused, Some(OpenError::Unusable(ServerFault::NoPrimary))), "{refused:?}");
    }
    let refused = PostgresStore::connect(PostgresConfig::new(&both)).await.err();
    assert!(matches!(refused, Some(OpenError::Unreachable(_))), "the other host may be the primary: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_host_holds_up_no_other() {
    // A login that never ends holds up every CREATE DATABASE, and those of other tests should not suffer.
    let server = TestServer::start_own().await;
    let database = migrated_on(&server).await;
    let proxy = Proxy::before(database.url()).await;
    let store = open(&on_hosts(database.url(), &[proxy.url(), database.url()])).await;
    let mut units = Vec::new();
    for _ in 0..6 {
        units.push(store.begin().await.unwrap());
    }
    for unit in units {
        unit.commit().await.unwrap();
    }
    proxy.set(Way::Silent);
    let began = Instant::now();
    assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))), "its connection is silent");
    for _ in 0..6 {
        store.begin().await.expect("all others were replaced").commit().await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    drop(store);
    let began = Instant::now();
    open(&on_hosts(database.url(), &[proxy.url(), database.url()])).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_a_standby_is_dropped_when_it_refuses_a_write() {
    let server = TestServer::start_own().await;
    let database = migrated_on(&server).await;
    let store = open(database.url()).await;
    server.demote();
    server.stop().await;
    server.start().await;
    let mut work = store.begin().await.unwrap();
    let refused = work.rewrite_installation().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    until(&server.admin().await, "pg_stat_activity WHERE application_name = 'attune'", 0).await;
    server.promote().await;
    heal(&store).await;
}
