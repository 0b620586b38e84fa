//! Dumps the database while others use it, and replaces its content by a dump.

use std::time::{Duration, Instant};

use attune_ports::{BoxError, DumpSink, DumpSource};
use attune_sql::dump::{Dialect, DumpConnection, after_load, drop_content, dump, load};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql_query;
use diesel::prelude::*;
use diesel::sql_types::Text;
use jiff::Timestamp;
use thiserror::Error;

use crate::PostgresStore;
use crate::migrations::blocking::{Blocking, applied, lock_migrations, migrate, migrate_to, revert_all};

/// How many rows the server sends at once.
const FETCH: u32 = 500;

/// The longest wait for locks of other programs.
const LOCK_WAIT: &str = "SET LOCAL lock_timeout = '5s'";

/// The server needs a moment to notice that a process has ended.
const OTHERS_WAIT: Duration = Duration::from_secs(3);
const OTHERS_PAUSE: Duration = Duration::from_millis(50);

/// Other connections of Attune to this database, by the name that it has there.
const OTHERS: &str = "SELECT pid::text AS value FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
    AND application_name = current_setting('application_name')";

/// Why there is no dump, or the database was not replaced. Nothing was changed.
#[derive(Debug, Error)]
pub enum DumpError {
    #[error("the database cannot be dumped")]
    Dump(#[source] BoxError),
    #[error("the dump cannot be loaded into the database")]
    Load(#[source] BoxError),
    /// Another connection of Attune is open.
    #[error("the database is in use: stop all instances and workers")]
    InUse,
    /// It may not be replaced.
    #[error("the database has tables already")]
    NotEmpty,
}

impl PostgresStore {
    /// Dumps the state of this moment and returns the sink. Others can read and write meanwhile.
    pub async fn dump<S: DumpSink + 'static>(&self, mut sink: S) -> Result<S, DumpError> {
        self.blocking(move |connection| {
            connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            let schema = applied(connection)?;
            dump(&mut Connected(connection), &schema, &mut sink)?;
            connection.batch_execute("COMMIT")?;
            Ok(sink)
        })
        .await
        .map_err(DumpError::Dump)
    }

    /// Replaces all content by that of a dump, in one transaction, and migrates it to the newest schema. Emails that were due
    /// at `now` are held if `hold`. Without `replace`, there may be no tables.
    ///
    /// Errors: [`DumpError`], for a dump of a newer release too.
    pub async fn restore(
        &self,
        mut source: impl DumpSource + 'static,
        now: Timestamp,
        hold: bool,
        replace: bool,
    ) -> Result<(), DumpError> {
        let restored = self.blocking(move |connection| {
            lock_migrations(connection)?;
            if !replace && !applied(connection)?.is_empty() {
                return Ok(Err(DumpError::NotEmpty));
            }
            let deadline = Instant::now() + OTHERS_WAIT;
            while is_used(connection)? {
                if Instant::now() >= deadline {
                    return Ok(Err(DumpError::InUse));
                }
                std::thread::sleep(OTHERS_PAUSE);
            }
            connection.transaction::<_, BoxError, _>(|connection| {
                connection.batch_execute(LOCK_WAIT)?;
                drop_content(&mut Connected(connection))?;
                revert_all(connection)?;
                migrate_to(connection, source.schema())?;
                load(&mut Connected(connection), &mut source)?;
                migrate(connection)?;
                for statement in after_load(now, hold) {
                    sql_query(statement).execute(connection)?;
                }
                Ok(Ok(()))
            })
        });
        restored.await.map_err(DumpError::Load)?
    }
}

/// Whether there is another connection of Attune.
fn is_used(connection: &mut Blocking) -> Result<bool, BoxError> {
    let others: Vec<Value> = sql_query(OTHERS).load(connection)?;
    Ok(!others.is_empty())
}

struct Connected<'c>(&'c mut Blocking);

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

impl DumpConnection for Connected<'_> {
    const DIALECT: Dialect = Dialect::Postgres;

    fn run(&mut self, statement: &str) -> Result<(), BoxError> {
        sql_query(statement).execute(self.0)?;
        Ok(())
    }

    fn run_with(&mut self, statement: &str, parameter: &str) -> Result<(), BoxError> {
        sql_query(statement).bind::<Text, _>(parameter).execute(self.0)?;
        Ok(())
    }

    fn each(&mut self, query: &str, take: &mut dyn FnMut(String) -> Result<(), BoxError>) -> Result<(), BoxError> {
        self.0.batch_execute(&format!("DECLARE dumped NO SCROLL CURSOR FOR {query}"))?;
        loop {
            let rows: Vec<Value> = sql_query(format!("FETCH {FETCH} FROM dumped")).load(self.0)?;
            if rows.is_empty() {
                return Ok(self.0.batch_execute("CLOSE dumped")?);
            }
            for row in rows {
                take(row.value)?;
            }
        }
    }
}
