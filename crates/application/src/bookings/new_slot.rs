//! Moves an appointment into another slot: of another time, or of another therapist.

use attune_domain::Booking;
use attune_domain::calendar::{AppointmentLength, RuleOverride};
use attune_ports::{StoreError, UnitOfWork};
use jiff::Timestamp;

use super::change_error::ChangeBookingError;
use super::expire_holds::ExpireHolds;
use super::therapist_calendar::{SlotRequest, TherapistCalendar};
use crate::lifecycle::{SlotAvailability, claim_slot};

#[derive(Clone, Copy)]
pub(super) struct NewSlot<'a> {
    /// Of the therapist who will have the appointment.
    pub(super) calendar: &'a TherapistCalendar,
    pub(super) holds: &'a ExpireHolds,
    pub(super) now: Timestamp,
}

impl NewSlot<'_> {
    /// Checks the slot of the changed booking, by all rules that are not overridden, and claims it. `None` checks no rule:
    /// only that the slot is free.
    pub(super) async fn claim(
        &self,
        work: &mut dyn UnitOfWork,
        changed: &Booking,
        overridden: Option<RuleOverride>,
    ) -> Result<(), ChangeBookingError> {
        if let Some(overridden) = overridden {
            let request = SlotRequest {
                therapist: changed.therapist(),
                starts_at: changed.scheduled_at(),
                length: length(changed)?,
                rescheduled: Some(changed.id()),
                now: self.now,
            };
            self.calendar.check(work, &request, overridden).await??;
        }
        match claim_slot(work, changed, self.holds.instant(self.now)).await? {
            SlotAvailability::Free => Ok(()),
            SlotAvailability::HeldByClient(_) | SlotAvailability::Taken => Err(ChangeBookingError::SlotTaken),
        }
    }
}

/// The length of a booking with its buffer.
pub(super) fn length(booking: &Booking) -> Result<AppointmentLength, StoreError> {
    let buffer = booking.blocked_until().duration_since(booking.ends_at()).as_mins();
    AppointmentLength::new(booking.minutes(), u32::try_from(buffer).unwrap_or(0))
        .map_err(|error| StoreError::Corrupt(error.into()))
}
