//! Locks: which unit of work waits for which, for how long, and that none waits for one that was dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::NewNotification;
use attune_domain::{Booking, Role, Service, ViewerId};
use attune_ports::{
    Conflict, IdempotencyRecord, LedgerEntry, LedgerKind, NewRefund, Provider, Queries, Store, StoreError, UnitOfWork,
};
use attune_test_postgres::TestDatabase;
use attune_test_store_contract::fixtures::{
    captured, client, email, eur, fact, idempotency_key, idempotency_record, minutes_after, moved, now, paid,
    participant, refund, reminder, response, slot, therapist,
};
use attune_test_store_contract::race::race;

use crate::harness::{OTHERS, Proxy, Scene, Way, backend, migrated, open, open_with, until, until_waiting};

/// The URL of a database that lets statements wait for a minute, so that a slow machine has time to look at them.
fn patient(database: &TestDatabase) -> String {
    format!("{}?options=-c%20lock_timeout%3D60000%20-c%20statement_timeout%3D60000", database.url())
}

impl Scene {
    async fn patient() -> Self {
        let database = migrated().await;
        let store = open(&patient(&database)).await;
        Self::of(database, store).await
    }

    async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.unwrap()
    }

    async fn booked(&self) -> Booking {
        self.backend.add_booking(|id| self.practice.booking(id, slot(0))).await
    }

    /// Makes two changes in concurrent units of work. The second one waits, while something else goes on, until the first
    /// is rolled back or committed; its result has to show which.
    async fn second_waits<T>(
        &self,
        change: impl AsyncFn(&mut dyn UnitOfWork, &str) -> Result<T, StoreError>,
        meanwhile: impl AsyncFn(),
        sees_first: impl Fn(Result<T, StoreError>) -> bool,
    ) {
        for committed in [false, true] {
            let (mut first, mut second) = (self.begin().await, self.begin().await);
            assert!(change(&mut *first, "first").await.is_ok());
            let (result, ()) = tokio::join!(change(&mut *second, "second"), async {
                until_waiting(&self.outside, 1).await;
                meanwhile().await;
                if committed { first.commit().await.unwrap() } else { drop(first) }
            });
            assert_eq!(sees_first(result), committed);
        }
    }

    /// Two units of work at once load three bookings, at most two each.
    async fn two_workers_share(&self, load: impl AsyncFn(&mut dyn UnitOfWork) -> Result<Vec<Booking>, StoreError>) {
        let (mut one, mut two) = (self.begin().await, self.begin().await);
        let (first, second) = (load(&mut *one).await.unwrap(), load(&mut *two).await.unwrap());
        let starts = |bookings: &[Booking]| bookings.iter().map(Booking::scheduled_at).collect::<Vec<_>>();
        assert_eq!((starts(&first), starts(&second)), (vec![slot(0), slot(1)], vec![slot(2)]));
    }
}

