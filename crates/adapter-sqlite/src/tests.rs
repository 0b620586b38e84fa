//! What cannot be seen from outside: the settings of each connection, jobs that panic or hang, and query plans.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use attune_domain::login_session::DeviceId;
use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::{
    Booking, BookingId, BookingStatus, OneTimePurpose, OneTimeTokenId, ParticipantId, Role, SeriesId, UserId, ViewerId,
};
use attune_ports::{
    AuditObject, BookingCursor, BookingFilter, BookingOrder, BookingPageRequest, DeliveryResult, LeaseToken,
    NewPayment, NewRefund, PageRequest, PageStart, ProblemKind, Provider, Queries, Store, StoreError, UnitOfWork,
    UserFilter,
};
use attune_test_store_contract::fixtures::{PracticeFixture, email, fact, participant, session, token_hash};
use attune_test_store_contract::fixtures::{
    attempt_key, audit_entry, calendar_feed, client, eur, lease, notice, now, payment, slot,
};
use attune_test_store_contract::fixtures::{captured, one_time_token, paid, problem, refund, totp_factor};
use attune_test_store_contract::fixtures::{
    day_off, hours, idempotency_key, idempotency_record, policy, response, week,
};
use diesel::connection::{Connection, InstrumentationEvent};
use diesel::dsl::{sql, sql_query};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use jiff::civil::Weekday;
use tempfile::TempDir;

use crate::threads::{Pool, run_sql};
use crate::unit_of_work::SqliteUnitOfWork;
use crate::{SqliteConfig, SqliteStore};

mod lookups;

async fn fresh(readers: usize) -> (TempDir, Arc<SqliteStore>) {
    let folder = TempDir::new().expect("a folder");
    let store = SqliteStore::open(SqliteConfig { readers, ..SqliteConfig::new(folder.path().join("attune.db")) })
        .expect("it opens");
    store.migrate().await.expect("it migrates");
    (folder, Arc::new(store))
}

/// Adds an account in a unit of work of its own.
async fn add_client(store: &SqliteStore, local: &str) -> Result<UserId, StoreError> {
    let mut work = store.begin().await?;
    let id = work.add_user(&client(local)).await?;
    work.commit().await?;
    Ok(id)
}

async fn exists(store: &SqliteStore, local: &str) -> bool {
    store.credentials(&email(local)).await.expect("the account can be read").is_some()
}

fn pragma(connection: &mut SqliteConnection, name: &str) -> i64 {
    sql::<BigInt>(&format!("PRAGMA {name}")).get_result(connection).expect("a number")
}

fn settings(connection: &mut SqliteConnection) -> (String, [i64; 5]) {
    let mode = sql::<Text>("PRAGMA journal_mode").get_result(connection).expect("a mode");
    let numbers = ["synchronous", "busy_timeout", "foreign_keys", "trusted_schema", "query_only"];
    (mode, numbers.map(|name| pragma(connection, name)))
}

