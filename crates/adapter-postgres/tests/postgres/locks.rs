//! Who waits for whom, for how long, and that no one waits for someone who is gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::NewNotification;
use attune_domain::{Role, Service, ViewerId};
use attune_ports::{
    Conflict, IdempotencyRecord, LedgerEntry, LedgerKind, NewRefund, Provider, Queries, Store, StoreError,
};
use attune_test_postgres::TestDatabase;
use attune_test_store_contract::fixtures::{
    captured, eur, idempotency_key, idempotency_record, moved, paid, refund, response,
};
use attune_test_store_contract::fixtures::{
    client, email, fact, minutes_after, now, participant, reminder, slot, therapist,
};
use attune_test_store_contract::race::race;

use crate::harness::{OTHERS, Proxy, Way, backend, migrated, open, open_with, until};

/// The URL of a database that lets statements wait for a minute, so that a slow machine has time to look at them.
fn patient(database: &TestDatabase) -> String {
    format!("{}?options=-c%20lock_timeout%3D60000%20-c%20statement_timeout%3D60000", database.url())
}

/// Polls a call for so many turns, then drops it.
async fn give_up_after<T>(turns: usize, call: impl Future<Output = T>) {
    let turns = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { biased; _ = call => {} () = turns => {} }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_is_waited_for_two_seconds() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let practice = backend(&store).practice().await;
    let mut holder = store.begin().await.unwrap();
    holder.lock_calendar(practice.therapist).await.unwrap();

    let began = Instant::now();
    let mut other = store.begin().await.unwrap();
    assert!(matches!(other.lock_calendar(practice.therapist).await, Err(StoreError::Contended)));
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert!(matches!(other.lock_calendar(practice.client).await, Err(StoreError::Failed(_))), "it is spent");
    assert!(matches!(other.commit().await, Err(StoreError::Failed(_))), "it is spent");

    let mut free = store.begin().await.unwrap();
    free.lock_calendar(practice.client).await.expect("another calendar is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_contention() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let practice = backend(&store).practice().await;
    let (mut left, mut right) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    left.lock_calendar(practice.therapist).await.unwrap();
    right.lock_calendar(practice.client).await.unwrap();
    let (one, two) = tokio::join!(left.lock_calendar(practice.client), right.lock_calendar(practice.therapist));
    let contended = |result: &Result<(), StoreError>| matches!(result, Err(StoreError::Contended));
    assert!(contended(&one) != contended(&two), "one gives way and the other goes on: {one:?}, {two:?}");
    assert!(one.is_ok() || two.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_given_up_in_a_queue_frees_everything_at_once() {
    let database = migrated().await;
    // Left alone, the server would let this one wait for a minute, and keep its locks as long.
    let (store, patient) = (open(database.url()).await, open(&patient(&database)).await);
    let practice = backend(&store).practice().await;
    let mut holder = store.begin().await.unwrap();
    holder.lock_calendar(practice.therapist).await.unwrap();

    let mut waiting = patient.begin().await.unwrap();
    waiting.user_for_change(practice.client).await.unwrap();
    let queue = tokio::spawn(async move {
        let refused = waiting.lock_calendar(practice.therapist).await;
        panic!("it cannot get the calendar: {refused:?}");
    });
    let outside = database.connect().await;
    until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
    queue.abort();

    let mut next = store.begin().await.unwrap();
    next.user_for_change(practice.client).await.expect("the account is free");
    drop((next, holder));
    until(&outside, "pg_locks WHERE locktype = 'advisory'", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_free_to_anyone_who_asks_next() {
    let database = migrated().await;
    let proxy = Proxy::before(database.url()).await;
    let store = open(proxy.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    backend.add_booking(|id| practice.held(id, slot(0), now())).await;
    proxy.set(Way::SlowToUndo);
    // Rows that are held are skipped here, so a lock that was given back a moment too late would show.
    for round in 0..9 {
        let mut work = store.begin().await.unwrap();
        assert_eq!(work.expired_holds(now(), 1).await.unwrap().len(), 1, "round {round}");
        match round % 3 {
            0 => drop(work),
            1 => give_up_after(0, work.lock_calendar(practice.therapist)).await,
            _ => drop(work.add_user(&client("client")).await.expect_err("the address is taken")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lingers_after_calls_given_up_at_random() {
    let database = migrated().await;
    let store = open_with(database.url(), 4).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    race(8, |task| {
        let store = Arc::clone(&store);
        async move {
            for round in 0..40 {
                // Spread over the few and the many turns that a call takes, differently for each task.
                let turns = (task * 40 + round) * 7 % 97;
                match round % 4 {
                    0 => give_up_after(turns, store.begin()).await,
                    1 => give_up_after(turns, Queries::user(&*store, practice.client)).await,
                    2 => {
                        let Ok(mut work) = store.begin().await else { continue };
                        give_up_after(turns, work.lock_calendar(practice.therapist)).await;
                    }
                    _ => {
                        let Ok(mut work) = store.begin().await else { continue };
                        let person = client(&format!("c{task}-{round}"));
                        if work.add_user(&person).await.is_ok() {
                            give_up_after(turns, work.commit()).await;
                        }
                    }
                }
            }
        }
    })
    .await;
    let outside = database.connect().await;
    until(&outside, &format!("{OTHERS} AND state <> 'idle'"), 0).await;
    until(&outside, "pg_locks WHERE locktype = 'advisory'", 0).await;
    // As many at once as the pool has: no connection was lost, and none has a transaction left.
    race(4, |_| {
        let store = Arc::clone(&store);
        async move { store.begin().await.expect("a connection is free").commit().await.expect("it is clean") }
    })
    .await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_do_not_cost_connections() {
    let database = migrated().await;
    let store = open_with(database.url(), 1).await;
    let backend = backend(&store);
    backend.practice().await;
    let outside = database.connect().await;
    let pids = format!("SELECT pid FROM {OTHERS} ORDER BY pid");
    let before: Vec<i32> = outside.query(&pids, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    for _ in 0..20 {
        let taken = backend.uncommitted(async |work| work.add_user(&client("client")).await).await;
        assert!(taken.unwrap_err().is_conflict(Conflict::EmailTaken));
        drop(backend.begin().await);
    }
    let after: Vec<i32> = outside.query(&pids, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(before, after, "a rolled back connection is used again");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_one_becomes_an_admin_while_the_admins_are_locked() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let practice = backend(&store).practice().await;
    let mut holder = store.begin().await.unwrap();
    assert_eq!(holder.lock_enabled_admins().await.unwrap(), [practice.therapist]);

    let promotion = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let mut work = store.begin().await?;
            let mut user = work.user_for_change(practice.client).await?.unwrap();
            user.role = Role::Admin;
            work.save_user(&user).await?;
            work.commit().await
        }
    });
    let hiring = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let mut work = store.begin().await?;
            work.add_user(&therapist("new")).await?;
            work.commit().await
        }
    });
    let outside = database.connect().await;
    until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 2).await;
    // An ordinary change of an ordinary account goes on meanwhile.
    let mut other = store.begin().await.unwrap();
    other.add_user(&client("someone")).await.unwrap();
    other.commit().await.unwrap();
    holder.commit().await.unwrap();
    promotion.await.unwrap().expect("the promotion was only late");
    hiring.await.unwrap().expect("so was the new colleague");
    let mut later = store.begin().await.unwrap();
    assert_eq!(later.lock_enabled_admins().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_account_can_still_be_booked_for() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let mut holder = store.begin().await.unwrap();
    holder.user_for_change(practice.client).await.unwrap();
    holder.lock_enabled_admins().await.unwrap();
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    drop(holder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_invitation_can_still_be_mailed_to_and_read() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let guest = backend.commit(async |work| work.add_participant(&participant(&booking, "guest")).await).await;
    let mut holder = store.begin().await.unwrap();
    holder.participant(guest).await.unwrap();
    let recipient = ViewerId::Participant(guest);
    let reminder = NewNotification { recipient, ..reminder(&booking, 60, now()) };
    assert_eq!(backend.commit(async |work| work.enqueue(&[reminder]).await).await, 1);
    assert!(Queries::participant(&*store, guest).await.unwrap().is_some());

    // Anyone who wants to change it waits, and then sees what became of it.
    let later = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.begin().await?.participant(guest).await }
    });
    let outside = database.connect().await;
    until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
    holder.revoke_participant(guest, now()).await.unwrap();
    holder.commit().await.unwrap();
    assert_eq!(later.await.unwrap().unwrap().unwrap().revoked_at, Some(now()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_invitation_waits_for_what_becomes_of_the_first() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let outside = database.connect().await;
    for kept in [false, true] {
        let mut first = store.begin().await.unwrap();
        first.add_participant(&participant(&booking, "guest")).await.unwrap();
        let second = tokio::spawn({
            let (store, new) = (Arc::clone(&store), participant(&booking, "guest"));
            async move { store.begin().await?.add_participant(&new).await }
        });
        until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
        if kept {
            first.commit().await.unwrap();
        } else {
            drop(first);
        }
        let second = second.await.unwrap();
        assert_eq!(second.is_err_and(|error| error.is_conflict(Conflict::AlreadyInvited)), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_told_in_opposite_orders_are_no_deadlock() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let outside = database.connect().await;
    // Anyone who comes to the fact in the middle waits there for the holder, with all facts before it in hand.
    let facts = ["a", "m", "z"].map(|occupant| fact(occupant, AttendanceEventKind::Joined, slot(0)));
    let mut holder = store.begin().await.unwrap();
    holder.add_attendance(booking.id(), &facts[1..2]).await.unwrap();
    let tell = |facts: Vec<_>| {
        let (store, id) = (Arc::clone(&store), booking.id());
        tokio::spawn(async move {
            let mut work = store.begin().await?;
            let new = work.add_attendance(id, &facts).await?;
            work.commit().await?;
            Ok::<_, StoreError>(new)
        })
    };
    let forward = tell(facts.to_vec());
    let backward = tell(facts.iter().rev().cloned().collect());
    until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 2).await;
    drop(holder);
    let new = [forward.await.unwrap(), backward.await.unwrap()].map(|new| new.expect("it only had to wait"));
    assert_eq!(new.iter().sum::<u64>(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_share_the_lapsed_holds() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    for hour in 0..3 {
        backend.add_booking(|id| practice.held(id, slot(hour), minutes_after(now(), hour))).await;
    }
    let later = minutes_after(now(), 60);
    let (mut one, mut two) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let first: Vec<_> = one.expired_holds(later, 2).await.unwrap().iter().map(|b| b.scheduled_at()).collect();
    let second: Vec<_> = two.expired_holds(later, 2).await.unwrap().iter().map(|b| b.scheduled_at()).collect();
    assert_eq!((first, second), (vec![slot(0), slot(1)], vec![slot(2)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_share_the_ended_sessions() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    for hour in 0..3 {
        backend.add_booking(|id| practice.booking(id, slot(hour))).await;
    }
    let (mut one, mut two) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let first: Vec<_> = one.ended_bookings(slot(9), 2).await.unwrap().iter().map(|b| b.scheduled_at()).collect();
    let second: Vec<_> = two.ended_bookings(slot(9), 2).await.unwrap().iter().map(|b| b.scheduled_at()).collect();
    assert_eq!((first, second), (vec![slot(0), slot(1)], vec![slot(2)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_waits_for_the_record_of_the_first_request() {
    let database = migrated().await;
    let store = open(&patient(&database)).await;
    let practice = backend(&store).practice().await;
    let outside = database.connect().await;
    let key = idempotency_key(practice.client, "k");
    for kept in [false, true] {
        let mut first = store.begin().await.unwrap();
        assert_eq!(first.idempotency_record(&key).await.unwrap(), None);
        let second = tokio::spawn({
            let (store, key) = (Arc::clone(&store), key.clone());
            async move { store.begin().await?.idempotency_record(&key).await }
        });
        until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
        // Other keys, and the same key of another user, do not wait.
        let mut other = store.begin().await.unwrap();
        assert_eq!(other.idempotency_record(&idempotency_key(practice.client, "l")).await.unwrap(), None);
        assert_eq!(other.idempotency_record(&idempotency_key(practice.therapist, "k")).await.unwrap(), None);
        drop(other);
        if kept {
            first.add_idempotency_record(&key, &idempotency_record("{}")).await.unwrap();
            first.commit().await.unwrap();
        } else {
            drop(first);
        }
        assert_eq!(second.await.unwrap().unwrap().is_some(), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_record_waits_for_the_outcome_of_the_first() {
    let database = migrated().await;
    let store = open(&patient(&database)).await;
    let practice = backend(&store).practice().await;
    let outside = database.connect().await;
    let key = idempotency_key(practice.client, "k");
    for kept in [false, true] {
        let mut first = store.begin().await.unwrap();
        first.add_idempotency_record(&key, &idempotency_record("first")).await.unwrap();
        let second = tokio::spawn({
            let (store, key) = (Arc::clone(&store), key.clone());
            async move { store.begin().await?.add_idempotency_record(&key, &idempotency_record("second")).await }
        });
        until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
        if kept {
            first.commit().await.unwrap();
        } else {
            drop(first);
        }
        let second = second.await.unwrap();
        assert_eq!(second.is_err_and(|error| error.is_conflict(Conflict::IdempotencyKeyTaken)), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_does_not_wait_for_a_record_that_is_locked() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let (held, free) = (idempotency_key(practice.client, "held"), idempotency_key(practice.client, "free"));
    for key in [&held, &free] {
        let record = IdempotencyRecord { response: None, ..idempotency_record("") };
        backend.commit(async |work| work.add_idempotency_record(key, &record).await).await;
    }
    let mut holder = store.begin().await.unwrap();
    assert_eq!(holder.save_response(&held, &response("saved")).await.unwrap(), Some(response("saved")));
    assert_eq!(backend.commit(async |work| work.purge_responses(slot(0), 9).await).await, 1);
    holder.commit().await.unwrap();
    let left = backend.uncommitted(async |work| work.idempotency_record(&held).await).await.unwrap();
    assert_eq!(left, Some(idempotency_record("saved")));
    assert_eq!(backend.commit(async |work| work.purge_responses(slot(0), 9).await).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_service_can_still_be_booked_and_read() {
    let database = migrated().await;
    let store = open(&patient(&database)).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let mut holder = store.begin().await.unwrap();
    let held = holder.service_for_change(practice.service).await.unwrap().unwrap();
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    assert_eq!(
        backend.uncommitted(async |work| work.service(practice.service).await).await.unwrap(),
        Some(held.clone())
    );

    // Anyone who wants to change it waits, and then sees what became of it.
    let later = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.begin().await?.service_for_change(practice.service).await }
    });
    let outside = database.connect().await;
    until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
    let withdrawn = Service { active: false, ..held };
    holder.save_service(&withdrawn).await.unwrap();
    holder.commit().await.unwrap();
    assert_eq!(later.await.unwrap().unwrap(), Some(withdrawn));
}

/// No one has the booking here: the guard of the database alone keeps the two apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_refund_waits_for_what_becomes_of_the_first() {
    let database = migrated().await;
    let store = open(&patient(&database)).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    let other = backend.add_payment(paid(booking.id(), "s")).await;
    let most = |key| NewRefund { amount: eur(5_000), ..refund(&payment, key) };
    let outside = database.connect().await;
    for kept in [false, true] {
        let mut first = store.begin().await.unwrap();
        first.add_refund(&most("first")).await.unwrap();
        let second = tokio::spawn({
            let (store, new) = (Arc::clone(&store), most("second"));
            async move { store.begin().await?.add_refund(&new).await }
        });
        until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
        // Another payment's money does not wait.
        backend.uncommitted(async |work| work.add_refund(&refund(&other, "other")).await).await.unwrap();
        if kept {
            first.commit().await.unwrap();
        } else {
            drop(first);
        }
        let second = second.await.unwrap();
        assert_eq!(second.is_err_and(|error| error.is_conflict(Conflict::RefundTooLarge)), kept);
    }
    let kept = store.refunds(booking.id()).await.unwrap();
    assert_eq!(kept.iter().map(|refund| refund.idempotency_key.as_str()).collect::<Vec<_>>(), ["first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_line_waits_for_what_becomes_of_the_first() {
    let database = migrated().await;
    let store = open(&patient(&database)).await;
    let backend = backend(&store);
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    backend.commit(async |work| work.add_ledger_entry(&captured(&payment)).await).await;
    let mut lines = Vec::new();
    for key in ["a", "b"] {
        let back = backend.add_refund(refund(&payment, key)).await;
        lines.push(LedgerEntry { amount: eur(5_000), ..moved(&back, LedgerKind::Refunded) });
    }
    let outside = database.connect().await;
    for kept in [false, true] {
        let mut first = store.begin().await.unwrap();
        first.add_ledger_entry(&lines[0]).await.unwrap();
        let second = tokio::spawn({
            let (store, line) = (Arc::clone(&store), lines[1].clone());
            async move { store.begin().await?.add_ledger_entry(&line).await }
        });
        until(&outside, &format!("{OTHERS} AND wait_event_type = 'Lock'"), 1).await;
        if kept {
            first.commit().await.unwrap();
        } else {
            drop(first);
        }
        let second = second.await.unwrap();
        assert_eq!(second.is_err_and(|error| error.is_conflict(Conflict::LedgerUnbalanced)), kept);
    }
    assert_eq!(store.ledger(booking.id()).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_event_is_not_waited_for_when_old_ones_are_forgotten() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let backend = backend(&store);
    for id in ["a", "b", "c"] {
        assert!(backend.commit(async |work| work.add_payment_event(Provider::Stripe, id, now()).await).await);
    }
    let mut holder = store.begin().await.unwrap();
    assert_eq!(holder.purge_payment_events(slot(0), 2).await.unwrap(), 2);
    assert_eq!(backend.commit(async |work| work.purge_payment_events(slot(0), 9).await).await, 1);
    drop(holder);
    assert_eq!(backend.commit(async |work| work.purge_payment_events(slot(0), 9).await).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_no_writer() {
    let database = migrated().await;
    let store = open(database.url()).await;
    let practice = backend(&store).practice().await;
    let mut holder = store.begin().await.unwrap();
    let mut user = holder.user_for_change(practice.client).await.unwrap().unwrap();
    user.email = email("moved");
    holder.save_user(&user).await.unwrap();
    let seen = Queries::user(&*store, practice.client).await.unwrap().unwrap();
    assert_eq!(seen.email, email("client"));
}
