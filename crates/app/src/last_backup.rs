//! When the last backup was made, so that a forgotten one is noticed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("last-backup")
}

/// `None` if there was none.
pub(crate) fn read(data_dir: &Path) -> Result<Option<Timestamp>> {
    let path = file(data_dir);
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map(Some).with_context(|| format!("{} has no time in it", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

pub(crate) fn write(data_dir: &Path, at: Timestamp) -> Result<()> {
    let path = file(data_dir);
    let temporary = path.with_extension("new");
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(format!("{at:.0}\n").as_bytes()))
        .and_then(|()| fs::rename(&temporary, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}
