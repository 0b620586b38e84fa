//! Schemas that are missing, current, half-way and newer.

use attune_adapter_sqlite::{MigrateError, SqliteConfig, SqliteStore};
use attune_contract::fixtures::{Practice, fact, lease, notice, now, participant, reminder, slot};
use attune_domain::Person;
use attune_domain::meeting::Happening;
use attune_domain::notice::{NoticeKind, NoticeState, OwedNotice};
use attune_ports::{LeaseToken, Queries, Settlement, Store};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::setting::{add_client, count, file, fresh, has_client, raw};

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
    for in_the_way in ["outbox", "attendance"] {
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

const MEETINGS_DOWN: &str = include_str!("../../../../migrations/sqlite/2026-11-21-000100_meetings/down.sql");

/// Goes back to the release before the meetings, as an administrator would: all or nothing.
fn back_to_core(raw: &mut SqliteConnection) {
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261121000100'";
    raw.batch_execute(&format!("BEGIN; {MEETINGS_DOWN}; {forget}; COMMIT")).unwrap();
}

fn text(raw: &mut SqliteConnection, query: &str) -> String {
    sql::<Text>(query).get_result(raw).expect("a text")
}

/// Every table with its columns and rules, every index and every trigger, without the list of migrations.
fn shape(raw: &mut SqliteConnection) -> String {
    // A table that was renamed has its name in quotes.
    let parts = "SELECT group_concat(json_array(type, tbl_name, name, substr(sql, instr(sql, '('))), char(10) \
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
    let practice = Practice::found(&*store).await;
    let mut work = store.begin().await.unwrap();
    let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
    work.add_booking(&booking).await.unwrap();
    let (booking, _) = booking.revoke_links(now()).unwrap();
    work.save_booking(&booking).await.unwrap();
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    work.open_conference(booking.id, now()).await.unwrap();
    work.add_attendance(booking.id, &[fact("one", Happening::Joined, now())]).await.unwrap();
    let old = [
        notice(&booking, NoticeKind::MeetingInfo, now()),
        reminder(&booking, 60, now()),
        reminder(&booking, 10, now()),
        reminder(&booking, 1_440, slot(0)),
    ];
    work.enqueue(&old).await.unwrap();
    let claimed = work.claim_notices(3, now(), &lease(7, slot(1))).await.unwrap();
    for (mail, state) in claimed.iter().zip([NoticeState::Sent, NoticeState::Dead]) {
        let last_error = (state == NoticeState::Dead).then(|| "refused_550".to_owned());
        let settlement = Settlement { state, next_at: now(), sent_at: Some(now()), last_error };
        assert!(work.settle_notice(mail.id, &LeaseToken([7; 16]), &settlement).await.unwrap());
    }
    let to_guest = |kind| OwedNotice { recipient: Person::Participant(guest), ..notice(&booking, kind, now()) };
    let new = [
        to_guest(NoticeKind::Invitation),
        to_guest(NoticeKind::Reminder { minutes_before: 60 }),
        notice(&booking, NoticeKind::MeetingLink, now()),
    ];
    assert_eq!(work.enqueue(&new).await.unwrap(), 3);
    work.commit().await.unwrap();
    let before = store.notices(booking.id).await.unwrap();
    store.close().await;

    let mut connection = raw(&folder);
    let fresh_shape = shape(&mut connection);
    back_to_core(&mut connection);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM outbox"), 4);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let kept = mails(&mut connection);
    assert!(kept.contains(&"07".repeat(16)), "one of them is leased: {kept}");
    let core_only = {
        let folder = TempDir::new().unwrap();
        let mut raw = raw(&folder);
        raw.batch_execute(include_str!("../../../../migrations/sqlite/2026-11-21-000000_core/up.sql")).unwrap();
        shape(&mut raw)
    };
    assert_eq!(shape(&mut connection), core_only, "the older release finds what it left");

    let store = SqliteStore::open(SqliteConfig::new(file(&folder))).unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate().await.unwrap(), ["2026-11-21-000100_meetings"]);
    assert!(store.schema_is_current().await.unwrap());
    assert_eq!(mails(&mut connection), kept);
    assert_eq!(shape(&mut connection), fresh_shape, "nothing tells it from a new database");
    assert_eq!(count(&mut connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);

    let after = store.notices(booking.id).await.unwrap();
    assert_eq!(after, before[..4], "each with its reader");
    assert!(after.iter().all(|notice| notice.owed.recipient == Person::Account(practice.client)));
    let read = store.booking(booking.id).await.unwrap().unwrap().booking;
    assert_eq!((read.link_version, read.version), (1, booking.version));
    assert!(store.participants(booking.id).await.unwrap().is_empty());
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.enqueue(&old).await.unwrap(), 0, "what was owed is known");
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    let recipient = Person::Participant(guest);
    let invitation = OwedNotice { recipient, ..notice(&booking, NoticeKind::Invitation, now()) };
    assert_eq!(work.enqueue(&[invitation]).await.unwrap(), 1);
    assert!(work.settle_notice(claimed[2].id, &LeaseToken([7; 16]), &settled_late()).await.unwrap(), "the lease held");
    work.commit().await.unwrap();
}

fn settled_late() -> Settlement {
    Settlement { state: NoticeState::Sent, next_at: now(), sent_at: Some(slot(0)), last_error: None }
}
