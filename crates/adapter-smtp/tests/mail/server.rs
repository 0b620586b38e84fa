//! Every way in which a mail server can be difficult.

use std::time::{Duration, Instant};

use attune_adapter_smtp::SmtpNotifier;
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use attune_test_smtp::Behaviour::{Accept, Answer, Cut, Drip, Stall};
use attune_test_smtp::{SmtpSink, Stage};

use crate::fixtures::{PATIENCE, REMINDER, mail, notifier, notifier_at};

const TIMEOUT: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
const CONNECTION: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::Connection };

/// Long enough for a local server that answers, short enough to wait for one that does not.
const BRIEF: Duration = Duration::from_millis(300);

const CONNECTING: [Stage; 3] = [Stage::Connect, Stage::Ehlo, Stage::Auth];
const MAILING: [Stage; 4] = [Stage::Mail, Stage::Recipient, Stage::Data, Stage::Message];

fn deferred(code: u16) -> NotifyError {
    NotifyError::Unavailable { reason: NotifyFailure::Deferred(code) }
}

/// With a user and a password, so that every stage is passed.
fn patient(sink: &SmtpSink, total: Duration) -> SmtpNotifier {
    notifier_at(&sink.url().replace("smtp://", "smtp://me:secret@"), total)
}

/// Meets a behaviour once, and then a server that is well again. Tells what the first mail met.
async fn meet(behaviour: attune_test_smtp::Behaviour, total: Duration) -> Result<(), NotifyError> {
    let sink = SmtpSink::start();
    sink.script([behaviour]);
    let notifier = patient(&sink, total);
    let met = notifier.send(&mail(REMINDER)).await;
    let before = sink.messages().len();
    patient(&sink, PATIENCE).send(&mail(REMINDER)).await.expect("the server is well again");
    notifier.check().await.expect("and so is the notifier that met the fault");
    assert_eq!(sink.messages().len(), before + 1);
    assert_eq!(sink.messages()[before].raw, sink.messages()[0].raw, "a repeated mail is the same mail");
    met
}

#[tokio::test]
async fn a_4xx_answer_defers_at_every_stage() {
    for stage in CONNECTING.into_iter().chain(MAILING) {
        for code in [421, 451, 452] {
            assert_eq!(meet(Answer { stage, code }, PATIENCE).await, Err(deferred(code)), "{stage:?}");
        }
    }
}

#[tokio::test]
async fn a_5xx_answer_about_the_mail_is_final() {
    for stage in MAILING {
        for code in [550, 552, 554] {
            assert_eq!(meet(Answer { stage, code }, PATIENCE).await, Err(NotifyError::Refused { code }), "{stage:?}");
        }
    }
}

#[tokio::test]
async fn a_5xx_answer_before_the_mail_does_not_condemn_it() {
    for stage in CONNECTING {
        assert_eq!(meet(Answer { stage, code: 554 }, PATIENCE).await, Err(CONNECTION), "{stage:?}");
    }
    assert_eq!(meet(Answer { stage: Stage::Auth, code: 535 }, PATIENCE).await, Err(CONNECTION));
}

#[tokio::test]
async fn silence_at_any_stage_ends_at_the_deadline() {
    for stage in CONNECTING.into_iter().chain(MAILING).chain([Stage::Body]) {
        let begun = Instant::now();
        assert_eq!(meet(Stall(stage), BRIEF).await, Err(TIMEOUT), "{stage:?}");
        assert!(begun.elapsed() >= BRIEF);
    }
}

