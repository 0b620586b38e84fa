//! Mail that stays on this machine, as files that any mail program opens.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use tempfile::NamedTempFile;
use thiserror::Error;

use crate::composer::MailComposer;
use crate::wording::token;

/// Longest wait for the disk: what every notifier promises.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Mails cannot be written into the folder.
#[derive(Debug, Error)]
#[error("mails cannot be written into {}", folder.display())]
pub struct MailFolderError {
    /// The folder.
    pub folder: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Writes each mail into a folder: `<begin of the session>-<message key>.eml`, so that a repeated mail replaces the first.
///
/// The folder and its files are for this user only, because a mail holds a link that opens a session.
pub struct FileNotifier {
    folder: PathBuf,
    composer: MailComposer,
}

impl FileNotifier {
    /// Makes the folder if it is missing, and tries to write into it.
    pub fn new(folder: PathBuf, composer: MailComposer) -> Result<Self, MailFolderError> {
        match try_folder(&folder) {
            Ok(()) => Ok(Self { folder, composer }),
            Err(source) => Err(MailFolderError { folder, source }),
        }
    }
}

#[async_trait]
impl Notifier for FileNotifier {
    async fn send(&self, mail: &Email) -> Result<(), NotifyError> {
        let composed = self.composer.compose(mail)?;
        let folder = self.folder.clone();
        let name = format!("{}-{}.eml", mail.starts_at.strftime("%Y-%m-%dT%H%MZ"), token(&mail.message_id));
        on_disk(move || write_atomically(&folder, &name, &composed.bytes)).await
    }

    async fn check(&self) -> Result<(), NotifyError> {
        let folder = self.folder.clone();
        on_disk(move || try_folder(&folder)).await
    }
}

/// Runs blocking work beside the async threads, within the promised time.
async fn on_disk(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), NotifyError> {
    match tokio::time::timeout(TOTAL_TIMEOUT, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => {
            tracing::warn!(kind = %error.kind(), "a mail cannot be written into its folder");
            Err(NotifyError::Unavailable { reason: NotifyFailure::File })
        }
        Ok(Err(_)) => Err(NotifyError::Unavailable { reason: NotifyFailure::File }),
        Err(_) => Err(NotifyError::Unavailable { reason: NotifyFailure::Timeout }),
    }
}

/// Nobody ever sees half a mail, and after `Ok` not even a power cut takes it away.
fn write_atomically(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    make_folder(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

fn try_folder(folder: &Path) -> io::Result<()> {
    make_folder(folder)?;
    NamedTempFile::new_in(folder).map(drop)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}
