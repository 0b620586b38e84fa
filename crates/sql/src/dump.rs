//! Dumps all rows of a database, and loads such a dump: the statements, and what is the same for both kinds of database.
//!
//! The tables are those of the database's catalog, not of this release: a dump of an older release is loaded as it was, and
//! migrated after that. Rows are converted to JSON and back by the database itself.

use std::collections::BTreeSet;

use attune_ports::{BoxError, DumpEnd, DumpSink, DumpSource, Sequences, TableRows};
use jiff::Timestamp;
use serde_json::Value;

use crate::map::millis;

/// How many numbers are skipped after a dump was loaded, because what was created since the dump has them. The link or login
/// of a lost row would otherwise lead to another one.
pub const SKIPPED_NUMBERS: i64 = 10_000;

/// The most rows, and about the most bytes, that are passed on at once.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 1 << 20;

/// The tables of all releases. Other programs may have tables in the same schema.
const TABLES: [&str; 33] = [
    "attempts",
    "attendance",
    "audit_log",
    "bookings",
    "calendar_feeds",
    "change_reasons",
    "conferences",
    "idempotency_keys",
    "installation",
    "kept_replies",
    "ledger",
    "login_failures",
    "login_sessions",
    "logos",
    "one_time_tokens",
    "outbox",
    "participants",
    "payment_events",
    "payment_problems",
    "payments",
    "practice",
    "practice_policy",
    "recovery_codes",
    "refresh_tokens",
    "refunds",
    "schedule_exceptions",
    "schedules",
    "services",
    "sessions",
    "time_off",
    "totp_factors",
    "users",
    "weekly_hours",
];

/// Tables that are not dumped: the list of migrations, and what triggers or the numbers of a sequence restore.
pub const DERIVED: [&str; 8] = [
    "__diesel_schema_migrations",
    "booking_changes",
    "booking_count_deltas",
    "booking_count_totals",
    "booking_counts",
    "booking_ids",
    "booking_sums",
    "booking_tally",
];

/// The numbers of bookings are given out apart from their table.
const BOOKING_IDS: &str = "booking_ids";

/// What a kind of database needs to be told in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// A connection on which a dump is made or loaded, inside a transaction that sees one state of the database.
pub trait DumpConnection {
    const DIALECT: Dialect;

    fn run(&mut self, statement: &str) -> Result<(), BoxError>;

    /// Runs a statement with one text as its parameter.
    fn run_with(&mut self, statement: &str, parameter: &str) -> Result<(), BoxError>;

