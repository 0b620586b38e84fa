//! TLS: required wherever mail leaves the machine, with a certificate that holds, and never talked out of.

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

use crate::fixtures::{PATIENCE, REMINDER, mail, notifier_at};

const CONNECTION: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Connection };

/// An address that reaches this machine and yet is no loopback address, so that TLS is required.
const ELSEWHERE: &str = "0.0.0.0";

fn elsewhere(scheme: &str, port: u16) -> String {
    format!("{scheme}://me:secret@{ELSEWHERE}:{port}")
}

/// Says what the server saw: it must be nothing worth hiding.
fn assert_nothing_was_said(sink: &SmtpSink) {
    let commands = sink.commands();
    assert!(
        commands.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS" || line == "QUIT"),
        "{commands:?}"
    );
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn a_server_without_starttls_gets_neither_mail_nor_password() {
    let sink = SmtpSink::start();
    let notifier = notifier_at(&elsewhere("smtp", sink.address().port()), PATIENCE);
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(CONNECTION));
    assert_eq!(notifier.check().await, Err(CONNECTION));
    assert_nothing_was_said(&sink);
}

#[tokio::test]
async fn starttls_that_fails_is_retried_and_never_skipped() {
    let stage = Stage::StartTls;
    let deferred = NotifyError::Unavailable { reason: NotifyFailure::Deferred(454) };
    let timeout = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
    let cases = [
        (Answer { stage, code: 454 }, PATIENCE, deferred),
        (Answer { stage, code: 554 }, PATIENCE, CONNECTION),
        (Answer { stage, code: 220 }, PATIENCE, CONNECTION),
        (Cut(stage), PATIENCE, CONNECTION),
        (Stall(stage), Duration::from_millis(300), timeout),
    ];
    for (behaviour, total, expected) in cases {
        let sink = SmtpSink::start();
        sink.set_default(behaviour);
        let notifier = notifier_at(&elsewhere("smtp", sink.address().port()), total);
        assert_eq!(notifier.send(&mail(REMINDER)).await, Err(expected), "{behaviour:?}");
        assert_nothing_was_said(&sink);
    }
}

#[tokio::test]
async fn this_machine_needs_no_tls_even_where_it_is_offered() {
    let sink = SmtpSink::start();
    sink.set_default(Answer { stage: Stage::StartTls, code: 454 });
    notifier_at(&sink.url(), PATIENCE).send(&mail(REMINDER)).await.unwrap();
    assert!(!sink.commands().contains(&"STARTTLS".to_owned()));
}

#[tokio::test]
async fn tls_from_the_first_byte_refuses_a_server_that_speaks_plainly() {
    let sink = SmtpSink::start();
    let notifier = notifier_at(&format!("smtps://me:secret@127.0.0.1:{}", sink.address().port()), PATIENCE);
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(CONNECTION));
    assert!(sink.messages().is_empty() && !sink.commands().concat().contains("AUTH"));
}

/// How the server in front of the sink begins.
#[derive(Clone, Copy)]
enum Front {
    Tls,
    StartTls { too_early: &'static str },
}

/// Puts a server with TLS in front of the sink. Returns its port.
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
        .expect("certificate and key fit");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let behind = sink.address();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // One that fails its handshake is what some tests want; there is nothing to report.
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

/// The certificates to trust come from the system, so this test runs itself again in a process with its own store.
#[test]
fn tls_works_with_a_certificate_that_holds_and_only_then() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(with_certificates(Path::new(&folder)));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut trusted = String::new();
    for (certificate, host, trust) in
        [("good", ELSEWHERE, true), ("other", "other.example", true), ("unknown", ELSEWHERE, false)]
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
        .args(["--exact", "tls::tls_works_with_a_certificate_that_holds_and_only_then", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("SSL_CERT_FILE", &store)
        .output()
        .unwrap();
    let told = [again.stdout, again.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(again.status.success() && told.contains("1 passed"), "{told}");
}

async fn with_certificates(folder: &Path) {
    let plain_start = Front::StartTls { too_early: "" };
    for (kind, scheme) in [(Front::Tls, "smtps"), (plain_start, "smtp")] {
        let sink = SmtpSink::start();
        let port = front(&sink, kind, folder, "good").await;
        let notifier = notifier_at(&elsewhere(scheme, port), PATIENCE);
        notifier.check().await.expect("TLS holds");
        notifier.send(&mail(REMINDER)).await.expect("TLS holds");
        assert_eq!((sink.messages().len(), sink.connections()), (1, 1), "{scheme}");
        assert!(sink.commands().contains(&"AUTH PLAIN AG1lAHNlY3JldA==".to_owned()), "the password came through TLS");

        for certificate in ["other", "unknown"] {
            let sink = SmtpSink::start();
            let port = front(&sink, kind, folder, certificate).await;
            let notifier = notifier_at(&elsewhere(scheme, port), PATIENCE);
            assert_eq!(notifier.send(&mail(REMINDER)).await, Err(CONNECTION), "{scheme} {certificate}");
            assert_nothing_was_said(&sink);
        }
    }

    let sink = SmtpSink::start();
    let injecting = Front::StartTls { too_early: "250-front\r\n250 AUTH PLAIN\r\n" };
    let port = front(&sink, injecting, folder, "good").await;
    let notifier = notifier_at(&elsewhere("smtp", port), PATIENCE);
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(CONNECTION));
    assert_eq!(sink.connections(), 0, "replies slipped in before TLS are not taken for replies that came through it");
}
