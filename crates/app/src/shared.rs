//! Results that are shared for a while.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

type Computation<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Shares each result for a while with everyone who asks, so that they are no load, however many. A computation that was
/// begun is finished even if no one waits for it any longer.
pub(crate) struct Shared<T> {
    compute: Box<dyn Fn() -> Computation<T> + Send + Sync>,
    shared_for: Duration,
    latest: Mutex<Option<Latest<T>>>,
}

struct Latest<T> {
    began: Instant,
    /// `None` while it is being computed.
    result: watch::Receiver<Option<T>>,
}

impl<T: Clone + Send + Sync + 'static> Shared<T> {
    /// `compute` has to end in time.
    pub(crate) fn new<F>(shared_for: Duration, compute: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        Self { compute: Box::new(move || Box::pin(compute())), shared_for, latest: Mutex::default() }
    }

    /// `None` if the computation panicked.
    pub(crate) async fn get(&self) -> Option<T> {
        let mut result = self.latest();
        let result = result.wait_for(Option::is_some).await.ok()?;
        result.clone()
    }

    fn latest(&self) -> watch::Receiver<Option<T>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Latest { result, .. }) = latest.as_ref().filter(|latest| latest.began.elapsed() < self.shared_for) {
            return result.clone();
        }
        let (report, result) = watch::channel(None);
        let computed = (self.compute)();
        tokio::spawn(async move {
            report.send_replace(Some(computed.await));
        });
        *latest = Some(Latest { began: Instant::now(), result: result.clone() });
        result
    }
}
