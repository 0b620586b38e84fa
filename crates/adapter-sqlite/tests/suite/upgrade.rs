//! A database that the release before the migration `words` filled.

use attune_adapter_sqlite::{SqliteConfig, SqliteStore};
use attune_test_store_contract::upgrade::{
    REFUSED, everything_is_readable, guards_still_refuse, responses_are_replayed,
};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::harness::{count, file, raw};

#[tokio::test]
async fn a_database_of_the_release_before_is_migrated() {
    let folder = TempDir::new().unwrap();
    let mut old = SqliteConnection::establish(file(&folder).to_str().unwrap()).unwrap();
    old.batch_execute(include_str!("fixtures/before_words.sql")).unwrap();
    drop(old);
    let store = SqliteStore::open(SqliteConfig::new(file(&folder))).unwrap();
    assert!(!store.schema_is_current().await.unwrap());
    assert_eq!(
        store.migrate().await.unwrap(),
        [
            "2026-11-28-000500_words",
            "2026-11-29-000600_people",
            "2026-11-29-000750_email_limit",
            "2026-11-29-000800_directory",
            "2026-11-29-000810_therapist_emails",
            "2026-11-29-000820_grace",
            "2026-11-30-000830_series",
            "2026-11-30-000840_user_agents",
            "2026-11-30-000850_accounts",
            "2026-11-30-000860_appearance",
            "2026-11-30-000870_chosen_slots",
            "2026-12-01-000880_versions",
            "2026-12-01-000890_set_up",
            "2026-12-01-000900_calendar_feeds",
            "2026-12-01-000910_held_emails"
        ]
    );
    everything_is_readable(&store).await;
    responses_are_replayed(&store).await;
    guards_still_refuse(&store, &store).await;
    let mut raw = raw(&folder);
    for statement in REFUSED {
        assert!(raw.batch_execute(statement).unwrap_err().to_string().contains("append_only"), "{statement}");
    }
    assert_eq!(count(&mut raw, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(count(&mut raw, "SELECT count(*) FROM audit_log WHERE object_kind = 'session'"), 0);
    assert_eq!(count(&mut raw, "SELECT count(*) FROM audit_log"), 255);
}
