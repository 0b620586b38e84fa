//! Moves a booking to another time.

use attune_domain::calendar::{AppointmentLength, RuleOverride};
use attune_domain::{Booking, BookingEvent, BookingStatus, Role};
use attune_ports::{StoreError, UnitOfWork};
use jiff::Timestamp;

use super::change_error::ChangeBookingError;
use super::therapist_calendar::{SlotRequest, TherapistCalendar};
use crate::lifecycle::{SlotAvailability, claim_slot};

pub(super) struct Reschedule<'a> {
    pub(super) to: Timestamp,
    pub(super) override_hours: bool,
    pub(super) role: Role,
    pub(super) calendar: &'a TherapistCalendar,
    pub(super) now: Timestamp,
}

impl Reschedule<'_> {
    /// Whether the booking is already at the requested time. Appointments start on whole seconds, so fractions do not count.
    pub(super) fn is_in_place(&self, booking: &Booking) -> bool {
        booking.scheduled_at().as_second() == self.to.as_second() && booking.status() == BookingStatus::Scheduled
    }

    pub(super) async fn apply(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
    ) -> Result<(Booking, BookingEvent), ChangeBookingError> {
        let buffer = booking.blocked_until().duration_since(booking.ends_at()).as_mins();
        let length = AppointmentLength::new(booking.minutes(), u32::try_from(buffer).unwrap_or(0))
            .map_err(|error| StoreError::Corrupt(error.into()))?;
        let (moved, event) = booking.reschedule(self.to, self.role, self.now)?;
        let request = SlotRequest {
            therapist: moved.therapist(),
            starts_at: moved.scheduled_at(),
            length,
            rescheduled: Some(moved.id()),
            now: self.now,
        };
        let rules = if self.override_hours { RuleOverride::PracticeRules } else { RuleOverride::Grid };
        self.calendar.check(work, &request, rules).await??;
        match claim_slot(work, &moved, self.now).await? {
            SlotAvailability::Free => Ok((moved, event)),
            SlotAvailability::HeldByClient(_) | SlotAvailability::Taken => Err(ChangeBookingError::SlotTaken),
        }
    }
}

/// Until when the booking would block the therapist's calendar if it started at `start`.
pub(super) fn blocked_until(booking: &Booking, start: Timestamp) -> Timestamp {
    let length = booking.blocked_until().duration_since(booking.scheduled_at());
    start.saturating_add(length).unwrap_or(Timestamp::MAX)
}