#[tokio::test]
async fn every_connection_has_its_settings() {
    const FULL: i64 = 2;
    let (_folder, store) = fresh(3).await;

    let writer = store.writer.run(|connection| Ok(settings(connection))).await.unwrap();
    assert_eq!(writer, ("wal".to_owned(), [FULL, 5000, 1, 0, 0]));

    // Each reader waits until all three are here, so each of them runs one job.
    let all_here = Arc::new(std::sync::Barrier::new(3));
    let read = || {
        let all_here = Arc::clone(&all_here);
        store.readers.run(move |connection| {
            all_here.wait();
            Ok(settings(connection))
        })
    };
    let readers = tokio::join!(read(), read(), read());
    // The first one is held until the second has answered.
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let lookups = tokio::join!(
        store.lookups.look_up(move |connection| {
            let _ = begin.send(());
            let _ = released.recv();
            Ok(settings(connection))
        }),
        async {
            begun.await.expect("it begins");
            let second = store.lookups.look_up(|connection| Ok(settings(connection))).await;
            drop(release);
            second
        }
    );
    for reader in [readers.0, readers.1, readers.2, lookups.0, lookups.1] {
        assert_eq!(reader.unwrap(), ("wal".to_owned(), [FULL, 5000, 1, 0, 1]));
    }
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (_folder, store) = fresh(1).await;
    let write = |connection: &mut SqliteConnection| run_sql(connection, "UPDATE booking_ids SET last = 99");
    for refused in [store.readers.run(write).await, store.lookups.look_up(write).await] {
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_panic_fails_its_own_job_only() {
    let (_folder, store) = fresh(1).await;
    for pool in [&*store.writer, &store.readers] {
        let lost = pool.run::<(), _>(|_| panic!("as planned")).await;
        assert!(matches!(lost, Err(StoreError::Failed(_))), "{lost:?}");
        assert_eq!(pool.run(|connection| Ok(pragma(connection, "synchronous"))).await.unwrap(), 2);
    }
    add_client(&store, "after").await.unwrap();
    assert!(exists(&store, "after").await);
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_transaction_undoes_it() {
    let (_folder, store) = fresh(1).await;
    let insert = |connection: &mut SqliteConnection| {
        run_sql(connection, "BEGIN IMMEDIATE").unwrap();
        run_sql(connection, "INSERT INTO attempts (key, at) VALUES (x'00', 1)").unwrap();
        // A row that was read half-way when the panic strikes.
        let mut rows = sql_query("SELECT at AS n FROM attempts").load_iter::<Number, _>(connection).unwrap();
        let _first = rows.next();
        panic!("as planned");
    };
    let lost = store.writer.run::<(), _>(insert).await;
    assert!(matches!(lost, Err(StoreError::Failed(_))), "{lost:?}");
    add_client(&store, "after").await.unwrap();
    assert_eq!(count(&store.readers, "attempts").await, 0);
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "the row only has to be there")]
    n: i64,
}

async fn count(pool: &Pool, table: &'static str) -> i64 {
    pool.run(move |connection| {
        Ok(sql::<BigInt>(&format!("SELECT count(*) FROM {table}")).get_result(connection).expect("a count"))
    })
    .await
    .expect("an answer")
}

/// Waits until the deadline for a call whose job hangs. The clock is stopped only once the job runs: with its clock stopped
/// Tokio moves on to the next deadline as soon as nothing else can happen, and a job whose caller has gone is not begun.
async fn outlast<T>(hanging: impl Future<Output = T>, begun: &mpsc::Receiver<()>) -> T {
    let mut hanging = pin!(hanging);
    assert!(poll_fn(|context| Poll::Ready(hanging.as_mut().poll(context).is_pending())).await);
    begun.recv().expect("the job begins");
    tokio::time::pause();
    hanging.await
}

#[tokio::test]
async fn a_reader_that_hangs_times_out_and_the_next_read_succeeds() {
    let (_folder, store) = fresh(1).await;
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let hanging = store.readers.run(move |_| {
        let _ = begin.send(());
        let _ = released.recv();
        Ok(())
    });
    let late = outlast(hanging, &begun).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    // No one waits for this one when its turn comes.
    let skipped = store.readers.run::<(), _>(|_| unreachable!("a job that no one waits for is skipped")).await;
    assert!(matches!(skipped, Err(StoreError::Unavailable(_))), "{skipped:?}");

    drop(release);
    tokio::time::resume();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_writer_that_hangs_times_out_and_leaves_nothing_behind() {
    let (_folder, store) = fresh(1).await;
    let mut work = SqliteUnitOfWork::begin(Arc::clone(&store.writer), store.turn().await.unwrap()).await.unwrap();
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let hanging = work.call(move |connection| {
        let _ = begin.send(());
        let _ = released.recv();
        run_sql(connection, "INSERT INTO attempts (key, at) VALUES (x'00', 1)")
    });
    let late = outlast(hanging, &begun).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert!(matches!(work.call(|_| Ok(())).await, Err(StoreError::Failed(_))));
    // The writer is still busy, so the next one does not even get its turn, and is refused after two seconds.
    let began = tokio::time::Instant::now();
    assert!(matches!(store.begin().await.err(), Some(StoreError::Unavailable(_))));
    assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());

    drop(release);
    tokio::time::resume();
    add_client(&store, "after").await.unwrap();
    assert_eq!(count(&store.readers, "attempts").await, 0);
}

/// Polls a future once and drops it.
async fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

#[tokio::test]
async fn a_unit_of_work_has_ended_once_a_call_was_dropped() {
    for commit_at_once in [false, true] {
        let (_folder, store) = fresh(1).await;
        let turn = store.turn().await.unwrap();
        let mut work = Box::new(SqliteUnitOfWork::begin(Arc::clone(&store.writer), turn).await.unwrap());
        let (release, released) = mpsc::channel::<()>();
        let dropped = poll_once(work.call(move |connection| {
            let _ = released.recv();
            run_sql(connection, "INSERT INTO attempts (key, at) VALUES (x'00', 1)")
        }))
        .await;
        assert!(dropped.is_pending());
        drop(release);

        let after = if commit_at_once {
            work.commit().await
        } else {
            let after = work.call(|_| Ok(())).await;
            // The writer is free again, although the unit of work still exists.
            add_client(&store, "after").await.unwrap();
            assert!(matches!(work.commit().await, Err(StoreError::Failed(_))));
            after
        };
        assert!(matches!(after, Err(StoreError::Failed(_))), "{after:?}");
        add_client(&store, "last").await.unwrap();
        assert_eq!(count(&store.readers, "attempts").await, 0);
    }
}

#[tokio::test]
async fn a_queued_commit_is_carried_out_when_its_caller_is_dropped() {
    let (_folder, store) = fresh(1).await;
    let mut work = store.begin().await.unwrap();
    work.add_user(&client("committed")).await.unwrap();
    let (release, released) = mpsc::channel::<()>();
    store.writer.post(Box::new(move |_| released.recv().unwrap_or_default())).unwrap();
    assert!(poll_once(work.commit()).await.is_pending());
    drop(release);
    add_client(&store, "after").await.unwrap();
    assert!(exists(&store, "committed").await);
}

#[tokio::test]
async fn another_process_that_holds_the_file_is_contention() {
    let (folder, store) = fresh(1).await;
    let path = folder.path().join("attune.db");
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    run_sql(&mut other, "BEGIN IMMEDIATE").unwrap();
    store.writer.run(|connection| run_sql(connection, "PRAGMA busy_timeout = 0")).await.unwrap();
    assert!(matches!(store.begin().await.err(), Some(StoreError::Contended)));
    store.ping().await.unwrap();

    run_sql(&mut other, "COMMIT").unwrap();
    add_client(&store, "after").await.unwrap();
}

#[tokio::test]
async fn a_full_disk_stops_writes_and_not_reads() {
    let (_folder, store) = fresh(1).await;
    add_client(&store, "before").await.unwrap();
    store
        .writer
        .run(|connection| {
            let pages = pragma(connection, "page_count");
            run_sql(connection, &format!("PRAGMA max_page_count = {pages}"))
        })
        .await
        .unwrap();

    let mut work = store.begin().await.unwrap();
    let entry = attune_ports::AuditEntry {
        action: "a".repeat(100_000),
        ..audit_entry(AuditObject::User(UserId::new(1).unwrap()), "")
    };
    let full = work.add_audit_entry(&entry).await;
    assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
    assert!(exists(&store, "before").await);
    assert!(matches!(work.commit().await, Err(StoreError::Failed(_))));

    assert_eq!(count(&store.readers, "audit_log").await, 0);

    // The connection was replaced, and the new one knows no limit: as if the disk had been freed.
    let mut work = store.begin().await.unwrap();
    work.add_audit_entry(&entry).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(count(&store.readers, "audit_log").await, 1);
}

/// Runs every call of the store, and then compares SQLite's plan of each statement.
#[tokio::test]
async fn no_statement_scans_a_whole_table_that_grows() {
    let (_folder, store) = fresh(1).await;
    let practice = PracticeFixture::create(&*store).await;
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let watch = || {
        let seen = Arc::clone(&seen);
        move |connection: &mut SqliteConnection| {
            connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    let text = query.to_string();
                    let text = text.split(" -- binds").next().unwrap_or_default();
                    seen.lock().unwrap().insert(text.to_owned());
                }
            });
            Ok(())
        }
    };
    store.writer.run(watch()).await.unwrap();
    store.readers.run(watch()).await.unwrap();
    store.lookups.look_up(watch()).await.unwrap();
    call_everything(&store, practice).await;

    let statements = seen.lock().unwrap().clone();
    assert!(statements.len() > 95, "only {} statements were seen", statements.len());
    // An INSERT looks up what its foreign keys and the guard need, and the plan lists that only in part.
    let looks_up = |text: &String| ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| text.starts_with(verb));
    let mut indexes = BTreeSet::from(USEFUL);
    for statement in statements.into_iter().filter(looks_up).chain(GUARDS.map(str::to_owned)) {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let plan: Vec<Step> = store.writer.run(move |c| Ok(sql_query(explain).load(c).expect("a plan"))).await.unwrap();
        for Step { detail } in plan {
            indexes.retain(|index| !detail.split(' ').any(|word| word == *index));
            let walks = detail.starts_with("SCAN ") && !detail.contains(" USING ");
            let sorts = detail.starts_with("USE TEMP B-TREE");
            // The invitations of one address are sorted, and the lines of the ledger that are added up.
            let few = statement.contains("`participants`.`email` = ?")
                || statement.contains("FROM ledger WHERE at >= ? AND at < ?");
            let harmless = HARMLESS.contains(&detail.as_str()) || sorts && few;
            assert!(harmless || !(walks || sorts), "{detail}: {statement}");
        }
    }
    assert!(indexes.is_empty(), "no one uses {indexes:?}");
}

