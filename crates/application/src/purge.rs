//! Deletes stored responses, webhook ids, attempts and one-time tokens whose retention period is over.

use std::sync::Arc;

use attune_ports::{Clock, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::ClockMonitor;

/// Longer than any client retries.
const RESPONSES: SignedDuration = SignedDuration::from_hours(24);
/// Stripe retries for three days.
const PAYMENT_EVENTS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest period in which they are counted is a day.
const ATTEMPTS: SignedDuration = SignedDuration::from_hours(48);
/// So long, the page of an old link can still say that it is no longer valid.
const ONE_TIME_TOKENS: SignedDuration = SignedDuration::from_hours(90 * 24);
const BATCH: u32 = 500;

#[derive(Clone)]
pub struct PurgeExpired {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub monitor: ClockMonitor,
}

impl PurgeExpired {
    /// Returns how many rows were deleted; none while the clock is doubted.
    pub async fn run(&self) -> Result<u64, StoreError> {
        if !self.monitor.is_settled().await {
            return Ok(0);
        }
        let now = self.clock.now();
        let before = |retention| now.saturating_sub(retention).unwrap_or(Timestamp::MIN);
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let mut purged = work.purge_responses(before(RESPONSES), BATCH).await?;
            purged += work.purge_payment_events(before(PAYMENT_EVENTS), BATCH).await?;
            purged += work.purge_one_time_tokens(before(ONE_TIME_TOKENS)).await?;
            purged += work.purge_attempts(before(ATTEMPTS)).await?;
            if purged > 0 {
                work.commit().await?;
            }
            Ok::<_, StoreError>(purged)
        })
        .await
    }
}
