//! Therapists' working hours, schedule exceptions and the practice's policy, inside a unit of work.

use std::ops::Deref;

use async_trait::async_trait;
use attune_domain::calendar::{ScheduleException, WeeklySchedule};
use attune_domain::{PracticePolicy, ScheduleExceptionId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// A schedule exception that is not stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScheduleException {
    /// The therapist whose working hours it changes.
    pub therapist: UserId,
    /// The closed date, closed period or extra hours.
    pub what: ScheduleException,
    /// The practice's own note.
    pub note: Option<String>,
    /// The current time.
    pub created_at: Timestamp,
}

/// A stored schedule exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredScheduleException {
    /// Its id.
    pub id: ScheduleExceptionId,
    /// The therapist whose working hours it changes.
    pub therapist: UserId,
    /// The closed date, closed period or extra hours.
    pub what: ScheduleException,
    /// The practice's own note.
    pub note: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A stored value that has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Grows with each change; 0 for a value that was never stored.
    pub version: u32,
}

/// Most readers need only the value.
impl<T> Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Everything that determines when a therapist can be booked, except the bookings themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarSettings {
    /// The working hours; `None` for a therapist who never set them.
    pub schedule: Option<Versioned<WeeklySchedule>>,
    /// The schedule exceptions.
    pub exceptions: Vec<ScheduleException>,
    /// The policy of the practice; the default if it was never set.
    pub policy: Versioned<PracticePolicy>,
}

/// Calendars, inside a unit of work. Changing them never changes a booking.
#[async_trait]
pub trait Calendars {
    /// Replaces all working hours of a therapist and counts their version up; the first ones have version 1. Returns the
    /// new version. No other unit of work can change these hours until this one ends.
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<u32, StoreError>;

    /// Stores a schedule exception.
    async fn add_schedule_exception(
        &mut self,
        exception: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError>;

    /// The schedule exception with this id. Its row is locked: no other unit of work can change it until this one ends.
    async fn schedule_exception(
        &mut self,
        id: ScheduleExceptionId,
    ) -> Result<Option<StoredScheduleException>, StoreError>;

    /// Stores the times and the note of a schedule exception. Errors: [`crate::Conflict::Stale`] when the row does not
    /// exist.
    async fn save_schedule_exception(&mut self, exception: &StoredScheduleException) -> Result<(), StoreError>;

    /// Deletes a schedule exception. Returns `false` when no exception has this id.
    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError>;

    /// Replaces the policy of the practice and counts its version up; the first one has version 1. Returns the new version.
    /// No other unit of work can change the policy until this one ends.
    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<u32, StoreError>;
}
