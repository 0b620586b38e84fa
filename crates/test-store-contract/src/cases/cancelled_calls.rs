//! Calls whose future is dropped before it is done: a cancelled request must not harm the next one.

use std::sync::Arc;

use attune_domain::{ConferenceId, LoginSessionId, OneTimePurpose, Role};
use attune_ports::{BookingFilter, PageRequest, Provider, Queries, Store, UserFilter};

use super::{begin_and_drop, unknown};
use crate::Backend;
use crate::fixtures::{PracticeFixture, client, email, lease, now, session, slot};
use crate::race::{open, race};

const ALL: PageRequest = PageRequest { limit: 1_000, offset: 0 };

/// Uses the store as if nothing had happened.
async fn expect_healthy(backend: &Backend, practice: PracticeFixture) {
    backend.queries.ping().await.expect("the store answers");
    let booking = backend.book(practice, 500).await;
    assert_eq!(backend.read_booking(booking.id()).await.as_ref(), Some(&booking));
    let mut work = backend.begin().await;
    work.lock_calendar(practice.therapist).await.expect("no one holds the calendar");
    work.lock_enabled_admins().await.expect("no one holds the admins");
    let found = work.booking(booking.id()).await.expect("no one holds the booking").expect("the booking exists");
    let (rescheduled, _) = found.reschedule(slot(600), Role::Admin, now()).expect("a legal reschedule");
    work.save_booking(&rescheduled).await.expect("a write");
    work.commit().await.expect("a commit");
    assert_eq!(backend.read_booking(booking.id()).await, Some(rescheduled));
}

/// Calls every query once, and cancels it after so many turns.
async fn query_and_cancel(queries: &dyn Queries, practice: PracticeFixture, turns: usize) {
    let login = LoginSessionId::new(1).expect("positive");
    begin_and_drop(turns, queries.ping()).await;
    begin_and_drop(turns, queries.caller(login)).await;
    begin_and_drop(turns, queries.credentials(&email("client"))).await;
    begin_and_drop(turns, queries.credentials_of(practice.client)).await;
    begin_and_drop(turns, queries.login_history(practice.client, Some("192.0.2.0/24"), None, now())).await;
    begin_and_drop(turns, queries.one_time_token(unknown())).await;
    begin_and_drop(turns, queries.one_time_token_issued_at(practice.client, OneTimePurpose::LogIn, now())).await;
    begin_and_drop(turns, queries.open_one_time_tokens(practice.client)).await;
    begin_and_drop(turns, queries.user(practice.client)).await;
    begin_and_drop(turns, queries.users(&UserFilter::default(), ALL)).await;
    begin_and_drop(turns, queries.services()).await;
    begin_and_drop(turns, queries.all_services()).await;
    begin_and_drop(turns, queries.calendar_settings(practice.therapist)).await;
    begin_and_drop(turns, queries.policy()).await;
    begin_and_drop(turns, queries.schedule_exceptions(None)).await;
    begin_and_drop(turns, queries.busy_times(practice.therapist, slot(0), slot(9), now())).await;
    begin_and_drop(turns, queries.booking(unknown())).await;
    begin_and_drop(turns, queries.bookings(&BookingFilter::default(), ALL.into())).await;
    begin_and_drop(turns, queries.payments(unknown())).await;
    begin_and_drop(turns, queries.payment_by_checkout_id(Provider::Test, "r")).await;
    begin_and_drop(turns, queries.notifications(unknown())).await;
    begin_and_drop(turns, queries.history(unknown())).await;
    begin_and_drop(turns, queries.booking_by_room("room")).await;
    begin_and_drop(turns, queries.participant(unknown())).await;
    begin_and_drop(turns, queries.participants(unknown())).await;
    begin_and_drop(turns, queries.invitations_of(&email("client"), now(), 9)).await;
    begin_and_drop(turns, queries.conference(ConferenceId::new(1).expect("positive"))).await;
    begin_and_drop(turns, queries.attendance(&[unknown()])).await;
    begin_and_drop(turns, queries.outbox_health(now())).await;
    begin_and_drop(turns, queries.backlog()).await;
}

