//! Revokes all join links of a booking and sends new ones.

use std::sync::Arc;

use attune_domain::booking::ChangeError;
use attune_domain::{Booking, BookingId, UserId};
use attune_ports::{Clock, Store, StoreError};
use thiserror::Error;

use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::lifecycle::BookingLifecycle;

#[derive(Debug, Clone)]
pub struct RevokeLinksCommand {
    pub admin: UserId,
    pub booking: BookingId,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum RevokeLinksError {
    #[error("there is no such booking")]
    NotFound,
    #[error(transparent)]
    State(#[from] ChangeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(RevokeLinksError);

#[derive(Clone)]
pub struct RevokeLinks {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
}

impl RevokeLinks {
    /// Enqueues an email with a new link to the client and to every participant.
    pub async fn run(&self, command: RevokeLinksCommand) -> Result<Booking, RevokeLinksError> {
        let booking = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.lifecycle.waker.wake();
        Ok(booking)
    }

    async fn attempt(&self, command: &RevokeLinksCommand) -> Result<Booking, RevokeLinksError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let booking = work.booking(command.booking).await?.ok_or(RevokeLinksError::NotFound)?;
        let (booking, event) = booking.revoke_links(now)?;
        work.save_booking(&booking).await?;
        let audit = AuditContext::new(Some(command.admin), &command.metadata, now);
        self.lifecycle.follow_up(&mut *work, &booking, event, &audit).await?;
        work.commit().await?;
        Ok(booking)
    }
}
