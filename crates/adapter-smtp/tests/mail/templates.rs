//! Templates that replace the built-in ones.

use std::error::Error;
use std::fs;
use std::path::Path;

use attune_adapter_smtp::{ComposerError, FileNotifier, MailConfig, TemplateError};
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError};
use tempfile::TempDir;

use crate::fixtures::{
    KINDS, LINK, REMINDER, composed, composer_with, config, delivered, email, every_email, linked_kinds, money,
    payment_emails,
};

fn folder(files: &[(impl AsRef<Path>, impl AsRef<[u8]>)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("the folder is writable");
    }
    folder
}

fn refused(folder: &TempDir) -> ComposerError {
    let config = MailConfig { templates_dir: Some(folder.path().to_owned()), ..config() };
    composed(config).err().expect("refused at start")
}

fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

#[tokio::test]
async fn one_file_replaces_one_template() {
    let files = folder(&[
        ("reminder.subject.txt", "Bis gleich\r\num {{ time }}\n"),
        ("reminder.html", "<p>{{ name }} {{ join_url }} {{ practice }} {{ starts_in }}</p>"),
        (".hidden", "not a template {{"),
    ]);
    let reminder = delivered(composer_with(files.path()), &Email { to_name: "<b>".into(), ..email(REMINDER) }).await;
    assert_eq!(reminder.subject, "Bis gleich um 10:00");
    let link = LINK.replace('&', "&amp;");
    assert_eq!(reminder.html.trim_end(), format!("<p>&lt;b&gt; {link} Practice Example in 24 hours</p>"));
    assert!(reminder.text.starts_with("Hello <b>,"), "the text part is still the built-in one");

    let information = delivered(composer_with(files.path()), &email(NotificationKind::MeetingInfo)).await;
    assert_eq!(information.subject, "Your appointment on 15 January, 10:00 (UTC+01:00)");
}

#[tokio::test]
async fn every_documented_variable_exists() {
    let text = "{{ date }}|{{ short_date }}|{{ time }}|{{ zone }}|{{ offset }}|{{ when }}|{{ minutes }}|{{ practice }}|{{ name }}";
    let with_link = format!("{text}|{{{{ join_url }}}}");
    let expected = "Monday, 15 January 2024|15 January|10:00|Europe/Berlin|UTC+01:00|\
                    Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)|50|Practice Example|John Doe";
    let mut files: Vec<_> = linked_kinds().map(|kind| (format!("{}.txt", kind.as_str()), with_link.as_str())).collect();
    files.push(("cancelled.txt".to_owned(), text));
    assert_eq!(files.len(), KINDS.len());
    let files = folder(&files);
    for kind in KINDS {
        let email = email(kind);
        let read = delivered(composer_with(files.path()), &email).await;
        let link = email.join_url.map(|url| format!("|{url}")).unwrap_or_default();
        assert_eq!(read.text.trim_end(), format!("{expected}{link}"), "{kind:?}");
    }
}

#[tokio::test]
async fn every_documented_variable_about_payments_exists() {
    let paid = "{{ amount }}|{{ booking }}|";
    let problem =
        "{{ amount }}|{{ 'refunded' if will_be_refunded else 'failed' }}|{{ retry_until }}|{{ name }}|{{ when }}";
    let files = folder(&[
        ("receipt.txt", format!("{paid}{{{{ received_at }}}}|{{{{ name }}}}|{{{{ when }}}}")),
        ("refund.txt", format!("{paid}{{{{ refunded_at }}}}|{{{{ name }}}}|{{{{ when }}}}")),
        ("payment_problem.txt", problem.to_owned()),
        // A subject may use all of them: none was typed by a client.
        ("receipt.subject.txt", format!("{paid}{{{{ received_at }}}}")),
        ("refund.subject.txt", format!("{paid}{{{{ refunded_at }}}}")),
        (
            "payment_problem.subject.txt",
            "{{ amount }}|{{ 'refunded' if will_be_refunded else 'failed' }}|{{ retry_until }}".to_owned(),
        ),
    ]);
    let expected = [
        "€100.00|12|Tuesday, 1 August 2023 at 18:30 (Europe/Berlin, UTC+02:00)",
        "€100.00|failed|Sunday, 14 January 2024 at 10:30 (Europe/Berlin, UTC+01:00)",
        "€100.00|failed|",
        "€100.00|refunded|",
        "€100.00|12|Sunday, 14 January 2024 at 09:45 (Europe/Berlin, UTC+01:00)",
    ];
    for (email, expected) in payment_emails(money("100.00", "EUR")).iter().zip(expected) {
        let read = delivered(composer_with(files.path()), email).await;
        assert_eq!(read.subject, expected);
        let common = "John Doe|Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)";
        assert_eq!(read.text.trim_end(), format!("{expected}|{common}"));
    }
}

#[tokio::test]
async fn every_template_of_every_kind_can_be_replaced() {
    for email in every_email() {
        let names = ["subject.txt", "txt", "html"].map(|ending| format!("{}.{ending}", email.kind.as_str()));
        let files = folder(&names.each_ref().map(|name| (name, name)));
        let read = delivered(composer_with(files.path()), &email).await;
        assert_eq!([read.subject.trim_end(), read.text.trim_end(), read.html.trim_end()], names);
    }
}

