//! A queue from which a thread takes all that waits, up to a number of jobs.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs in the order in which they came, for threads that sleep while there are none.
///
/// A thread is woken only if one sleeps that nobody has woken yet: while all are at work, which is when jobs are many, a
/// job costs no call of the system.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    /// Told about a job, or about the end.
    changed: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    closed: bool,
    /// How many threads wait for a job.
    asleep: usize,
    /// How many of those have been woken and have not come round yet.
    woken: usize,
}

impl<J> Queue<J> {
    /// An open queue without jobs.
    pub(super) fn new() -> Self {
        let state = State { jobs: VecDeque::new(), closed: false, asleep: 0, woken: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Appends a job. Gives it back when the queue is closed.
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

    /// Waits for jobs and moves at most so many to the end of `taken`. False once the queue is closed and empty.
    pub(super) fn take(&self, most: usize, taken: &mut Vec<J>) -> bool {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return false;
            }
            state.asleep += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
            // A thread may also come round by itself. Then a wake-up too many is counted off, and one too many is made.
            state.woken = state.woken.saturating_sub(1);
        }
        let count = state.jobs.len().min(most);
        taken.extend(state.jobs.drain(..count));
        true
    }

    /// Lets no more jobs in. Those that are waiting can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nothing panics while the lock is held, and a queue could not be left half-changed anyway.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
