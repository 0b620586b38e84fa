//! The file transport.

use std::fs;
use std::path::Path;

use attune_adapter_smtp::FileNotifier;
use attune_domain::notification::NotificationKind;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use attune_test_smtp::{DecodedMail, SmtpSink};

use crate::fixtures::{LINK, REMINDER, composer, every_mail, mail, notifier as smtp};

const FILE: NotifyError = NotifyError::Unavailable { reason: NotifyFailure::File };

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_mail_is_one_whole_file() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("var/mail");
    let notifier = FileNotifier::new(folder.clone(), composer()).unwrap();
    notifier.check().await.unwrap();
    assert_eq!(names(&folder), [""; 0], "checking leaves nothing");

    notifier.send(&mail(NotificationKind::MeetingInfo)).await.unwrap();
    assert_eq!(names(&folder), ["2024-01-15T0900Z-meeting_info-12-v1.eml"]);
    let read = DecodedMail::parse(&fs::read(folder.join("2024-01-15T0900Z-meeting_info-12-v1.eml")).unwrap());
    assert_eq!(read.recipients, ["john@example.org"]);
    assert!(read.text.lines().any(|line| line == LINK));
}

#[tokio::test]
async fn every_kind_of_mail_is_the_same_in_a_file_as_on_the_wire() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("mail");
    let notifier = FileNotifier::new(folder.clone(), composer()).unwrap();
    let sink = SmtpSink::start();
    for (number, mail) in every_mail().into_iter().enumerate() {
        let mail = Email { message_id: format!("key-{number}"), ..mail };
        notifier.send(&mail).await.unwrap();
        smtp(&sink).send(&mail).await.unwrap();
        let file = fs::read(folder.join(format!("2024-01-15T0900Z-key-{number}.eml"))).unwrap();
        let sent = sink.messages().last().unwrap().raw.clone();
        // Before the dot that ends a mail, the SMTP library begins a new line in any case.
        assert!(sent.strip_suffix(b"\r\n") == Some(&file[..]), "{mail:?}");
    }
    assert_eq!(names(&folder).len(), every_mail().len());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("mail");
    FileNotifier::new(folder.clone(), composer()).unwrap().send(&mail(REMINDER)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(&names(&folder)[0])), 0o600);
}

#[tokio::test]
async fn a_repeated_mail_replaces_itself_and_others_stand_beside_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("mail");
    let notifier = FileNotifier::new(folder.clone(), composer()).unwrap();
    let first = mail(REMINDER);
    let again = Email { sent_at: "2024-01-14T09:05:00Z".parse().unwrap(), ..first.clone() };
    let other = Email { message_id: "reminder:12/60 v1".to_owned(), ..first.clone() };
    for mail in [&first, &again, &other] {
        notifier.send(mail).await.unwrap();
    }
    let expected = ["2024-01-15T0900Z-meeting_info-12-v1.eml", "2024-01-15T0900Z-reminder-12-60-v1.eml"];
    assert_eq!(names(&folder), expected);
    let read = DecodedMail::parse(&fs::read(folder.join(expected[0])).unwrap());
    assert_eq!(read.header("Date"), Some("Sun, 14 Jan 2024 09:05:00 +0000"), "the later attempt is the one kept");
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_an_error_and_one_that_vanished_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let blocked = root.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = FileNotifier::new(blocked.join("mail"), composer()).err().expect("a file is no folder");
    assert!(error.to_string().contains("mail"));

    let folder = root.path().join("mail");
    let notifier = FileNotifier::new(folder.clone(), composer()).unwrap();
    fs::remove_dir(&folder).unwrap();
    assert_eq!(notifier.send(&mail(REMINDER)).await, Ok(()));
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    assert_eq!(notifier.send(&mail(REMINDER)).await, Err(FILE));
    assert_eq!(notifier.check().await, Err(FILE));
}
