//! When the tasks of the worker ran, for the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use attune_adapter_metrics::TaskRuns;
use attune_ports::Clock;
use jiff::Timestamp;

/// What the worker does again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    Agendas,
    Emails,
    Completion,
    Purge,
    Holds,
    Payments,
    Refunds,
}

impl Task {
    const ALL: [Self; 7] =
        [Self::Agendas, Self::Emails, Self::Completion, Self::Purge, Self::Holds, Self::Payments, Self::Refunds];

    fn name(self) -> &'static str {
        match self {
            Self::Agendas => "agendas",
            Self::Emails => "emails",
            Self::Completion => "completion",
            Self::Purge => "purge",
            Self::Holds => "holds",
            Self::Payments => "payments",
            Self::Refunds => "refunds",
        }
    }
}

/// No task has run at this instant.
const NEVER: i64 = i64::MIN;

struct Entry {
    /// In milliseconds.
    last_run: AtomicI64,
    last_success: AtomicI64,
    failures: AtomicU64,
}

pub(crate) struct TaskLog {
    clock: Arc<dyn Clock>,
    /// By [`Task`].
    entries: [Entry; Task::ALL.len()],
}

impl TaskLog {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let entries = Task::ALL.map(|_| Entry {
            last_run: AtomicI64::new(NEVER),
            last_success: AtomicI64::new(NEVER),
            failures: AtomicU64::new(0),
        });
        Self { clock, entries }
    }

    /// Notes that a task ended, and returns its result.
    pub(crate) fn ended<T, E>(&self, task: Task, result: Result<T, E>) -> Result<T, E> {
        let (now, entry) = (self.clock.now().as_millisecond(), &self.entries[task as usize]);
        entry.last_run.store(now, Ordering::Relaxed);
        match &result {
            Ok(_) => entry.last_success.store(now, Ordering::Relaxed),
            Err(_) => drop(entry.failures.fetch_add(1, Ordering::Relaxed)),
        }
        result
    }

    pub(crate) fn runs(&self) -> Vec<TaskRuns> {
        let instant = |at: &AtomicI64| {
            Some(at.load(Ordering::Relaxed))
                .filter(|at| *at != NEVER)
                .and_then(|at| Timestamp::from_millisecond(at).ok())
        };
        let runs = |(task, entry): (Task, &Entry)| TaskRuns {
            name: task.name(),
            last_run: instant(&entry.last_run),
            last_success: instant(&entry.last_success),
            failures: entry.failures.load(Ordering::Relaxed),
        };
        Task::ALL.into_iter().zip(&self.entries).map(runs).collect()
    }
}

#[cfg(test)]
mod tests;