    /// Passes on the texts that a query returns in its one column, named `value`, without having all of them in memory.
    fn each(&mut self, query: &str, take: &mut dyn FnMut(String) -> Result<(), BoxError>) -> Result<(), BoxError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ColumnKind {
    Integer,
    Boolean,
    Text,
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: ColumnKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    name: String,
    /// In alphabetical order.
    columns: Vec<Column>,
    /// Of the primary key.
    key: Vec<String>,
}

/// Dumps everything. `schema` is the list of migrations.
pub fn dump(connection: &mut impl DumpConnection, schema: &[String], sink: &mut dyn DumpSink) -> Result<(), BoxError> {
    sink.begin(schema)?;
    for table in tables(connection)? {
        dump_table(connection, &table, sink)?;
    }
    // After the rows: the numbers of a sequence are not part of a transaction, and may only be too high.
    let sequences = sequences(connection)?.into_iter().map(|sequence| (sequence.table, sequence.last)).collect();
    sink.end(&sequences)
}

/// Loads a dump into tables that are there and empty, compares the result with the dump, and skips numbers.
pub fn load(connection: &mut impl DumpConnection, source: &mut dyn DumpSource) -> Result<(), BoxError> {
    let tables = tables(connection)?;
    // What the migrations insert.
    for table in tables.iter().rev() {
        connection.run(&format!("DELETE FROM {}", quoted(&table.name)))?;
    }
    while let Some(TableRows { table, columns, rows }) = source.next_rows()? {
        let known = tables.iter().find(|known| known.name == table);
        let known = known.ok_or_else(|| format!("the dump has a table {table} that this release does not know"))?;
        if columns.iter().ne(known.columns.iter().map(|column| &column.name)) {
            return Err(format!("the table {table} has other columns in the dump").into());
        }
        if !rows.is_empty() {
            let rows = format!("[{}]", rows.join(","));
            connection.run_with(&known.insert(dialect(connection)), &rows)?;
        }
    }
    let DumpEnd { sequences, mut comparison } = source.end()?;
    let schema = source.schema().to_vec();
    dump(connection, &schema, &mut *comparison)?;
    skip_numbers(connection, &sequences)
}

/// Removes all rows from the tables of a PostgreSQL database, those that nothing may be removed from too: its migrations can
/// then be reverted, whatever is in it.
pub fn drop_content(connection: &mut impl DumpConnection) -> Result<(), BoxError> {
    let names: Vec<String> = tables(connection)?.into_iter().map(|table| quoted(&table.name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    for name in &names {
        connection.run(&format!("ALTER TABLE {name} DISABLE TRIGGER USER"))?;
    }
    connection.run(&format!("TRUNCATE {}", names.join(", ")))
}

/// The statements that follow a load into the newest tables. Leases were taken by processes that are gone; a checkout may
/// have been paid since, so the provider is asked at once; and an email that was due may have been sent since, so it is held
/// unless `hold` is false.
pub fn after_load(now: Timestamp, hold: bool) -> Vec<String> {
    let now = millis(now);
    let mut statements = vec![
        "UPDATE outbox SET lease_token = NULL, lease_until = NULL WHERE lease_token IS NOT NULL".to_owned(),
        format!("UPDATE payments SET check_at = {now} WHERE check_at IS NOT NULL"),
    ];
    if hold {
        statements.push(format!("UPDATE outbox SET state = 'held' WHERE state = 'pending' AND next_at <= {now}"));
    }
    statements
}

/// Why a dump of a newer release is refused.
pub fn unknown_migration(version: &str) -> BoxError {
    format!("it has the migration {version}, which this release of Attune does not know; use a newer release").into()
}

fn dialect<C: DumpConnection>(_: &C) -> Dialect {
    C::DIALECT
}

fn dump_table(connection: &mut impl DumpConnection, table: &Table, sink: &mut dyn DumpSink) -> Result<(), BoxError> {
    let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let batch = |rows| TableRows { table: table.name.clone(), columns: columns.clone(), rows };
    let (mut rows, mut bytes, mut passed_on) = (Vec::new(), 0, false);
    connection.each(&table.select(dialect(connection)), &mut |row| {
        // The databases differ in white space and in what they escape.
        let row = serde_json::from_str::<Value>(&row)?.to_string();
        bytes += row.len();
        rows.push(row);
        if rows.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            (bytes, passed_on) = (0, true);
            sink.rows(batch(std::mem::take(&mut rows)))?;
        }
        Ok(())
    })?;
    if rows.is_empty() && passed_on { Ok(()) } else { sink.rows(batch(rows)) }
}

impl Table {
    fn select(&self, dialect: Dialect) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| column.select(dialect)).collect();
        let keys = self.key.iter().map(|key| match dialect {
            Dialect::Postgres if self.is_text(key) => format!("{} COLLATE \"C\"", quoted(key)),
            Dialect::Sqlite | Dialect::Postgres => quoted(key),
        });
        let row = match dialect {
            Dialect::Sqlite => format!("json_array({})", values.join(", ")),
            Dialect::Postgres => format!("json_build_array({})::text", values.join(", ")),
        };
        let keys: Vec<String> = keys.collect();
        format!("SELECT {row} AS value FROM {} ORDER BY {}", quoted(&self.name), keys.join(", "))
    }

