//! TLS is required outside this machine, with a valid certificate and without a downgrade.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use attune_ports::{Notifier, NotifyError, NotifyFailure};
use attune_test_smtp::Behaviour::{Answer, Cut, Stall};
use attune_test_smtp::{SmtpSink, Stage};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fixtures::{REMINDER, TIME_LIMIT, email, notifier_at};

const CONNECTION: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Connection };
const NO_TLS: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::NoTls };
const NO_STARTTLS: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::NoStartTls };
const UNTRUSTED: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::UntrustedCertificate };

/// Reaches this machine without being a loopback address, so that TLS is required.
const NOT_LOOPBACK: &str = "0.0.0.0";

fn remote_url(scheme: &str, port: u16) -> String {
    format!("{scheme}://me:secret@{NOT_LOOPBACK}:{port}")
}

/// The server received nothing confidential.
fn assert_nothing_was_sent(sink: &SmtpSink) {
    let commands = sink.commands();
    assert!(
        commands.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS" || line == "QUIT"),
        "{commands:?}"
    );
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn a_server_without_starttls_gets_neither_email_nor_password() {
    let sink = SmtpSink::start();
    let notifier = notifier_at(&remote_url("smtp", sink.address().port()), TIME_LIMIT);
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(NO_STARTTLS));
    assert_eq!(notifier.check().await, Err(NO_STARTTLS));
    assert_nothing_was_sent(&sink);
}

#[tokio::test]
async fn an_unknown_host_and_a_closed_port_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for scheme in ["smtp", "smtps"] {
        for (host, port, reason) in
            [("mail.invalid", 25, NotifyFailure::UnknownHost), (NOT_LOOPBACK, closed, NotifyFailure::ConnectionRefused)]
        {
            let notifier = notifier_at(&format!("{scheme}://me:secret@{host}:{port}"), TIME_LIMIT);
            assert_eq!(notifier.check().await, Err(NotifyError::Unavailable { reason }), "{scheme} {host}");
        }
    }
}

#[tokio::test]
async fn starttls_that_fails_is_retried_and_never_skipped() {
    let stage = Stage::StartTls;
    let deferred = NotifyError::Unavailable { reason: NotifyFailure::Deferred(454) };
    let timeout = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
    let cases = [
        (Answer { stage, code: 454 }, TIME_LIMIT, deferred),
        (Answer { stage, code: 554 }, TIME_LIMIT, CONNECTION),
        (Answer { stage, code: 220 }, TIME_LIMIT, NO_TLS),
        (Cut(stage), TIME_LIMIT, CONNECTION),
        (Stall(stage), Duration::from_millis(300), timeout),
    ];
    for (behaviour, total, expected) in cases {
        let sink = SmtpSink::start();
        sink.set_default(behaviour);
        let notifier = notifier_at(&remote_url("smtp", sink.address().port()), total);
        assert_eq!(notifier.send(&email(REMINDER)).await, Err(expected), "{behaviour:?}");
        assert_nothing_was_sent(&sink);
    }
}

#[tokio::test]
async fn loopback_connections_need_no_tls_even_where_it_is_offered() {
    let sink = SmtpSink::start();
    sink.set_default(Answer { stage: Stage::StartTls, code: 454 });
    notifier_at(&sink.url(), TIME_LIMIT).send(&email(REMINDER)).await.unwrap();
    assert!(!sink.commands().contains(&"STARTTLS".to_owned()));
}

#[tokio::test]
async fn implicit_tls_refuses_a_server_without_tls() {
    let sink = SmtpSink::start();
    let notifier = notifier_at(&format!("smtps://me:secret@127.0.0.1:{}", sink.address().port()), TIME_LIMIT);
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(NO_TLS));
    assert!(sink.messages().is_empty() && !sink.commands().concat().contains("AUTH"));
}

