//! Look-ups share a thread and a snapshot, and nothing else.

use attune_domain::{ConferenceId, OneTimePurpose, OneTimeTokenId, ParticipantId};

use attune_ports::PoolActivity;

use super::*;

/// A number that a connection returns, whatever is in the tables.
fn one(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sql::<BigInt>("SELECT 1").get_result(connection).expect("a number"))
}

fn attempts(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sql::<BigInt>("SELECT count(*) FROM attempts").get_result(connection).expect("a count"))
}

async fn add_attempt(store: &SqliteStore) {
    let mut work = store.begin().await.unwrap();
    assert!(work.count_attempt(&attempt_key(1), now(), now(), 9).await.unwrap());
    work.commit().await.unwrap();
}

/// Blocks the thread of the look-ups until the sender is dropped. What is queued meanwhile runs as one batch.
async fn hold(store: &Arc<SqliteStore>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let store = Arc::clone(store);
    let holding = tokio::spawn(async move {
        store
            .lookups
            .look_up(move |_| {
                let _ = begin.send(());
                let _ = released.recv();
                Ok(())
            })
            .await
    });
    begun.await.expect("it begins");
    (release, holding)
}

/// Polls a look-up once, so that it is in the queue when this returns.
async fn queued<T>(look_up: impl Future<Output = T>) -> impl Future<Output = T> {
    let mut look_up = Box::pin(look_up);
    assert!(poll_fn(|context| Poll::Ready(look_up.as_mut().poll(context).is_pending())).await);
    look_up
}

#[tokio::test]
async fn failed_panicking_and_dropped_look_ups_affect_no_others() {
    let (_folder, store) = fresh(1).await;
    add_attempt(&store).await;
    let lookups = &store.lookups;
    let (release, holding) = hold(&store).await;

    let first = queued(lookups.look_up(attempts)).await;
    let wrong = queued(lookups.look_up(|connection| run_sql(connection, "SELECT * FROM nowhere"))).await;
    let second = queued(lookups.look_up(attempts)).await;
    let dropped = queued(lookups.look_up::<(), _>(|_| unreachable!("a job that no one waits for is skipped"))).await;
    let broken = queued(lookups.look_up::<(), _>(|_| Err(StoreError::Unavailable("as planned".into())))).await;
    let third = queued(lookups.look_up(attempts)).await;
    let panicking = queued(lookups.look_up::<(), _>(|connection| {
        // A row that was read half-way when the panic strikes.
        let mut rows = sql_query("SELECT at AS n FROM attempts").load_iter::<Number, _>(connection).unwrap();
        let _first = rows.next();
        panic!("as planned")
    }))
    .await;
    let fourth = queued(lookups.look_up(attempts)).await;
    drop(dropped);
    drop(release);

    holding.await.unwrap().unwrap();
    for good in [first.await, second.await, third.await, fourth.await] {
        assert_eq!(good.unwrap(), 1);
    }
    let wrong = wrong.await;
    assert!(matches!(wrong, Err(StoreError::Failed(_))), "{wrong:?}");
    let broken = broken.await;
    assert!(matches!(broken, Err(StoreError::Unavailable(_))), "{broken:?}");
    let lost = panicking.await;
    assert!(matches!(lost, Err(StoreError::Failed(_))), "{lost:?}");

    // No transaction was left open: what was written since is seen.
    add_attempt(&store).await;
    assert_eq!(lookups.look_up(attempts).await.unwrap(), 2);
}

#[tokio::test]
async fn after_an_error_the_next_in_line_gets_a_transaction_of_its_own() {
    let (_folder, store) = fresh(1).await;
    let lookups = &store.lookups;
    let (release, holding) = hold(&store).await;
    // As SQLite does automatically after some errors.
    let ending = queued(lookups.look_up::<(), _>(|connection| {
        run_sql(connection, "ROLLBACK")?;
        Err(StoreError::Failed("as planned".into()))
    }))
    .await;
    let within = queued(lookups.look_up(|connection| run_sql(connection, "BEGIN"))).await;
    let leaving_one_open = queued(lookups.look_up(|connection| run_sql(connection, "ROLLBACK; BEGIN; SELECT 1"))).await;
    drop(release);
    holding.await.unwrap().unwrap();
    assert!(matches!(ending.await, Err(StoreError::Failed(_))));
    let nested = within.await;
    assert!(matches!(nested, Err(StoreError::Failed(_))), "it is within a transaction: {nested:?}");
    leaving_one_open.await.unwrap();
    assert_eq!(lookups.look_up(one).await.unwrap(), 1);
}

