//! The worker lets go of slots that nobody paid for. Where a client pays at a provider, the provider is asked first: its page
//! may still be open, and somebody who paid a second ago must not lose the slot.

use std::sync::Arc;

use attune_domain::UserId;
use attune_ports::{Clock, Store, StoreError};
use jiff::Timestamp;

use super::agree::{Release, close_checkouts, release_hold};
use crate::payments::ReconcilePayments;

/// Most holds let go of in one unit of work.
const BATCH: u32 = 100;

/// Lets go of lapsed holds.
#[derive(Clone)]
pub struct ExpireHolds {
    /// Where bookings are kept.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// Asks providers.
    pub watch: ReconcilePayments,
}

impl ExpireHolds {
    /// Expires unpaid bookings whose hold is over. Returns how many. Of those that may be paid at a provider the checkout is
    /// marked to be ended there; once [`ReconcilePayments::run`] has done that, the next run expires them.
    pub async fn run(&self) -> Result<usize, StoreError> {
        crate::retry::retrying(|| self.attempt()).await
    }

    /// Lets go at once of lapsed holds that are in the way of a wish, asking the provider if need be. `true` if any went.
    pub(crate) async fn clear(&self, therapist: UserId, from: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        if self.watch.online.is_none() || !self.is_in_the_way(therapist, from, until).await? {
            return Ok(false);
        }
        self.run().await?;
        self.watch.run().await?;
        self.run().await?;
        Ok(!self.is_in_the_way(therapist, from, until).await?)
    }

    async fn is_in_the_way(&self, therapist: UserId, from: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let mut work = self.store.begin().await?;
        let lapsed = work.expired_holds(self.clock.now(), BATCH).await?;
        Ok(lapsed.iter().any(|b| b.therapist() == therapist && b.scheduled_at() < until && b.blocked_until() > from))
    }

    async fn attempt(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let mut released = 0;
        let lapsed = work.expired_holds(now, BATCH).await?;
        if lapsed.is_empty() {
            return Ok(0);
        }
        for booking in lapsed {
            let id = booking.id();
            match release_hold(&mut *work, booking, now).await? {
                Release::Done => released += 1,
                Release::AskFirst => close_checkouts(&mut *work, id, now).await?,
                Release::NotOver => {}
            }
        }
        work.commit().await?;
        Ok(released)
    }
}