    fn is_text(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.name == column && known.kind == ColumnKind::Text)
    }

    /// The parameter is a JSON array of rows.
    fn insert(&self, dialect: Dialect) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        let values: Vec<String> =
            self.columns.iter().enumerate().map(|(index, column)| column.value(dialect, index)).collect();
        let rows = match dialect {
            Dialect::Sqlite => "json_each(?)",
            Dialect::Postgres => "json_array_elements($1::json) AS elements (value)",
        };
        let (names, values) = (names.join(", "), values.join(", "));
        format!("INSERT INTO {} ({names}) SELECT {values} FROM {rows}", quoted(&self.name))
    }
}

impl Column {
    fn select(&self, dialect: Dialect) -> String {
        let name = quoted(&self.name);
        match (dialect, self.kind) {
            (Dialect::Sqlite, ColumnKind::Bytes) => format!("iif({name} IS NULL, NULL, lower(hex({name})))"),
            (Dialect::Postgres, ColumnKind::Bytes) => format!("encode({name}, 'hex')"),
            (Dialect::Postgres, ColumnKind::Boolean) => format!("{name}::int"),
            (_, ColumnKind::Integer | ColumnKind::Boolean | ColumnKind::Text) => name,
        }
    }

    fn value(&self, dialect: Dialect, index: usize) -> String {
        match (dialect, self.kind) {
            (Dialect::Sqlite, ColumnKind::Bytes) => format!("unhex(value ->> {index})"),
            (Dialect::Sqlite, ColumnKind::Integer | ColumnKind::Boolean | ColumnKind::Text) => {
                format!("value ->> {index}")
            }
            (Dialect::Postgres, ColumnKind::Integer) => format!("(value ->> {index})::bigint"),
            (Dialect::Postgres, ColumnKind::Boolean) => format!("(value ->> {index})::int::boolean"),
            (Dialect::Postgres, ColumnKind::Text) => format!("value ->> {index}"),
            (Dialect::Postgres, ColumnKind::Bytes) => format!("decode(value ->> {index}, 'hex')"),
        }
    }
}

/// As an identifier; several columns are named like keywords.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// All tables, each after those that it refers to.
fn tables(connection: &mut impl DumpConnection) -> Result<Vec<Table>, BoxError> {
    // Table, column, type, position in the primary key or null; by table and column.
    let columns = match dialect(connection) {
        Dialect::Sqlite => {
            "SELECT json_array(t.name, c.name, c.type, nullif(c.pk, 0)) AS value
             FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, c.name"
        }
        Dialect::Postgres => {
            "SELECT json_build_array(t.relname, c.attname, format_type(c.atttypid, NULL),
                    array_position(k.indkey::int2[], c.attnum))::text AS value
             FROM pg_class AS t
             JOIN pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
             LEFT JOIN pg_index AS k ON k.indrelid = t.oid AND k.indisprimary
             WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
             ORDER BY t.relname COLLATE \"C\", c.attname COLLATE \"C\""
        }
    };
    let mut tables: Vec<Table> = Vec::new();
    let mut keys: Vec<(i64, String)> = Vec::new();
    connection.each(columns, &mut |row| {
        let (table, name, kind, key): (String, String, String, Option<i64>) = serde_json::from_str(&row)?;
        if !TABLES.contains(&table.as_str()) {
            return Ok(());
        }
        let kind = match kind.as_str() {
            "INTEGER" | "bigint" | "integer" | "smallint" => ColumnKind::Integer,
            "boolean" => ColumnKind::Boolean,
            "TEXT" | "text" | "character varying" => ColumnKind::Text,
            "BLOB" | "bytea" => ColumnKind::Bytes,
            _ => return Err(format!("the column {table}.{name} has the type {kind}, which cannot be dumped").into()),
        };
        if tables.last().is_none_or(|last| last.name != table) {
            tables.push(Table { name: table, columns: Vec::new(), key: Vec::new() });
            keys.clear();
        }
        if let Some(last) = tables.last_mut() {
            if let Some(position) = key {
                keys.push((position, name.clone()));
                keys.sort_unstable();
                last.key = keys.iter().map(|(_, name)| name.clone()).collect();
            }
            last.columns.push(Column { name, kind });
        }
        Ok(())
    })?;
    if let Some(table) = tables.iter().find(|table| table.key.is_empty()) {
        return Err(format!("the table {} has no primary key and cannot be dumped", table.name).into());
    }
    let references = match dialect(connection) {
        Dialect::Sqlite => {
            "SELECT json_array(t.name, f.\"table\") AS value
             FROM sqlite_schema AS t JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'"
        }
        Dialect::Postgres => {
            "SELECT json_build_array(t.relname, f.relname)::text AS value FROM pg_constraint AS c
             JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_class AS f ON f.oid = c.confrelid
             WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace"
        }
    };
    let mut pairs = Vec::new();
    connection.each(references, &mut |row| {
        pairs.push(serde_json::from_str(&row)?);
        Ok(())
    })?;
    in_order(tables, &pairs)
}

