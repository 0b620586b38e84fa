//! The worker lets go of slots that nobody paid for.

use std::sync::Arc;

use attune_ports::{Clock, Store, StoreError};

use super::agree::release_hold;

/// Most holds let go of in one unit of work.
const BATCH: u32 = 100;

/// Lets go of lapsed holds.
#[derive(Clone)]
pub struct SweepHolds {
    /// Where bookings are kept.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl SweepHolds {
    /// Expires unpaid bookings whose hold is over. Returns how many.
    pub async fn run(&self) -> Result<usize, StoreError> {
        crate::retry::retrying(|| self.attempt()).await
    }

    async fn attempt(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let mut released = 0;
        for booking in work.lapsed_holds(now, BATCH).await? {
            released += usize::from(release_hold(&mut *work, booking, now).await?);
        }
        work.commit().await?;
        Ok(released)
    }
}