#[tokio::test]
async fn a_transaction_that_cannot_begin_or_end_costs_the_connection_and_nothing_else() {
    let (_folder, store) = fresh(1).await;
    let lookups = &store.lookups;
    let mark = |connection: &mut SqliteConnection| run_sql(connection, "PRAGMA busy_timeout = 1234");
    let marked = |connection: &mut SqliteConnection| Ok(pragma(connection, "busy_timeout") == 1234);

    lookups.look_up(mark).await.unwrap();
    assert!(lookups.look_up(marked).await.unwrap(), "a sound connection is used again");
    // The end of the transaction fails then. The answer is good all the same.
    lookups.look_up(|connection| run_sql(connection, "ROLLBACK")).await.unwrap();
    assert!(!lookups.look_up(marked).await.unwrap());

    lookups.look_up(mark).await.unwrap();
    let (release, holding) = hold(&store).await;
    let before = queued(lookups.look_up(marked)).await;
    let broken = queued(lookups.look_up::<(), _>(|_| Err(StoreError::Unavailable("as planned".into())))).await;
    let after = queued(lookups.look_up(marked)).await;
    drop(release);
    holding.await.unwrap().unwrap();
    assert!(before.await.unwrap());
    assert!(broken.await.is_err());
    assert!(!after.await.unwrap(), "an I/O error costs the connection");
}

#[tokio::test]
async fn look_ups_share_a_snapshot_and_later_ones_see_the_commit() {
    let (_folder, store) = fresh(1).await;
    let lookups = &store.lookups;
    let (release, holding) = hold(&store).await;
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (go_on, gone_on) = mpsc::channel::<()>();
    let first = queued(lookups.look_up(move |connection| {
        let seen = attempts(connection);
        let _ = begin.send(());
        let _ = gone_on.recv();
        assert_eq!(attempts(connection)?, 0, "it sees one state of the database from beginning to end");
        seen
    }))
    .await;
    let second = queued(lookups.look_up(attempts)).await;
    drop(release);
    holding.await.unwrap().unwrap();

    begun.await.unwrap();
    // The writer waits for no one who reads, and the others for no one who writes.
    add_attempt(&store).await;
    let third = queued(lookups.look_up(attempts)).await;
    drop(go_on);
    assert_eq!(first.await.unwrap(), 0);
    assert_eq!(second.await.unwrap(), 0, "queued before the commit, and read from the same snapshot");
    assert_eq!(third.await.unwrap(), 1, "queued after the commit");
}

#[tokio::test]
async fn more_than_fit_into_one_batch_all_succeed() {
    let (_folder, store) = fresh(1).await;
    let (release, holding) = hold(&store).await;
    let mut look_ups = Vec::new();
    for n in 0..200 {
        look_ups.push(queued(store.lookups.look_up(move |connection| Ok(one(connection)? + n))).await);
    }
    drop(release);
    holding.await.unwrap().unwrap();
    for (n, look_up) in (0..).zip(look_ups) {
        assert_eq!(look_up.await.unwrap(), 1 + n);
    }
}

#[tokio::test]
async fn a_look_up_that_hangs_times_out_and_those_behind_it_are_skipped() {
    let (_folder, store) = fresh(1).await;
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let hanging = store.lookups.look_up(move |_| {
        let _ = begin.send(());
        let _ = released.recv();
        Ok(())
    });
    let late = outlast(hanging, &begun).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    let skipped = store.lookups.look_up::<(), _>(|_| unreachable!("a job that no one waits for is skipped")).await;
    assert!(matches!(skipped, Err(StoreError::Unavailable(_))), "{skipped:?}");

    drop(release);
    tokio::time::resume();
    assert_eq!(store.lookups.look_up(one).await.unwrap(), 1);
}

#[tokio::test]
async fn slow_lists_delay_no_look_up() {
    let (_folder, store) = fresh(2).await;
    let user = add_client(&store, "someone").await.unwrap();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let mut lists = Vec::new();
    for _ in 0..4 {
        let released = Arc::clone(&released);
        lists.push(
            queued(store.readers.run(move |_| {
                let _ = released.lock().unwrap().recv();
                Ok(())
            }))
            .await,
        );
    }
    assert_eq!(store.user(user).await.unwrap().unwrap().id, user);
    assert!(exists(&store, "someone").await);
    drop(release);
    for list in lists {
        list.await.unwrap();
    }
}

#[tokio::test]
async fn closing_finishes_what_was_queued_before() {
    let (_folder, store) = fresh(1).await;
    let (release, holding) = hold(&store).await;
    let before = queued(store.lookups.look_up(one)).await;
    let closing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.close().await }
    });
    // The queue is closed, and says so.
    while poll_once(store.lookups.look_up(one)).await.is_pending() {
        tokio::task::yield_now().await;
    }
    drop(release);
    holding.await.unwrap().unwrap();
    assert_eq!(before.await.unwrap(), 1);
    closing.await.unwrap();
    assert!(matches!(store.lookups.look_up(one).await, Err(StoreError::Unavailable(_))));
}

