//! Therapists' working hours, schedule exceptions and the practice's policy, inside a unit of work.

use async_trait::async_trait;
use attune_domain::calendar::{ScheduleException, WeeklySchedule};
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// A schedule exception that is not stored yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewScheduleException {
    /// The therapist whose working hours it changes.
    pub therapist: UserId,
    /// The closed date, closed period or extra hours.
    pub what: ScheduleException,
    /// The current time.
    pub created_at: Timestamp,
}

/// A stored schedule exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredScheduleException {
    /// Its id.
    pub id: ScheduleExceptionId,
    /// The therapist whose working hours it changes.
    pub therapist: UserId,
    /// The closed date, closed period or extra hours.
    pub what: ScheduleException,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Everything that determines when a therapist can be booked, except the bookings themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarSettings {
    /// The working hours; `None` for a therapist who never set them.
    pub schedule: Option<WeeklySchedule>,
    /// The schedule exceptions.
    pub time_off: Vec<ScheduleException>,
    /// The policy of the practice; the default if it was never set.
    pub policy: PracticePolicy,
}

/// Calendars, inside a unit of work. Changing them never changes a booking.
#[async_trait]
pub trait Calendars {
    /// Replaces all working hours of a therapist.
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<(), StoreError>;

    /// Stores a schedule exception.
    async fn add_schedule_exception(
        &mut self,
        time_off: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError>;

    /// Deletes a schedule exception. Returns `false` when no exception has this id.
    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError>;

    /// Replaces the policy of the practice.
    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<(), StoreError>;
}
