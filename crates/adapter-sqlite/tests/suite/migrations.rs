//! Schemas that are missing, current, half-way and newer.

use attune_adapter_sqlite::{MigrateError, SqliteConfig, SqliteStore};
use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::{NewNotification, NotificationKind, NotificationState};
use attune_domain::{BookingStatus, PaymentStatus, ViewerId};
use attune_ports::{BookingFilter, Conflict, DeliveryResult, LeaseToken, PageRequest, Queries, Store};
use attune_test_store_contract::fixtures::legal_states;
use attune_test_store_contract::fixtures::minutes_after;
use attune_test_store_contract::fixtures::{PracticeFixture, fact, lease, notice, now, participant, reminder, slot};
use attune_test_store_contract::migration_data::{CalendarData, PaymentData};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::harness::{add_client, count, file, fresh, has_client, raw};

const TABLES: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
const APPLIED: &str = "SELECT count(*) FROM __diesel_schema_migrations";

fn unmigrated(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(SqliteConfig::new(file(folder))).unwrap()
}

#[tokio::test]
async fn an_empty_file_gets_the_schema_once() {
    let folder = TempDir::new().unwrap();
    let store = unmigrated(&folder);
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(count(&mut raw(&folder), TABLES), 0, "looking must not write");

    let applied = store.migrate().await.unwrap();
    assert_eq!(applied[0], "2026-11-21-000000_core");
    assert!(store.schema_is_current().await.unwrap());
    add_client(&store, "somebody").await.unwrap();

    assert!(store.migrate().await.unwrap().is_empty());
    assert!(has_client(&store, "somebody").await);
    assert_eq!(count(&mut raw(&folder), APPLIED), i64::try_from(applied.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_migrate_at_the_same_moment() {
    let folder = TempDir::new().unwrap();
    let stores: Vec<_> = (0..6).map(|_| unmigrated(&folder)).collect();
    let migrating: Vec<_> =
        stores.into_iter().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
    let mut applied = 0;
    for one in migrating {
        applied += one.await.unwrap().unwrap().len();
    }
    assert!(applied >= 1);
    assert_eq!(count(&mut raw(&folder), APPLIED), i64::try_from(applied).unwrap(), "each was applied once");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (folder, store) = fresh().await;
    let mut raw = raw(&folder);
    let known = count(&mut raw, APPLIED);
    raw.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    let refused = store.migrate().await.unwrap_err();
    let MigrateError::Newer { version, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(version, "29990101000000");
    assert!(refused.to_string().contains("attune.db"), "{refused}");
    assert_eq!(count(&mut raw, APPLIED), known + 1);
}

/// A table that should not be there yet stands for whatever may stop a migration, be it the first or a later one.
#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_can_be_repeated() {
    for in_the_way in ["outbox", "attendance", "kept_replies", "payment_problems", "booking_tally", "booking_counts"] {
        let folder = TempDir::new().unwrap();
        let store = unmigrated(&folder);
        let mut raw = raw(&folder);
        raw.batch_execute(&format!("CREATE TABLE {in_the_way} (id INTEGER)")).unwrap();
        let failed = store.migrate().await.unwrap_err();
        assert!(matches!(failed, MigrateError::Failed { .. }), "{failed:?}");
        assert!(failed.to_string().contains("attune.db"), "{failed}");
        assert_eq!(count(&mut raw, TABLES), 1, "{in_the_way}");

        raw.batch_execute(&format!("DROP TABLE {in_the_way}")).unwrap();
        assert_eq!(store.migrate().await.unwrap()[0], "2026-11-21-000000_core");
        assert!(store.schema_is_current().await.unwrap());
        add_client(&store, "somebody").await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_who_gives_up_stops_no_migration() {
    let folder = TempDir::new().unwrap();
    let store = unmigrated(&folder);
    crate::cancellation::poll_times(1, store.migrate()).await;
    // The one after it waits its turn and finds nothing left to do.
    assert!(store.migrate().await.unwrap().is_empty());
    assert!(store.schema_is_current().await.unwrap());
}

#[tokio::test]
async fn the_way_down_leaves_nothing() {
    let (folder, store) = fresh().await;
    store.close().await;
    let mut raw = raw(&folder);
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let mut steps: Vec<_> = std::fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    for step in steps.iter().rev() {
        raw.batch_execute(&std::fs::read_to_string(step.join("down.sql")).unwrap()).unwrap();
    }
    assert_eq!(count(&mut raw, "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '%diesel%'"), 1);
}

const CORE_UP: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000000_core/up.sql");
const MEETINGS_UP: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000100_meetings/up.sql");
const MEETINGS_DOWN: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000100_meetings/down.sql");
const CALENDAR_UP: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000200_calendar/up.sql");
const CALENDAR_DOWN: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000200_calendar/down.sql");
const PAYMENTS_UP: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000300_payments/up.sql");
const PAYMENTS_DOWN: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000300_payments/down.sql");

const SPEED_DOWN: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000400_speed/down.sql");
const WORDS_DOWN: &str = include_str!("../../../../migrations/sqlite/2026-11-28-000500_words/down.sql");

/// All migrations after the first.
const SINCE_CORE: [&str; 5] = [
    "2026-11-21-000100_meetings",
    "2026-11-21-000200_calendar",
    "2026-11-21-000300_payments",
    "2026-11-21-000400_speed",
    "2026-11-28-000500_words",
];

/// Goes back to the release before totals were kept, as an administrator would: all or nothing.
fn back_to_payments(raw: &mut SqliteConnection) {
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000500'";
    raw.batch_execute(&format!("BEGIN; {WORDS_DOWN}; {forget}; COMMIT")).unwrap();
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261121000400'";
    raw.batch_execute(&format!("BEGIN; {SPEED_DOWN}; {forget}; COMMIT")).unwrap();
}

/// Goes back to the release before refunds and the ledger.
fn back_to_calendar(raw: &mut SqliteConnection) {
    back_to_payments(raw);
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261121000300'";
    raw.batch_execute(&format!("BEGIN; {PAYMENTS_DOWN}; {forget}; COMMIT")).unwrap();
}

/// Goes back to the release before the calendar.
fn back_to_meetings(raw: &mut SqliteConnection) {
    back_to_calendar(raw);
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261121000200'";
    raw.batch_execute(&format!("BEGIN; {CALENDAR_DOWN}; {forget}; COMMIT")).unwrap();
}

/// Goes back to the release before the meetings.
fn back_to_core(raw: &mut SqliteConnection) {
    back_to_meetings(raw);
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261121000100'";
    raw.batch_execute(&format!("BEGIN; {MEETINGS_DOWN}; {forget}; COMMIT")).unwrap();
}

/// What an older release looked like.
fn shape_after(migrations: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let mut raw = raw(&folder);
    for migration in migrations {
        raw.batch_execute(migration).unwrap();
    }
    shape(&mut raw)
}

fn text(raw: &mut SqliteConnection, query: &str) -> String {
    sql::<Text>(query).get_result(raw).expect("a text")
}

/// Every table with its columns and rules, every index and every trigger, without the list of migrations.
fn shape(raw: &mut SqliteConnection) -> String {
    // Names of tables that were renamed are in quotes.
    let parts = "SELECT group_concat(json_array(type, tbl_name, name, replace(substr(sql, instr(sql, '(')), '\"', '')), char(10) \
                 ORDER BY type, tbl_name, name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND tbl_name NOT LIKE '%diesel%'";
    text(raw, parts)
}

/// The mails, in the columns that both releases have.
fn mails(raw: &mut SqliteConnection) -> String {
    text(
        raw,
        "SELECT group_concat(json_array(id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, \
             booking_version, send_after, state, attempts, next_at, hex(lease_token), lease_until, sent_at, last_error), \
             char(10) ORDER BY id) FROM outbox",
    )
}

/// Mails in every state, of accounts and of people invited, go through both directions: those of accounts come through
/// as they were, and those that the older release has no place for are gone.
#[tokio::test]
async fn mails_survive_the_way_down_and_up_again() {
    let (folder, store) = fresh().await;
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

    let mut connection = raw(&folder);
    let fresh_shape = shape(&mut connection);
    back_to_core(&mut connection);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM outbox"), 4);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let kept = mails(&mut connection);
    assert!(kept.contains(&"07".repeat(16)), "one of them is leased: {kept}");
    assert_eq!(shape(&mut connection), shape_after(&[CORE_UP]), "the older release finds what it left");

    let store = SqliteStore::open(SqliteConfig::new(file(&folder))).unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(mails(&mut connection), kept);
    assert_eq!(shape(&mut connection), fresh_shape, "nothing tells it from a new database");
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);

    let after = store.notices(booking.id()).await.unwrap();
    assert_eq!(after, before[..4], "each with its reader");
    assert!(after.iter().all(|notice| notice.content.recipient == ViewerId::Account(practice.client)));
    let read = store.booking(booking.id()).await.unwrap().unwrap().booking;
    assert_eq!((read.link_version(), read.version()), (1, booking.version()));
    assert!(store.participants(booking.id()).await.unwrap().is_empty());
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.enqueue(&old).await.unwrap(), 0, "what was queued is known");
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    let recipient = ViewerId::Participant(guest);
    let invitation = NewNotification { recipient, ..notice(&booking, NotificationKind::Invitation, now()) };
    assert_eq!(work.enqueue(&[invitation]).await.unwrap(), 1);
    assert!(
        work.ack_notification(claimed[2].id, &LeaseToken([7; 16]), &settled_late()).await.unwrap(),
        "the lease held"
    );
    work.commit().await.unwrap();
}

fn settled_late() -> DeliveryResult {
    DeliveryResult { state: NotificationState::Sent, next_at: now(), sent_at: Some(slot(0)), last_error: None }
}

#[tokio::test]
async fn bookings_survive_a_downgrade_to_before_the_calendar() {
    let (folder, store) = fresh().await;
    let data = CalendarData::write(&*store, &*store).await;
    store.close().await;

    let mut connection = raw(&folder);
    let fresh_shape = shape(&mut connection);
    back_to_meetings(&mut connection);
    assert_eq!(shape(&mut connection), shape_after(&[CORE_UP, MEETINGS_UP]), "the older release finds what it left");
    assert_eq!(count(&mut connection, "SELECT count(*) FROM outbox"), 4);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);

    let store = SqliteStore::open(SqliteConfig::new(file(&folder))).unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE[1..]);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(shape(&mut connection), fresh_shape, "nothing tells it from a new database");
    data.check(&store, &store).await;
}

#[tokio::test]
async fn payments_survive_a_downgrade_to_before_the_ledger() {
    let (folder, store) = fresh().await;
    let data = PaymentData::write(&*store, &*store).await;
    store.close().await;

    let mut connection = raw(&folder);
    let fresh_shape = shape(&mut connection);
    back_to_calendar(&mut connection);
    let older = shape_after(&[CORE_UP, MEETINGS_UP, CALENDAR_UP]);
    assert_eq!(shape(&mut connection), older, "the older release finds what it left");
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let states = "SELECT group_concat(state, ' ' ORDER BY id) FROM payments";
    let known = "settled settled settled settled settled settled settled settled open open open open closed";
    assert_eq!(text(&mut connection, states), known);

    let store = SqliteStore::open(SqliteConfig::new(file(&folder))).unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE[2..]);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(shape(&mut connection), fresh_shape, "nothing tells it from a new database");
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM ledger"), 8);
    data.check(&store, &store).await;
}