/// Each table after those that it refers to, otherwise in the given order. A reference within a table does not count: its
/// rows refer to earlier ones.
fn in_order(mut rest: Vec<Table>, references: &[(String, String)]) -> Result<Vec<Table>, BoxError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !rest.is_empty() {
        let waiting: BTreeSet<&str> = rest.iter().map(|table| table.name.as_str()).collect();
        let waits = |table: &Table| {
            references.iter().any(|(from, to)| *from == table.name && to != from && waiting.contains(to.as_str()))
        };
        let Some(next) = rest.iter().position(|table| !waits(table)) else {
            return Err("tables refer to each other in a circle".into());
        };
        ordered.push(rest.remove(next));
    }
    Ok(ordered)
}

struct Sequence {
    table: String,
    /// Its own name, where it has one.
    name: String,
    last: i64,
}

fn sequences(connection: &mut impl DumpConnection) -> Result<Vec<Sequence>, BoxError> {
    let (all, has_booking_ids) = match dialect(connection) {
        Dialect::Sqlite => (
            "SELECT json_array(name, name, seq) AS value FROM sqlite_sequence ORDER BY name",
            "SELECT json_array('booking_ids', 'booking_ids', last) AS value FROM booking_ids",
        ),
        Dialect::Postgres => (
            "SELECT json_build_array(t.relname, s.sequencename, coalesce(s.last_value, s.start_value - 1))::text AS value
             FROM pg_sequences AS s
             JOIN pg_class AS c ON c.relname = s.sequencename AND c.relnamespace = s.schemaname::regnamespace
             JOIN pg_depend AS d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
             JOIN pg_class AS t ON t.oid = d.refobjid
             WHERE s.schemaname = current_schema() ORDER BY t.relname COLLATE \"C\"",
            "SELECT json_build_array('booking_ids', 'booking_ids', coalesce(last_value, start_value - 1))::text AS value
             FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = 'booking_ids'",
        ),
    };
    let mut found = Vec::new();
    for query in [all, has_booking_ids] {
        connection.each(query, &mut |row| {
            let (table, name, last) = serde_json::from_str(&row)?;
            found.push(Sequence { table, name, last });
            Ok(())
        })?;
    }
    Ok(found)
}

fn skip_numbers(connection: &mut impl DumpConnection, dumped: &Sequences) -> Result<(), BoxError> {
    if dialect(connection) == Dialect::Sqlite {
        // A table in which there was never a row is missing there.
        connection.run("DELETE FROM sqlite_sequence")?;
        for (table, last) in dumped {
            let next = last.saturating_add(SKIPPED_NUMBERS);
            if table == BOOKING_IDS {
                connection.run(&format!("UPDATE booking_ids SET last = {next}"))?;
            } else {
                let insert = format!("INSERT INTO sqlite_sequence (name, seq) VALUES (?, {next})");
                connection.run_with(&insert, table)?;
            }
        }
        return Ok(());
    }
    for Sequence { table, name, .. } in sequences(connection)? {
        let last = dumped.get(&table).copied().unwrap_or(0).saturating_add(SKIPPED_NUMBERS);
        connection.run_with(&format!("SELECT setval($1::text::regclass, {last})"), &quoted(&name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
