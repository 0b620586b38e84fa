//! Emails as files that any email program opens.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Email, Notifier, NotifyError, NotifyFailure};
use tempfile::NamedTempFile;
use thiserror::Error;

use crate::composer::MailComposer;
use crate::sanitize::token;

/// The limit of every notifier.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Error)]
#[error("emails cannot be written into {}", folder.display())]
pub struct MailFolderError {
    pub folder: PathBuf,
    pub source: io::Error,
}

/// Writes each email into `<start of the appointment>-<message id>.eml`, so that a repeated email replaces the first.
///
/// Only the owner can read the files, because an email contains a meeting link.
pub struct FileNotifier {
    folder: PathBuf,
    composer: MailComposer,
}

impl FileNotifier {
    /// Creates the folder if it is missing, and checks that it is writable.
    pub fn new(folder: PathBuf, composer: MailComposer) -> Result<Self, MailFolderError> {
        match check_folder(&folder) {
            Ok(()) => Ok(Self { folder, composer }),
            Err(source) => Err(MailFolderError { folder, source }),
        }
    }
}

#[async_trait]
impl Notifier for FileNotifier {
    async fn send(&self, email: &Email) -> Result<(), NotifyError> {
        let composed = self.composer.compose(email)?;
        let folder = self.folder.clone();
        let name = format!("{}-{}.eml", email.starts_at.strftime("%Y-%m-%dT%H%MZ"), token(&email.message_id));
        on_disk(move || write_atomically(&folder, &name, &composed.bytes)).await
    }

    async fn check(&self) -> Result<(), NotifyError> {
        let folder = self.folder.clone();
        on_disk(move || check_folder(&folder)).await
    }
}

async fn on_disk(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), NotifyError> {
    match tokio::time::timeout(TOTAL_TIMEOUT, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => {
            tracing::warn!(kind = %error.kind(), "email file cannot be written");
            Err(NotifyError::Unavailable { reason: NotifyFailure::File })
        }
        Ok(Err(_)) => Err(NotifyError::Unavailable { reason: NotifyFailure::File }),
        Err(_) => Err(NotifyError::Unavailable { reason: NotifyFailure::Timeout }),
    }
}

/// No reader sees a partial file, and after `Ok` the file survives a power cut.
fn write_atomically(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    create_folder(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

fn check_folder(folder: &Path) -> io::Result<()> {
    create_folder(folder)?;
    // On a full disk, only an empty file can be created.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(b"attune")?;
    file.as_file().sync_all()
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}