fn refused_with<T>(conflict: Conflict) -> impl Fn(Result<T, StoreError>) -> bool {
    move |result| result.is_err_and(|error| error.is_conflict(conflict))
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
    let scene = Scene::new().await;
    let (therapist, another) = (scene.practice.therapist, scene.practice.client);
    let mut holder = scene.begin().await;
    holder.lock_calendar(therapist).await.unwrap();

    let began = Instant::now();
    let mut other = scene.begin().await;
    assert!(matches!(other.lock_calendar(therapist).await, Err(StoreError::Contended)));
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert!(matches!(other.lock_calendar(another).await, Err(StoreError::Failed(_))), "it has ended");
    assert!(matches!(other.commit().await, Err(StoreError::Failed(_))), "it has ended");

    scene.begin().await.lock_calendar(another).await.expect("another calendar is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_contention() {
    let scene = Scene::new().await;
    let (one, other) = (scene.practice.therapist, scene.practice.client);
    let (mut left, mut right) = (scene.begin().await, scene.begin().await);
    left.lock_calendar(one).await.unwrap();
    right.lock_calendar(other).await.unwrap();
    let (left, right) = tokio::join!(left.lock_calendar(other), right.lock_calendar(one));
    let contended = |result: &Result<(), StoreError>| matches!(result, Err(StoreError::Contended));
    assert!(contended(&left) != contended(&right), "one is refused and the other goes on: {left:?}, {right:?}");
    assert!(left.is_ok() || right.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_call_that_is_dropped_frees_everything_at_once() {
    let scene = Scene::new().await;
    let practice = scene.practice;
    // The server alone would let this one wait for a minute, and hold its locks as long.
    let patient = open(&patient(&scene.database)).await;
    let mut holder = scene.begin().await;
    holder.lock_calendar(practice.therapist).await.unwrap();

    let mut waiting = patient.begin().await.unwrap();
    waiting.user_for_change(practice.client).await.unwrap();
    let queue = tokio::spawn(async move {
        let refused = waiting.lock_calendar(practice.therapist).await;
        panic!("it cannot get the calendar: {refused:?}");
    });
    until_waiting(&scene.outside, 1).await;
    queue.abort();

    let mut next = scene.begin().await;
    next.user_for_change(practice.client).await.expect("the account is free");
    drop((next, holder));
    until(&scene.outside, "pg_locks WHERE locktype = 'advisory'", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_unit_of_work_finds_what_was_dropped_unlocked() {
    let database = migrated().await;
    let proxy = Proxy::before(database.url()).await;
    let store = open(proxy.url()).await;
    let scene = Scene::of(database, Arc::clone(&store)).await;
    let practice = scene.practice;
    scene.backend.add_booking(|id| practice.held(id, slot(0), now())).await;
    proxy.set(Way::SlowToUndo);
    // Locked rows are skipped here, so a lock that was released a moment too late would show.
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
async fn calls_dropped_at_random_leave_nothing_behind() {
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
    // As many at once as the pool has: no connection was lost, and none has an open transaction.
    race(4, |_| {
        let store = Arc::clone(&store);
        async move { store.begin().await.expect("a connection is free").commit().await.expect("it is clean") }
    })
    .await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_cost_no_connections() {
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
    let scene = Scene::new().await;
    let practice = scene.practice;
    let mut holder = scene.begin().await;
    assert_eq!(holder.lock_enabled_admins().await.unwrap(), [practice.therapist]);

    let promote = async |mut work: Box<dyn UnitOfWork>| {
        let mut user = work.user_for_change(practice.client).await?.unwrap();
        user.role = Role::Admin;
        work.save_user(&user).await?;
        work.commit().await
    };
    let add_admin = async |mut work: Box<dyn UnitOfWork>| {
        work.add_user(&therapist("new")).await?;
        work.commit().await
    };
    let (promoted, added, ()) = tokio::join!(promote(scene.begin().await), add_admin(scene.begin().await), async {
        until_waiting(&scene.outside, 2).await;
        // An ordinary change of an ordinary account goes on meanwhile.
        scene.backend.add_user(&client("someone")).await;
        holder.commit().await.unwrap();
    });
    promoted.expect("it only has to wait");
    added.expect("it only has to wait");
    assert_eq!(scene.begin().await.lock_enabled_admins().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_account_can_still_be_booked_for() {
    let scene = Scene::new().await;
    let mut holder = scene.begin().await;
    holder.user_for_change(scene.practice.client).await.unwrap();
    holder.lock_enabled_admins().await.unwrap();
    scene.booked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_invitation_can_still_be_emailed_and_read() {
    let scene = Scene::new().await;
    let booking = scene.booked().await;
    let guest = scene.backend.commit(async |work| work.add_participant(&participant(&booking, "guest")).await).await;
    let mut holder = scene.begin().await;
    holder.participant(guest).await.unwrap();
    let recipient = ViewerId::Participant(guest);
    let reminder = NewNotification { recipient, ..reminder(&booking, 60, now()) };
    assert_eq!(scene.backend.commit(async |work| work.enqueue(&[reminder]).await).await, 1);
    assert!(Queries::participant(&*scene.store, guest).await.unwrap().is_some());

    // A unit of work that wants to change it waits, and then sees the change.
    let mut later = scene.begin().await;
    let (seen, ()) = tokio::join!(later.participant(guest), async {
        until_waiting(&scene.outside, 1).await;
        holder.revoke_participant(guest, now()).await.unwrap();
        holder.commit().await.unwrap();
    });
    assert_eq!(seen.unwrap().unwrap().revoked_at, Some(now()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_service_can_still_be_booked_and_read() {
    let scene = Scene::patient().await;
    let service = scene.practice.service;
    let mut holder = scene.begin().await;
    let locked = holder.service_for_change(service).await.unwrap().unwrap();
    scene.booked().await;
    let read = scene.backend.uncommitted(async |work| work.service(service).await).await.unwrap();
    assert_eq!(read.as_ref(), Some(&locked));

    // A unit of work that wants to change it waits, and then sees the change.
    let withdrawn = Service { active: false, ..locked };
    let mut later = scene.begin().await;
    let (seen, ()) = tokio::join!(later.service_for_change(service), async {
        until_waiting(&scene.outside, 1).await;
        holder.save_service(&withdrawn).await.unwrap();
        holder.commit().await.unwrap();
    });
    assert_eq!(seen.unwrap(), Some(Service { version: withdrawn.version + 1, ..withdrawn }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_invitation_waits_for_the_outcome_of_the_first() {
    let scene = Scene::new().await;
    let new = participant(&scene.booked().await, "guest");
    let invite = async |work: &mut dyn UnitOfWork, _: &str| work.add_participant(&new).await;
    scene.second_waits(invite, async || (), refused_with(Conflict::AlreadyInvited)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attendance_events_in_opposite_orders_are_no_deadlock() {
    let scene = Scene::new().await;
    let booking = scene.booked().await.id();
    // Whichever unit of work comes to the event in the middle waits there, with all events before it inserted.
    let events = ["a", "m", "z"].map(|occupant| fact(occupant, AttendanceEventKind::Joined, slot(0)));
    let mut holder = scene.begin().await;
    holder.add_attendance(booking, &events[1..2]).await.unwrap();
    let reversed: Vec<_> = events.iter().rev().cloned().collect();
    let add = |events| scene.backend.commit(async move |work| work.add_attendance(booking, events).await);
    let (forward, backward, ()) = tokio::join!(add(&events), add(&reversed), async {
        until_waiting(&scene.outside, 2).await;
        drop(holder);
    });
    assert_eq!(forward + backward, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_expired_holds() {
    let scene = Scene::new().await;
    for hour in 0..3 {
        scene.backend.add_booking(|id| scene.practice.held(id, slot(hour), minutes_after(now(), hour))).await;
    }
    let later = minutes_after(now(), 60);
    scene.two_workers_share(async |work| work.expired_holds(later, 2).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_ended_bookings() {
    let scene = Scene::new().await;
    for hour in 0..3 {
        scene.backend.add_booking(|id| scene.practice.booking(id, slot(hour))).await;
    }
    scene.two_workers_share(async |work| work.ended_bookings(slot(9), 2).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_waits_for_the_record_of_the_first_request() {
    let scene = Scene::patient().await;
    let practice = scene.practice;
    let key = idempotency_key(practice.client, "k");
    let handle = async |work: &mut dyn UnitOfWork, _: &str| {
        let known = work.idempotency_record(&key).await?.is_some();
        if !known {
            work.add_idempotency_record(&key, &idempotency_record("{}")).await?;
        }
        Ok(known)
    };
    let other_keys = async || {
        let mut other = scene.begin().await;
        for key in [idempotency_key(practice.client, "l"), idempotency_key(practice.therapist, "k")] {
            assert_eq!(other.idempotency_record(&key).await.unwrap(), None, "{key:?}");
        }
    };
    scene.second_waits(handle, other_keys, Result::unwrap).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_record_waits_for_the_outcome_of_the_first() {
    let scene = Scene::patient().await;
    let key = idempotency_key(scene.practice.client, "k");
    let add = async |work: &mut dyn UnitOfWork, body: &str| {
        work.add_idempotency_record(&key, &idempotency_record(body)).await
    };
    scene.second_waits(add, async || (), refused_with(Conflict::IdempotencyKeyTaken)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_skips_records_that_are_locked() {
    let scene = Scene::new().await;
    let (practice, backend) = (scene.practice, &scene.backend);
    let (locked, free) = (idempotency_key(practice.client, "locked"), idempotency_key(practice.client, "free"));
    for key in [&locked, &free] {
        let record = IdempotencyRecord { response: None, ..idempotency_record("") };
        backend.commit(async |work| work.add_idempotency_record(key, &record).await).await;
    }
    let purge = async || backend.commit(async |work| work.purge_responses(slot(0), 9).await).await;
    let mut holder = scene.begin().await;
    assert_eq!(holder.save_response(&locked, &response("saved")).await.unwrap(), Some(response("saved")));
    assert_eq!(purge().await, 1);
    holder.commit().await.unwrap();
    let left = backend.uncommitted(async |work| work.idempotency_record(&locked).await).await.unwrap();
    assert_eq!(left, Some(idempotency_record("saved")));
    assert_eq!(purge().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_skips_payment_events_that_are_locked() {
    let scene = Scene::new().await;
    let backend = &scene.backend;
    for id in ["a", "b", "c"] {
        assert!(backend.commit(async |work| work.add_payment_event(Provider::Stripe, id, now()).await).await);
    }
    let purge = async || backend.commit(async |work| work.purge_payment_events(slot(0), 9).await).await;
    let mut holder = scene.begin().await;
    assert_eq!(holder.purge_payment_events(slot(0), 2).await.unwrap(), 2);
    assert_eq!(purge().await, 1);
    drop(holder);
    assert_eq!(purge().await, 2);
}

/// Neither unit of work locks the booking here: the guard of the database alone keeps the two apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_refund_waits_for_the_outcome_of_the_first() {
    let scene = Scene::patient().await;
    let booking = scene.booked().await.id();
    let payment = scene.backend.add_payment(paid(booking, "r")).await;
    let other = scene.backend.add_payment(paid(booking, "s")).await;
    let add = async |work: &mut dyn UnitOfWork, key: &str| {
        work.add_refund(&NewRefund { amount: eur(5_000), ..refund(&payment, key) }).await
    };
    let other_payment = async || {
        scene.backend.uncommitted(async |work| work.add_refund(&refund(&other, "other")).await).await.unwrap();
    };
    scene.second_waits(add, other_payment, refused_with(Conflict::RefundTooLarge)).await;
    let refunds = scene.store.refunds(booking).await.unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.idempotency_key.as_str()).collect::<Vec<_>>(), ["first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ledger_entry_waits_for_the_outcome_of_the_first() {
    let scene = Scene::patient().await;
    let booking = scene.booked().await.id();
    let payment = scene.backend.add_payment(paid(booking, "r")).await;
    scene.backend.commit(async |work| work.add_ledger_entry(&captured(&payment)).await).await;
    let (first, second) = (refund(&payment, "first"), refund(&payment, "second"));
    let (first, second) = (scene.backend.add_refund(first).await, scene.backend.add_refund(second).await);
    let add = async |work: &mut dyn UnitOfWork, key: &str| {
        let refund = if key == "first" { &first } else { &second };
        work.add_ledger_entry(&LedgerEntry { amount: eur(5_000), ..moved(refund, LedgerKind::Refunded) }).await
    };
    scene.second_waits(add, async || (), refused_with(Conflict::LedgerUnbalanced)).await;
    assert_eq!(scene.store.ledger(booking).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_no_writer() {
    let scene = Scene::new().await;
    let id = scene.practice.client;
    let mut holder = scene.begin().await;
    let mut user = holder.user_for_change(id).await.unwrap().unwrap();
    user.email = email("moved");
    holder.save_user(&user).await.unwrap();
    let seen = Queries::user(&*scene.store, id).await.unwrap().unwrap();
    assert_eq!(seen.email, email("client"));
}
