//! Reading database URLs.

use tokio_postgres::config::{Host, TargetSessionAttrs};

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

/// Where each server of a URL is: host or address, and port.
fn places(url: &str) -> Vec<(String, u16)> {
    let place = |server: &tokio_postgres::Config| {
        let host = match (server.get_hostaddrs(), server.get_hosts()) {
            ([address], _) => address.to_string(),
            ([], [Host::Tcp(name)]) => name.clone(),
            ([], [Host::Unix(folder)]) => folder.display().to_string(),
            other => panic!("{other:?} is not one host"),
        };
        let [port] = server.get_ports() else { panic!("{server:?} has not one port") };
        assert_eq!((server.get_user(), server.get_dbname()), (Some("u"), Some("d")), "{url}");
        assert_eq!(server.get_password(), Some("p".as_bytes()), "{url}");
        (host, *port)
    };
    read(url).unwrap().servers.iter().map(place).collect()
}

#[test]
fn every_host_of_the_url_is_a_server() {
    for (url, expected) in [
        ("postgres://u:p@a,b,c/d", &[("a", 5432), ("b", 5432), ("c", 5432)][..]),
        ("postgres://u:p@a:1,b:2/d?target_session_attrs=read-write", &[("a", 1), ("b", 2)]),
        ("postgres://u:p@a:1,b/d?sslmode=require&connect_timeout=3", &[("a", 1), ("b", 5432)]),
        ("postgres://u:p@[::1]:1,[2001:db8::2],192.0.2.3:3/d", &[("::1", 1), ("2001:db8::2", 5432), ("192.0.2.3", 3)]),
        ("postgres://u:p@%2Frun%2Fa:1,b:2/d", &[("/run/a", 1), ("b", 2)]),
        ("postgres://u:p@/d?host=a,b&port=1,2", &[("a", 1), ("b", 2)]),
        ("postgres://u:p@/d?host=a,/run/b&port=7", &[("a", 7), ("/run/b", 7)]),
        ("postgres://u:p@a,b/d?hostaddr=192.0.2.1,192.0.2.2", &[("192.0.2.1", 5432), ("192.0.2.2", 5432)]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect();
        assert_eq!(places(url), expected, "{url}");
    }
    for (url, named) in [
        ("postgres://u:p@a,b/d?hostaddr=192.0.2.1", "as many addresses"),
        ("postgres://u:p@/d?host=a,b,c&port=1,2", "one port, or as many as hosts"),
    ] {
        assert!(read(url).unwrap_err().contains(named), "{url}");
    }
}

#[test]
fn one_of_several_servers_has_to_accept_writes() {
    use TargetSessionAttrs::{Any, ReadWrite};
    for (url, expected) in [
        ("postgres://u:p@a/d", Any),
        ("postgres://u:p@a/d?target_session_attrs=any", Any),
        ("postgres://u:p@a/d?target_session_attrs=primary", ReadWrite),
        ("postgres://u:p@a,b/d", ReadWrite),
        ("postgres://u:p@a,b/d?target_session_attrs=read-write", ReadWrite),
        ("postgres://u:p@a,b/d?target_session_attrs=primary", ReadWrite),
    ] {
        for server in read(url).unwrap().servers {
            assert_eq!(server.get_target_session_attrs(), expected, "{url}");
        }
    }
    for other in ["any", "read-only", "standby", "prefer-standby", "hunter2"] {
        let message = read(&format!("postgres://u:p@a,b/d?target_session_attrs={other}")).unwrap_err();
        assert!(message.contains("target_session_attrs has to be read-write or primary"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
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
        ("postgres://u:p@/d?host=localhost,db.example.org", false),
        ("postgres://u:p@localhost,[::1]:5433,%2Frun/d", true),
        ("postgres://u:p@localhost/d?hostaddr=192.0.2.1", false),
        ("postgres://u:p@db.example.org,localhost/d?sslmode=verify-full", true),
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
    assert_eq!(address.servers[0].get_hosts(), [Host::Unix("/a+b".into())]);
    assert_eq!(address.servers[0].get_user(), Some("u@x"));
    assert_eq!(address.servers[0].get_password(), Some("p?w".as_bytes()));
    assert_eq!(address.servers[0].get_dbname(), Some("d"));
    assert_eq!(address.servers[0].get_application_name(), Some("x"));
}

#[test]
fn a_password_may_have_a_question_mark() {
    let address = read("postgres://u:p?sslmode=w@localhost/d?sslmode=require").unwrap();
    assert_eq!(address.servers[0].get_password(), Some("p?sslmode=w".as_bytes()));
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