pub async fn cancelled_queries_leave_the_store_healthy(backend: &Backend) {
    let practice = backend.practice().await;
    race(8, |task| {
        let queries = Arc::clone(&backend.queries);
        async move {
            for round in 0..4 {
                query_and_cancel(&*queries, practice, (task + round) % 5).await;
            }
        }
    })
    .await;
    for user in [practice.client, practice.therapist] {
        assert_eq!(backend.read_user(user).await.id, user);
    }
    assert!(backend.queries.user(unknown()).await.unwrap().is_none());
    assert_eq!(backend.queries.users(&UserFilter::default(), ALL).await.unwrap().total, 2);
    expect_healthy(backend, practice).await;
}

pub async fn cancelled_begins_leave_the_store_healthy(backend: &Backend) {
    let practice = backend.practice().await;
    race(8, |task| {
        let store = Arc::clone(&backend.store);
        async move {
            for round in 0..6 {
                begin_and_drop((task + round) % 5, store.begin()).await;
            }
        }
    })
    .await;
    expect_healthy(backend, practice).await;
}

/// A unit of work that is cancelled in its call number `stop`.
async fn write_and_cancel(store: &dyn Store, practice: PracticeFixture, stop: usize, turns: usize) {
    let mut work = open(store).await.expect("a unit of work opens");
    if stop == 0 {
        return begin_and_drop(turns, work.lock_calendar(practice.therapist)).await;
    }
    // Another task may hold the calendar lock; this one then ends with an error instead.
    if work.lock_calendar(practice.therapist).await.is_err() {
        return;
    }
    let Ok(id) = work.next_booking_id().await else { return };
    if stop == 1 {
        return begin_and_drop(turns, work.blocking_bookings(practice.therapist, slot(0), slot(9))).await;
    }
    let booking = practice.booking(id, slot(0));
    if stop == 2 {
        return begin_and_drop(turns, work.add_booking(&booking)).await;
    }
    if work.add_booking(&booking).await.is_err() {
        return;
    }
    match stop {
        3 => begin_and_drop(turns, work.add_user(&client("cancelled"))).await,
        4 => begin_and_drop(turns, work.lease_notifications(5, now(), &lease(1, slot(0)))).await,
        _ => begin_and_drop(turns, work.lock_enabled_admins()).await,
    }
}

pub async fn cancelled_calls_roll_back_their_unit_of_work(backend: &Backend) {
    let practice = backend.practice().await;
    race(6, |task| {
        let store = Arc::clone(&backend.store);
        async move {
            for round in 0..4 {
                write_and_cancel(&*store, practice, (task + round) % 6, round).await;
            }
        }
    })
    .await;
    let found = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap();
    assert_eq!(found.total, 0, "nothing was committed");
    assert!(backend.queries.credentials(&email("cancelled")).await.unwrap().is_none());
    backend.book(practice, 0).await;
    expect_healthy(backend, practice).await;
}

pub async fn cancelled_commits_are_all_or_nothing(backend: &Backend) {
    let practice = backend.practice().await;
    for round in 0..12 {
        let mut work = backend.begin().await;
        for half in ["left", "right"] {
            let user = work.add_user(&client(&format!("{half}{round}"))).await.unwrap();
            work.add_login_session(&session(user)).await.unwrap();
        }
        begin_and_drop(round % 4, work.commit()).await;
    }
    expect_healthy(backend, practice).await;
    let found = backend.queries.users(&UserFilter::default(), ALL).await.unwrap();
    for round in 0..12 {
        let there = |half: &str| found.items.iter().any(|user| user.email == email(&format!("{half}{round}")));
        assert_eq!(there("left"), there("right"), "half of a commit was stored");
    }
}
