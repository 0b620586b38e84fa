//! What the database refuses: plain SQL that bypasses the store.

use attune_adapter_postgres::{PostgresConfig, PostgresStore};
use attune_ports::{PaymentState, RefundStage};
use attune_sql::dump::DERIVED;
use attune_test_postgres::TestDatabase;
use attune_test_store_contract::dumped::DumpedTables;
use attune_test_store_contract::schema_rules::{
    self, Database, PRACTICE, Refusal, SCHEDULED, booking, ledger_entry, payment, refund,
};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::harness::migrated;

struct PlainSql {
    client: Client,
    _database: TestDatabase,
}

impl PlainSql {
    async fn new() -> Self {
        let database = migrated().await;
        Self { client: database.connect().await, _database: database }
    }
}

impl Database for PlainSql {
    type Error = tokio_postgres::Error;

    async fn run(&mut self, statement: &str) -> Result<u64, Self::Error> {
        self.client.execute(&statement.replace("X'", r"'\x"), &[]).await
    }

    fn is_refusal(error: &Self::Error, refusal: Refusal) -> bool {
        let (state, constraint) = match refusal {
            Refusal::Check(_) | Refusal::LongerThanADay => (SqlState::CHECK_VIOLATION, None),
            Refusal::Unique(_) | Refusal::LedgerEntryExists => (SqlState::UNIQUE_VIOLATION, None),
            Refusal::ForeignKey => (SqlState::FOREIGN_KEY_VIOLATION, None),
            Refusal::Overlap => (SqlState::EXCLUSION_VIOLATION, Some("bookings_no_overlap")),
            Refusal::RefundTooLarge => (SqlState::CHECK_VIOLATION, Some("refunds_within_payment")),
            Refusal::LedgerUnbalanced => (SqlState::CHECK_VIOLATION, Some("ledger_balances")),
        };
        let reported = error.as_db_error().and_then(|error| error.constraint());
        error.code() == Some(&state) && (constraint.is_none() || reported == constraint)
    }
}

#[tokio::test]
async fn the_schema_enforces_its_rules() {
    schema_rules::check(PlainSql::new).await;
}

/// Runs statements that must be refused because a table is append-only.
async fn append_only(client: &Client, statements: &[&str]) {
    for statement in statements {
        let refused = client.execute(*statement, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::RAISE_EXCEPTION), "{statement}");
    }
}

#[tokio::test]
async fn the_audit_trail_cannot_be_changed() {
    let PlainSql { client, _database } = PlainSql::new().await;
    let insert = "INSERT INTO audit_log (at, action, object_kind, object_id) VALUES (0, 'booking.held', 'booking', 1)";
    client.execute(insert, &[]).await.unwrap();
    let changes = [
        "UPDATE audit_log SET action = 'booking.cancelled'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log (id, at, action, object_kind, object_id) VALUES (1, 0, 'x', 'booking', 1) \
         ON CONFLICT (id) DO UPDATE SET action = 'x'",
    ];
    append_only(&client, &changes).await;
    let left: String = client.query_one("SELECT action FROM audit_log", &[]).await.unwrap().get(0);
    assert_eq!(left, "booking.held");
}

#[tokio::test]
async fn the_ledger_cannot_be_changed() {
    let PlainSql { client, _database } = PlainSql::new().await;
    for insert in PRACTICE {
        client.execute(insert, &[]).await.unwrap();
    }
    for insert in [
        booking(1, 100, 200, SCHEDULED),
        payment(1, PaymentState::Settled),
        refund(1, "a", 9_000, RefundStage::Queued),
        ledger_entry(1, "NULL", "captured", 4_000),
    ] {
        client.execute(&insert, &[]).await.unwrap();
    }
    let insert = "INSERT INTO ledger (id, at, booking_id, payment_id, kind, amount_minor, currency) \
                  VALUES (1, 0, 1, 1, 'captured', 1, 'EUR')";
    let changes = [
        "UPDATE ledger SET amount_minor = 1",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "TRUNCATE payments CASCADE",
        &format!("{insert} ON CONFLICT (id) DO UPDATE SET amount_minor = 1"),
        &format!("{insert} ON CONFLICT (payment_id) WHERE kind = 'captured' DO UPDATE SET amount_minor = 1"),
    ];
    append_only(&client, &changes).await;
    let left: i64 = client.query_one("SELECT amount_minor FROM ledger", &[]).await.unwrap().get(0);
    assert_eq!(left, 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_dumped() {
    let database = migrated().await;
    let store = PostgresStore::connect(PostgresConfig::new(database.url())).await.unwrap();
    let dumped = store.dump(DumpedTables::default()).await.unwrap();
    let query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
    let rows = database.connect().await.query(query, &[]).await.unwrap();
    dumped.check(&rows.iter().map(|row| row.get(0)).collect::<Vec<String>>(), &DERIVED);
}
