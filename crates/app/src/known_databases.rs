//! The SQLite databases that have existed, so that none is replaced by an empty one without a word: a folder that was not
//! mounted, or a file that was removed by mistake, would look like a new practice.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The list in the data folder, one absolute path a line.
pub(crate) struct KnownDatabases(PathBuf);

impl KnownDatabases {
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("databases"))
    }

    /// Where the list is, for messages about it.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn contain(&self, database: &Path) -> Result<bool> {
        let line = line(database)?;
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(text.lines().any(|known| known == line)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }

    pub(crate) fn add(&self, database: &Path) -> Result<()> {
        if self.contain(database)? {
            return Ok(());
        }
        let line = line(database)?;
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.0)
            .and_then(|mut file| {
                file.write_all(format!("{line}\n").as_bytes())?;
                file.sync_all()
            })
            .with_context(|| format!("cannot write {}", self.0.display()))
    }
}

fn line(database: &Path) -> Result<String> {
    let path = std::path::absolute(database).with_context(|| format!("{} is no path", database.display()))?;
    // One line, whatever is in the name.
    Ok(path.to_string_lossy().replace(['\n', '\r'], "?"))
}