/// SQLite prepares a statement with a bound `LIMIT` anew for each run, because it plans with the number.
#[tokio::test]
async fn look_ups_are_prepared_once() {
    let (_folder, store) = fresh(1).await;
    let practice = PracticeFixture::create(&*store).await;
    let (started, prepared) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (starting, preparing) = (Arc::clone(&started), Arc::clone(&prepared));
    store
        .lookups
        .look_up(move |connection| {
            connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    let text = query.to_string();
                    starting.lock().unwrap().push(text.split(" -- binds").next().unwrap_or_default().to_owned());
                } else if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                    preparing.lock().unwrap().push(sql.to_owned());
                }
            });
            Ok(())
        })
        .await
        .unwrap();

    let mut work = store.begin().await.unwrap();
    let login = work.add_login_session(&session(practice.client)).await.unwrap();
    let id = work.next_booking_id().await.unwrap();
    work.add_booking(&practice.booking(id, slot(0))).await.unwrap();
    work.commit().await.unwrap();
    let look_up = || async {
        store.caller(login).await.unwrap().unwrap();
        store.caller_and_booking(login, id).await.unwrap().unwrap().1.unwrap();
        store.credentials(&email("client")).await.unwrap().unwrap();
        store.credentials_of(practice.client).await.unwrap().unwrap();
        store.one_time_token(OneTimeTokenId::new(1).unwrap()).await.unwrap();
        store.one_time_token_issued_at(practice.client, OneTimePurpose::LogIn, now()).await.unwrap();
        store.calendar_feed(practice.client).await.unwrap();
        store.user(practice.client).await.unwrap().unwrap();
        store.policy().await.unwrap();
        store.booking(id).await.unwrap().unwrap();
        store.booking_by_room("room").await.unwrap();
        store.participant(ParticipantId::new(1).unwrap()).await.unwrap();
        store.conference(ConferenceId::new(1).unwrap()).await.unwrap();
        store.payment_by_checkout_id(Provider::Test, "one").await.unwrap();
    };
    look_up().await;
    started.lock().unwrap().clear();
    let prepared_before = std::mem::take(&mut *prepared.lock().unwrap());
    look_up().await;

    let started = started.lock().unwrap().clone();
    assert!(started.len() > 3 * 13, "{started:?}");
    for text in started {
        assert!(!text.contains(" LIMIT "), "prepared anew each time: {text}");
        assert!(text == "BEGIN" || text == "ROLLBACK" || prepared_before.contains(&text), "never prepared: {text}");
    }
    let prepared_again = prepared.lock().unwrap().clone();
    assert!(prepared_again.is_empty(), "{prepared_again:?}");
}

#[tokio::test]
async fn what_waits_and_what_was_batched_is_counted() {
    let (_folder, store) = fresh(1).await;
    let (release, holding) = hold(&store).await;
    let [before] = store.activity().batches[..] else { panic!("one kind of batch") };
    let waiting = [queued(store.lookups.look_up(one)).await, queued(store.lookups.look_up(one)).await];
    let pool = |name: &str| store.activity().pools.into_iter().find(|pool| pool.name == name).expect("a pool");
    let lookup = PoolActivity { name: "lookup", size: 1, open: 1, idle: 0, waiting: 2, timeouts: 0 };
    assert_eq!(pool("lookup"), lookup);
    drop(release);
    for look_up in waiting {
        assert_eq!(look_up.await.unwrap(), 1);
    }
    holding.await.unwrap().unwrap();
    let [after] = store.activity().batches[..] else { panic!("one kind of batch") };
    assert_eq!((after.batches - before.batches, after.reads - before.reads), (1, 2), "both in one batch");
}

#[tokio::test(start_paused = true)]
async fn units_of_work_that_wait_for_their_turn_are_counted() {
    let (_folder, store) = fresh(1).await;
    let write = || store.activity().pools.into_iter().find(|pool| pool.name == "write").expect("a pool");
    let state = |idle, waiting, timeouts| PoolActivity { name: "write", size: 1, open: 1, idle, waiting, timeouts };
    assert_eq!(write(), state(1, 0, 0));
    let turn = store.turn().await.unwrap();
    let given_up = queued(store.turn()).await;
    let late = queued(store.turn()).await;
    assert_eq!(write(), state(0, 2, 0));
    drop(given_up);
    assert_eq!(write(), state(0, 1, 0), "who gave up does not wait");
    assert!(matches!(late.await, Err(StoreError::Unavailable(_))));
    assert_eq!(write(), state(0, 0, 1));
    drop(turn);
    assert_eq!(write(), state(1, 0, 1));
}
