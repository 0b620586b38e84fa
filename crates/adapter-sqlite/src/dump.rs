//! Dumps the database while others use it, and makes a new one of a dump.

use std::path::{Path, PathBuf};
use std::time::Duration;

use attune_ports::{BoxError, DumpSink, DumpSource};
use attune_sql::dump::{Dialect, DumpConnection, after_load, dump, load};
use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use jiff::Timestamp;
use thiserror::Error;

use crate::config::SqliteConfig;
use crate::connector::{BUSY_TIMEOUT, Connector, read_text};
use crate::error::{OpenError, is_busy};
use crate::migrations::{applied, migrate_to, migrate_within};
use crate::store::SqliteStore;

/// Why there is no dump, or no database made of one.
#[derive(Debug, Error)]
pub enum DumpError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the database {} cannot be dumped", path.display())]
    Dump { path: PathBuf, source: BoxError },
    #[error("the dump cannot be loaded into {}", path.display())]
    Load { path: PathBuf, source: BoxError },
    /// Another process has the file open.
    #[error("the database {} is in use: stop all processes that use it", path.display())]
    InUse { path: PathBuf },
}

impl SqliteStore {
    /// Dumps the state of this moment and returns the sink. Others can read and write meanwhile.
    pub async fn dump<S: DumpSink + 'static>(&self, mut sink: S) -> Result<S, DumpError> {
        let connector = self.connector.reading();
        let path = connector.path();
        let failed = |source: BoxError| DumpError::Dump { path, source };
        let dumped = tokio::task::spawn_blocking(move || {
            let mut connection = connector.connect()?;
            let dumped = connection.transaction::<_, BoxError, _>(|connection| {
                let schema = applied(connection)?;
                dump(&mut Connected(connection), &schema, &mut sink)
            });
            Ok(dumped.map(|()| sink))
        });
        match dumped.await {
            Ok(Ok(dumped)) => dumped.map_err(failed),
            Ok(Err(error)) => Err(error),
            Err(error) => Err(failed(error.into())),
        }
    }
}

/// Makes a database of a dump in a new file, and migrates it to the newest schema. Emails that were due at `now` are held if
/// `hold`. Blocks. When it returns, all of it is on the disk, in this one file; after an error, the file is worthless.
///
/// Errors: [`DumpError`], for a dump of a newer release too.
pub fn restore(path: &Path, source: &mut dyn DumpSource, now: Timestamp, hold: bool) -> Result<(), DumpError> {
    let config = SqliteConfig { path: path.to_owned(), create: true, readers: 1 };
    let mut connection = Connector::prepare(&config)?.connect()?;
    let loaded = connection.immediate_transaction::<_, BoxError, _>(|connection| {
        migrate_to(connection, source.schema())?;
        load(&mut Connected(connection), source)?;
        migrate_within(connection)?;
        for statement in after_load(now, hold) {
            sql_query(statement).execute(connection)?;
        }
        Ok(())
    });
    let failed = |source: BoxError| DumpError::Load { path: path.to_owned(), source };
    loaded.map_err(failed)?;
    leave_wal(&mut connection).map_err(|e| failed(e.into())).map(drop)
}

/// Closes a database for good, so that all of it is in its one file and another file can take its place. Blocks.
///
/// Errors: [`DumpError::InUse`], or [`OpenError`] for a file that cannot be opened.
pub fn retire(path: &Path) -> Result<(), DumpError> {
    let config = SqliteConfig { path: path.to_owned(), create: false, readers: 1 };
    let mut connection = Connector::prepare(&config)?.connect()?;
    let in_use = || DumpError::InUse { path: path.to_owned() };
    match leave_wal(&mut connection) {
        Ok(true) => Ok(()),
        Ok(false) => Err(in_use()),
        Err(error) if is_busy(&error) => Err(in_use()),
        Err(error) => Err(OpenError::Sqlite { path: path.to_owned(), source: error.into() }.into()),
    }
}

/// Writes the log back into the file and removes it. False if another connection is open.
fn leave_wal(connection: &mut SqliteConnection) -> QueryResult<bool> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", Duration::from_secs(1).as_millis()))?;
    let mode = read_text(connection, "PRAGMA journal_mode = DELETE")?;
    connection.batch_execute(BUSY_TIMEOUT)?;
    Ok(mode == "delete")
}

struct Connected<'c>(&'c mut SqliteConnection);

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

impl DumpConnection for Connected<'_> {
    const DIALECT: Dialect = Dialect::Sqlite;

    fn run(&mut self, statement: &str) -> Result<(), BoxError> {
        sql_query(statement).execute(self.0)?;
        Ok(())
    }

    fn run_with(&mut self, statement: &str, parameter: &str) -> Result<(), BoxError> {
        sql_query(statement).bind::<Text, _>(parameter).execute(self.0)?;
        Ok(())
    }

    fn each(&mut self, query: &str, take: &mut dyn FnMut(String) -> Result<(), BoxError>) -> Result<(), BoxError> {
        for row in sql_query(query).load_iter::<Value, DefaultLoadingMode>(self.0)? {
            take(row?.value)?;
        }
        Ok(())
    }
}
