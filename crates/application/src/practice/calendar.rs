//! Changes working hours, schedule exceptions and the practice's policy.

use std::sync::Arc;

use attune_domain::calendar::{OverlappingHours, ScheduleException, WeeklySchedule};
use attune_domain::policy::PolicyError;
use attune_domain::{PracticePolicy, Role, ScheduleExceptionId, UserId};
use attune_ports::{
    AuditEntry, AuditObject, Clock, NewScheduleException, Store, StoreError, StoredScheduleException, TimeZones,
    UnitOfWork,
};
use jiff::Timestamp;
use thiserror::Error;

use crate::RequestMetadata;

#[derive(Debug, Clone)]
pub struct SetScheduleCommand {
    pub admin: UserId,
    pub therapist: UserId,
    pub schedule: WeeklySchedule,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Clone)]
pub struct AddScheduleExceptionCommand {
    pub admin: UserId,
    pub therapist: UserId,
    pub what: ScheduleException,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Clone)]
pub struct SetPolicyCommand {
    pub admin: UserId,
    pub policy: PracticePolicy,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum CalendarError {
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("this machine knows no time zone of that name")]
    UnknownTimeZone,
    #[error(transparent)]
    Overlapping(#[from] OverlappingHours),
    #[error("a week has at most {max} intervals", max = WeeklySchedule::MAX_INTERVALS)]
    TooManyIntervals,
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("there is no such time off")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(CalendarError);

#[derive(Clone)]
pub struct ManageCalendar {
    pub store: Arc<dyn Store>,
    pub zones: Arc<dyn TimeZones>,
    pub clock: Arc<dyn Clock>,
}

impl ManageCalendar {
    /// Replaces a therapist's week.
    pub async fn set_schedule(&self, command: SetScheduleCommand) -> Result<(), CalendarError> {
        if command.schedule.week.len() > WeeklySchedule::MAX_INTERVALS {
            return Err(CalendarError::TooManyIntervals);
        }
        let zone = self.zones.find(&command.schedule.zone).ok_or(CalendarError::UnknownTimeZone)?;
        command.schedule.hours(zone)?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            check_therapist(&mut *work, command.therapist).await?;
            work.set_schedule(command.therapist, &command.schedule).await?;
            let object = AuditObject::User(command.therapist);
            self.note(&mut *work, command.admin, "schedule.changed", object, &command.metadata).await?;
            Ok(work.commit().await?)
        })
        .await
    }

    pub async fn add_schedule_exception(
        &self,
        command: AddScheduleExceptionCommand,
    ) -> Result<StoredScheduleException, CalendarError> {
        crate::retry::retrying(|| async {
            let new =
                NewScheduleException { therapist: command.therapist, what: command.what, created_at: self.clock.now() };
            let mut work = self.store.begin().await?;
            check_therapist(&mut *work, command.therapist).await?;
            let id = work.add_schedule_exception(&new).await?;
            let object = AuditObject::User(command.therapist);
            self.note(&mut *work, command.admin, "schedule_exception.added", object, &command.metadata).await?;
            work.commit().await?;
            Ok(StoredScheduleException { id, therapist: new.therapist, what: new.what, created_at: new.created_at })
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
            self.note(&mut *work, admin, "schedule_exception.removed", AuditObject::User(admin), metadata).await?;
            Ok(work.commit().await?)
        })
        .await
    }

    /// Replaces the practice's policy. Existing bookings keep their terms.
    pub async fn set_policy(&self, command: SetPolicyCommand) -> Result<PracticePolicy, CalendarError> {
        command.policy.checked()?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            work.set_policy(&command.policy).await?;
            let object = AuditObject::User(command.admin);
            self.note(&mut *work, command.admin, "policy.changed", object, &command.metadata).await?;
            work.commit().await?;
            Ok(command.policy)
        })
        .await
    }

    async fn note(
        &self,
        work: &mut dyn UnitOfWork,
        admin: UserId,
        action: &str,
        object: AuditObject,
        metadata: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let at: Timestamp = self.clock.now();
        let request_id = metadata.request_id.clone();
        work.add_audit_entry(&AuditEntry { at, actor: Some(admin), action: action.to_owned(), object, request_id })
            .await
    }
}

async fn check_therapist(work: &mut dyn UnitOfWork, therapist: UserId) -> Result<(), CalendarError> {
    let user = work.user(therapist).await?.filter(|user| user.role == Role::Admin);
    user.map(|_| ()).ok_or(CalendarError::UnknownTherapist)
}
