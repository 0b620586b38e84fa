//! Tasks that start together, and how they take being in each other's way.

use std::future::Future;
use std::sync::Arc;

use attune_ports::{Store, StoreError, UnitOfWork};
use tokio::sync::Barrier;

/// How often a task starts over before it gives up.
const ATTEMPTS: usize = 50;

/// Runs `count` tasks that all start at the same moment, and gives their results in order.
pub async fn race<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let start = Arc::clone(&start);
            let task = task(index);
            tokio::spawn(async move {
                start.wait().await;
                task.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.expect("the task did not panic"));
    }
    results
}

/// Opens a unit of work in a crowd: too long a queue is waited for again.
pub async fn open(store: &dyn Store) -> Result<Box<dyn UnitOfWork>, StoreError> {
    let mut last = StoreError::Contended;
    for _ in 0..ATTEMPTS {
        match store.begin().await {
            Err(busy @ StoreError::Unavailable(_)) => last = busy,
            other => return other,
        }
        tokio::task::yield_now().await;
    }
    Err(last)
}

/// Repeats an attempt from its start while others get in its way, as a use case does.
pub async fn insist<T, F>(attempt: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 0..ATTEMPTS {
        match attempt().await {
            Err(StoreError::Contended) => tokio::task::yield_now().await,
            other => return other,
        }
    }
    Err(StoreError::Contended)
}

/// Lets the other tasks go on for a while, between a reading and the write that rests on it: where a lock is missing,
/// this is when somebody else slips in.
pub async fn give_way() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}
