//! From nothing to the present schema, once, no matter who comes when.

use attune_adapter_postgres::MigrateError;
use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::{NewNotification, NotificationKind, NotificationState};
use attune_domain::{BookingStatus, PaymentStatus, ViewerId};
use attune_ports::{BookingFilter, DeliveryResult, LeaseToken, PageRequest, Queries, Store};
use attune_test_postgres::TestServer;
use attune_test_store_contract::fixtures::legal_states;
use attune_test_store_contract::fixtures::{PracticeFixture, fact, lease, notice, now, participant, reminder, slot};
use attune_test_store_contract::migration_data::{CalendarData, PaymentData};
use attune_test_store_contract::race::race;
use tokio_postgres::Client;

use crate::harness::{OTHERS, open, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_filled_once() {
    let database = TestServer::shared().await.fresh_database().await;
    let store = open(database.url()).await;
    assert!(!store.schema_is_current().await.unwrap());
    let outside = database.connect().await;
    until(&outside, "pg_tables WHERE schemaname = 'public'", 0).await;
    let applied = store.migrate().await.unwrap();
    assert!(!applied.is_empty());
    assert!(store.schema_is_current().await.unwrap());
    assert!(store.migrate().await.unwrap().is_empty(), "there is nothing left to do");
    assert!(store.schema_is_current().await.unwrap());
    until(&outside, "pg_locks WHERE locktype = 'advisory'", 0).await;
}

#[tokio::test]
async fn one_thread_is_enough() {
    let database = TestServer::shared().await.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    assert!(store.schema_is_current().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_together_take_turns() {
    let database = TestServer::shared().await.fresh_database().await;
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(open(database.url()).await);
    }
    let applied = race(3, |index| {
        let store = stores[index].clone();
        async move { store.migrate().await.expect("it only has to wait").len() }
    })
    .await;
    let worked = applied.iter().filter(|count| **count > 0).count();
    assert_eq!(worked, 1, "{applied:?}");
    for store in stores {
        assert!(store.schema_is_current().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_left_alone() {
    let database = TestServer::shared().await.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    let outside = database.connect().await;
    outside.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").await.unwrap();
    match store.migrate().await {
        Err(MigrateError::Newer { version }) => assert_eq!(version, "29990101000000"),
        other => panic!("{other:?}"),
    }
    assert!(!store.schema_is_current().await.unwrap());
    until(&outside, &format!("{OTHERS} AND state <> 'idle'"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_leaves_nothing_behind() {
    let database = TestServer::shared().await.fresh_database().await;
    let outside = database.connect().await;
    // The last table of the first migration is in the way.
    outside.batch_execute("CREATE TABLE audit_log (id BIGINT)").await.unwrap();
    let store = open(database.url()).await;
    assert!(matches!(store.migrate().await, Err(MigrateError::Failed(_))));
    until(&outside, "pg_tables WHERE tablename IN ('users', 'bookings')", 0).await;
    assert!(!store.schema_is_current().await.unwrap());
    outside.batch_execute("DROP TABLE audit_log").await.unwrap();
    store.migrate().await.expect("it works once the way is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_can_be_taken_back() {
    let database = TestServer::shared().await.fresh_database().await;
    let outside = database.connect().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let mut steps: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    for step in &steps {
        outside.batch_execute(&std::fs::read_to_string(step.join("up.sql")).unwrap()).await.unwrap();
    }
    for step in steps.iter().rev() {
        outside.batch_execute(&std::fs::read_to_string(step.join("down.sql")).unwrap()).await.unwrap();
    }
    let left = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'";
    until(&outside, left, 0).await;
}

/// The one value of a query.
async fn text(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.expect("an answer").get(0)
}

/// Every column with its type and rule, every constraint, every index and every trigger, in the order of their names.
async fn shape(client: &Client) -> Vec<String> {
    let mut found = Vec::new();
    for query in [
        "SELECT coalesce(string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default), \
             E'\\n' ORDER BY table_name, column_name), '') \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name !~ 'diesel'",
        "SELECT coalesce(string_agg(concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)), \
             E'\\n' ORDER BY conrelid::regclass::text, conname), '') \
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ 'diesel'",
        "SELECT coalesce(string_agg(indexdef, E'\\n' ORDER BY indexdef), '') \
         FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ 'diesel'",
        "SELECT coalesce(string_agg(pg_get_triggerdef(oid), E'\\n' ORDER BY tgrelid::regclass::text, tgname), '') \
         FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT coalesce(string_agg(oid::regprocedure::text, E'\\n' ORDER BY oid::regprocedure::text), '') FROM pg_proc \
         WHERE pronamespace = 'public'::regnamespace AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')",
        "SELECT coalesce(string_agg(sequence_name, E'\\n' ORDER BY sequence_name), '') \
         FROM information_schema.sequences WHERE sequence_schema = 'public'",
    ] {
        found.push(text(client, query).await);
    }
    found
}

/// The mails, in the columns that both releases have.
async fn mails(client: &Client) -> String {
    text(
        client,
        "SELECT string_agg(to_jsonb(o)::text, E'\\n' ORDER BY id) FROM (SELECT id, dedupe_key, kind, offset_minutes, \
             booking_id, recipient_id, starts_at, booking_version, send_after, state, attempts, next_at, \
             encode(lease_token, 'hex'), lease_until, sent_at, last_error FROM outbox) o",
    )
    .await
}

const CORE_UP: &str = include_str!("../../../../migrations/postgres/2026-11-21-000000_core/up.sql");
const MEETINGS_UP: &str = include_str!("../../../../migrations/postgres/2026-11-21-000100_meetings/up.sql");
const MEETINGS_DOWN: &str = include_str!("../../../../migrations/postgres/2026-11-21-000100_meetings/down.sql");
const CALENDAR_UP: &str = include_str!("../../../../migrations/postgres/2026-11-21-000200_calendar/up.sql");
const CALENDAR_DOWN: &str = include_str!("../../../../migrations/postgres/2026-11-21-000200_calendar/down.sql");
const PAYMENTS_UP: &str = include_str!("../../../../migrations/postgres/2026-11-21-000300_payments/up.sql");
const PAYMENTS_DOWN: &str = include_str!("../../../../migrations/postgres/2026-11-21-000300_payments/down.sql");

const SPEED_DOWN: &str = include_str!("../../../../migrations/postgres/2026-11-21-000400_speed/down.sql");
const WORDS_DOWN: &str = include_str!("../../../../migrations/postgres/2026-11-28-000500_words/down.sql");

/// All migrations after the first.
const SINCE_CORE: [&str; 5] = [
    "2026-11-21-000100_meetings",
    "2026-11-21-000200_calendar",
    "2026-11-21-000300_payments",
    "2026-11-21-000400_speed",
    "2026-11-28-000500_words",
];

/// Takes a migration back, as an administrator would: all or nothing.
async fn take_back(client: &Client, down: &str, version: &str) {
    let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
    client.batch_execute(&format!("BEGIN; {down}; {forget}; COMMIT")).await.unwrap();
}

/// Mails in every state, of accounts and of people invited, go through both directions: those of accounts come through
/// as they were, and those that the older release has no place for are gone.
#[tokio::test(flavor = "multi_thread")]
async fn mails_survive_the_way_down_and_up_again() {
    let server = TestServer::shared().await;
    let database = server.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    let practice = PracticeFixture::create(&*store).await;
    let mut work = store.begin().await.unwrap();
    let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
    work.add_booking(&booking).await.unwrap();
    let (booking, _) = booking.revoke_links(now()).unwrap();
    work.save_booking(&booking).await.unwrap();
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    work.open_conference(booking.id(), now()).await.unwrap();
    work.add_attendance(booking.id(), &[fact("one", AttendanceEventKind::Joined, now())]).await.unwrap();
    let old = [
        notice(&booking, NotificationKind::MeetingInfo, now()),
        reminder(&booking, 60, now()),
        reminder(&booking, 10, now()),
        reminder(&booking, 1_440, slot(0)),
    ];
    work.enqueue(&old).await.unwrap();
    let claimed = work.lease_notifications(3, now(), &lease(7, slot(1))).await.unwrap();
    for (mail, state) in claimed.iter().zip([NotificationState::Sent, NotificationState::Dead]) {
        let last_error = (state == NotificationState::Dead).then(|| "refused_550".to_owned());
        let settlement = DeliveryResult { state, next_at: now(), sent_at: Some(now()), last_error };
        assert!(work.ack_notification(mail.id, &LeaseToken([7; 16]), &settlement).await.unwrap());
    }
    let to_guest = |kind| NewNotification { recipient: ViewerId::Participant(guest), ..notice(&booking, kind, now()) };
    let new = [
        to_guest(NotificationKind::Invitation),
        to_guest(NotificationKind::Reminder { minutes_before: 60 }),
        notice(&booking, NotificationKind::MeetingLink, now()),
    ];
    assert_eq!(work.enqueue(&new).await.unwrap(), 3);
    work.commit().await.unwrap();
    let before = store.notices(booking.id()).await.unwrap();
    store.close().await;

    let outside = database.connect().await;
    let fresh_shape = shape(&outside).await;
    take_back(&outside, WORDS_DOWN, "20261128000500").await;
    take_back(&outside, SPEED_DOWN, "20261121000400").await;
    take_back(&outside, PAYMENTS_DOWN, "20261121000300").await;
    take_back(&outside, CALENDAR_DOWN, "20261121000200").await;
    take_back(&outside, MEETINGS_DOWN, "20261121000100").await;
    until(&outside, "outbox", 4).await;
    let kept = mails(&outside).await;
    assert!(kept.contains(&"07".repeat(16)), "one of them is leased: {kept}");
    let core_only = server.fresh_database().await;
    let core_only = core_only.connect().await;
    core_only.batch_execute(CORE_UP).await.unwrap();
    assert_eq!(shape(&outside).await, shape(&core_only).await, "the older release finds what it left");

    let store = open(database.url()).await;
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(mails(&outside).await, kept);
    assert_eq!(shape(&outside).await, fresh_shape, "nothing tells it from a new database");

    let after = store.notices(booking.id()).await.unwrap();
    assert_eq!(after, before[..4], "each with its reader");
    assert!(after.iter().all(|notice| notice.content.recipient == ViewerId::Account(practice.client)));
    let read = Queries::booking(&*store, booking.id()).await.unwrap().unwrap().booking;
    assert_eq!((read.link_version(), read.version()), (1, booking.version()));
    assert!(store.participants(booking.id()).await.unwrap().is_empty());
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.enqueue(&old).await.unwrap(), 0, "what was queued is known");
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    let recipient = ViewerId::Participant(guest);
    let invitation = NewNotification { recipient, ..notice(&booking, NotificationKind::Invitation, now()) };
    assert_eq!(work.enqueue(&[invitation]).await.unwrap(), 1);
    let late =
        DeliveryResult { state: NotificationState::Sent, next_at: now(), sent_at: Some(slot(0)), last_error: None };
    assert!(work.ack_notification(claimed[2].id, &LeaseToken([7; 16]), &late).await.unwrap(), "the lease held");
    work.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_survive_a_downgrade_to_before_the_calendar() {
    let server = TestServer::shared().await;
    let database = server.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    let data = CalendarData::write(&*store, &*store).await;
    store.close().await;

    let outside = database.connect().await;
    let fresh_shape = shape(&outside).await;
    take_back(&outside, WORDS_DOWN, "20261128000500").await;
    take_back(&outside, SPEED_DOWN, "20261121000400").await;
    take_back(&outside, PAYMENTS_DOWN, "20261121000300").await;
    take_back(&outside, CALENDAR_DOWN, "20261121000200").await;
    until(&outside, "outbox", 4).await;
    let older = server.fresh_database().await;
    let older = older.connect().await;
    older.batch_execute(&format!("{CORE_UP}; {MEETINGS_UP}")).await.unwrap();
    assert_eq!(shape(&outside).await, shape(&older).await, "the older release finds what it left");

    let store = open(database.url()).await;
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE[1..]);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(shape(&outside).await, fresh_shape, "nothing tells it from a new database");
    data.check(&*store, &*store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_survive_a_downgrade_to_before_the_ledger() {
    let server = TestServer::shared().await;
    let database = server.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    let data = PaymentData::write(&*store, &*store).await;
    store.close().await;

    let outside = database.connect().await;
    let fresh_shape = shape(&outside).await;
    take_back(&outside, WORDS_DOWN, "20261128000500").await;
    take_back(&outside, SPEED_DOWN, "20261121000400").await;
    take_back(&outside, PAYMENTS_DOWN, "20261121000300").await;
    let older = server.fresh_database().await;
    let older = older.connect().await;
    older.batch_execute(&format!("{CORE_UP}; {MEETINGS_UP}; {CALENDAR_UP}")).await.unwrap();
    assert_eq!(shape(&outside).await, shape(&older).await, "the older release finds what it left");
    until(&outside, "pg_proc WHERE proname ~ '^(refunds|ledger)_'", 0).await;
    let states = "SELECT string_agg(state, ' ' ORDER BY id) FROM payments";
    let known = "settled settled settled settled settled settled settled settled open open open open closed";
    assert_eq!(text(&outside, states).await, known);

    let store = open(database.url()).await;
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE[2..]);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(shape(&outside).await, fresh_shape, "nothing tells it from a new database");
    until(&outside, "ledger", 8).await;
    data.check(&*store, &*store).await;
}

/// Bookings made before totals were kept are in them afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn bookings_made_before_are_in_the_totals_after() {
    let server = TestServer::shared().await;
    let database = server.fresh_database().await;
    let store = open(database.url()).await;
    store.migrate().await.unwrap();
    let practice = PracticeFixture::create(&*store).await;
    let mut work = store.begin().await.unwrap();
    let mut states = Vec::new();
    for (hour, (status, paid)) in (0..).zip(legal_states().chain(legal_states().skip(3))) {
        let booking = practice.booking_in(work.next_booking_id().await.unwrap(), slot(hour), status, paid);
        work.add_booking(&booking).await.unwrap();
        states.push((status, paid));
    }
    work.commit().await.unwrap();
    store.close().await;

    let outside = database.connect().await;
    let fresh_shape = shape(&outside).await;
    take_back(&outside, WORDS_DOWN, "20261128000500").await;
    take_back(&outside, SPEED_DOWN, "20261121000400").await;
    let older = server.fresh_database().await;
    let older = older.connect().await;
    older.batch_execute(&format!("{CORE_UP}; {MEETINGS_UP}; {CALENDAR_UP}; {PAYMENTS_UP}")).await.unwrap();
    assert_eq!(shape(&outside).await, shape(&older).await, "the older release finds what it left");
    // The older release goes on: one more of these, and one fewer of those.
    let (gone, _) = (states.remove(0), states.push((BookingStatus::Expired, PaymentStatus::Cancelled)));
    outside
        .batch_execute(&format!(
            "UPDATE bookings SET status = 'expired', payment_status = 'cancelled', room_id = NULL, hold_expires_at = NULL \
             WHERE id = (SELECT min(id) FROM bookings WHERE status = '{}' AND payment_status = '{}')",
            gone.0.as_str(),
            gone.1.as_str()
        ))
        .await
        .unwrap();

    let store = open(database.url()).await;
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE[3..]);
    assert_eq!(shape(&outside).await, fresh_shape, "nothing tells it from a new database");
    for (status, payment_status) in legal_states() {
        let filter =
            BookingFilter { status: Some(status), payment_status: Some(payment_status), ..BookingFilter::default() };
        let found = store.bookings(&filter, PageRequest { limit: 100, offset: 0 }.into()).await.unwrap();
        let wanted = states.iter().filter(|state| **state == (status, payment_status)).count();
        assert_eq!((found.items.len(), found.total), (wanted, u64::try_from(wanted).unwrap()), "{filter:?}");
    }
}
