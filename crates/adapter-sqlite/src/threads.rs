//! Threads that own a connection each and run jobs on it.

mod queue;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use attune_ports::StoreError;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::connector::Connector;
use crate::error::{message, store_error};
use crate::snapshot::{begin_reading, end_reading};
use queue::Queue;
pub(crate) use queue::QueueActivity;

/// How long a caller waits for a job.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// The most look-ups that share a snapshot. Together they take well below a millisecond, and more would save little: to
/// begin and end the transaction costs about as much as one of them.
const MOST_LOOKUPS: usize = 32;

pub(crate) type Job = Box<dyn FnOnce(&mut ThreadConnection) + Send>;

/// The connection of a thread, which is replaced whenever its state is uncertain.
pub(crate) struct ThreadConnection {
    connector: Connector,
    connection: Option<SqliteConnection>,
}

impl ThreadConnection {
    pub(crate) fn new(connector: Connector, connection: SqliteConnection) -> Self {
        Self { connector, connection: Some(connection) }
    }

    /// Runs a job. After an I/O error the next job gets a new connection.
    pub(crate) fn run<T>(
        &mut self,
        job: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.connector.connect().map_err(|e| StoreError::Unavailable(e.into()))?),
        };
        let result = job(connection);
        if matches!(result, Err(StoreError::Unavailable(_))) {
            self.discard();
        }
        result
    }

    /// Errors: `Unavailable` when the file was removed or replaced.
    pub(crate) fn check_in_place(&self) -> Result<(), StoreError> {
        self.connector.check_in_place().map_err(|e| StoreError::Unavailable(e.into()))
    }

    /// Rolls back the open transaction, if there is one.
    pub(crate) fn roll_back(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(error) = connection.batch_execute("ROLLBACK")
            && message(&error) != "cannot rollback - no transaction is active"
        {
            tracing::error!(error = %error, "a rollback failed; the connection is replaced");
            self.discard();
        }
    }

    /// Closes the connection; the next job gets a new one.
    fn discard(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            // Rolled back first, because SQLite keeps a connection that has an unfinished statement open, with its
            // locks; and Diesel answers that with a panic.
            let closing = catch_unwind(AssertUnwindSafe(move || {
                let _ = connection.batch_execute("ROLLBACK");
            }));
            if closing.is_err() {
                tracing::error!("a connection could not be closed");
            }
        }
    }
}

/// Threads that share a queue of jobs.
pub(crate) struct Pool<J = Job> {
    queue: Arc<Queue<J>>,
    /// Each thread holds a receiver until its connection is closed.
    ended: watch::Sender<()>,
    threads: usize,
}

impl Pool {
    /// Starts a thread for each connection, which runs one job after the other.
    pub(crate) fn start(name: &str, connections: Vec<ThreadConnection>) -> io::Result<Self> {
        Self::spawn(name, connections, 1, |jobs, connection| {
            for job in jobs.drain(..) {
                // Without the message of the panic, because it may quote a row.
                if catch_unwind(AssertUnwindSafe(|| job(connection))).is_err() {
                    tracing::error!("a job of the store panicked; its connection is replaced");
                    connection.discard();
                }
            }
        })
    }

    /// Queues a job, which is run whether or not the caller waits. Errors: `Unavailable` when the store is closed.
    pub(crate) fn post(&self, job: Job) -> Result<(), StoreError> {
        self.push(job)
    }

    /// Runs a job and waits for its result. A job whose caller stopped waiting before its turn is skipped. Errors:
    /// `Unavailable` after [`ANSWER_WAIT`], `Failed` when the job panicked.
    pub(crate) async fn run<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        self.push(Box::new(move |connection: &mut ThreadConnection| {
            if !reply.is_closed() {
                // The caller may have stopped waiting.
                let _ = reply.send(connection.run(job));
            }
        }))?;
        wait_for(result).await
    }
}

/// A short read that shares a transaction with others.
pub(crate) trait Lookup: Send {
    /// Whether the caller still waits.
    fn is_wanted(&self) -> bool;
    /// Runs the read and stores its result. False after any error: the state of the transaction is uncertain then.
    fn run(&mut self, connection: &mut ThreadConnection) -> bool;
    fn fail(&mut self, error: StoreError);
    /// Sends the result. Without one, the caller gets an error.
    fn reply(self: Box<Self>);
}

