//! Dropped calls: after any number of polls, on either kind of runtime, alone and many at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use attune_adapter_sqlite::SqliteStore;
use attune_ports::{Queries, StoreError};
use attune_test_store_contract::fixtures::client;
use attune_test_store_contract::race::open;
use tokio::runtime::Builder;

use crate::harness::{add_client, fresh, has_client};

/// Polls a future so many times and drops it, ready or not, without waiting for it once more.
pub(crate) async fn poll_times<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Two accounts in one unit of work: both are stored, or neither.
async fn add_pair(store: &SqliteStore, name: &str) -> Result<(), StoreError> {
    let mut work = open(store).await?;
    work.add_user(&client(&format!("{name}-a"))).await?;
    work.add_user(&client(&format!("{name}-b"))).await?;
    work.commit().await
}

/// Whether both accounts of a pair are stored; fails when one is.
async fn is_stored(store: &SqliteStore, name: &str) -> bool {
    let first = has_client(store, &format!("{name}-a")).await;
    assert_eq!(first, has_client(store, &format!("{name}-b")).await, "half of {name} was stored");
    first
}

/// More polls than the longest chain of calls needs.
const POLLS: usize = 12;

async fn drop_at_every_poll(store: Arc<SqliteStore>) {
    let mut finished = 0;
    for times in 0..=POLLS {
        let name = format!("alone-{times}");
        let outcome = poll_times(times, add_pair(&store, &name)).await;
        add_client(&*store, &format!("after-{name}")).await.expect("the next one is served");
        let stored = is_stored(&store, &name).await;
        if let Some(result) = outcome {
            result.expect("nothing stands in the way");
            assert!(stored, "{name} was acknowledged and lost");
            finished += 1;
        }
        poll_times(times % 3, store.ping()).await;
        store.ping().await.expect("readers are served");
    }
    assert!(finished > 0, "some get through");
    assert!(finished < POLLS, "some do not");
}

async fn drop_many_at_once(store: Arc<SqliteStore>) {
    let tasks: Vec<_> = (0..80)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let name = format!("many-{task}");
                let outcome = poll_times(task % (POLLS + 2), add_pair(&store, &name)).await;
                poll_times(task % 3, has_client(&*store, &name)).await;
                (name, outcome)
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("no task panics"));
    }
    // Served after all of them, so every commit whose caller was dropped has ended.
    add_client(&*store, "last").await.expect("the store is healthy");
    let mut finished = 0;
    for (name, outcome) in outcomes {
        let stored = is_stored(&store, &name).await;
        match outcome {
            Some(Ok(())) => {
                assert!(stored, "{name} was acknowledged and lost");
                finished += 1;
            }
            Some(Err(error)) => panic!("{name}: {error:?}"),
            None => {}
        }
    }
    assert!(finished > 0, "some get through");
    assert!(has_client(&*store, "last").await);
}

fn on_both_runtimes<F: Future<Output = ()>>(test: fn(Arc<SqliteStore>) -> F) {
    let runtimes = [Builder::new_current_thread(), {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(4);
        builder
    }];
    for mut runtime in runtimes {
        runtime.enable_all().build().unwrap().block_on(async {
            let (_folder, store) = fresh().await;
            test(store).await;
        });
    }
}

#[test]
fn a_call_may_be_dropped_at_every_poll() {
    on_both_runtimes(drop_at_every_poll);
}

#[test]
fn many_calls_may_be_dropped_at_once() {
    on_both_runtimes(drop_many_at_once);
}

/// Aborted tasks are dropped wherever they are, on a thread that is not their own.
#[tokio::test(flavor = "multi_thread")]
async fn aborted_tasks_leave_the_store_healthy() {
    let (_folder, store) = fresh().await;
    for round in 0..20 {
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { add_pair(&store, &format!("aborted-{round}-{task}")).await })
            })
            .collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        for task in &tasks {
            task.abort();
        }
        let mut finished = Vec::new();
        for task in tasks {
            finished.push(match task.await {
                Ok(result) => result.map(|()| true).expect("nothing stands in the way"),
                Err(gone) if gone.is_cancelled() => false,
                Err(gone) => panic!("{gone:?}"),
            });
        }
        add_client(&*store, &format!("after-{round}")).await.expect("the next one is served");
        for (number, finished) in finished.into_iter().enumerate() {
            let stored = is_stored(&store, &format!("aborted-{round}-{number}")).await;
            assert!(stored || !finished);
        }
    }
}
