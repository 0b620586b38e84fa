//! Opens connections to the file.

use std::ffi::OsString;
use std::fs::{Metadata, OpenOptions};
use std::io::{ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use crate::config::SqliteConfig;
use crate::error::{OpenError, is_busy};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

/// Opens connections to one file for one purpose.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    path: Arc<PathBuf>,
    /// The file that the path led to at first.
    file: FileId,
    purpose: Purpose,
}

/// Device and inode. Another file at the same path has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

/// One by one in this order: the timeout has to be set before the first statement that may have to wait.
const PRAGMAS: [&str; 4] =
    [BUSY_TIMEOUT, "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF"];

/// How long SQLite waits for another process, in milliseconds.
pub(crate) const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000";

/// The oldest release without the damage described at [`OpenError::OldSqlite`].
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// How long and how often the switch to the write-ahead log is tried.
const SWITCH_WAIT: Duration = Duration::from_secs(5);
const SWITCH_PAUSE: Duration = Duration::from_millis(20);

impl Connector {
    /// Creates the file if it is missing and may be created, readable by its owner only; SQLite gives the files next to it
    /// the same permissions.
    pub(crate) fn prepare(config: &SqliteConfig) -> Result<Self, OpenError> {
        // An absolute path cannot be taken for a URI or for one of SQLite's special names.
        let path = std::path::absolute(&config.path)
            .map_err(|source| OpenError::File { path: config.path.clone(), source })?;
        let unusable = |source| OpenError::File { path: path.clone(), source };
        // SQLite would delete the log of a database that is missing, and with it what may still be restored.
        let has_log = length(&beside(&path, "-wal")).map_err(unusable)?.is_some_and(|length| length > 0);
        let is_empty = length(&path).map_err(unusable)?.is_none_or(|length| length == 0);
        if is_empty && (has_log || !config.create) {
            return Err(OpenError::Missing { path });
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).and_then(|file| file.metadata()).map_err(unusable)?;
        Ok(Self { file: FileId::of(&file), path: Arc::new(path), purpose: Purpose::Write })
    }

    pub(crate) fn reading(&self) -> Self {
        Self { path: Arc::clone(&self.path), file: self.file, purpose: Purpose::Read }
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::clone(&self.path)
    }

    /// Opens a connection and applies the settings.
    pub(crate) fn connect(&self) -> Result<SqliteConnection, OpenError> {
        let path = self.path.to_str().ok_or_else(|| OpenError::NotUtf8 { path: self.path() })?;
        // SQLite would create a new file here.
        self.check_same_file()?;
        let mut connection = SqliteConnection::establish(path).map_err(|e| self.sqlite(e))?;
        for pragma in PRAGMAS {
            connection.batch_execute(pragma).map_err(|e| self.sqlite(e))?;
        }
        self.switch_to_wal(&mut connection)?;
        if self.purpose == Purpose::Read {
            connection.batch_execute("PRAGMA query_only = ON").map_err(|e| self.sqlite(e))?;
        }
        Ok(connection)
    }

    /// Whether the path still leads to the file that was opened. Errors: [`OpenError::Replaced`].
    fn check_same_file(&self) -> Result<(), OpenError> {
        match self.path.metadata() {
            Ok(metadata) if FileId::of(&metadata) == self.file => Ok(()),
            _ => Err(OpenError::Replaced { path: self.path() }),
        }
    }

    /// Whether what a connection writes can be found again after a restart: the file is still the one that was opened, and
    /// the files that every open connection needs are next to it. Errors: [`OpenError::Replaced`].
    pub(crate) fn check_in_place(&self) -> Result<(), OpenError> {
        self.check_same_file()?;
        if ["-wal", "-shm"].iter().all(|suffix| beside(&self.path, suffix).exists()) {
            Ok(())
        } else {
            Err(OpenError::Replaced { path: self.path() })
        }
    }

    /// Checks the version of SQLite and the file.
    pub(crate) fn check(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let found = read_text(connection, "SELECT sqlite_version()").map_err(|e| self.sqlite(e))?;
        if !is_new_enough(&found) {
            return Err(OpenError::OldSqlite { path: self.path(), found });
        }
        let finding = read_text(connection, "PRAGMA quick_check(1)").map_err(|e| self.sqlite(e))?;
        if finding == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: self.path(), finding }) }
    }

    /// Switches to the write-ahead log. The first connections to a new file may collide here, and SQLite then fails at
    /// once, without regard to the busy timeout.
    fn switch_to_wal(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let until = Instant::now() + SWITCH_WAIT;
        loop {
            match read_text(connection, "PRAGMA journal_mode = WAL") {
                Ok(mode) if mode == "wal" => return Ok(()),
                Ok(_) => return Err(OpenError::NoWriteAheadLog { path: self.path() }),
                Err(error) if is_busy(&error) && Instant::now() < until => std::thread::sleep(SWITCH_PAUSE),
                Err(error) => return Err(self.sqlite(error)),
            }
        }
    }

    fn sqlite(&self, source: impl std::error::Error + Send + Sync + 'static) -> OpenError {
        OpenError::Sqlite { path: self.path(), source: Box::new(source) }
    }
}

/// The name of a file that SQLite keeps next to the database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The length of a file; `None` if there is no such file.
fn length(path: &Path) -> IoResult<Option<u64>> {
    match path.metadata() {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn read_text(connection: &mut SqliteConnection, query: &str) -> QueryResult<String> {
    sql::<Text>(query).get_result(connection)
}

/// Whether a version such as `3.53.2` is at least [`OLDEST_SQLITE`].
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = [(); 3].map(|()| parts.next().unwrap_or(0));
    found >= OLDEST_SQLITE
}

#[cfg(test)]
mod tests;
