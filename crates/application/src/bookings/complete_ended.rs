//! The worker completes sessions that are over, where the practice wants it.

use std::sync::Arc;

use attune_ports::{Clock, Queries, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::lifecycle::{AuditContext, BookingLifecycle};

/// Most sessions completed in one unit of work.
const BATCH: u32 = 100;

/// Completes sessions.
#[derive(Clone)]
pub struct CompleteEndedBookings {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    /// How long after its end a session may still be running.
    pub grace: SignedDuration,
}

impl CompleteEndedBookings {
    /// Completes agreed sessions whose end and grace are over, if the policy says so. Returns how many.
    pub async fn run(&self) -> Result<usize, StoreError> {
        if !self.queries.policy().await?.auto_complete {
            return Ok(0);
        }
        crate::retry::retrying(|| self.attempt()).await
    }

    async fn attempt(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let until = now.saturating_sub(self.grace).unwrap_or(Timestamp::MIN);
        let by = AuditContext::system(now);
        let mut work = self.store.begin().await?;
        let mut completed = 0;
        for booking in work.ended_bookings(until, BATCH).await? {
            let Ok((booking, event)) = booking.complete(now) else { continue };
            work.save_booking(&booking).await?;
            self.lifecycle.follow_up(&mut *work, &booking, event, &by).await?;
            completed += 1;
        }
        work.commit().await?;
        Ok(completed)
    }
}
