//! What a connection may take.

use std::io;
use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};

use super::harness::*;
use crate::settings::HttpSettings;

/// A document that is larger than the buffers of a connection.
const LARGE: &str = "/docs/swagger-ui-bundle.js";

fn impatient(settings: &mut HttpSettings) {
    settings.write_timeout = Duration::from_millis(300);
}

/// A connection that takes little unless it is read.
async fn connect(practice: &Practice) -> TcpStream {
    try_connect(practice).await.unwrap()
}

async fn try_connect(practice: &Practice) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect(practice.address).await
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
}

/// Awaits the reset of a connection that is not read.
async fn assert_reset(stream: &TcpStream) {
    let reset = tokio::time::timeout(Duration::from_secs(20), stream.ready(Interest::ERROR));
    assert!(reset.await.expect("the connection was left open").unwrap().is_error());
}

/// Reads until the server closes the connection. A reset counts as well.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut text));
    let _ = read.await.expect("the connection was left open");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_cut() {
    let practice = Parts::new().settings(impatient).open().await;
    let mut stream = connect(&practice).await;
    stream.write_all(&get(LARGE)).await.unwrap();
    assert_reset(&stream).await;
    practice.get("/health/live", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_and_requests_ever_more_is_cut() {
    let practice = Parts::new().settings(impatient).open().await;
    let mut stream = connect(&practice).await;
    let many = get("/api/openapi.json").repeat(100_000);
    // The server stops reading, so that not all of it can be sent.
    assert!(stream.write_all(&many).await.is_err(), "cut while it requests");
    practice.get("/health/live", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_its_time_gets_everything() {
    let practice = Practice::open().await;
    let whole = practice.get(LARGE, "").await.text;
    let mut stream = connect(&practice).await;
    let count = 12;
    let last = format!("GET {LARGE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    // It requests first and reads later; in between, the server has to stop and to go on.
    stream.write_all(&[get(LARGE).repeat(count - 1), last.into_bytes()].concat()).await.unwrap();
    let text = read_to_end(&mut stream).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), count);
    assert_eq!(text.matches(whole.as_str()).count(), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_requests_at_once_are_all_answered() {
    let practice = Practice::open().await;
    let mut stream = connect(&practice).await;
    let last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let requests = [get("/health").repeat(5_000), last.to_vec()].concat();
    let (mut reader, mut writer) = stream.split();
    let mut text = String::new();
    let (read, written) = tokio::join!(reader.read_to_string(&mut text), writer.write_all(&requests));
    assert!(read.is_ok() && written.is_ok(), "{read:?} {written:?}");
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 5_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_has_to_arrive_in_time_as_well() {
    let quick = |s: &mut HttpSettings| (s.head_timeout, s.request_timeout) = (Duration::from_secs(1), Duration::ZERO);
    let practice = Parts::new().settings(quick).open().await;
    let mut stream = connect(&practice).await;
    stream.write_all(&get("/docs")).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    stream.write_all(b"GET /docs HTTP/1.1\r\nX-Slow: ").await.unwrap();
    let rest = read_to_end(&mut stream).await;
    assert_eq!(rest.matches("HTTP/1.1").count(), 0, "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_has_so_many_connections_and_no_more() {
    let practice = Parts::new().settings(|s| s.limits.connections_per_network = 3).open().await;
    let one = async || {
        // The server may reset the connection at any moment.
        let mut stream = try_connect(&practice).await.ok()?;
        let _ = stream.write_all(&get("/health/live")).await;
        let mut start = [0; 12];
        let answered = stream.read_exact(&mut start).await.is_ok();
        answered.then_some(stream)
    };
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(one().await.expect("within the limit"));
    }
    for _ in 0..5 {
        assert!(one().await.is_none(), "above the limit");
    }
    open.pop();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while one().await.is_none() {
        assert!(tokio::time::Instant::now() < deadline, "a closed connection makes room");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_proxies_have_any_number_of_connections() {
    let trusting = |s: &mut HttpSettings| s.requests.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let limited = || Parts::new().settings(|s| s.limits.connections_per_network = 1);
    for practice in [limited().settings(trusting).open().await, limited().without_limits().open().await] {
        let mut open = Vec::new();
        for _ in 0..5 {
            let mut stream = connect(&practice).await;
            stream.write_all(&get("/health/live")).await.unwrap();
            stream.read_exact(&mut [0; 12]).await.unwrap();
            open.push(stream);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_gets_a_problem() {
    let practice = Parts::new().settings(|s| s.head_timeout = Duration::from_secs(1)).open().await;
    // One byte more than the framework reads of a head.
    let huge = format!("GET /{} HTTP/1.1\r\n", "x".repeat(131_073 - "GET / HTTP/1.1\r\n".len()));
    let after_another = [get("/health/live"), b"nonsense\r\n\r\n".to_vec()].concat();
    for (sent, status, code) in [
        (&b"nonsense\r\n\r\n"[..], 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
        (&after_another, 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: ", 408, "request_timeout"),
        (huge.as_bytes(), 431, "head_too_large"),
    ] {
        let mut stream = TcpStream::connect(practice.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let reply = read_to_end(&mut stream).await;
        let (head, body) = reply.rsplit_once("\r\n\r\n").unwrap();
        let (_, head) = head.rsplit_once("HTTP/1.1 ").unwrap();
        assert!(head.starts_with(&status.to_string()), "{reply}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["status"], &body["code"]), (&status.into(), &code.into()), "{reply}");
        for line in [
            "content-type: application/problem+json".to_owned(),
            format!("x-request-id: {}", body["request_id"].as_str().unwrap()),
            "cache-control: no-store".to_owned(),
        ] {
            assert_eq!(head.lines().filter(|other| **other == line).count(), 1, "{line} in {reply}");
        }
        assert_eq!(head.matches("content-length").count(), 1, "{reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_not_sent_again_to_those_who_have_it() {
    let practice = Practice::open().await;
    for path in ["/api/openapi.json", "/docs/", LARGE] {
        let first = practice.get(path, "").await;
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        let tag = first.header("etag").unwrap();
        let again = practice.request(Method::GET, path).header("If-None-Match", tag).send().await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
        let zipped = practice.request(Method::GET, path).header("Accept-Encoding", "gzip").send().await;
        assert_eq!(zipped.assert_status(200).header("content-encoding"), Some("gzip"), "{path}");
    }
}

#[test]
fn no_part_of_a_response_waits_for_the_acknowledgement_of_another() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    crate::connections::prepare(&listener, Duration::from_secs(1)).unwrap();
    let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    assert!(accepted.nodelay().unwrap());
}
