//! What the database refuses: plain SQL that bypasses the store.

use attune_ports::{PaymentState, RefundStage};
use attune_sql::dump::DERIVED;
use attune_test_store_contract::dumped::DumpedTables;
use attune_test_store_contract::fixtures::legal_states;
use attune_test_store_contract::schema_rules::{
    self, Database, PRACTICE, Refusal, SCHEDULED, booking, ledger_entry, payment, refund,
};
use diesel::connection::SimpleConnection;
use diesel::dsl::{sql, sql_query};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::harness::{count, fresh, raw};

struct PlainSql {
    connection: SqliteConnection,
    _folder: TempDir,
}

impl PlainSql {
    async fn new() -> Self {
        let (folder, _store) = fresh().await;
        Self { connection: raw(&folder), _folder: folder }
    }

    /// With a therapist, a client, a service and a scheduled booking.
    async fn booked() -> Self {
        let mut database = Self::new().await;
        for insert in PRACTICE {
            database.connection.batch_execute(insert).unwrap();
        }
        database.connection.batch_execute(&booking(1, 100, 200, SCHEDULED)).unwrap();
        database
    }
}

const CONFLICT_CLAUSES: [&str; 5] =
    ["INSERT INTO", "INSERT OR REPLACE INTO", "INSERT OR IGNORE INTO", "INSERT OR FAIL INTO", "REPLACE INTO"];

fn with_every_conflict_clause(insert: &str) -> Vec<String> {
    CONFLICT_CLAUSES.map(|clause| insert.replacen("INSERT INTO", clause, 1)).to_vec()
}

impl Database for PlainSql {
    type Error = Error;

    async fn run(&mut self, statement: &str) -> Result<u64, Error> {
        let changed = sql_query(statement).execute(&mut self.connection)?;
        Ok(u64::try_from(changed).unwrap())
    }

    fn is_refusal(error: &Error, refusal: Refusal) -> bool {
        let Error::DatabaseError(_, information) = error else { return false };
        let expected = match refusal {
            Refusal::Check(rule) => format!("CHECK constraint failed: {rule}"),
            Refusal::Unique(columns) => format!("UNIQUE constraint failed: {columns}"),
            Refusal::ForeignKey => "FOREIGN KEY constraint failed".to_owned(),
            Refusal::Overlap => "attune:slot_taken".to_owned(),
            Refusal::LongerThanADay => "attune:longer_than_a_day".to_owned(),
            Refusal::RefundTooLarge => "attune:refund_too_large".to_owned(),
            Refusal::LedgerUnbalanced | Refusal::LedgerEntryExists => "attune:ledger_unbalanced".to_owned(),
        };
        information.message() == expected
    }

    /// No conflict clause gets past a trigger.
    fn spellings(statement: &str, refusal: Refusal) -> Vec<String> {
        if matches!(refusal, Refusal::Check(_) | Refusal::Unique(_) | Refusal::ForeignKey) {
            vec![statement.to_owned()]
        } else if statement.starts_with("UPDATE") {
            vec![statement.to_owned(), statement.replacen("UPDATE", "UPDATE OR REPLACE", 1)]
        } else {
            with_every_conflict_clause(statement)
        }
    }
}

#[tokio::test]
async fn the_schema_enforces_its_rules() {
    schema_rules::check(PlainSql::new).await;
}

fn is_refused(result: Result<(), Error>, message: &str, statement: &str) {
    match result {
        Err(Error::DatabaseError(_, information)) => assert_eq!(information.message(), message, "{statement}"),
        other => panic!("expected {message}, got {other:?}: {statement}"),
    }
}

#[tokio::test]
async fn a_booking_can_be_replaced_within_its_own_time() {
    let PlainSql { mut connection, _folder } = PlainSql::booked().await;
    connection.batch_execute(&booking(1, 125, 225, SCHEDULED).replacen("INSERT INTO", "REPLACE INTO", 1)).unwrap();
    assert_eq!(count(&mut connection, "SELECT scheduled_at FROM bookings"), 125);
}

#[tokio::test]
async fn numbers_are_no_texts_and_flags_are_zero_or_one() {
    let PlainSql { mut connection, _folder } = PlainSql::booked().await;
    connection
        .batch_execute("INSERT INTO practice_policy VALUES (1, 0, 366, NULL, 15, 1440, 0, 1440, 0, 3, 1)")
        .unwrap();
    for (change, message) in [
        ("UPDATE bookings SET minutes = 'fifty'", "cannot store TEXT value in INTEGER column bookings.minutes"),
        ("UPDATE practice_policy SET auto_complete = 2", "CHECK constraint failed: auto_complete IN (0, 1)"),
    ] {
        is_refused(connection.batch_execute(change), message, change);
    }
}

/// The states in which the stored and the actual number of bookings differ.
const DIFFERENCES: &str = "SELECT count(*) FROM \
    (SELECT status, payment_status, rows FROM booking_counts WHERE rows <> 0) stored \
    FULL JOIN (SELECT status, payment_status, count(*) AS rows FROM bookings GROUP BY 1, 2) counted \
    USING (status, payment_status) WHERE stored.rows IS NOT counted.rows";

