//! Reads that share statements: each gets its own result, and none is affected by the others.

use std::time::{Duration, Instant};

use attune_domain::{BookingId, BookingStatus, LoginSessionId};
use attune_ports::{BookingCursor, BookingFilter, BookingOrder, BookingPageRequest, PageStart, Queries, StoreError};
use attune_test_store_contract::fixtures::{PracticeFixture, client, session, slot};
use tokio::task::JoinSet;

use crate::harness::{OTHERS, Proxy, Scene, Way, migrated, open, terminate_others, until};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_reads_get_their_own_results() {
    let scene = Scene::new().await;
    let (store, backend, practice) = (&scene.store, &scene.backend, scene.practice);
    let mut sessions = Vec::new();
    for user in [practice.client, practice.therapist] {
        sessions.push(Some(backend.commit(async |work| work.add_login_session(&session(user)).await).await));
    }
    sessions.push(None);
    let mut bookings = Vec::new();
    for n in 0..3 {
        bookings.push(Some(backend.add_booking(|id| practice.booking(id, slot(n))).await));
    }
    bookings.push(None);
    let mut reads = JoinSet::new();
    // More than one statement takes, and in every combination of known and unknown.
    for n in 0..600 {
        // Some are aborted at once, or before they have their result.
        if n % 7 == 0 {
            let store = store.clone();
            reads.spawn(async move { store.caller(unknown_session()).await.map(drop).unwrap() }).abort();
        }
        let (login, booking) = (sessions[n % 3], bookings[n % 4].clone());
        let store = store.clone();
        reads.spawn(async move {
            let unknown = 900_000 + i64::try_from(n).unwrap();
            let id = booking.as_ref().map_or(BookingId::new(unknown).unwrap(), |booking| booking.id());
            let session = login.unwrap_or(LoginSessionId::new(unknown).unwrap());
            let found = if n % 5 == 0 {
                store.caller(session).await.unwrap().map(|caller| (caller, booking.clone()))
            } else {
                store.caller_and_booking(session, id).await.unwrap()
            };
            assert_eq!(found.as_ref().map(|(caller, _)| caller.session.id), login);
            assert!(found.is_none_or(|(_, found)| found == booking));
        });
    }
    while let Some(ended) = reads.join_next().await {
        assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()), "a read had a wrong result");
    }
}

fn unknown_session() -> LoginSessionId {
    LoginSessionId::new(777_777).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_row_affects_no_other_read() {
    let scene = Scene::new().await;
    let (store, backend, practice) = (&scene.store, &scene.backend, scene.practice);
    let valid = backend.commit(async |work| work.add_login_session(&session(practice.client)).await).await;
    let invalid = backend.commit(async |work| work.add_login_session(&session(practice.therapist)).await).await;
    let outside = &scene.outside;
    let damage = format!("UPDATE users SET email = 'no address' WHERE id = {}", practice.therapist);
    outside.execute(&damage, &[]).await.unwrap();
    let mut reads = JoinSet::new();
    for n in 0..100 {
        let store = store.clone();
        reads.spawn(async move {
            if n % 2 == 0 {
                assert!(matches!(store.caller(invalid).await, Err(StoreError::Corrupt(_))));
            } else {
                assert_eq!(store.caller(valid).await.unwrap().unwrap().session.id, valid);
            }
        });
    }
    reads.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_go_on_after_their_connections_ended() {
    let scene = Scene::new().await;
    let (store, practice) = (&scene.store, scene.practice);
    let login = scene.backend.commit(async |work| work.add_login_session(&session(practice.client)).await).await;
    for _ in 0..4 {
        store.caller(login).await.unwrap().unwrap();
    }
    let outside = &scene.outside;
    terminate_others(outside).await;
    until(outside, OTHERS, 0).await;
    let healed = async {
        loop {
            match store.caller(login).await {
                Ok(found) => break assert!(found.is_some()),
                Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), healed).await.expect("it heals within five seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_given_up() {
    let database = migrated().await;
    let proxy = Proxy::before(database.url()).await;
    let store = open(proxy.url()).await;
    store.caller(unknown_session()).await.unwrap();
    proxy.set(Way::Silent);
    let began = Instant::now();
    let mut reads = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        reads.spawn(async move {
            assert!(matches!(store.caller(unknown_session()).await, Err(StoreError::Unavailable(_))));
        });
    }
    reads.join_all().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_looks_nothing_up() {
    let database = migrated().await;
    let store = open(database.url()).await;
    store.caller(unknown_session()).await.unwrap();
    store.close().await;
    assert!(matches!(store.caller(unknown_session()).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_loaded_together_equal_pages_loaded_alone() {
    let scene = Scene::new().await;
    let (store, backend, practice) = (&scene.store, &scene.backend, scene.practice);
    let mut filters = vec![BookingFilter::default()];
    let mut all = Vec::new();
    for n in 0..4 {
        let client = backend.add_user(&client(&format!("client-{n}"))).await;
        let theirs = PracticeFixture { client, ..practice };
        for m in 0..n {
            all.push(backend.add_booking(|id| theirs.booking(id, slot(10 * n + m))).await);
        }
        filters.push(BookingFilter { client: Some(client), ..BookingFilter::default() });
    }
    for status in [BookingStatus::PendingPayment, all[0].status()] {
        filters.push(BookingFilter { status: Some(status), ..BookingFilter::default() });
    }
    let mut requests = Vec::new();
    for filter in filters {
        for order in [BookingOrder::Earliest, BookingOrder::Latest] {
            for limit in [0, 1, 2, 10, 50] {
                let filter = BookingFilter { order, ..filter.clone() };
                let places = all.iter().map(|booking| PageStart::After(BookingCursor::from(booking)));
                for start in places.chain([PageStart::Offset(0)]) {
                    requests.push((filter.clone(), BookingPageRequest { limit, start }));
                }
            }
        }
    }
    let mut alone = Vec::new();
    for (filter, page) in &requests {
        alone.push(store.bookings(filter, *page).await.unwrap());
    }
    assert!(alone.iter().any(|page| page.items.is_empty()) && alone.iter().any(|page| page.items.len() > 2));
    let mut reads = JoinSet::new();
    for ((filter, page), expected) in requests.into_iter().zip(alone) {
        let store = store.clone();
        reads.spawn(async move {
            assert_eq!(store.bookings(&filter, page).await.unwrap(), expected, "{filter:?} {page:?}");
        });
    }
    reads.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_row_affects_no_other_page() {
    let scene = Scene::new().await;
    let (store, backend, practice) = (&scene.store, &scene.backend, scene.practice);
    let valid = PracticeFixture { client: backend.add_user(&client("valid")).await, ..practice };
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let good = backend.add_booking(|id| valid.booking(id, slot(1))).await;
    let outside = &scene.outside;
    let damage = format!("UPDATE bookings SET currency = '???' WHERE client_id = {}", practice.client);
    outside.execute(&damage, &[]).await.unwrap();
    let mut reads = JoinSet::new();
    for n in 0..60 {
        let (store, good) = (store.clone(), good.clone());
        let client = if n % 2 == 0 { practice.client } else { valid.client };
        reads.spawn(async move {
            let filter = BookingFilter { client: Some(client), ..BookingFilter::default() };
            let page = BookingPageRequest { limit: 10, start: PageStart::Offset(0) };
            match store.bookings(&filter, page).await {
                Ok(page) => assert_eq!(*page.items, [good]),
                Err(error) => assert!(n % 2 == 0 && matches!(error, StoreError::Corrupt(_)), "{error:?}"),
            }
        });
    }
    reads.join_all().await;
}
