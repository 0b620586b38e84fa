//! Hands a booking to another therapist.

use attune_domain::booking::ChangeError;
use attune_domain::calendar::RuleOverride;
use attune_domain::{Booking, BookingEvent, UserId};
use attune_ports::UnitOfWork;

use super::change_error::ChangeBookingError;
use super::new_slot::NewSlot;

pub(super) struct Reassign<'a> {
    pub(super) to: UserId,
    pub(super) override_hours: bool,
    /// In the calendar of the new therapist.
    pub(super) slot: NewSlot<'a>,
}

impl Reassign<'_> {
    pub(super) async fn apply(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
    ) -> Result<(Booking, BookingEvent), ChangeBookingError> {
        let therapist = work.user(self.to).await?;
        therapist.filter(|user| user.is_admin() && !user.disabled).ok_or(ChangeBookingError::UnknownTherapist)?;
        if booking.hold_has_expired(self.slot.holds.instant(self.slot.now)) {
            return Err(ChangeError::InvalidState.into());
        }
        let (reassigned, event) = booking.reassign(self.to, self.slot.now)?;
        let overridden = (!self.override_hours).then_some(RuleOverride::AgreedTime);
        self.slot.claim(work, &reassigned, overridden).await?;
        Ok((reassigned, event))
    }
}
