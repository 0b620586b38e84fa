//! Threads that own a connection each and work off jobs.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use attune_ports::StoreError;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::error::{message, store_error};
use crate::open::Opener;

/// How long a caller waits for an answer.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(5);

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
pub(crate) struct Pool {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    /// Each thread holds a receiver until its connection is closed.
    ended: watch::Sender<()>,
}

impl Pool {
    /// Starts a thread for each connection. Errors: when the system gives no thread.
    pub(crate) fn start(name: &str, links: Vec<Link>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let (ended, alive) = watch::channel(());
        for (number, link) in links.into_iter().enumerate() {
            let (queue, alive) = (Arc::clone(&queue), alive.clone());
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
                work_off(&queue, link);
                drop(alive);
            })?;
        }
        Ok(Self { jobs: Mutex::new(Some(jobs)), ended })
    }

    /// Puts a job into the queue, to be done whatever becomes of the caller. Errors: `Unavailable` when the store is
    /// closed; the job is dropped then.
    pub(crate) fn post(&self, job: Job) -> Result<(), StoreError> {
        match lock(&self.jobs).as_ref().map(|jobs| jobs.send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(StoreError::Unavailable("the store is closed".into())),
        }
    }

    /// Does something on a connection and waits for the answer. A job that nobody waits for any more when its turn
    /// comes is left out. Errors: `Unavailable` after [`ANSWER_WAIT`], `Failed` when the job panicked.
    pub(crate) async fn ask<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.post(Box::new(move |link| {
            if !reply.is_closed() {
                // Whoever asked may have gone in the meantime; that is their right.
                let _ = reply.send(link.run(job));
            }
        }))?;
        wait_for(answer).await
    }

    /// Lets the threads finish what is queued, and returns when all their connections are closed.
    pub(crate) async fn stop(&self) {
        lock(&self.jobs).take();
        self.ended.closed().await;
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

/// The life of a thread.
fn work_off(queue: &Mutex<mpsc::Receiver<Job>>, mut link: Link) {
    while let Some(job) = next_job(queue) {
        // The panic's text is left out, because it may quote a row.
        if catch_unwind(AssertUnwindSafe(|| job(&mut link))).is_err() {
            tracing::error!("a job of the store panicked; its connection is replaced");
            link.discard();
        }
    }
    link.discard();
}

/// Waits for a job; `None` once the queue is closed and empty. Holds the queue only while waiting.
fn next_job(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    lock(queue).recv().ok()
}

/// Takes a lock. Nothing panics while holding one, and a queue could not be left half-changed anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs SQL without parameters or results.
pub(crate) fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    connection.batch_execute(sql).map_err(store_error)
}
