//! Opening a store: every way to reach a server, and the errors when it cannot be reached.

use std::error::Error;

use attune_adapter_postgres::{OpenError, PostgresConfig, PostgresStore};
use attune_ports::{Queries, Store};
use attune_test_postgres::TestServer;
use url::Url;

use crate::harness::{migrated, open};

/// A server of its own that speaks TLS with a certificate that it has signed itself, and the file in which that certificate
/// can be trusted. It is that of an authority, as `openssl req -x509` makes them, or of a server only.
async fn server_with_tls(is_authority: bool, years: std::ops::Range<i32>) -> (TestServer, tempfile::NamedTempFile) {
    let server = TestServer::start_own().await;
    let mut made = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    if is_authority {
        made.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    made.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    made.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = made.self_signed(&key).unwrap().pem();
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), &certificate).unwrap();
    server.enable_tls(&certificate, &key.serialize_pem()).await;
    server.stop().await;
    server.start().await;
    (server, root)
}

/// In which the certificates of these tests are valid.
const VALID: std::ops::Range<i32> = 2020..4000;

async fn refused(url: &str) -> OpenError {
    match PostgresStore::connect(PostgresConfig::new(url)).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error,
    }
}

/// Everything that could end up in a log.
fn all_texts(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_cause_and_never_the_password() {
    let server = TestServer::shared().await;
    let mut wrong_login = server.url().clone();
    wrong_login.set_username("unknown_user").unwrap();
    wrong_login.set_password(Some("hunter2")).unwrap();
    let mut unreachable = wrong_login.clone();
    unreachable.set_port(Some(1)).unwrap();
    let mut no_tls = wrong_login.clone();
    no_tls.set_query(Some("sslmode=require"));
    let mut unknown_host = wrong_login.clone();
    unknown_host.set_host(Some("db.invalid")).unwrap();
    for (url, cause) in [
        (wrong_login, "password authentication failed"),
        (unreachable, "Connection refused"),
        (unknown_host, "failed to lookup address information"),
        (no_tls, "server does not support TLS"),
    ] {
        let error = refused(url.as_str()).await;
        assert!(all_texts(&error).contains(cause), "{}", all_texts(&error));
        assert!(matches!(error, OpenError::Unreachable(_)), "{error:?}");
        assert_eq!(error.to_string(), "the database cannot be reached");
        assert!(!all_texts(&error).contains("hunter2"), "{}", all_texts(&error));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_root_file_is_named() {
    for path in ["/does/not/exist.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let error = refused(&format!("postgres://u:hunter2@localhost/d?sslmode=require&sslrootcert={path}")).await;
        assert!(matches!(error, OpenError::RootFile { .. }), "{error:?}");
        assert!(error.to_string().contains(path) && !all_texts(&error).contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_works_in_both_spellings() {
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    let url: Url = database.url().parse().unwrap();
    let (name, folder) = (url.path(), server.socket_folder().to_str().unwrap().to_owned());
    let login = format!("{}:{}", url.username(), url.password().unwrap());
    let port = url.port().unwrap();
    let encoded = folder.replace('/', "%2F");
    for url in [
        format!("postgres://{login}@{name}?host={folder}&port={port}"),
        format!("postgres://{login}@{encoded}:{port}{name}"),
    ] {
        let store = open(&url).await;
        store.ping().await.unwrap();
        store.begin().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_used_and_verified_as_far_as_the_mode_says() {
    let encrypted = "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl \
                     JOIN pg_stat_activity USING (pid) WHERE application_name = 'attune'";
    let other_authority = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    let other = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(other.path(), other_authority).unwrap();
    let other = other.path().to_str().unwrap();
    for is_authority in [false, true] {
        let (server, root) = server_with_tls(is_authority, VALID).await;
        let root = root.path().to_str().unwrap();
        let admin = server.admin().await;
        let database = server.fresh_database().await;
        let (url, other_host) = (database.url(), database.url().replace("127.0.0.1", "localhost"));
        for (url, query) in [
            (url, "sslmode=allow".to_owned()),
            (url, "sslmode=prefer".to_owned()),
            (url, "sslmode=require".to_owned()),
            (&other_host, "sslmode=require".to_owned()),
            (url, format!("sslmode=require&sslrootcert={root}")),
            (&other_host, format!("sslmode=require&sslrootcert={root}")),
            (&other_host, format!("sslmode=verify-ca&sslrootcert={root}")),
            (url, format!("sslmode=verify-full&sslrootcert={root}")),
        ] {
            let store = open(&format!("{url}?{query}")).await;
            store.ping().await.unwrap();
            store.begin().await.unwrap().commit().await.unwrap();
            let row = admin.query_one(encrypted, &[]).await.unwrap();
            assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 2), "{query}");
            store.close().await;
        }
        for (url, query) in [
            // The system knows no such authority.
            (url, "sslmode=verify-ca".to_owned()),
            (url, "sslmode=verify-full".to_owned()),
            (url, "sslmode=verify-full&sslrootcert=system".to_owned()),
            (url, format!("sslmode=require&sslrootcert={other}")),
            (url, format!("sslmode=verify-ca&sslrootcert={other}")),
            (&other_host, format!("sslmode=verify-full&sslrootcert={root}")),
        ] {
            let error = refused(&format!("{url}?{query}")).await;
            assert!(all_texts(&error).contains("certificate"), "{query}: {}", all_texts(&error));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_hosts_the_certificate_has_to_be_for_the_one_that_answers() {
    let (server, root) = server_with_tls(false, VALID).await;
    let database = server.fresh_database().await;
    let url: Url = database.url().parse().unwrap();
    let (login, port) = (format!("{}:{}", url.username(), url.password().unwrap()), url.port().unwrap());
    let on = |hosts: &str| {
        format!("postgres://{login}@{hosts}{}?sslmode=verify-full&sslrootcert={}", url.path(), root.path().display())
    };
    // Nothing listens on port 1.
    let store = open(&on(&format!("localhost:1,127.0.0.1:{port}"))).await;
    store.begin().await.unwrap().commit().await.unwrap();
    let error = refused(&on(&format!("127.0.0.1:{port},localhost:{port}")).replace("127.0.0.1", "localhost")).await;
    assert!(all_texts(&error).contains("certificate"), "{}", all_texts(&error));
    let store = open(&on(&format!("localhost:{port},127.0.0.1:{port}"))).await;
    store.ping().await.expect("the host whose certificate is right");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_out_of_date_is_refused() {
    for (is_authority, years) in [(false, 2020..2021), (true, 2020..2021), (true, 3000..4000)] {
        let (server, root) = server_with_tls(is_authority, years).await;
        let database = server.fresh_database().await;
        refused(&format!("{}?sslmode=verify-ca&sslrootcert={}", database.url(), root.path().display())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_work_can_be_dropped_behind_tls() {
    let (server, root) = server_with_tls(false, VALID).await;
    let root = root.path().to_str().unwrap();
    let database = server.fresh_database().await;
    let store = open(&format!("{}?sslmode=require&sslrootcert={root}", database.url())).await;
    drop(store.begin().await.unwrap());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_can_be_used_from_other_runtimes() {
    let database = migrated().await;
    let store = open(database.url()).await;
    // Like the threads of a web server, which have a runtime each and may end before the store does.
    for _ in 0..3 {
        let store = store.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                store.ping().await.unwrap();
                drop(store.begin().await.unwrap());
                store.begin().await.unwrap()
            })
        });
        let unit = tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
        unit.commit().await.expect("its connection outlives the runtime it was taken on");
    }
    store.ping().await.unwrap();
}