#[test]
fn an_unknown_file_stops_the_start() {
    let error = refused(&folder(&[("remainder.txt", "x")]));
    assert!(matches!(&error, ComposerError::Templates(TemplateError::Unknown { .. })));
    assert!(error.to_string().contains("remainder.txt"), "{error}");
    assert!(error.to_string().contains("reminder.txt"), "and tells what it may have meant: {error}");
}

#[test]
fn a_broken_file_is_named_at_start() {
    let error = refused(&folder(&[("reminder.html", "fine\n{{ broken")]));
    assert!(matches!(&error, ComposerError::Templates(TemplateError::Syntax { .. })));
    let text = with_sources(&error);
    assert!(text.contains("reminder.html") && text.contains(":2"), "{text}");

    let error = refused(&folder(&[("reminder.txt", "{% include 'other' %}")]));
    assert!(with_sources(&error).contains("reminder.txt"));

    let not_utf8 = folder(&[("reminder.txt", b"\xff\xfe")]);
    assert!(refused(&not_utf8).to_string().contains("reminder.txt"));

    let gone = tempfile::tempdir().unwrap();
    let path = gone.path().join("gone");
    let config = MailConfig { templates_dir: Some(path), ..config() };
    assert!(composed(config).err().unwrap().to_string().contains("gone"));
}

#[test]
fn a_renamed_variable_stops_the_start_and_its_successor_is_named() {
    for (file, old, new) in [
        ("reminder.txt", "in_words", "starts_in"),
        ("reminder.subject.txt", "day", "short_date"),
        ("refund.html", "returned_at", "refunded_at"),
        ("payment_problem.html", "comes_back", "will_be_refunded"),
    ] {
        let error = refused(&folder(&[(file, format!("{{% if true %}}x{{% else %}}{{{{ {old} }}}}{{% endif %}}"))]));
        let text = error.to_string();
        let named = text.contains(file) && text.ends_with(&format!("the variable {old}, which was renamed to {new}"));
        assert!(named, "{text}");
    }
}

#[test]
fn an_unknown_variable_stops_the_start() {
    for (file, text) in [
        ("reminder.txt", "{{ jion_url }}"),
        ("meeting_info.txt", "{{ starts_in }}"),
        ("meeting_info.subject.txt", "{{ name }}"),
        ("reminder.subject.txt", "{{ join_url }}"),
        ("invitation.subject.txt", "{{ name }}"),
        ("invitation.txt", "{{ client }}"),
        ("invitation.html", "{{ starts_in }}"),
        ("rescheduled.subject.txt", "{{ join_url }}"),
        ("rescheduled.txt", "{{ jion_url }}"),
        ("rescheduled.html", "{{ starts_in }}"),
        ("cancelled.subject.txt", "{{ join_url }}"),
        ("cancelled.subject.txt", "{{ name }}"),
        ("cancelled.txt", "{{ join_url }}"),
        ("cancelled.txt", "{% if join_url %}{{ join_url }}{% endif %}"),
        ("cancelled.html", "<a href=\"{{ join_url }}\">Join</a>"),
        ("cancelled.html", "{{ starts_in }}"),
        ("meeting_link.subject.txt", "{{ join_url }}"),
        ("meeting_link.txt", "{{ jion_url }}"),
        ("meeting_link.html", "{{ starts_in }}"),
        ("meeting_info.txt", "{{ amount }}"),
        ("receipt.subject.txt", "{{ name }}"),
        ("receipt.txt", "{{ join_url }}"),
        ("receipt.html", "{{ retry_until }}"),
        ("refund.subject.txt", "{{ name }}"),
        ("refund.txt", "{{ received_at }}"),
        ("refund.html", "<a href=\"{{ join_url }}\">Join</a>"),
        ("password_reset.subject.txt", "{{ account_url }}"),
        ("password_reset.txt", "{{ join_url }}"),
        ("password_changed.html", "{{ account_url }}"),
        ("email_changed.subject.txt", "{{ details }}"),
        ("payment_problem.subject.txt", "{{ name }}"),
        ("payment_problem.txt", "{{ join_url }}"),
        // There is a sample of each of the three payment problems.
        ("payment_problem.txt", "{% if will_be_refunded %}{{ booking }}{% endif %}"),
        ("payment_problem.html", "{% if retry_until %}{{ booking }}{% endif %}"),
        ("payment_problem.html", "{% if not will_be_refunded and not retry_until %}{{ booking }}{% endif %}"),
    ] {
        let error = refused(&folder(&[(file, text)]));
        assert!(matches!(&error, ComposerError::Sample { template, .. } if template == file), "{file}: {error:?}");
        assert!(error.to_string().contains(file));
    }
    assert!(matches!(refused(&folder(&[("reminder.subject.txt", " \n")])), ComposerError::Unusable(_)));
}

#[tokio::test]
async fn a_template_that_fails_for_one_recipient_is_final_for_that_email_only() {
    let files = folder(&[("reminder.txt", "{% if name == 'Eve' %}{{ nope }}{% endif %}hello")]);
    let emails = tempfile::tempdir().unwrap();
    let notifier = FileNotifier::new(emails.path().join("mail"), composer_with(files.path())).unwrap();
    let eve = Email { to_name: "Eve".to_owned(), ..email(REMINDER) };
    assert_eq!(notifier.send(&eve).await, Err(NotifyError::Unrenderable));
    assert_eq!(notifier.send(&email(REMINDER)).await, Ok(()));
}
