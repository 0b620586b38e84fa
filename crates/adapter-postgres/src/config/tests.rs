//! Reading database URLs.

use tokio_postgres::config::Host;

use super::{Address, DatabaseUrl, PostgresConfig, TlsMode, Verification};

fn read(url: &str) -> Result<Address, String> {
    Address::parse(&DatabaseUrl::new(url)).map_err(|e| e.to_string())
}

fn tls(url: &str) -> TlsMode {
    read(url).unwrap().tls
}

#[test]
fn this_machine_is_connected_to_without_tls() {
    for local in [
        "postgres://u:p@localhost/d",
        "postgres://u:p@127.0.0.1:5433/d",
        "postgresql://u:p@[::1]/d",
        "postgres://u:p@%2Frun%2Fpostgresql/d",
        "postgres://u:p@/d?host=/run/postgresql",
        "postgres://u:p@/d?host=%2Frun%2Fpostgresql&port=5433",
    ] {
        assert_eq!(tls(local), TlsMode::Off, "{local}");
    }
}

#[test]
fn other_machines_are_offered_tls() {
    assert_eq!(tls("postgres://u:p@db.example.org/d"), TlsMode::IfOffered);
    assert_eq!(tls("postgres://u:p@192.0.2.1/d"), TlsMode::IfOffered);
    assert_eq!(tls("postgres://u:p@localhost,db.example.org/d"), TlsMode::IfOffered);
    assert_eq!(tls("postgres://u:p@localhost/d?hostaddr=192.0.2.1"), TlsMode::IfOffered);
}

#[test]
fn sslmode_is_obeyed() {
    for (mode, expected) in [
        ("disable", TlsMode::Off),
        ("allow", TlsMode::IfOffered),
        ("prefer", TlsMode::IfOffered),
        ("require", TlsMode::Always(Verification::Nothing)),
        ("require&sslrootcert=/etc/roots.pem", TlsMode::Always(Verification::Authority)),
        ("verify-ca", TlsMode::Always(Verification::Authority)),
        ("verify-full", TlsMode::Always(Verification::AuthorityAndHost)),
    ] {
        assert_eq!(tls(&format!("postgres://u:p@localhost/d?sslmode={mode}")), expected);
        assert_eq!(tls(&format!("postgres://u:p@db.example.org/d?connect_timeout=3&sslmode={mode}")), expected);
    }
    assert!(read("postgres://u:p@db.example.org/d?sslmode=always").unwrap_err().contains("sslmode"));
}

#[test]
fn what_others_could_read_is_told_apart() {
    for (url, expected) in [
        ("postgres://u:p@localhost/d", true),
        ("postgres://u:p@%2Frun%2Fpostgresql/d?sslmode=disable", true),
        ("postgres://u:p@db.example.org/d", false),
        ("postgres://u:p@db.example.org/d?sslmode=prefer", false),
        ("postgres://u:p@localhost,db.example.org/d", false),
        ("postgres://u:p@db.example.org/d?sslmode=require", true),
    ] {
        assert_eq!(DatabaseUrl::new(url).is_encrypted_or_local().unwrap(), expected, "{url}");
    }
}

#[test]
fn the_rest_of_the_url_reaches_the_driver() {
    let address = read(
        "postgres://u%40x:p%3Fw@/d?host=/a+b&sslrootcert=/etc/my%20roots+1.pem&application_name=x&sslmode=require",
    )
    .unwrap();
    assert_eq!(address.roots.unwrap().to_str(), Some("/etc/my roots+1.pem"));
    assert_eq!(address.server.get_hosts(), [Host::Unix("/a+b".into())]);
    assert_eq!(address.server.get_user(), Some("u@x"));
    assert_eq!(address.server.get_password(), Some("p?w".as_bytes()));
    assert_eq!(address.server.get_dbname(), Some("d"));
    assert_eq!(address.server.get_application_name(), Some("x"));
}

#[test]
fn a_password_may_have_a_question_mark() {
    let address = read("postgres://u:p?sslmode=w@localhost/d?sslmode=require").unwrap();
    assert_eq!(address.server.get_password(), Some("p?sslmode=w".as_bytes()));
    assert_eq!(address.tls, TlsMode::Always(Verification::Nothing));
}

#[test]
fn a_bad_url_is_refused_without_being_quoted() {
    for bad in [
        "",
        "hunter2",
        "mysql://u:hunter2@localhost/d",
        "host=localhost password=hunter2",
        "postgres://u:hunter2?hunter2=hunter2@localhost/d?hunter2=hunter2",
        "postgres://u:hunter2@localhost:hunter2/d",
        "postgres://u:p@localhost/d?hunter2=1",
        "postgres://u:p@localhost/d?port=hunter2",
        "postgres://u:p@localhost/d?sslmode=hunter2",
        "postgres://",
    ] {
        let message = read(bad).expect_err(bad);
        assert!(message.starts_with("the database URL cannot be used: "), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn debug_shows_no_url() {
    let config = PostgresConfig::new("postgres://some_user:hunter2@db.example.org/d");
    assert!(config.writers >= 4 && config.readers == 2);
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("some_user"), "{shown}");
}
