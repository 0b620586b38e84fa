//! Tasks that start at the same moment and retry while they contend.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attune_ports::{Store, StoreError, UnitOfWork};
use tokio::sync::Barrier;

use crate::Backend;

const ATTEMPTS: usize = 50;

/// Runs `count` tasks that all start at the same moment, and returns their results in order.
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

/// The future of one change, as the methods of the ports return it.
pub type Change<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Makes one change per contender, each in a unit of work of its own, all at the same moment.
pub async fn race_units<C, T>(
    backend: &Backend,
    contenders: Vec<C>,
    change: impl for<'a> Fn(&'a mut dyn UnitOfWork, &'a C) -> Change<'a, T> + Copy + Send + Sync + 'static,
) -> Vec<Result<T, StoreError>>
where
    C: Send + Sync + 'static,
    T: Send + 'static,
{
    let contenders = Arc::new(contenders);
    race(contenders.len(), |index| {
        let (store, contenders) = (Arc::clone(&backend.store), Arc::clone(&contenders));
        async move { transact_with(&*store, &contenders[index], change).await }
    })
    .await
}

/// Makes one change in a unit of work of its own, and starts over while it contends.
pub async fn transact<T: Send>(
    store: &dyn Store,
    change: impl for<'a> Fn(&'a mut dyn UnitOfWork) -> Change<'a, T> + Send + Sync,
) -> Result<T, StoreError> {
    transact_with(store, &(), |work, ()| change(work)).await
}

async fn transact_with<C: Sync, T: Send>(
    store: &dyn Store,
    contender: &C,
    change: impl for<'a> Fn(&'a mut dyn UnitOfWork, &'a C) -> Change<'a, T> + Send + Sync,
) -> Result<T, StoreError> {
    insist(async || {
        let mut work = open(store).await?;
        let changed = change(&mut *work, contender).await?;
        give_way().await;
        work.commit().await?;
        Ok(changed)
    })
    .await
}

/// Opens a unit of work, and waits again when the queue is too long.
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

/// Repeats an attempt from its start while it contends, as a use case does.
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

/// Lets the other tasks run between a read and the write that depends on it: where a lock is missing, they interfere
/// here.
pub async fn give_way() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}
