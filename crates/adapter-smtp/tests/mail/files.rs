//! The file transport.

use std::fs;
use std::path::{Path, PathBuf};

use attune_adapter_smtp::FileNotifier;
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use attune_test_smtp::{DecodedMail, SmtpSink};
use tempfile::TempDir;

use crate::fixtures::{LINK, REMINDER, composer, email, every_email, notifier as smtp};

const FILE: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::File };

/// A notifier for a folder in a temporary one, which is deleted when dropped.
fn file_notifier(folder: &str) -> (TempDir, PathBuf, FileNotifier) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = root.path().join(folder);
    let notifier = FileNotifier::new(folder.clone(), composer()).expect("a writable folder");
    (root, folder, notifier)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn an_email_is_one_complete_file() {
    let (_root, folder, notifier) = file_notifier("var/mail");
    notifier.check().await.unwrap();
    assert_eq!(names(&folder), [""; 0], "checking leaves nothing");

    notifier.send(&email(NotificationKind::MeetingInfo)).await.unwrap();
    assert_eq!(names(&folder), ["2024-01-15T0900Z-meeting_info-12-v1.eml"]);
    let read = DecodedMail::parse(&fs::read(folder.join("2024-01-15T0900Z-meeting_info-12-v1.eml")).unwrap());
    assert_eq!(read.recipients, ["john@example.org"]);
    assert!(read.text.lines().any(|line| line == LINK));
}

#[tokio::test]
async fn every_kind_of_email_is_the_same_in_a_file_as_over_smtp() {
    let (_root, folder, notifier) = file_notifier("mail");
    let sink = SmtpSink::start();
    for (number, email) in every_email().into_iter().enumerate() {
        let email = Email { message_id: format!("key-{number}"), ..email };
        notifier.send(&email).await.unwrap();
        smtp(&sink).send(&email).await.unwrap();
        let file = fs::read(folder.join(format!("2024-01-15T0900Z-key-{number}.eml"))).unwrap();
        let sent = sink.messages().last().unwrap().raw.clone();
        // The SMTP library always adds a line break before the dot that ends an email.
        assert!(sent.strip_suffix(b"\r\n") == Some(&file[..]), "{email:?}");
    }
    assert_eq!(names(&folder).len(), every_email().len());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let (_root, folder, notifier) = file_notifier("mail");
    notifier.send(&email(REMINDER)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(&names(&folder)[0])), 0o600);
}

#[tokio::test]
async fn a_repeated_email_replaces_the_first_and_no_other() {
    let (_root, folder, notifier) = file_notifier("mail");
    let first = email(REMINDER);
    let again = Email { sent_at: "2024-01-14T09:05:00Z".parse().unwrap(), ..first.clone() };
    let other = Email { message_id: "reminder:12/60 v1".to_owned(), ..first.clone() };
    for email in [&first, &again, &other] {
        notifier.send(email).await.unwrap();
    }
    let expected = ["2024-01-15T0900Z-meeting_info-12-v1.eml", "2024-01-15T0900Z-reminder-12-60-v1.eml"];
    assert_eq!(names(&folder), expected);
    let read = DecodedMail::parse(&fs::read(folder.join(expected[0])).unwrap());
    assert_eq!(read.header("Date"), Some("Sun, 14 Jan 2024 09:05:00 +0000"), "the later attempt is stored");
}

#[tokio::test]
async fn an_impossible_folder_is_an_error_and_a_missing_one_is_created_again() {
    let root = tempfile::tempdir().unwrap();
    let blocked = root.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = FileNotifier::new(blocked.join("mail"), composer()).err().expect("a file is no folder");
    assert!(error.to_string().contains("mail"));

    let (_root, folder, notifier) = file_notifier("mail");
    fs::remove_dir(&folder).unwrap();
    assert_eq!(notifier.send(&email(REMINDER)).await, Ok(()));
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    assert_eq!(notifier.send(&email(REMINDER)).await, Err(FILE));
    assert_eq!(notifier.check().await, Err(FILE));
}
