//! The sink must report what it received, or the tests that use it prove nothing.

use std::time::Duration;

use attune_test_smtp::{Behaviour, SmtpSink, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(10);

async fn talk(sink: &SmtpSink, lines: &str) -> String {
    let mut stream = TcpStream::connect(sink.address()).await.expect("the sink replies");
    stream.write_all(lines.as_bytes()).await.expect("the sink replies");
    let mut replies = Vec::new();
    // A connection that is cut may be reset; what came before that counts.
    let _ = stream.read_to_end(&mut replies).await;
    String::from_utf8(replies).expect("replies are ASCII")
}

fn codes(replies: &str) -> Vec<&str> {
    replies.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).map(|line| &line[..3]).collect()
}

const MAIL: &str = "EHLO me\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nSubject: hi\r\n\r\n..dot\r\n\n.\n\r\n.\r\nQUIT\r\n";

#[tokio::test]
async fn envelope_and_bytes_are_stored_without_the_added_dots() {
    let sink = SmtpSink::start();
    assert_eq!(codes(&talk(&sink, MAIL).await), ["220", "250", "250", "250", "354", "250", "221"]);
    let emails = sink.wait_for(1, PATIENCE).await;
    assert_eq!(emails.len(), 1);
    assert_eq!(
        (emails[0].sender.as_str(), emails[0].recipients.as_slice()),
        ("a@x.test", &["b@x.test".to_owned()][..])
    );
    assert_eq!(emails[0].raw, b"Subject: hi\r\n\r\n.dot\r\n\n.\n\r\n", "a dot between bare line feeds ends nothing");
    assert_eq!((emails[0].connection, sink.connections()), (1, 1));
}

#[tokio::test]
async fn the_script_is_followed_and_then_the_default() {
    let sink = SmtpSink::start();
    sink.script([
        Behaviour::Answer { stage: Stage::Connect, code: 421 },
        Behaviour::Answer { stage: Stage::Recipient, code: 550 },
        Behaviour::Answer { stage: Stage::Message, code: 452 },
        Behaviour::Cut(Stage::Message),
    ]);
    assert_eq!(codes(&talk(&sink, MAIL).await), ["421"]);
    assert!(talk(&sink, "EHLO me\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nQUIT\r\n").await.contains("550 "));
    assert!(talk(&sink, MAIL).await.contains("452 "));
    assert!(sink.messages().is_empty());
    assert_eq!(codes(&talk(&sink, MAIL).await).last(), Some(&"354"), "cut without a reply to the email");
    assert_eq!(sink.messages().len(), 1, "but the email was stored");
    assert!(talk(&sink, MAIL).await.contains("250 accepted"), "then the default");
}

#[tokio::test]
async fn a_stopped_sink_listens_again_on_the_same_port() {
    let sink = SmtpSink::start();
    sink.stop().await;
    assert!(TcpStream::connect(sink.address()).await.is_err());
    sink.restart().await;
    talk(&sink, MAIL).await;
    assert_eq!(sink.wait_for(1, PATIENCE).await.len(), 1);
}
