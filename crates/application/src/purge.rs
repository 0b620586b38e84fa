//! What was kept only in case that somebody says the same again is forgotten in the end.

use std::sync::Arc;

use attune_ports::{Clock, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// For how long a reply is kept: longer than any client tries again.
const REPLIES: SignedDuration = SignedDuration::from_hours(24);
/// For how long an event of a payment provider is remembered. Stripe tells for three days.
const PAYMENT_EVENTS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Most of each forgotten in one unit of work.
const BATCH: u32 = 500;

/// Forgets replies that nobody will ask for any more, and events that no provider tells any more.
#[derive(Clone)]
pub struct PurgeExpired {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

impl PurgeExpired {
    /// Forgets replies that are a day old and events that are a month old. Returns how many.
    pub async fn run(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let before = |kept| now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let mut forgotten = work.purge_responses(before(REPLIES), BATCH).await?;
            forgotten += work.purge_payment_events(before(PAYMENT_EVENTS), BATCH).await?;
            if forgotten > 0 {
                work.commit().await?;
            }
            Ok::<_, StoreError>(forgotten)
        })
        .await
    }
}