/// The indexes that were made for one query each.
const USEFUL: [&str; 29] = [
    "bookings_by_both",
    "bookings_by_client",
    "bookings_by_payment_status",
    "bookings_by_start",
    "bookings_by_status",
    "bookings_by_therapist",
    "bookings_holds",
    "idempotency_keys_created_at",
    "ledger_at",
    "ledger_booking",
    "ledger_captured_once",
    "ledger_moved_once",
    "ledger_payment",
    "login_sessions_device",
    "login_sessions_user",
    "one_time_tokens_expires_at",
    "one_time_tokens_open",
    "one_time_tokens_undo",
    "outbox_due",
    "outbox_sent_to_participant",
    "outbox_sent_to_user",
    "payment_events_at",
    "payment_problems_open",
    "payments_provider_payment_id",
    "payments_due",
    "refunds_booking",
    "refunds_due",
    "refunds_payment",
    "schedule_exceptions_therapist",
];

/// The queries of the triggers: the guards of the calendar, of refunds and of the ledger.
const GUARDS: [&str; 5] = [
    OVERLAP,
    "SELECT sum(r.amount_minor) FROM refunds r WHERE r.payment_id = ? AND r.stage NOT IN ('failed', 'retried')",
    "SELECT 1 FROM ledger WHERE payment_id = ? AND kind = 'captured' AND ? = 'captured'",
    "SELECT 1 FROM ledger WHERE refund_id = ? AND kind = ?",
    "SELECT sum(CASE l.kind WHEN 'refunded' THEN -l.amount_minor ELSE l.amount_minor END) FROM ledger l \
     WHERE l.payment_id = ?",
];

