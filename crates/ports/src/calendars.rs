//! Therapists' working hours, schedule exceptions and the practice's policy, inside a unit of work.

use async_trait::async_trait;
use attune_domain::calendar::{ScheduleException, WeeklySchedule};
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// Time off, or extra hours, to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewScheduleException {
    /// Whose.
    pub therapist: UserId,
    /// When.
    pub what: ScheduleException,
    /// Now.
    pub created_at: Timestamp,
}

/// Time off, or extra hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredScheduleException {
    /// Which entry.
    pub id: ScheduleExceptionId,
    /// Whose.
    pub therapist: UserId,
    /// When.
    pub what: ScheduleException,
    /// Since when it is known.
    pub created_at: Timestamp,
}

/// All that decides when one therapist can be booked, besides the bookings themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarSettings {
    /// The week; `None` for a therapist who never said.
    pub schedule: Option<WeeklySchedule>,
    /// What differs from it.
    pub time_off: Vec<ScheduleException>,
    /// What the practice decided; the default where it never did.
    pub policy: PracticePolicy,
}

/// Calendars, inside a unit of work. Changing them never touches a booking.
#[async_trait]
pub trait Calendars {
    /// Replaces a therapist's week as a whole.
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<(), StoreError>;

    /// Keeps time off or extra hours.
    async fn add_schedule_exception(
        &mut self,
        time_off: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError>;

    /// Forgets an entry. `false` when there is none of this id.
    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError>;

    /// Replaces the practice's policy.
    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<(), StoreError>;
}
