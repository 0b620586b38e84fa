//! A queue from which a thread takes all waiting jobs, up to a number.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs in the order of their arrival, for threads that sleep while there are none.
///
/// A thread is woken only if one sleeps that has not been woken yet: under load, when all threads are busy, a job costs no
/// system call.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    /// Notified about a job and about the end.
    changed: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    closed: bool,
    /// The threads that wait for a job.
    asleep: usize,
    /// Those of them that were notified and have not woken yet.
    woken: usize,
    /// How often jobs were taken, and how many in all.
    batches: u64,
    taken: u64,
}

/// What a queue is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueActivity {
    /// Jobs that wait for a thread.
    pub(crate) waiting: usize,
    /// Threads that wait for a job.
    pub(crate) asleep: usize,
    /// How often jobs were taken.
    pub(crate) batches: u64,
    /// Jobs that were taken.
    pub(crate) taken: u64,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        let state = State { jobs: VecDeque::new(), closed: false, asleep: 0, woken: 0, batches: 0, taken: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Errors: the job, when the queue is closed.
    pub(super) fn push(&self, job: J) -> Result<(), J> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        state.jobs.push_back(job);
        let wake = state.asleep > state.woken;
        if wake {
            state.woken += 1;
        }
        drop(state);
        if wake {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs and appends at most `most` to `taken`. False once the queue is closed and empty.
    pub(super) fn take(&self, most: usize, taken: &mut Vec<J>) -> bool {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return false;
            }
            state.asleep += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
            // After a spurious wake-up one notification too many is counted off, and one too many is sent.
            state.woken = state.woken.saturating_sub(1);
        }
        let count = state.jobs.len().min(most);
        taken.extend(state.jobs.drain(..count));
        state.batches += 1;
        // A `usize` has at most 64 bits.
        state.taken += count as u64;
        true
    }

    pub(super) fn activity(&self) -> QueueActivity {
        let state = self.lock();
        let State { asleep, batches, taken, .. } = *state;
        QueueActivity { waiting: state.jobs.len(), asleep, batches, taken }
    }

    /// Accepts no more jobs. Waiting ones can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nothing panics while the lock is held, so the state is valid even if it is poisoned.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
