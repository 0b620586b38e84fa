//! Deletes stored responses and webhook ids whose retention period is over.

use std::sync::Arc;

use attune_ports::{Clock, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Longer than any client retries.
const REPLIES: SignedDuration = SignedDuration::from_hours(24);
/// Stripe retries for three days.
const PAYMENT_EVENTS: SignedDuration = SignedDuration::from_hours(30 * 24);
const BATCH: u32 = 500;

#[derive(Clone)]
pub struct PurgeExpired {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

impl PurgeExpired {
    /// Returns how many rows were deleted.
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
