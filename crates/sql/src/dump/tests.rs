use super::*;

fn table(name: &str, columns: &[(&str, ColumnKind)]) -> Table {
    let columns: Vec<Column> =
        columns.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind }).collect();
    Table { name: name.to_owned(), key: columns.iter().take(1).map(|column| column.name.clone()).collect(), columns }
}

fn order(tables: &[&str], references: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let references: Vec<_> = references.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    let tables = tables.iter().map(|name| table(name, &[])).collect();
    let ordered = in_order(tables, &references).map_err(|error| error.to_string())?;
    Ok(ordered.into_iter().map(|table| table.name).collect())
}

#[test]
fn a_table_comes_after_those_it_refers_to() {
    assert_eq!(order(&["a", "b", "c"], &[]).unwrap(), ["a", "b", "c"]);
    assert_eq!(order(&["a", "b", "c"], &[("a", "c"), ("c", "b")]).unwrap(), ["b", "c", "a"]);
    assert_eq!(order(&["a", "b"], &[("a", "a"), ("a", "missing")]).unwrap(), ["a", "b"]);
    assert!(order(&["a", "b"], &[("a", "b"), ("b", "a")]).unwrap_err().contains("circle"));
}

#[test]
fn values_are_converted_by_the_database() {
    let all = table("t", &[("at", ColumnKind::Integer), ("key", ColumnKind::Bytes), ("on", ColumnKind::Boolean)]);
    assert_eq!(
        all.select(Dialect::Sqlite),
        r#"SELECT json_array("at", iif("key" IS NULL, NULL, lower(hex("key"))), "on") AS value FROM "t" ORDER BY "at""#
    );
    assert_eq!(
        all.select(Dialect::Postgres),
        r#"SELECT json_build_array("at", encode("key", 'hex'), "on"::int)::text AS value FROM "t" ORDER BY "at""#
    );
    assert_eq!(
        all.insert(Dialect::Sqlite),
        r#"INSERT INTO "t" ("at", "key", "on") SELECT value ->> 0, unhex(value ->> 1), value ->> 2 FROM json_each(?)"#
    );
    assert_eq!(
        all.insert(Dialect::Postgres),
        r#"INSERT INTO "t" ("at", "key", "on") SELECT (value ->> 0)::bigint, decode(value ->> 1, 'hex'), (value ->> 2)::int::boolean FROM json_array_elements($1::json) AS elements (value)"#
    );
    let text = table("t", &[("name", ColumnKind::Text)]);
    assert!(text.select(Dialect::Postgres).ends_with(r#"ORDER BY "name" COLLATE "C""#), "as SQLite sorts");
    assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
}