#[tokio::test]
async fn every_way_to_change_rows_is_counted() {
    let PlainSql { mut connection, _folder } = PlainSql::booked().await;
    connection.batch_execute("DELETE FROM bookings").unwrap();
    for (id, (status, payment)) in (1..).zip(legal_states()) {
        let insert = booking(id, 100 * id, 100 * id + 100, (status.as_str(), payment.as_str()));
        connection.batch_execute(&insert).unwrap();
        assert_eq!(count(&mut connection, DIFFERENCES), 0, "{status:?} {payment:?}");
    }
    for change in [
        "UPDATE bookings SET note = 'nothing that counts'",
        "UPDATE bookings SET payment_status = 'refunded' WHERE payment_status = 'refund_pending'",
        "UPDATE bookings SET status = 'expired', payment_status = 'cancelled', cancelled_at = NULL WHERE id % 2 = 0",
        "UPDATE OR IGNORE bookings SET id = 1, status = 'expired', payment_status = 'succeeded', cancelled_at = NULL \
         WHERE id % 5 = 0",
        "DELETE FROM bookings WHERE id % 3 = 0",
        "DELETE FROM bookings WHERE id = 3",
        "BEGIN; DELETE FROM bookings; ROLLBACK",
        "BEGIN; DELETE FROM bookings WHERE id = 1; SAVEPOINT s; DELETE FROM bookings; ROLLBACK TO s; COMMIT",
        "INSERT OR IGNORE INTO bookings SELECT * FROM bookings WHERE status = 'expired'",
        "INSERT INTO bookings SELECT * FROM bookings WHERE status = 'expired' \
         ON CONFLICT (id) DO UPDATE SET payment_status = 'refunded'",
        "DELETE FROM bookings",
    ] {
        connection.batch_execute(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        assert_eq!(count(&mut connection, DIFFERENCES), 0, "after {change}");
    }
}

#[tokio::test]
async fn the_audit_trail_cannot_be_changed() {
    let PlainSql { mut connection, _folder } = PlainSql::new().await;
    let entry = "INTO audit_log (id, at, action, object_kind, object_id) VALUES (1, 1, 'booking.held', 'booking', 1)";
    connection.batch_execute(&format!("INSERT {entry}")).unwrap();
    for change in [
        "UPDATE audit_log SET action = 'nothing'",
        "UPDATE OR REPLACE audit_log SET id = 2",
        "DELETE FROM audit_log",
        &format!("REPLACE {entry}"),
        &format!("INSERT {entry} ON CONFLICT DO UPDATE SET action = 'nothing'"),
    ] {
        is_refused(connection.batch_execute(change), "attune:audit_is_append_only", change);
    }
    connection
        .batch_execute("INSERT INTO audit_log (at, action, object_kind, object_id) VALUES (2, 'b', 'booking', 1)")
        .unwrap();
    assert_eq!(count(&mut connection, "SELECT count(*) FROM audit_log WHERE action = 'booking.held'"), 1);
    assert_eq!(count(&mut connection, "SELECT count(*) FROM audit_log"), 2);
}

#[tokio::test]
async fn the_ledger_cannot_be_changed() {
    let PlainSql { mut connection, _folder } = PlainSql::booked().await;
    for insert in [
        payment(1, PaymentState::Settled),
        refund(1, "a", 9_000, RefundStage::Queued),
        ledger_entry(1, "NULL", "captured", 4_000),
        ledger_entry(1, "1", "refunded", 1_000),
    ] {
        connection.batch_execute(&insert).unwrap();
    }
    let everything = "SELECT sum(id * 100000 + amount_minor) FROM ledger";
    let before = count(&mut connection, everything);
    let same_id =
        ledger_entry(1, "1", "refund_reversed", 1).replace("(at,", "(id, at,").replace("VALUES (0,", "VALUES (1, 0,");
    let mut changes = with_every_conflict_clause(&same_id);
    changes.extend([
        "UPDATE ledger SET amount_minor = 1".to_owned(),
        "UPDATE OR REPLACE ledger SET id = 2 WHERE id = 1".to_owned(),
        "DELETE FROM ledger".to_owned(),
        format!("{same_id} ON CONFLICT DO UPDATE SET at = 2"),
    ]);
    for change in changes {
        is_refused(connection.batch_execute(&change), "attune:ledger_is_append_only", &change);
    }
    let replaced = refund(1, "a", 1, RefundStage::Queued).replacen("INSERT INTO", "REPLACE INTO", 1);
    is_refused(connection.batch_execute(&replaced), "FOREIGN KEY constraint failed", &replaced);
    assert_eq!(count(&mut connection, everything), before);
}

#[tokio::test]
async fn every_table_is_dumped() {
    let (folder, store) = fresh().await;
    let dumped = store.dump(DumpedTables::default()).await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let tables = sql::<Text>(tables).load(&mut raw(&folder)).unwrap();
    dumped.check(&tables, &DERIVED);
}