/// Bookings made before totals were kept are in them afterwards, and the guards know them, too.
#[tokio::test]
async fn bookings_made_before_are_in_the_totals_after() {
    let (folder, store) = fresh().await;
    let practice = PracticeFixture::create(&*store).await;
    let mut work = store.begin().await.unwrap();
    let mut states = Vec::new();
    for (hour, (status, paid)) in (0..).zip(legal_states().chain(legal_states().skip(3))) {
        let booking = practice.booking_in(work.next_booking_id().await.unwrap(), slot(hour), status, paid);
        work.add_booking(&booking).await.unwrap();
        states.push((status, paid));
    }
    let agreed = practice.booking(work.next_booking_id().await.unwrap(), slot(100));
    work.add_booking(&agreed).await.unwrap();
    states.push((agreed.status(), agreed.payment_status()));
    work.commit().await.unwrap();
    store.close().await;

    let mut connection = raw(&folder);
    let fresh_shape = shape(&mut connection);
    back_to_payments(&mut connection);
    let older = shape_after(&[CORE_UP, MEETINGS_UP, CALENDAR_UP, PAYMENTS_UP]);
    assert_eq!(shape(&mut connection), older, "the older release finds what it left");
    // The older release goes on: one more of these, and one fewer of those.
    let (gone, _) = (states.remove(0), states.push((BookingStatus::Expired, PaymentStatus::Cancelled)));
    connection
        .batch_execute(&format!(
            "UPDATE bookings SET status = 'expired', payment_status = 'cancelled', room_id = NULL, hold_expires_at = NULL \
             WHERE id = (SELECT min(id) FROM bookings WHERE status = '{}' AND payment_status = '{}')",
            gone.0.as_str(),
            gone.1.as_str()
        ))
        .unwrap();

    let store = SqliteStore::open(SqliteConfig::new(file(&folder))).unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), SINCE_CORE[3..]);
    assert_eq!(shape(&mut connection), fresh_shape, "nothing tells it from a new database");
    for (status, payment_status) in legal_states() {
        let filter =
            BookingFilter { status: Some(status), payment_status: Some(payment_status), ..BookingFilter::default() };
        let found = store.bookings(&filter, PageRequest { limit: 100, offset: 0 }.into()).await.unwrap();
        let wanted = states.iter().filter(|state| **state == (status, payment_status)).count();
        assert_eq!((found.items.len(), found.total), (wanted, u64::try_from(wanted).unwrap()), "{filter:?}");
    }
    let mut work = store.begin().await.unwrap();
    let id = work.next_booking_id().await.unwrap();
    let late = work.add_booking(&practice.booking(id, minutes_after(slot(100), 59))).await;
    assert!(late.unwrap_err().is_conflict(Conflict::SlotTaken));
}
