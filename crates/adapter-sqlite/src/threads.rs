//! Threads that own a connection each and work off jobs.

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

use crate::error::{message, store_error};
use crate::open::Opener;
use crate::statements::{begin_reading, end_reading};
use queue::Queue;

/// How long a caller waits for an answer.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// How many look-ups share a snapshot at most. Together they take well below a millisecond, and what one more would save
/// is little: beginning and ending the transaction costs about as much as one of them.
const MOST_LOOKUPS: usize = 32;

/// What a thread is asked to do.
pub(crate) type Job = Box<dyn FnOnce(&mut Link) + Send>;

/// A thread's connection, replaced whenever it may not be sound any more.
pub(crate) struct Link {
    opener: Opener,
    connection: Option<SqliteConnection>,
}

impl Link {
    /// Starts with a connection that was opened already.
    pub(crate) fn new(opener: Opener, connection: SqliteConnection) -> Self {
        Self { opener, connection: Some(connection) }
    }

    /// Does something with the connection. After an I/O error the next job gets a new one.
    pub(crate) fn run<T>(
        &mut self,
        job: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.opener.connect().map_err(|e| StoreError::Unavailable(e.into()))?),
        };
        let result = job(connection);
        if matches!(result, Err(StoreError::Unavailable(_))) {
            self.discard();
        }
        result
    }

    /// Undoes the open transaction, if there is one.
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

/// One or more threads that share a queue of jobs.
pub(crate) struct Pool<J = Job> {
    queue: Arc<Queue<J>>,
    /// Each thread holds a receiver until its connection is closed.
    ended: watch::Sender<()>,
}

impl Pool {
    /// Starts a thread for each connection, to do one job after the other. Errors: when the system gives no thread.
    pub(crate) fn start(name: &str, links: Vec<Link>) -> io::Result<Self> {
        Self::spawn(name, links, 1, |jobs, link| {
            for job in jobs.drain(..) {
                // The panic's text is left out, because it may quote a row.
                if catch_unwind(AssertUnwindSafe(|| job(link))).is_err() {
                    tracing::error!("a job of the store panicked; its connection is replaced");
                    link.discard();
                }
            }
        })
    }

    /// Puts a job into the queue, to be done whatever becomes of the caller. Errors: `Unavailable` when the store is
    /// closed; the job is dropped then.
    pub(crate) fn post(&self, job: Job) -> Result<(), StoreError> {
        self.push(job)
    }

    /// Does something on a connection and waits for the answer. A job that nobody waits for any more when its turn
    /// comes is left out. Errors: `Unavailable` after [`ANSWER_WAIT`], `Failed` when the job panicked.
    pub(crate) async fn ask<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.push(Box::new(move |link: &mut Link| {
            if !reply.is_closed() {
                // Whoever asked may have gone in the meantime; that is their right.
                let _ = reply.send(link.run(job));
            }
        }))?;
        wait_for(answer).await
    }
}

/// A short question that is answered together with others, within one transaction.
pub(crate) trait Lookup: Send {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;
    /// Finds the answer and keeps it. False after any error: who knows what became of the transaction then.
    fn find(&mut self, link: &mut Link) -> bool;
    /// Keeps this error as the answer.
    fn refuse(&mut self, error: StoreError);
    /// Hands the answer over. Without one, whoever asked learns that it was lost.
    fn answer(self: Box<Self>);
}

struct Asked<T, F> {
    job: Option<F>,
    found: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Lookup for Asked<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn find(&mut self, link: &mut Link) -> bool {
        let Some(job) = self.job.take() else { return true };
        let found = link.run(job);
        let good = found.is_ok();
        self.found = Some(found);
        good
    }

    fn refuse(&mut self, error: StoreError) {
        self.found = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        if let Some(found) = self.found {
            let _ = self.reply.send(found);
        }
    }
}

impl Pool<Box<dyn Lookup>> {
    /// Starts a thread for each connection, to answer all questions that wait at once. Errors: when the system gives no
    /// thread.
    pub(crate) fn start_lookups(name: &str, links: Vec<Link>) -> io::Result<Self> {
        Self::spawn(name, links, MOST_LOOKUPS, look_up)
    }

    /// Asks for a few rows that are found by their keys. The job runs within a transaction, together with others, so it
    /// sees one state of the database, which is not older than the call; it must not begin or end one itself, nor take
    /// long. Otherwise as [`Pool::ask`].
    pub(crate) async fn look<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.push(Box::new(Asked { job: Some(job), found: None, reply }))?;
        wait_for(answer).await
    }
}

/// Answers questions, all of which were asked before the transaction begins that they are answered in.
///
/// The answers are handed over at the end, one right after the other: those who wait share a few threads, which are woken
/// once for all of them then.
fn look_up(lookups: &mut Vec<Box<dyn Lookup>>, link: &mut Link) {
    let mut within = false;
    for lookup in &mut *lookups {
        if !lookup.is_wanted() {
            continue;
        }
        if !within {
            if let Err(error) = link.run(begin_reading) {
                link.discard();
                lookup.refuse(error);
                continue;
            }
            within = true;
        }
        // The panic's text is left out, because it may quote a row.
        match catch_unwind(AssertUnwindSafe(|| lookup.find(link))) {
            Ok(true) => {}
            Ok(false) => {
                link.roll_back();
                within = false;
            }
            Err(_) => {
                tracing::error!("a look-up in the store panicked; its connection is replaced");
                link.discard();
                within = false;
            }
        }
    }
    // A connection that cannot end its transaction is replaced; what was read in it is good all the same.
    if within && let Err(error) = link.run(end_reading) {
        tracing::error!(error = %error, "a transaction that only read could not be ended; its connection is replaced");
        link.discard();
    }
    for lookup in lookups.drain(..) {
        lookup.answer();
    }
}

impl<J: Send + 'static> Pool<J> {
    /// Starts a thread for each connection, and has it do up to so many jobs at once. What does them must not panic.
    fn spawn(name: &str, links: Vec<Link>, most: usize, work: fn(&mut Vec<J>, &mut Link)) -> io::Result<Self> {
        let queue = Arc::new(Queue::new());
        let (ended, alive) = watch::channel(());
        for (number, mut link) in links.into_iter().enumerate() {
            let (thread_queue, alive) = (Arc::clone(&queue), alive.clone());
            let spawned = thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
                let mut jobs = Vec::with_capacity(most);
                while thread_queue.take(most, &mut jobs) {
                    work(&mut jobs, &mut link);
                }
                link.discard();
                drop(alive);
            });
            if let Err(error) = spawned {
                queue.close();
                return Err(error);
            }
        }
        Ok(Self { queue, ended })
    }

    fn push(&self, job: J) -> Result<(), StoreError> {
        self.queue.push(job).map_err(|_| StoreError::Unavailable("the store is closed".into()))
    }

    /// Lets the threads finish what is queued, and returns when all their connections are closed.
    pub(crate) async fn stop(&self) {
        self.queue.close();
        self.ended.closed().await;
    }
}

impl<J> Drop for Pool<J> {
    /// The threads finish what is queued, and end.
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Waits for the answer to a job. Errors as in [`Pool::ask`].
pub(crate) async fn wait_for<T>(answer: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(ANSWER_WAIT, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(lost)) => Err(StoreError::Failed(lost.into())),
        Err(late) => Err(StoreError::Unavailable(late.into())),
    }
}

/// Runs SQL without parameters or results.
pub(crate) fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    connection.batch_execute(sql).map_err(store_error)
}
