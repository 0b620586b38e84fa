//! Faults of a mail server.

use std::time::{Duration, Instant};

use attune_adapter_smtp::SmtpNotifier;
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use attune_test_smtp::Behaviour::{Accept, Answer, Cut, Drip, Stall};
use attune_test_smtp::{SmtpSink, Stage};

use crate::fixtures::{REMINDER, TIME_LIMIT, connected, email, notifier, notifier_at};

const TIMEOUT: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
const CONNECTION: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Connection };
const NO_SERVER: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::ConnectionRefused };

/// Long enough for a local server that replies, short enough to wait for one that does not.
const SHORT: Duration = Duration::from_millis(300);

const CONNECTING: [Stage; 3] = [Stage::Connect, Stage::Ehlo, Stage::Auth];
const TRANSACTION: [Stage; 4] = [Stage::Mail, Stage::Recipient, Stage::Data, Stage::Message];

fn deferred(code: u16) -> NotifyError {
    NotifyError::Unavailable { reason: NotifyFailure::Deferred(code) }
}

/// With a login, so that every stage is passed.
fn notifier_with_login(sink: &SmtpSink, total: Duration) -> SmtpNotifier {
    notifier_at(&sink.url().replace("smtp://", "smtp://me:secret@"), total)
}

/// Sends an email to a server with a fault and returns the result; then the server has recovered.
async fn send_with_fault(behaviour: attune_test_smtp::Behaviour, total: Duration) -> Result<(), NotifyError> {
    let sink = SmtpSink::start();
    sink.script([behaviour]);
    let notifier = notifier_with_login(&sink, total);
    let result = notifier.send(&email(REMINDER)).await;
    let before = sink.messages().len();
    notifier_with_login(&sink, TIME_LIMIT).send(&email(REMINDER)).await.expect("the server has recovered");
    notifier.check().await.expect("and so has the notifier that saw the fault");
    assert_eq!(sink.messages().len(), before + 1);
    assert_eq!(sink.messages()[before].raw, sink.messages()[0].raw, "a repeated email is the same email");
    result
}

#[tokio::test]
async fn a_4xx_reply_defers_at_every_stage() {
    for stage in CONNECTING.into_iter().chain(TRANSACTION) {
        for code in [421, 451, 452] {
            assert_eq!(send_with_fault(Answer { stage, code }, TIME_LIMIT).await, Err(deferred(code)), "{stage:?}");
        }
    }
}