#[tokio::test]
async fn a_cut_connection_at_any_stage_is_no_refusal() {
    for stage in CONNECTING.into_iter().chain(MAILING).chain([Stage::Body]) {
        assert_eq!(meet(Cut(stage), PATIENCE).await, Err(CONNECTION), "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_drips_is_cut_by_the_total_deadline() {
    let begun = Instant::now();
    assert_eq!(meet(Drip(Duration::from_millis(50)), BRIEF).await, Err(TIMEOUT));
    assert!(begun.elapsed() < Duration::from_secs(5), "each byte came in time, the mail did not");
}

#[tokio::test]
async fn wrong_but_friendly_answers_are_not_taken_for_success() {
    let answers = [(Stage::Mail, 354), (Stage::Recipient, 354), (Stage::Data, 250), (Stage::Message, 354)];
    for (stage, code) in answers {
        let sink = SmtpSink::start();
        sink.script([Answer { stage, code }]);
        assert_eq!(notifier(&sink).send(&mail(REMINDER)).await, Err(CONNECTION), "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_until_it_is_back() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    sink.stop().await;
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(CONNECTION));
    assert_eq!(notifier.check().await, Err(CONNECTION));
    sink.restart().await;
    assert_eq!(notifier.check().await, Ok(()));
    assert_eq!(notifier.send(&mail(REMINDER)).await, Ok(()));
    assert_eq!(sink.wait_for(1, PATIENCE).await.len(), 1);
}

#[tokio::test]
async fn the_check_sends_nothing_and_ends_in_time() {
    let sink = SmtpSink::start();
    let checker = notifier(&sink);
    checker.check().await.unwrap();
    checker.check().await.unwrap();
    assert_eq!(sink.connections(), 1, "a server is not logged into at every look");
    assert!(sink.commands().iter().all(|line| !line.starts_with("MAIL")));

    sink.set_default(Stall(Stage::Connect));
    assert_eq!(notifier_at(&sink.url(), BRIEF).check().await, Err(TIMEOUT));
    sink.set_default(Answer { stage: Stage::Connect, code: 421 });
    assert_eq!(notifier(&sink).check().await, Err(deferred(421)));
}

#[tokio::test]
async fn the_check_asks_the_server_even_a_moment_after_a_mail() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    notifier.send(&mail(REMINDER)).await.unwrap();
    sink.stop().await;
    assert_eq!(notifier.check().await, Err(CONNECTION));
    sink.restart().await;
    for _ in 0..2 {
        notifier.check().await.unwrap();
        assert_eq!((sink.messages().len(), sink.connections()), (1, 2));
    }
}

#[tokio::test]
async fn user_and_password_are_sent_once_per_connection() {
    let sink = SmtpSink::start();
    let notifier = patient(&sink, PATIENCE);
    notifier.send(&mail(REMINDER)).await.unwrap();
    notifier.send(&mail(REMINDER)).await.unwrap();
    let logins: Vec<_> = sink.commands().into_iter().filter(|line| line.starts_with("AUTH")).collect();
    // base64 of "\0me\0secret"
    assert_eq!(logins, ["AUTH PLAIN AG1lAHNlY3JldA=="]);
    assert_eq!(sink.commands()[0], "EHLO practice.example.org", "not the name of this machine");
}

#[tokio::test]
async fn mails_share_a_connection() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    for _ in 0..101 {
        notifier.send(&mail(REMINDER)).await.unwrap();
    }
    assert_eq!(sink.messages().len(), 101);
    assert_eq!(sink.connections(), 2, "a hundred mails on one, then a new one");
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_replaced_unnoticed() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    notifier.send(&mail(REMINDER)).await.unwrap();
    sink.restart().await;
    notifier.send(&mail(REMINDER)).await.unwrap();
    assert_eq!((sink.messages().len(), sink.connections()), (2, 2));
}

#[tokio::test]
async fn a_connection_that_ends_between_two_mails_costs_neither() {
    for ending in [Cut(Stage::Mail), Answer { stage: Stage::Mail, code: 421 }] {
        let sink = SmtpSink::start();
        sink.script([Accept, ending, Accept]);
        let notifier = notifier(&sink);
        notifier.send(&mail(REMINDER)).await.unwrap();
        assert_eq!(notifier.send(&mail(REMINDER)).await, Ok(()), "{ending:?}");
        assert_eq!((sink.messages().len(), sink.connections()), (2, 2));
    }
    // A new connection that ends like that has no excuse, and a mail that is put off is put off.
    for code in [421, 451] {
        let sink = SmtpSink::start();
        let ending = Answer { stage: Stage::Mail, code };
        sink.script([Accept, ending, ending]);
        let notifier = notifier(&sink);
        notifier.send(&mail(REMINDER)).await.unwrap();
        assert_eq!(notifier.send(&mail(REMINDER)).await, Err(deferred(code)));
        assert_eq!(sink.connections(), if code == 421 { 2 } else { 1 });
    }
}

#[tokio::test]
async fn mails_in_a_row_ask_for_nothing_in_between() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    for _ in 0..20 {
        notifier.send(&mail(REMINDER)).await.unwrap();
    }
    let verbs = |verb| sink.commands().iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((verbs("MAIL"), verbs("RCPT"), verbs("DATA"), sink.connections()), (20, 20, 20, 1));
    assert_eq!(verbs("NOOP"), 0);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_never_taken_for_the_next_mails() {
    let sink = SmtpSink::start();
    sink.script([Accept, Stall(Stage::Message), Answer { stage: Stage::Recipient, code: 550 }, Accept]);
    let notifier = notifier_at(&sink.url(), Duration::from_secs(2));
    assert_eq!(notifier.send(&mail(REMINDER)).await, Ok(()));
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(TIMEOUT));
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(NotifyError::Refused { code: 550 }));
    assert_eq!(notifier.send(&mail(REMINDER)).await, Ok(()));
    assert_eq!(sink.connections(), 3, "the second mail still used the first connection, the others their own");
}

#[tokio::test]
async fn many_mails_at_a_time_arrive_once_each() {
    let sink = SmtpSink::start();
    let notifier = notifier(&sink);
    let keyed = |n: usize| Email { message_id: format!("key-{n}"), ..mail(NotificationKind::MeetingInfo) };
    let mails: Vec<_> = (0..40).map(keyed).collect();
    for sent in futures_util::future::join_all(mails.iter().map(|mail| notifier.send(mail))).await {
        assert_eq!(sent, Ok(()));
    }
    let mut ids: Vec<_> =
        sink.messages().iter().map(|mail| mail.decode().header("Message-ID").unwrap_or_default().to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}
