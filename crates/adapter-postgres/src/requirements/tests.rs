use super::*;

fn good() -> Properties {
    Properties {
        direct: true,
        version: 13,
        version_text: "13.0".into(),
        encoding: "UTF8".into(),
        standby: false,
        read_only: false,
        schema: Some("public".into()),
        may_create_tables: true,
        tables: None,
        has_extension: false,
        knows_extension: true,
        may_create_extension: true,
    }
}

#[test]
fn a_server_that_has_everything_is_accepted() {
    let migrated = Properties { tables: Some("public".into()), may_create_tables: false, ..good() };
    let with_extension =
        Properties { has_extension: true, knows_extension: false, may_create_extension: false, ..good() };
    for properties in [good(), Properties { version: 18, ..good() }, migrated, with_extension] {
        assert_eq!(properties.clone().check(), Ok(()), "{properties:?}");
    }
}

#[test]
fn each_fault_is_named_with_its_remedy() {
    let encoding = |name: &str| Properties { encoding: name.into(), ..good() };
    let version = |version, text: &str| Properties { version, version_text: text.into(), ..good() };
    let other_schema = Properties { tables: Some("practice".into()), ..good() };
    for (properties, words) in [
        (Properties { direct: false, encoding: "LATIN1".into(), ..good() }, "PgBouncer"),
        (version(12, "12.22"), "PostgreSQL 12.22 is too old; version 13"),
        (version(9, "9.6.24"), "PostgreSQL 9.6.24 is too old"),
        (encoding("LATIN1"), "LATIN1 and has to be UTF8; create another one: CREATE DATABASE"),
        (encoding("SQL_ASCII"), "SQL_ASCII"),
        (encoding("WIN1252"), "ENCODING 'UTF8' TEMPLATE template0"),
        (Properties { standby: true, read_only: true, ..good() }, "connect to the primary"),
        (Properties { read_only: true, ..good() }, "default_transaction_read_only"),
        (Properties { schema: None, may_create_tables: false, ..good() }, "ALTER ROLE attune SET search_path"),
        (Properties { may_create_tables: false, ..good() }, "GRANT CREATE ON SCHEMA public"),
        (other_schema, "put practice first"),
        (Properties { knows_extension: false, ..good() }, "not installed on the server"),
        (Properties { may_create_extension: false, ..good() }, "have a superuser run: CREATE EXTENSION btree_gist"),
    ] {
        let fault = properties.check().expect_err(words).to_string();
        assert!(fault.contains(words) && !fault.contains('\n'), "{words}: {fault}");
    }
}
