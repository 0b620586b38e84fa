//! Confirms a booking that was paid, whichever way the payment was reported.

use attune_domain::booking::PayError;
use attune_domain::{Booking, BookingStatus};
use attune_ports::{Conflict, StoreError, UnitOfWork};

use super::follow_up::BookingLifecycle;
use super::holds::{SlotAvailability, claim_slot};
use crate::audit::AuditContext;

/// Why a paid booking is not confirmed.
pub(crate) enum ConfirmError {
    /// Its state does not allow it.
    Pay(PayError),
    /// Its hold expired, and the slot is taken.
    SlotLost,
    Store(StoreError),
}

impl From<StoreError> for ConfirmError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotLost } else { Self::Store(error) }
    }
}

impl BookingLifecycle {
    /// Confirms the booking inside this unit of work, which must hold the therapist's calendar lock.
    pub(crate) async fn confirm_booking(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        audit: &AuditContext<'_>,
    ) -> Result<Booking, ConfirmError> {
        let revived = booking.status() == BookingStatus::Expired;
        let (booking, event) = booking.payment_succeeded(self.new_room(), audit.now).map_err(ConfirmError::Pay)?;
        // A client who paid late does not lose the slot to a hold that has expired too.
        if revived && claim_slot(work, &booking, audit.now).await? != SlotAvailability::Free {
            return Err(ConfirmError::SlotLost);
        }
        work.save_booking(&booking).await?;
        self.follow_up(work, &booking, event, audit).await?;
        Ok(booking)
    }
}
