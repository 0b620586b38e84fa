//! Dedicated threads with memory of their own and a bounded queue.
//!
//! Hashing on the async runtime would block all other requests, and on a growing pool it would use gigabytes: each hash
//! needs about 19 MiB. The queue is not a channel, because abandoned jobs must not fill it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{io, thread};

use argon2::Block;
use thiserror::Error;
use tokio::sync::oneshot;

/// Dropping it discards queued jobs, waits for running ones and ends the threads.
pub(crate) struct Threads {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    queue: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum JobError {
    #[error("the queue is full")]
    Full,
    /// The job panicked, or the threads ended before its turn.
    #[error("the job was lost")]
    Lost,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn Job>>,
    stopped: bool,
    refused: u64,
}

trait Job: Send {
    fn is_abandoned(&self) -> bool;
    fn run(self: Box<Self>, memory: &mut Vec<Block>);
}

struct Task<W, T> {
    work: W,
    reply: oneshot::Sender<T>,
}

impl<W, T> Job for Task<W, T>
where
    W: FnOnce(&mut Vec<Block>) -> T + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(self: Box<Self>, memory: &mut Vec<Block>) {
        let result = (self.work)(memory);
        // Fails if the caller was cancelled in the meantime.
        let _ = self.reply.send(result);
    }
}

impl Threads {
    /// Each thread gets `blocks` blocks of memory (1 KiB each); `queue` jobs may wait.
    pub(crate) fn start(threads: usize, queue: usize, blocks: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let mut started = Self { shared, handles: Vec::with_capacity(threads), queue };
        for number in 1..=threads {
            let shared = Arc::clone(&started.shared);
            let thread = thread::Builder::new().name(format!("hasher-{number}"));
            // On an error `started` is dropped, which ends the threads started so far.
            started.handles.push(thread.spawn(move || shared.work(vec![Block::new(); blocks]))?);
        }
        Ok(started)
    }

    /// Runs `work` on one of the threads. A cancelled call removes its job unless it is running already.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, JobError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    {
        self.submit(work)?.await.map_err(|_| JobError::Lost)
    }

    /// The jobs that wait, and how many were refused because the queue was full.
    pub(crate) fn activity(&self) -> (usize, u64) {
        let state = self.shared.lock();
        (state.jobs.len(), state.refused)
    }

    fn submit<T, W>(&self, work: W) -> Result<oneshot::Receiver<T>, JobError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        let mut state = self.shared.lock();
        if state.jobs.len() >= self.queue {
            state.jobs.retain(|job| !job.is_abandoned());
        }
        if state.jobs.len() >= self.queue {
            state.refused += 1;
            return Err(JobError::Full);
        }
        state.jobs.push_back(Box::new(Task { work, reply }));
        drop(state);
        self.shared.changed.notify_one();
        Ok(result)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        let queued = std::mem::take(&mut state.jobs);
        drop(state);
        drop(queued);
        self.shared.changed.notify_all();
        for handle in self.handles.drain(..) {
            // Panics of jobs are caught, so the result says nothing.
            let _ = handle.join();
        }
    }
}

impl Shared {
    /// No code under the lock can panic, so the queue is intact even if the lock is poisoned.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, mut memory: Vec<Block>) {
        while let Some(job) = self.next() {
            // A panicking job drops its reply sender, which is an error for the caller. Partially written memory is harmless:
            // each hash overwrites what it reads.
            if catch_unwind(AssertUnwindSafe(|| job.run(&mut memory))).is_err() {
                tracing::error!("password hashing job panicked");
            }
        }
    }

    /// The next job that is not abandoned; `None` when the threads have to end.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            match state.jobs.pop_front() {
                Some(job) if job.is_abandoned() => {}
                Some(job) => return Some(job),
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

#[cfg(test)]
mod tests;