#[tokio::test]
async fn a_5xx_reply_about_the_email_is_final() {
    for stage in TRANSACTION {
        for code in [550, 552, 554] {
            assert_eq!(
                send_with_fault(Answer { stage, code }, TIME_LIMIT).await,
                Err(NotifyError::Refused { code }),
                "{stage:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_5xx_reply_before_the_email_is_not_final() {
    for stage in CONNECTING {
        assert_eq!(send_with_fault(Answer { stage, code: 554 }, TIME_LIMIT).await, Err(CONNECTION), "{stage:?}");
    }
    for (code, reason) in [(535, NotifyFailure::LoginRefused), (530, NotifyFailure::TlsRequired)] {
        let refused = send_with_fault(Answer { stage: Stage::Auth, code }, TIME_LIMIT).await;
        assert_eq!(refused, Err(NotifyError::Unavailable { reason }));
    }
}

#[tokio::test]
async fn a_stall_at_any_stage_ends_at_the_deadline() {
    for stage in CONNECTING.into_iter().chain(TRANSACTION).chain([Stage::Body]) {
        let begun = Instant::now();
        assert_eq!(send_with_fault(Stall(stage), SHORT).await, Err(TIMEOUT), "{stage:?}");
        assert!(begun.elapsed() >= SHORT);
    }
}

#[tokio::test]
async fn a_broken_connection_at_any_stage_is_not_a_refusal() {
    for stage in CONNECTING.into_iter().chain(TRANSACTION).chain([Stage::Body]) {
        assert_eq!(send_with_fault(Cut(stage), TIME_LIMIT).await, Err(CONNECTION), "{stage:?}");
    }
}

#[tokio::test]
async fn a_dripping_server_is_limited_by_the_total_deadline() {
    let begun = Instant::now();
    assert_eq!(send_with_fault(Drip(Duration::from_millis(50)), SHORT).await, Err(TIMEOUT));
    assert!(begun.elapsed() < Duration::from_secs(5), "each byte was in time, the email was not");
}

#[tokio::test]
async fn success_codes_in_the_wrong_place_are_not_success() {
    let answers = [(Stage::Mail, 354), (Stage::Recipient, 354), (Stage::Data, 250), (Stage::Message, 354)];
    for (stage, code) in answers {
        let sink = SmtpSink::start();
        sink.script([Answer { stage, code }]);
        assert_eq!(notifier(&sink).send(&email(REMINDER)).await, Err(CONNECTION), "{stage:?}");
    }
}

#[tokio::test]
async fn a_stopped_server_is_unavailable_until_it_is_back() {
    let (sink, notifier) = connected();
    sink.stop().await;
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(NO_SERVER));
    assert_eq!(notifier.check().await, Err(NO_SERVER));
    sink.restart().await;
    assert_eq!(notifier.check().await, Ok(()));
    assert_eq!(notifier.send(&email(REMINDER)).await, Ok(()));
    assert_eq!(sink.wait_for(1, TIME_LIMIT).await.len(), 1);
}

#[tokio::test]
async fn the_check_sends_nothing_and_ends_in_time() {
    let sink = SmtpSink::start();
    let checker = notifier(&sink);
    checker.check().await.unwrap();
    checker.check().await.unwrap();
    assert_eq!(sink.connections(), 1, "checks share a connection");
    assert!(sink.commands().iter().all(|line| !line.starts_with("MAIL")));

    sink.set_default(Stall(Stage::Connect));
    assert_eq!(notifier_at(&sink.url(), SHORT).check().await, Err(TIMEOUT));
    sink.set_default(Answer { stage: Stage::Connect, code: 421 });
    assert_eq!(notifier(&sink).check().await, Err(deferred(421)));
}

#[tokio::test]
async fn the_check_contacts_the_server_even_right_after_an_email() {
    let (sink, notifier) = connected();
    notifier.send(&email(REMINDER)).await.unwrap();
    sink.stop().await;
    assert_eq!(notifier.check().await, Err(NO_SERVER));
    sink.restart().await;
    for _ in 0..2 {
        notifier.check().await.unwrap();
        assert_eq!((sink.messages().len(), sink.connections()), (1, 2));
    }
}

#[tokio::test]
async fn user_and_password_are_sent_once_per_connection() {
    let sink = SmtpSink::start();
    let notifier = notifier_with_login(&sink, TIME_LIMIT);
    notifier.send(&email(REMINDER)).await.unwrap();
    notifier.send(&email(REMINDER)).await.unwrap();
    let logins: Vec<_> = sink.commands().into_iter().filter(|line| line.starts_with("AUTH")).collect();
    // base64 of "\0me\0secret"
    assert_eq!(logins, ["AUTH PLAIN AG1lAHNlY3JldA=="]);
    assert_eq!(sink.commands()[0], "EHLO practice.example.org", "not the name of this machine");
}

#[tokio::test]
async fn emails_share_a_connection() {
    let (sink, notifier) = connected();
    for _ in 0..101 {
        notifier.send(&email(REMINDER)).await.unwrap();
    }
    assert_eq!(sink.messages().len(), 101);
    assert_eq!(sink.connections(), 2, "a hundred emails on one, then a new one");
}

#[tokio::test]
async fn a_connection_that_broke_while_idle_is_replaced() {
    let (sink, notifier) = connected();
    notifier.send(&email(REMINDER)).await.unwrap();
    sink.restart().await;
    notifier.send(&email(REMINDER)).await.unwrap();
    assert_eq!((sink.messages().len(), sink.connections()), (2, 2));
}

#[tokio::test]
async fn a_connection_that_closes_between_two_emails_loses_neither() {
    for ending in [Cut(Stage::Mail), Answer { stage: Stage::Mail, code: 421 }] {
        let (sink, notifier) = connected();
        sink.script([Accept, ending, Accept]);
        notifier.send(&email(REMINDER)).await.unwrap();
        assert_eq!(notifier.send(&email(REMINDER)).await, Ok(()), "{ending:?}");
        assert_eq!((sink.messages().len(), sink.connections()), (2, 2));
    }
    // On a new connection it is a failure, and a deferred email is deferred.
    for code in [421, 451] {
        let (sink, notifier) = connected();
        let ending = Answer { stage: Stage::Mail, code };
        sink.script([Accept, ending, ending]);
        notifier.send(&email(REMINDER)).await.unwrap();
        assert_eq!(notifier.send(&email(REMINDER)).await, Err(deferred(code)));
        assert_eq!(sink.connections(), if code == 421 { 2 } else { 1 });
    }
}

#[tokio::test]
async fn emails_in_a_row_are_sent_without_tests_in_between() {
    let (sink, notifier) = connected();
    for _ in 0..20 {
        notifier.send(&email(REMINDER)).await.unwrap();
    }
    let verbs = |verb| sink.commands().iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((verbs("MAIL"), verbs("RCPT"), verbs("DATA"), sink.connections()), (20, 20, 20, 1));
    assert_eq!(verbs("NOOP"), 0);
}

#[tokio::test]
async fn a_late_reply_is_never_read_as_the_reply_to_the_next_email() {
    let sink = SmtpSink::start();
    sink.script([Accept, Stall(Stage::Message), Answer { stage: Stage::Recipient, code: 550 }, Accept]);
    let notifier = notifier_at(&sink.url(), Duration::from_secs(2));
    assert_eq!(notifier.send(&email(REMINDER)).await, Ok(()));
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(TIMEOUT));
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(NotifyError::Refused { code: 550 }));
    assert_eq!(notifier.send(&email(REMINDER)).await, Ok(()));
    assert_eq!(sink.connections(), 3, "the second email used the first connection, the others their own");
}

#[tokio::test]
async fn concurrent_emails_arrive_once_each() {
    let (sink, notifier) = connected();
    let keyed = |n: usize| Email { message_id: format!("key-{n}"), ..email(NotificationKind::MeetingInfo) };
    let emails: Vec<_> = (0..40).map(keyed).collect();
    for sent in futures_util::future::join_all(emails.iter().map(|email| notifier.send(email))).await {
        assert_eq!(sent, Ok(()));
    }
    let mut ids: Vec<_> = sink
        .messages()
        .iter()
        .map(|email| email.decode().header("Message-ID").unwrap_or_default().to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}