const OVERLAP: &str = "SELECT 1 FROM bookings b INDEXED BY bookings_by_therapist WHERE b.therapist_id = ? \
    AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show') \
    AND b.id <> ? AND b.scheduled_at > ? AND b.scheduled_at < ? AND b.blocked_until > ?";

/// One row, a handful of rows, lists that are read whole or page by page, what was found already, the schema itself,
/// and no table at all.
const HARMLESS: [&str; 10] = [
    "SCAN booking_ids",
    "SCAN booking_counts",
    "SCAN practice_policy",
    "SCAN services",
    "SCAN schedule_exceptions",
    "SCAN users",
    "SCAN page LEFT-JOIN",
    "SCAN whole",
    "SCAN sqlite_master",
    "SCAN CONSTANT ROW",
];

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Every set of parts, and a series, both ways.
fn every_filter(example: &Booking) -> impl Iterator<Item = BookingFilter> {
    let sets = (0..128_u8).map(|parts| {
        let has = |part: u8| parts & (1 << part) != 0;
        BookingFilter {
            search: None,
            series: None,
            client: has(0).then_some(example.client()),
            therapist: has(1).then_some(example.therapist()),
            status: has(2).then_some(example.status()),
            payment_status: has(3).then_some(example.payment_status()),
            from: has(4).then_some(example.scheduled_at()),
            to: has(5).then_some(example.blocked_until()),
            order: if has(6) { BookingOrder::Earliest } else { BookingOrder::Latest },
        }
    });
    let series = [BookingOrder::Earliest, BookingOrder::Latest].map(|order| BookingFilter {
        series: SeriesId::new(12),
        order,
        ..BookingFilter::default()
    });
    sets.chain(series)
}

