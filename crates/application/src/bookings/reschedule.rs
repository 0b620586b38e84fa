//! Moves a booking to another time.

use attune_domain::calendar::RuleOverride;
use attune_domain::{Booking, BookingEvent, BookingStatus, Role};
use attune_ports::UnitOfWork;
use jiff::Timestamp;

use super::change_error::ChangeBookingError;
use super::new_slot::NewSlot;

pub(super) struct Reschedule<'a> {
    pub(super) to: Timestamp,
    pub(super) override_hours: bool,
    pub(super) role: Role,
    pub(super) slot: NewSlot<'a>,
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
        let (moved, event) = booking.reschedule(self.to, self.role, self.slot.now)?;
        let overridden = if self.override_hours { RuleOverride::PracticeRules } else { RuleOverride::Grid };
        self.slot.claim(work, &moved, Some(overridden)).await?;
        Ok((moved, event))
    }
}

/// Until when the booking would block the therapist's calendar if it started at `start`.
pub(super) fn blocked_until(booking: &Booking, start: Timestamp) -> Timestamp {
    let length = booking.blocked_until().duration_since(booking.scheduled_at());
    start.saturating_add(length).unwrap_or(Timestamp::MAX)
}
