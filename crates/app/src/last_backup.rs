//! When the last backup was made: one line in a file of the data folder, so that a forgotten one is noticed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::secret::create_folder;

const FILE: &str = "last-backup";

/// `None` if there was none. Errors: the file cannot be read, or contains no instant in RFC 3339.
pub(crate) fn read(data_dir: &Path) -> Result<Option<Timestamp>> {
    let path = data_dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("cannot read {}", path.display()))?,
    };
    text.trim()
        .parse()
        .map(Some)
        .with_context(|| format!("{} contains no time such as 2026-12-01T03:00:00Z", path.display()))
}

/// Replaces the file at once, so that no one reads half of it.
pub(crate) fn write(data_dir: &Path, at: Timestamp) -> Result<()> {
    create_folder(data_dir)?;
    let path = data_dir.join(FILE);
    let temporary = data_dir.join(format!("{FILE}.{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(format!("{at}\n").as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
