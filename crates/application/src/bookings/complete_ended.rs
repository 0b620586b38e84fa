//! Completes bookings automatically after their end, if the practice's policy says so.

use std::sync::Arc;

use attune_ports::{Clock, Queries, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::ClockMonitor;
use crate::audit::AuditContext;
use crate::lifecycle::BookingLifecycle;

const BATCH: u32 = 100;

#[derive(Clone)]
pub struct CompleteEndedBookings {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub monitor: ClockMonitor,
    pub lifecycle: BookingLifecycle,
    /// How long after its end an appointment may still be running.
    pub grace: SignedDuration,
}

impl CompleteEndedBookings {
    /// Returns how many bookings were completed; none while the clock is doubted.
    pub async fn run(&self) -> Result<usize, StoreError> {
        if !self.monitor.is_settled().await || !self.queries.policy().await?.auto_complete {
            return Ok(0);
        }
        crate::retry::retrying(|| self.attempt()).await
    }

    async fn attempt(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let until = now.saturating_sub(self.grace).unwrap_or(Timestamp::MIN);
        let audit = AuditContext::system(now);
        let mut work = self.store.begin().await?;
        let mut completed = 0;
        for booking in work.ended_bookings(until, BATCH).await? {
            let Ok((booking, event)) = booking.complete(now) else { continue };
            work.save_booking(&booking).await?;
            self.lifecycle.follow_up(&mut *work, &booking, event, &audit).await?;
            completed += 1;
        }
        work.commit().await?;
        Ok(completed)
    }
}