#[derive(Clone, Copy)]
enum Front {
    Tls,
    StartTls { too_early: &'static str },
}

/// Starts a server with TLS in front of the sink. Returns its port.
async fn front(sink: &SmtpSink, front: Front, folder: &Path, certificate: &str) -> u16 {
    let read = |ending: &str| std::fs::read(folder.join(format!("{certificate}.{ending}"))).expect("the test wrote it");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers")
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(&read("pem")).expect("a certificate")],
            PrivateKeyDer::from_pem_slice(&read("key")).expect("a key"),
        )
        .expect("certificate and key match");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let behind = sink.address();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Some tests expect a failed handshake.
            let _ = serve(stream, front, &acceptor, behind).await;
        }
    });
    port
}

async fn serve(
    stream: TcpStream,
    front: Front,
    acceptor: &TlsAcceptor,
    behind: std::net::SocketAddr,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let greeted = match front {
        Front::Tls => false,
        Front::StartTls { too_early } => {
            stream.write_all(b"220 front\r\n").await?;
            for reply in ["250-front\r\n250 STARTTLS\r\n", &format!("220 go on\r\n{too_early}")] {
                stream.read_line(&mut String::new()).await?;
                stream.write_all(reply.as_bytes()).await?;
            }
            true
        }
    };
    let mut tls = acceptor.accept(stream).await?;
    let mut sink = TcpStream::connect(behind).await?;
    if greeted {
        let mut greeting = [0; "220 sink.test ESMTP\r\n".len()];
        sink.read_exact(&mut greeting).await?;
    }
    tokio::io::copy_bidirectional(&mut tls, &mut sink).await?;
    Ok(())
}

const FOLDER: &str = "ATTUNE_TEST_CERTIFICATES";

/// The trusted certificates are the system's, so this test runs itself again in a process with its own store.
#[test]
fn tls_works_only_with_a_valid_certificate() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(with_certificates(Path::new(&folder)));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut trusted = String::new();
    for (certificate, host, trust) in
        [("good", NOT_LOOPBACK, true), ("other", "other.example", true), ("unknown", NOT_LOOPBACK, false)]
    {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        std::fs::write(folder.path().join(format!("{certificate}.pem")), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join(format!("{certificate}.key")), made.signing_key.serialize_pem()).unwrap();
        if trust {
            trusted.push_str(&made.cert.pem());
        }
    }
    let store = folder.path().join("store.pem");
    std::fs::write(&store, trusted).unwrap();
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::tls_works_only_with_a_valid_certificate", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("SSL_CERT_FILE", &store)
        .output()
        .unwrap();
    let output = [again.stdout, again.stderr].concat();
    let output = String::from_utf8_lossy(&output);
    assert!(again.status.success() && output.contains("1 passed"), "{output}");
}

async fn with_certificates(folder: &Path) {
    let plain_start = Front::StartTls { too_early: "" };
    for (kind, scheme) in [(Front::Tls, "smtps"), (plain_start, "smtp")] {
        let sink = SmtpSink::start();
        let port = front(&sink, kind, folder, "good").await;
        let notifier = notifier_at(&remote_url(scheme, port), TIME_LIMIT);
        notifier.check().await.expect("TLS works");
        notifier.send(&email(REMINDER)).await.expect("TLS works");
        assert_eq!((sink.messages().len(), sink.connections()), (1, 1), "{scheme}");
        assert!(sink.commands().contains(&"AUTH PLAIN AG1lAHNlY3JldA==".to_owned()), "the password was sent over TLS");

        for certificate in ["other", "unknown"] {
            let sink = SmtpSink::start();
            let port = front(&sink, kind, folder, certificate).await;
            let notifier = notifier_at(&remote_url(scheme, port), TIME_LIMIT);
            assert_eq!(notifier.send(&email(REMINDER)).await, Err(UNTRUSTED), "{scheme} {certificate}");
            assert_nothing_was_sent(&sink);
        }
    }

    let sink = SmtpSink::start();
    let injecting = Front::StartTls { too_early: "250-front\r\n250 AUTH PLAIN\r\n" };
    let port = front(&sink, injecting, folder, "good").await;
    let notifier = notifier_at(&remote_url("smtp", port), TIME_LIMIT);
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(NO_TLS));
    assert_eq!(sink.connections(), 0, "replies injected before TLS do not count as received over TLS");
}
