//! Readers and the writer at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use attune_domain::UserId;
use attune_ports::{BookingFilter, PageRequest, Queries, Store};
use attune_test_store_contract::fixtures::{PracticeFixture, client, session, slot};
use attune_test_store_contract::race::{open, race};

use crate::harness::{add_client, fresh, has_client};

const PAGE: PageRequest = PageRequest { limit: 20, offset: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn a_read_after_a_commit_sees_it() {
    const WRITERS: usize = 4;
    let (_folder, store) = fresh().await;
    let over = Arc::new(AtomicBool::new(false));
    // Many reads, so that there is always a snapshot that another one began.
    let others: Vec<_> = (0..32)
        .map(|_| {
            let (store, over) = (Arc::clone(&store), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    store.user(UserId::new(1).unwrap()).await.expect("an answer");
                }
            })
        })
        .collect();
    race(WRITERS, |writer| {
        let store = Arc::clone(&store);
        async move {
            for n in 0..40 {
                let name = format!("client-{writer}-{n}");
                let id = add_client(&*store, &name).await.expect("it is added");
                assert!(has_client(&*store, &name).await, "{name} was committed");
                assert!(store.user(id).await.expect("an answer").is_some(), "{name} was committed");
                let mut work = open(&*store).await.expect("it begins");
                let login = work.add_login_session(&session(id)).await.expect("it is added");
                work.commit().await.expect("it is committed");
                let caller = store.caller(login).await.expect("an answer").expect("the login was committed");
                assert_eq!(caller.user.id, id);
            }
        }
    })
    .await;
    over.store(true, Ordering::Relaxed);
    for one in others {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_no_writer() {
    const READERS: usize = 64;
    let (_folder, store) = fresh().await;
    let practice = PracticeFixture::create(&*store).await;
    let login = {
        let mut work = store.begin().await.unwrap();
        let login = work.add_login_session(&session(practice.client)).await.unwrap();
        work.commit().await.unwrap();
        login
    };
    let mut work = store.begin().await.unwrap();
    let new = work.add_user(&client("new")).await.unwrap();
    let id = work.next_booking_id().await.unwrap();
    work.add_booking(&practice.booking(id, slot(0))).await.unwrap();

    // The transaction is open, and stays so until all of them have their answers.
    race(READERS, |_| {
        let store = Arc::clone(&store);
        async move {
            for _ in 0..10 {
                let (caller, booking) = store.caller_and_booking(login, id).await.unwrap().expect("the login");
                assert_eq!(caller.user.id, practice.client);
                assert!(booking.is_none(), "no one has committed it");
                assert!(store.user(new).await.unwrap().is_none(), "no one has committed it");
                let mine = BookingFilter { client: Some(practice.client), ..BookingFilter::default() };
                assert_eq!(store.bookings(&mine, PAGE.into()).await.unwrap().total, 0);
            }
        }
    })
    .await;

    work.commit().await.unwrap();
    assert!(store.caller_and_booking(login, id).await.unwrap().unwrap().1.is_some());
    assert!(store.user(new).await.unwrap().is_some());
}
