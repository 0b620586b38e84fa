//! Opening the file, and what has to be true of it.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attune_ports::BoxError;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use thiserror::Error;

use crate::error::is_busy;

/// Where the database is, and how many may read it at the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The database file; it is made if it is missing, its folder is not. Two more files appear next to it.
    pub path: PathBuf,
    /// How many threads read lists, at least one; half as many more look up single rows. Three are plenty for two cores.
    pub readers: usize,
}

impl SqliteConfig {
    /// This file, and three readers.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 3 }
    }
}

/// Why a database cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file cannot be made or opened: no such folder, or no right to write there.
    #[error("the database file {} cannot be opened for writing", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite takes paths in UTF-8 only.
    #[error("the path of the database file {} is not valid UTF-8", path.display())]
    NotUtf8 {
        /// Which file, as far as it can be shown.
        path: PathBuf,
    },
    /// SQLite would not open the file, or it is no database.
    #[error("the file {} cannot be used as a database", path.display())]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: BoxError,
    },
    /// Releases up to 3.51.2 can damage a database when two connections write a checkpoint at the same moment.
    #[error("SQLite {found} is too old for the database {}: 3.51.3 or newer is needed", path.display())]
    OldSqlite {
        /// Which file.
        path: PathBuf,
        /// The version that was linked.
        found: String,
    },
    /// The file system cannot hold a write-ahead log; network file systems cannot.
    #[error("the database {} cannot keep a write-ahead log; it needs a local file system", path.display())]
    NoWriteAheadLog {
        /// Which file.
        path: PathBuf,
    },
    /// The check at the start found damage. Nothing was changed.
    #[error("the database {} is damaged ({finding}); restore it from a backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The first thing that `PRAGMA quick_check` found.
        finding: String,
    },
    /// The system gives no more threads.
    #[error("no thread could be started for the database {}", path.display())]
    Thread {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

/// Opens connections to one file for one purpose.
#[derive(Debug, Clone)]
pub(crate) struct Opener {
    path: Arc<PathBuf>,
    purpose: Purpose,
}

/// In this order, each on its own: the timeout has to be in force before the first statement that may have to wait.
const PRAGMAS: [&str; 4] =
    [BUSY_TIMEOUT, "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF"];

/// How long, in milliseconds, SQLite waits for another process.
pub(crate) const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000";

/// The oldest release without the damage described at [`OpenError::OldSqlite`].
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// How long, and how often, the switch to the write-ahead log is tried.
const SWITCH_WAIT: Duration = Duration::from_secs(5);
const SWITCH_PAUSE: Duration = Duration::from_millis(20);

impl Opener {
    /// Makes the file if it is missing, readable by its owner alone; SQLite gives the log and the index next to it the
    /// same rights.
    pub(crate) fn prepare(config: &SqliteConfig) -> Result<Self, OpenError> {
        // An absolute path cannot be taken for a URI or for one of SQLite's special names.
        let path = std::path::absolute(&config.path)
            .map_err(|source| OpenError::File { path: config.path.clone(), source })?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|source| OpenError::File { path: path.clone(), source })?;
        Ok(Self { path: Arc::new(path), purpose: Purpose::Write })
    }

    /// The same file, for reading.
    pub(crate) fn reading(&self) -> Self {
        Self { path: Arc::clone(&self.path), purpose: Purpose::Read }
    }

    /// The file, for messages.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::clone(&self.path)
    }

    /// Opens a connection and sets it up.
    pub(crate) fn connect(&self) -> Result<SqliteConnection, OpenError> {
        let path = self.path.to_str().ok_or_else(|| OpenError::NotUtf8 { path: self.path() })?;
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

    /// Checks the version of SQLite and the soundness of the file.
    pub(crate) fn check(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let found = ask(connection, "SELECT sqlite_version()").map_err(|e| self.sqlite(e))?;
        if !is_new_enough(&found) {
            return Err(OpenError::OldSqlite { path: self.path(), found });
        }
        let finding = ask(connection, "PRAGMA quick_check(1)").map_err(|e| self.sqlite(e))?;
        if finding == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: self.path(), finding }) }
    }

    /// Turns the write-ahead log on. The very first connections to a new file may get in each other's way here, and
    /// SQLite then answers at once, whatever the busy timeout says.
    fn switch_to_wal(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let until = Instant::now() + SWITCH_WAIT;
        loop {
            match ask(connection, "PRAGMA journal_mode = WAL") {
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

/// Asks for one text.
fn ask(connection: &mut SqliteConnection, question: &str) -> QueryResult<String> {
    sql::<Text>(question).get_result(connection)
}

/// Whether a version such as `3.53.2` is at least [`OLDEST_SQLITE`].
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = [(); 3].map(|()| parts.next().unwrap_or(0));
    found >= OLDEST_SQLITE
}

#[cfg(test)]
mod tests;
