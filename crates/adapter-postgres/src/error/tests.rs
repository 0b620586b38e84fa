//! Recognizing the server's errors. Broken constraints are provoked for real in the tests of the whole store.

use std::time::Duration;

use attune_ports::StoreError;
use diesel::result::{DatabaseErrorKind, Error};

use super::store_error;

const AT_ONCE: Duration = Duration::from_millis(1);

fn kind_of(kind: DatabaseErrorKind, text: &str, after: Duration) -> &'static str {
    match store_error(Error::DatabaseError(kind, Box::new(text.to_owned())), after) {
        StoreError::Conflict(_) => "conflict",
        StoreError::Contended => "contended",
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Corrupt(_) => "corrupt",
        StoreError::Failed(_) => "failed",
    }
}

#[test]
fn messages_are_recognized() {
    use DatabaseErrorKind as Kind;
    for (kind, text, expected) in [
        (Kind::Unknown, "deadlock detected", "contended"),
        (Kind::Unknown, "canceling statement due to lock timeout", "contended"),
        (Kind::SerializationFailure, "could not serialize access", "contended"),
        (Kind::Unknown, "canceling statement due to statement timeout", "unavailable"),
        (Kind::Unknown, "terminating connection due to administrator command", "unavailable"),
        (Kind::Unknown, "terminating connection due to idle-in-transaction timeout", "unavailable"),
        (Kind::Unknown, "terminating connection because of crash of another server process", "unavailable"),
        (Kind::Unknown, "the database system is shutting down", "unavailable"),
        (Kind::Unknown, "the database system is not yet accepting connections", "unavailable"),
        (Kind::Unknown, "could not extend file \"base/1/2\": No space left on device", "unavailable"),
        (Kind::UnableToSendCommand, "connection closed", "unavailable"),
        (Kind::ReadOnlyTransaction, "cannot execute INSERT in a read-only transaction", "unavailable"),
        (Kind::Unknown, "relation \"users\" does not exist", "failed"),
        (Kind::ForeignKeyViolation, "insert or update on table", "failed"),
        (Kind::CheckViolation, "new row violates", "failed"),
        (Kind::UniqueViolation, "duplicate key", "failed"),
    ] {
        assert_eq!(kind_of(kind, text, AT_ONCE), expected, "{text}");
    }
}

#[test]
fn messages_in_another_language_are_recognized_by_the_elapsed_time() {
    let lock = "storniere Anfrage wegen Zeitüberschreitung einer Sperre";
    assert_eq!(kind_of(DatabaseErrorKind::Unknown, lock, Duration::from_millis(2_001)), "contended");
    let statement = "storniere Anfrage wegen Zeitüberschreitung der Anfrage";
    assert_eq!(kind_of(DatabaseErrorKind::Unknown, statement, Duration::from_millis(5_001)), "unavailable");
    assert_eq!(kind_of(DatabaseErrorKind::Unknown, "Relation »users« existiert nicht", AT_ONCE), "failed");
    // A known kind counts, whatever the elapsed time.
    assert_eq!(kind_of(DatabaseErrorKind::CheckViolation, "", Duration::from_secs(4)), "failed");
}

#[test]
fn other_errors_of_diesel_are_failures() {
    assert!(matches!(store_error(Error::NotFound, AT_ONCE), StoreError::Failed(_)));
}
