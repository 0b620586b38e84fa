//! Changes working hours, schedule exceptions and the practice's policy.

use std::sync::Arc;

use attune_domain::calendar::{
    OverlappingHours, ScheduleException, ScheduleExceptionChange, ScheduleExceptionChangeError, WeeklySchedule,
};
use attune_domain::policy::PolicyError;
use attune_domain::{Booking, BookingStatus, PracticePolicy, Role, ScheduleExceptionId, UserId};
use attune_ports::{
    AuditObject, Clock, NewScheduleException, Store, StoreError, StoredScheduleException, TimeZones, UnitOfWork,
    Versioned,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};
use crate::bookings::CalendarLoader;
use crate::version::is_outdated;

#[derive(Debug, Clone)]
pub struct SetScheduleCommand {
    pub admin: UserId,
    pub therapist: UserId,
    pub schedule: WeeklySchedule,
    /// The version that the change is based on, 0 if none were set; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

/// `Debug` hides the note.
#[derive(Clone, derive_more::Debug)]
pub struct AddScheduleExceptionCommand {
    pub admin: UserId,
    pub therapist: UserId,
    pub what: ScheduleException,
    #[debug(skip)]
    pub note: Option<String>,
    /// Whether to name the bookings in its way and change nothing.
    pub dry_run: bool,
    pub metadata: RequestMetadata,
}

/// `Debug` hides the note.
#[derive(Clone, derive_more::Debug)]
pub struct ChangeScheduleExceptionCommand {
    pub admin: UserId,
    pub id: ScheduleExceptionId,
    pub change: ScheduleExceptionChange,
    /// The outer `None` leaves the note unchanged, the inner one clears it.
    #[debug(skip)]
    pub note: Option<Option<String>>,
    /// Whether to name the bookings in its way and change nothing.
    pub dry_run: bool,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Clone)]
pub struct ChangedScheduleException {
    pub exception: StoredScheduleException,
    /// The bookings that have not ended and overlap the time that it closes, by start.
    pub conflicts: Vec<Booking>,
}