struct PendingLookup<T, F> {
    job: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Lookup for PendingLookup<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, connection: &mut ThreadConnection) -> bool {
        let Some(job) = self.job.take() else { return true };
        let result = connection.run(job);
        let succeeded = result.is_ok();
        self.result = Some(result);
        succeeded
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error));
    }

    fn reply(self: Box<Self>) {
        if let Some(result) = self.result {
            let _ = self.reply.send(result);
        }
    }
}

impl Pool<Box<dyn Lookup>> {
    /// Starts a thread for each connection, which runs all waiting look-ups together.
    pub(crate) fn start_lookups(name: &str, connections: Vec<ThreadConnection>) -> io::Result<Self> {
        Self::spawn(name, connections, MOST_LOOKUPS, look_up)
    }

    /// Reads a few rows by their keys. The job runs in a transaction together with others, so it sees one state of the
    /// database, which is not older than the call; it must not begin or end a transaction, nor take long. Otherwise as
    /// [`Pool::run`].
    pub(crate) async fn look_up<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        self.push(Box::new(PendingLookup { job: Some(job), result: None, reply }))?;
        wait_for(result).await
    }
}

/// Runs look-ups in a transaction that begins after all of them were requested.
///
/// The results are sent at the end, one right after the other: the callers share a few threads, which are woken once for
/// all of them then.
fn look_up(lookups: &mut Vec<Box<dyn Lookup>>, connection: &mut ThreadConnection) {
    let mut in_transaction = false;
    for lookup in &mut *lookups {
        if !lookup.is_wanted() {
            continue;
        }
        if !in_transaction {
            if let Err(error) = connection.run(begin_reading) {
                connection.discard();
                lookup.fail(error);
                continue;
            }
            in_transaction = true;
        }
        // Without the message of the panic, because it may quote a row.
        match catch_unwind(AssertUnwindSafe(|| lookup.run(connection))) {
            Ok(true) => {}
            Ok(false) => {
                connection.roll_back();
                in_transaction = false;
            }
            Err(_) => {
                tracing::error!("a look-up in the store panicked; its connection is replaced");
                connection.discard();
                in_transaction = false;
            }
        }
    }
    // A connection that cannot end its transaction is replaced; what was read in it is valid.
    if in_transaction && let Err(error) = connection.run(end_reading) {
        tracing::error!(error = %error, "a read transaction could not be ended; its connection is replaced");
        connection.discard();
    }
    for lookup in lookups.drain(..) {
        lookup.reply();
    }
}

impl<J: Send + 'static> Pool<J> {
    /// Starts a thread for each connection, which passes up to `most` jobs at a time to `work`. That must not panic.
    fn spawn(
        name: &str,
        connections: Vec<ThreadConnection>,
        most: usize,
        work: fn(&mut Vec<J>, &mut ThreadConnection),
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::new());
        let (ended, alive) = watch::channel(());
        let threads = connections.len();
        for (number, mut connection) in connections.into_iter().enumerate() {
            let (thread_queue, alive) = (Arc::clone(&queue), alive.clone());
            let spawned = thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
                let mut jobs = Vec::with_capacity(most);
                while thread_queue.take(most, &mut jobs) {
                    work(&mut jobs, &mut connection);
                }
                connection.discard();
                drop(alive);
            });
            if let Err(error) = spawned {
                queue.close();
                return Err(error);
            }
        }
        Ok(Self { queue, ended, threads })
    }

    fn push(&self, job: J) -> Result<(), StoreError> {
        self.queue.push(job).map_err(|_| StoreError::Unavailable("the store is closed".into()))
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    pub(crate) fn activity(&self) -> QueueActivity {
        self.queue.activity()
    }

    /// Lets the threads finish the queued jobs, and returns when all their connections are closed.
    pub(crate) async fn stop(&self) {
        self.queue.close();
        self.ended.closed().await;
    }
}

impl<J> Drop for Pool<J> {
    /// The threads finish the queued jobs, and end.
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Waits for the result of a job. Errors as in [`Pool::run`].
pub(crate) async fn wait_for<T>(result: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(ANSWER_WAIT, result).await {
        Ok(Ok(result)) => result,
        Ok(Err(lost)) => Err(StoreError::Failed(lost.into())),
        Err(late) => Err(StoreError::Unavailable(late.into())),
    }
}

/// Runs SQL without parameters or results.
pub(crate) fn run_sql(connection: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    connection.batch_execute(sql).map_err(store_error)
}
