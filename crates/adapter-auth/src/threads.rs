//! Threads that do one thing at a time in memory they keep, behind a queue that refuses instead of growing.
//!
//! Hashing on the async runtime stops every other request, and hashing on a pool that grows takes gigabytes: each hash
//! fills about 19 MiB. A fixed number of threads that each reuse one piece of memory bounds both.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{io, thread};

use argon2::Block;
use thiserror::Error;
use tokio::sync::oneshot;

/// A running set of threads. Dropping it drops the jobs that wait, lets the running ones finish, and ends the threads.
pub(crate) struct Threads {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    queue: usize,
}

/// Why a job has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NoResult {
    /// The queue is full.
    #[error("the queue is full")]
    Full,
    /// The job panicked, or the threads were ended before its turn.
    #[error("the job was lost")]
    Lost,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn Job>>,
    ended: bool,
}

/// Something to be done for a caller that may have gone away.
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
        // The caller may have gone away in the meantime; then nobody wants the result.
        let _ = self.reply.send(result);
    }
}

impl Threads {
    /// Starts `threads` threads, each with `blocks` blocks of memory (1 KiB each), and lets `queue` jobs wait.
    pub(crate) fn start(threads: usize, queue: usize, blocks: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() });
        let mut started = Self { shared, handles: Vec::with_capacity(threads), queue };
        for number in 1..=threads {
            let shared = Arc::clone(&started.shared);
            let thread = thread::Builder::new().name(format!("hasher-{number}"));
            // On an error `started` is dropped, which ends the threads that were started already.
            started.handles.push(thread.spawn(move || shared.work(vec![Block::new(); blocks]))?);
        }
        Ok(started)
    }

    /// Has `work` done on one of the threads. A caller that stops waiting takes its job back, unless it runs already.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, NoResult>
    where
        T: Send + 'static,
        W: FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    {
        self.submit(work)?.await.map_err(|_| NoResult::Lost)
    }

    fn submit<T, W>(&self, work: W) -> Result<oneshot::Receiver<T>, NoResult>
    where
        T: Send + 'static,
        W: FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        let mut state = self.shared.lock();
        if state.jobs.len() >= self.queue {
            // Those who gave up must not keep the others out.
            state.jobs.retain(|waiting| !waiting.is_abandoned());
        }
        if state.jobs.len() >= self.queue {
            return Err(NoResult::Full);
        }
        state.jobs.push_back(Box::new(Task { work, reply }));
        drop(state);
        self.shared.wake.notify_one();
        Ok(result)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ended = true;
        let waiting = std::mem::take(&mut state.jobs);
        drop(state);
        drop(waiting);
        self.shared.wake.notify_all();
        for handle in self.handles.drain(..) {
            // A thread catches the panics of its jobs, so there is nothing to learn from how it ended.
            let _ = handle.join();
        }
    }
}

impl Shared {
    /// No code that can panic runs under the lock, so a poisoned one still guards a whole queue.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, mut memory: Vec<Block>) {
        while let Some(job) = self.next() {
            // A job that panics drops its reply on the way out, which tells the caller. Its half-written memory does no
            // harm: each hash overwrites what it reads.
            if catch_unwind(AssertUnwindSafe(|| job.run(&mut memory))).is_err() {
                tracing::error!("a password hashing job panicked");
            }
        }
    }

    /// The next job that somebody still waits for; `None` when the threads shall end.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        loop {
            if state.ended {
                return None;
            }
            match state.jobs.pop_front() {
                Some(job) if job.is_abandoned() => {}
                Some(job) => return Some(job),
                None => state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

#[cfg(test)]
mod tests;