#[derive(Debug, Clone)]
pub struct SetPolicyCommand {
    pub admin: UserId,
    pub policy: PracticePolicy,
    /// The version that the change is based on, 0 if it was never changed; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum CalendarError {
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error(transparent)]
    Overlapping(#[from] OverlappingHours),
    #[error("a week has at most {max} intervals", max = WeeklySchedule::MAX_INTERVALS)]
    TooManyIntervals,
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Exception(#[from] ScheduleExceptionChangeError),
    #[error("there is no such schedule exception")]
    NotFound,
    #[error("the working hours or the policy were changed in the meantime")]
    VersionConflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(CalendarError);

#[derive(Clone)]
pub struct ManageCalendar {
    pub store: Arc<dyn Store>,
    pub zones: Arc<dyn TimeZones>,
    pub calendars: CalendarLoader,
    pub clock: Arc<dyn Clock>,
}

impl ManageCalendar {
    /// Replaces a therapist's working hours. Returns their new version.
    pub async fn set_schedule(&self, command: SetScheduleCommand) -> Result<u32, CalendarError> {
        if command.schedule.week.len() > WeeklySchedule::MAX_INTERVALS {
            return Err(CalendarError::TooManyIntervals);
        }
        let zone = self.zones.find(&command.schedule.zone).ok_or(CalendarError::UnknownTimeZone)?;
        command.schedule.hours(zone)?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            check_therapist(&mut *work, command.therapist).await?;
            let version = work.set_schedule(command.therapist, &command.schedule).await?;
            check_replaced(command.version, version)?;
            let object = AuditObject::User(command.therapist);
            self.audit(command.admin, &command.metadata).record(&mut *work, "schedule.changed", object).await?;
            work.commit().await?;
            Ok(version)
        })
        .await
    }

    /// Existing bookings stay as they are; those in its way are named.
    pub async fn add_schedule_exception(
        &self,
        command: AddScheduleExceptionCommand,
    ) -> Result<ChangedScheduleException, CalendarError> {
        let zone = self.calendars.load(command.therapist).await?.hours.zone().clone();
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let AddScheduleExceptionCommand { therapist, what, ref note, dry_run, .. } = command;
            let new = NewScheduleException { therapist, what, note: note.clone(), created_at: now };
            let mut work = self.store.begin().await?;
            check_therapist(&mut *work, therapist).await?;
            let id = work.add_schedule_exception(&new).await?;
            self.audit(command.admin, &command.metadata)
                .record(&mut *work, "schedule_exception.added", AuditObject::User(therapist))
                .await?;
            let exception = StoredScheduleException { id, therapist, what, note: new.note, created_at: now };
            let conflicts = conflicts(&mut *work, &exception, &zone, now).await?;
            if !dry_run {
                work.commit().await?;
            }
            Ok(ChangedScheduleException { exception, conflicts })
        })
        .await
    }

    /// Changes its times and its note, as [`Self::add_schedule_exception`].
    pub async fn change_schedule_exception(
        &self,
        command: ChangeScheduleExceptionCommand,
    ) -> Result<ChangedScheduleException, CalendarError> {
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let mut exception = work.schedule_exception(command.id).await?.ok_or(CalendarError::NotFound)?;
            exception.what = command.change.apply(exception.what)?;
            exception.note = command.note.clone().unwrap_or(exception.note);
            work.save_schedule_exception(&exception).await?;
            self.audit(command.admin, &command.metadata)
                .record(&mut *work, "schedule_exception.changed", AuditObject::User(exception.therapist))
                .await?;
            let zone = self.calendars.load(exception.therapist).await?.hours.zone().clone();
            let conflicts = conflicts(&mut *work, &exception, &zone, now).await?;
            if !command.dry_run {
                work.commit().await?;
            }
            Ok(ChangedScheduleException { exception, conflicts })
        })
        .await
    }

    pub async fn remove_schedule_exception(
        &self,
        admin: UserId,
        id: ScheduleExceptionId,
        metadata: &RequestMetadata,
    ) -> Result<(), CalendarError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            if !work.remove_schedule_exception(id).await? {
                return Err(CalendarError::NotFound);
            }
            self.audit(admin, metadata)
                .record(&mut *work, "schedule_exception.removed", AuditObject::User(admin))
                .await?;
            Ok(work.commit().await?)
        })
        .await
    }

    /// Replaces the practice's policy. Existing bookings keep their terms.
    pub async fn set_policy(&self, command: SetPolicyCommand) -> Result<Versioned<PracticePolicy>, CalendarError> {
        command.policy.checked()?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let version = work.set_policy(&command.policy).await?;
            check_replaced(command.version, version)?;
            let object = AuditObject::User(command.admin);
            self.audit(command.admin, &command.metadata).record(&mut *work, "policy.changed", object).await?;
            work.commit().await?;
            Ok(Versioned { value: command.policy, version })
        })
        .await
    }

    fn audit<'a>(&self, admin: UserId, metadata: &'a RequestMetadata) -> AuditContext<'a> {
        AuditContext::new(Some(admin), metadata, self.clock.now())
    }
}

/// Checks the version that a change is based on once it is made: only that locks a row that did not exist before.
fn check_replaced(based_on: Option<u32>, new: u32) -> Result<(), CalendarError> {
    if is_outdated(based_on, new - 1) { Err(CalendarError::VersionConflict) } else { Ok(()) }
}

async fn check_therapist(work: &mut dyn UnitOfWork, therapist: UserId) -> Result<(), CalendarError> {
    let user = work.user(therapist).await?.filter(|user| user.role == Role::Admin);
    user.map(|_| ()).ok_or(CalendarError::UnknownTherapist)
}

async fn conflicts(
    work: &mut dyn UnitOfWork,
    exception: &StoredScheduleException,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<Booking>, StoreError> {
    let Some(closed) = exception.what.closed_interval(zone) else { return Ok(Vec::new()) };
    let mut found = work.blocking_bookings(exception.therapist, closed.start(), closed.end()).await?;
    // The buffer of a session may reach into the closed time.
    found.retain(|booking| {
        matches!(booking.status(), BookingStatus::PendingPayment | BookingStatus::Scheduled)
            && booking.ends_at() > closed.start().max(now)
            && !booking.hold_has_expired(now)
    });
    Ok(found)
}
