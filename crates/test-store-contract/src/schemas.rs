//! The schema of each release with rows in every table, which goes up to the newest, down to where it was, and up again.

use std::collections::{BTreeMap, BTreeSet};

use crate::migrations::{Database, Migration};

const ROWS: &str = include_str!("../fixtures/rows.sql");
const UPGRADING: &str = include_str!("../../../docs/UPGRADING.md");

/// What the database or the program works out from other rows.
const DERIVED: [&str; 6] = [
    "users.search_text",
    "booking_tally.",
    "booking_sums.",
    "booking_changes.",
    // With its totals and deltas.
    "booking_count",
    // On PostgreSQL it is a sequence.
    "booking_ids.",
];

/// What a migration makes anew each time it runs: random, or from the time.
const MADE_ANEW: [&str; 4] =
    ["installation.uid_domain", "users.second_factor_due_at", "practice.logo_name", "logos.name"];

/// Set for good by a migration, for all accounts of the releases before it.
const SET_FOR_GOOD: [&str; 1] = ["users.email_verified_at"];

/// The rows of each table: the values of its columns, as SQL literals.
type Contents = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// The statements for the rows that can be stored from this migration on.
fn rows_after(migration: &Migration) -> String {
    let heading = format!("\n-- {}\n", migration.name);
    let section = ROWS.split_once(&heading).map_or("", |(_, rest)| rest);
    section.split("\n-- 20").next().unwrap_or_default().to_owned()
}

async fn contents<D: Database>(database: &mut D, but_not: &[&str]) -> Contents {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in database.texts(D::COLUMNS).await {
        if !DERIVED.iter().chain(but_not).any(|left_out| name.starts_with(left_out)) {
            let (table, column) = name.split_once('.').expect("a table and a column");
            columns.entry(table.to_owned()).or_default().push(column.to_owned());
        }
    }
    // All tables in one query.
    let rows_of = columns.iter().map(|(table, columns)| {
        let literals: Vec<_> = columns.iter().map(|column| D::literal(column)).collect();
        format!("SELECT '{table}' || '\u{1f}' || {} FROM {table}", literals.join(" || '\u{1f}' || "))
    });
    let rows_of: Vec<_> = rows_of.collect();
    let mut rows = if rows_of.is_empty() { Vec::new() } else { database.texts(&rows_of.join(" UNION ALL ")).await };
    rows.sort();
    let mut all: Contents = columns.keys().map(|table| (table.clone(), Vec::new())).collect();
    for row in rows {
        let (table, values) = row.split_once('\u{1f}').expect("a table and values");
        let by_column = columns[table].iter().cloned().zip(values.split('\u{1f}').map(str::to_owned));
        all.entry(table.to_owned()).or_default().push(by_column.collect());
    }
    all
}

/// A database of the release whose last migration is this one, with the rows that it and those before it could store.
async fn released<D: Database>(migrations: &[Migration]) -> D {
    let mut database = D::empty().await;
    let applied = "CREATE TABLE __diesel_schema_migrations \
                   (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";
    database.run(applied).await;
    for migration in migrations {
        database.run(&migration.apply()).await;
        database.run(&D::dialect(&rows_after(migration))).await;
    }
    database
}

/// The tables of which rows, and the columns of which values are different.
fn differences(before: &Contents, after: &Contents) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (table, rows) in before {
        let others = after.get(table).map_or(&[][..], Vec::as_slice);
        if rows.len() != others.len() {
            found.insert(table.clone());
            continue;
        }
        for column in rows.iter().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>() {
            let values = |rows: &[BTreeMap<String, String>]| {
                let mut values: Vec<_> = rows.iter().map(|row| row.get(column).cloned()).collect();
                values.sort();
                values
            };
            if values(rows) != values(others) {
                found.insert(format!("{table}.{column}"));
            }
        }
    }
    found
}

pub async fn every_schema_has_rows_in_every_table_and_values_in_every_column<D: Database>(mut database: D) {
    for migration in &Migration::all(D::FOLDER) {
        let before = contents(&mut database, &[]).await;
        database.run(&migration.up).await;
        let migrated = contents(&mut database, &[]).await;
        database.run(&D::dialect(&rows_after(migration))).await;
        for (table, rows) in contents(&mut database, &[]).await {
            let name = &migration.name;
            assert!(!rows.is_empty(), "fixtures/rows.sql has no row for {table}, after {name}");
            for column in rows[0].keys() {
                let values: BTreeSet<_> = rows.iter().map(|row| row[column].as_str()).collect();
                let has_value = values.iter().any(|value| *value != "NULL");
                assert!(has_value, "fixtures/rows.sql has no value for {table}.{column}, after {name}");
                let was_there = before.get(&table).is_none_or(|rows| rows[0].contains_key(column));
                if !was_there && migration.up.contains(&format!("ADD COLUMN {column} ")) {
                    let only_default = migrated[&table].iter().map(|row| row[column].as_str()).collect();
                    assert_ne!(
                        values, only_default,
                        "fixtures/rows.sql: {table}.{column} has its default, after {name}"
                    );
                }
            }
        }
    }
}

/// What both the older and the newest release can store is there after each step.
pub async fn every_released_schema_survives_the_way_up_down_and_up<D: Database>(_: D) {
    let migrations = Migration::all(D::FOLDER);
    for count in 1..=migrations.len() {
        let mut database: D = released(&migrations[..count]).await;
        let name = &migrations[count - 1].name;
        let store = database.open().await;
        let before = contents(&mut database, &SET_FOR_GOOD).await;
        assert_eq!(D::migrate(&store).await.len(), migrations.len() - count);
        database.check_references().await;
        let newest = contents(&mut database, &MADE_ANEW).await;
        for migration in migrations[count..].iter().rev() {
            database.run(&migration.revert()).await;
        }
        database.check_references().await;
        assert_eq!(contents(&mut database, &SET_FOR_GOOD).await, before, "{name}: the rows before");
        assert_eq!(D::migrate(&store).await.len(), migrations.len() - count);
        database.check_references().await;
        assert_eq!(contents(&mut database, &MADE_ANEW).await, newest, "{name}: the rows after");
        D::close(store).await;
    }
}

/// docs/UPGRADING.md has a row for each migration whose way back loses something, with the tables and columns in question.
pub async fn the_way_back_loses_what_the_document_says<D: Database>(mut database: D) {
    let mut lost = BTreeMap::new();
    for (number, migration) in Migration::all(D::FOLDER).into_iter().enumerate() {
        let Migration { name, up, down } = &migration;
        database.run(up).await;
        database.run(&D::dialect(&rows_after(&migration))).await;
        // Before the first one there is no release to go back to.
        if number == 0 {
            continue;
        }
        let before = contents(&mut database, &[]).await;
        database.run(&format!("BEGIN; {down}; {up}")).await;
        let found = differences(&before, &contents(&mut database, &[]).await);
        database.run("ROLLBACK").await;
        if !found.is_empty() {
            lost.insert(name.clone(), found);
        }
    }
    let code = |line: &str| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = UPGRADING.lines().filter(|line| line.starts_with("| `20")).map(code);
    let documented: BTreeMap<_, BTreeSet<_>> =
        rows.map(|mut names| (names.remove(0), names.into_iter().collect())).collect();
    assert_eq!(documented, lost);
}