async fn call_everything(store: &SqliteStore, practice: PracticeFixture) {
    let mut work = store.begin().await.unwrap();
    let user = work.add_user(&client("someone")).await.unwrap();
    let found = work.user_for_change(user).await.unwrap().unwrap();
    work.save_user(&found).await.unwrap();
    work.set_password(user, client("other").password_hash.as_ref()).await.unwrap();
    work.lock_enabled_admins().await.unwrap();
    let login = work.add_login_session(&session(user)).await.unwrap();
    let found = work.session(login).await.unwrap().unwrap();
    work.save_login_session(&found).await.unwrap();
    work.add_refresh_token(&token_hash(1), login, 1, now()).await.unwrap();
    work.refresh_token(&token_hash(1)).await.unwrap();
    work.end_login_sessions(user, None, now()).await.unwrap();
    work.step_up(login, now()).await.unwrap();
    work.count_attempt(&attempt_key(1), now(), now(), 1).await.unwrap();
    work.take_back_attempt(&attempt_key(1), now()).await.unwrap();
    work.clear_attempts(&attempt_key(1)).await.unwrap();
    work.purge_attempts(now()).await.unwrap();
    work.add_one_time_token(&one_time_token(user, OneTimePurpose::LogIn)).await.unwrap();
    work.use_one_time_token(OneTimeTokenId::new(1).unwrap(), now()).await.unwrap();
    work.end_one_time_tokens(user, &OneTimePurpose::ENDED_BY_CHANGE, now(), now()).await.unwrap();
    work.email_reserved_for(&email("someone"), now()).await.unwrap();
    work.purge_one_time_tokens(now()).await.unwrap();
    work.save_totp_factor(user, &totp_factor(1, 1)).await.unwrap();
    work.totp_factor(user).await.unwrap();
    work.set_recovery_codes(user, &[token_hash(1)]).await.unwrap();
    work.use_recovery_code(user, &token_hash(1)).await.unwrap();
    work.remove_second_factor(user).await.unwrap();
    work.save_calendar_feed(user, &calendar_feed(1)).await.unwrap();
    work.calendar_feed(user).await.unwrap();
    work.remove_calendar_feed(user).await.unwrap();
    work.service(practice.service).await.unwrap();
    let offered = work.service_for_change(practice.service).await.unwrap().unwrap();
    work.save_service(&offered).await.unwrap();
    work.set_schedule(practice.therapist, &week(&[(Weekday::Monday, hours("09:00", "12:00"))])).await.unwrap();
    let off = work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await.unwrap();
    work.remove_schedule_exception(off).await.unwrap();
    work.set_policy(&policy()).await.unwrap();
    let key = idempotency_key(user, "key");
    work.idempotency_record(&key).await.unwrap();
    work.add_idempotency_record(&key, &idempotency_record("{}")).await.unwrap();
    work.save_response(&key, &response("{}")).await.unwrap();
    work.purge_responses(slot(0), 10).await.unwrap();
    work.default_service().await.unwrap();
    let id = work.next_booking_id().await.unwrap();
    work.lock_calendar(practice.therapist).await.unwrap();
    work.blocking_bookings(practice.therapist, slot(0), slot(1)).await.unwrap();
    let booking = practice.booking(id, slot(0));
    work.add_booking(&booking).await.unwrap();
    let cancelled = attune_test_store_contract::fixtures::in_state(
        attune_test_store_contract::fixtures::next_version(&booking),
        BookingStatus::Cancelled,
        attune_domain::PaymentStatus::NotRequired,
    );
    work.save_booking(&attune_test_store_contract::fixtures::restored(cancelled)).await.unwrap();
    work.booking(id).await.unwrap();
    work.expired_holds(now(), 10).await.unwrap();
    work.ended_bookings(now(), 10).await.unwrap();
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    work.participant(guest).await.unwrap();
    work.invited_participants(id).await.unwrap();
    work.revoke_participant(guest, now()).await.unwrap();
    let conference = work.open_conference(id, now()).await.unwrap();
    work.open_conference_of(id).await.unwrap();
    assert!(work.close_conference(conference, now()).await.unwrap());
    work.add_attendance(id, &[fact("one", AttendanceEventKind::Joined, now())]).await.unwrap();
    work.add_payment(&payment(id, "one")).await.unwrap();
    let attempt = work.payment_by_checkout_id(Provider::Test, "one").await.unwrap().unwrap();
    assert_eq!(attempt.amount, eur(9_000));
    work.save_payment(&attempt).await.unwrap();
    let facts = NewPayment { check_at: Some(now()), ..paid(id, "two") };
    let new_id = work.add_payment(&facts).await.unwrap();
    let came = facts.with_id(new_id);
    assert_eq!(work.payments_of(id).await.unwrap().len(), 2);
    let facts = NewRefund { next_at: Some(now()), ..refund(&came, "key") };
    let new_id = work.add_refund(&facts).await.unwrap();
    let back = facts.with_id(new_id);
    work.save_refund(&back).await.unwrap();
    work.refunds_of(id).await.unwrap();
    work.add_ledger_entry(&captured(&came)).await.unwrap();
    work.add_payment_event(Provider::Stripe, "evt", now()).await.unwrap();
    work.purge_payment_events(slot(0), 10).await.unwrap();
    work.add_payment_problem(&problem("key", ProblemKind::WrongAmount)).await.unwrap();
    work.resolve_refund_problem(back.id, now()).await.unwrap();
    work.enqueue(&[notice(&booking, NotificationKind::MeetingInfo, now())]).await.unwrap();
    let leased = work.lease_notifications(5, now(), &lease(1, slot(0))).await.unwrap();
    let sent =
        DeliveryResult { state: NotificationState::Sent, next_at: now(), sent_at: Some(now()), last_error: None };
    assert!(work.ack_notification(leased[0].id, &LeaseToken([1; 16]), &sent).await.unwrap());
    work.add_audit_entry(&audit_entry(AuditObject::Booking(id), "booking.held")).await.unwrap();
    work.commit().await.unwrap();

    store.ping().await.unwrap();
    store.caller(login).await.unwrap().unwrap();
    store.caller_and_booking(login, booking.id()).await.unwrap().unwrap();
    store.credentials(&email("someone")).await.unwrap().unwrap();
    store.credentials_of(user).await.unwrap().unwrap();
    store.login_history(user, Some("192.0.2.0/24"), Some(&DeviceId([1; 16])), now()).await.unwrap();
    store.one_time_token(OneTimeTokenId::new(1).unwrap()).await.unwrap().unwrap();
    store.one_time_token_issued_at(user, OneTimePurpose::LogIn, now()).await.unwrap().unwrap();
    store.open_one_time_tokens(user).await.unwrap();
    store.calendar_feed(user).await.unwrap();
    store.user(user).await.unwrap().unwrap();
    store.people(&[user]).await.unwrap();
    store.login_sessions(&[user]).await.unwrap();
    store.services().await.unwrap();
    store.all_services().await.unwrap();
    store.default_therapist().await.unwrap();
    store.calendar_settings(practice.therapist).await.unwrap().schedule.unwrap();
    store.policy().await.unwrap();
    store.schedule_exceptions(None).await.unwrap();
    store.schedule_exceptions(Some(practice.therapist)).await.unwrap();
    store.busy_times(practice.therapist, slot(0), slot(1), now()).await.unwrap();
    store.booking(id).await.unwrap().unwrap();
    store.payments(id).await.unwrap();
    store.payment_by_checkout_id(Provider::Test, "one").await.unwrap();
    store.payment_by_provider_id(Provider::Test, "charge of two").await.unwrap().unwrap();
    assert_eq!(store.payments_due_for_polling(now(), 5).await.unwrap(), [came]);
    assert_eq!(store.refunds_due(now(), 5).await.unwrap(), std::slice::from_ref(&back));
    assert_eq!(store.find_refund("none", Some("key")).await.unwrap().as_ref(), Some(&back));
    assert_eq!(store.refunds(id).await.unwrap(), [back]);
    store.ledger(id).await.unwrap();
    store.ledger_sums(now(), slot(0)).await.unwrap();
    let open = store.payment_problems(None, 5).await.unwrap();
    let mut work = store.begin().await.unwrap();
    work.resolve_payment_problem(open[0].id, now()).await.unwrap().unwrap();
    work.commit().await.unwrap();
    store.notifications(id).await.unwrap();
    let recipients = [ViewerId::Account(practice.client), ViewerId::Participant(ParticipantId::new(1).unwrap())];
    store.sent_emails(&recipients, &NotificationKind::ANNOUNCEMENTS, now()).await.unwrap();
    store.history(id).await.unwrap();
    store.booking_by_room("room").await.unwrap();
    store.participant(guest).await.unwrap().unwrap();
    store.participants(id).await.unwrap();
    store.invitations_of(&email("guest"), now(), 5).await.unwrap();
    store.conference(conference).await.unwrap().unwrap();
    store.attendance(&[id]).await.unwrap();
    store.outbox_health(now()).await.unwrap();
    store.backlog().await.unwrap();
    let page = PageRequest { limit: 20, offset: 0 };
    for filter in [UserFilter::default(), UserFilter { role: Some(Role::Admin), disabled: Some(false), search: None }] {
        store.users(&filter, page).await.unwrap();
    }
    for filter in every_filter(&booking) {
        for start in [PageStart::Offset(0), PageStart::Offset(3), PageStart::After(BookingCursor::from(&booking))] {
            store.bookings(&filter, BookingPageRequest { limit: 20, start }).await.unwrap();
        }
    }
    assert!(store.booking(BookingId::new(id.get() + 1).unwrap()).await.unwrap().is_none());
}
