//! A database that the release before the migration `words` filled.

use attune_test_postgres::TestServer;
use attune_test_store_contract::upgrade::{
    REFUSED, everything_is_readable, guards_still_refuse, responses_are_replayed,
};

use crate::harness::{open, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_release_before_is_migrated() {
    let database = TestServer::shared().await.fresh_database().await;
    let old = include_str!("fixtures/before_words.sql");
    database.connect().await.batch_execute(old).await.unwrap();
    let store = open(database.url()).await;
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
    everything_is_readable(&*store).await;
    responses_are_replayed(&*store).await;
    guards_still_refuse(&*store, &*store).await;
    let outside = database.connect().await;
    for statement in REFUSED {
        let refused = outside.batch_execute(statement).await.unwrap_err();
        assert!(refused.as_db_error().is_some_and(|error| error.message().contains("append_only")), "{statement}");
    }
    until(&outside, "audit_log WHERE object_kind = 'session'", 0).await;
    until(&outside, "audit_log", 255).await;
}
