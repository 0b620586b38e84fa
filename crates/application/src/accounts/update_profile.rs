//! A user changes their names, time zone and language.

use std::sync::Arc;

use attune_domain::calendar::LocalTime;
use attune_domain::{Language, NotifyLevel, PersonName, TimeZoneName, User, UserId};
use attune_ports::{AuditObject, Clock, Conflict, Store, StoreError, TimeZones};
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};

/// The outer `None` leaves a field unchanged, the inner one clears it.
#[derive(Debug, Clone)]
pub struct UpdateProfileCommand {
    pub user: UserId,
    pub first_name: Option<Option<PersonName>>,
    pub last_name: Option<Option<PersonName>>,
    /// Shown instead of first and last name.
    pub preferred_name: Option<Option<PersonName>>,
    pub time_zone: Option<Option<TimeZoneName>>,
    /// Of emails, and of pages in a browser in which no other was chosen.
    pub language: Option<Option<Language>>,
    /// Which emails a therapist gets.
    pub notify: Option<NotifyLevel>,
    /// When a therapist gets the agenda of the day.
    pub agenda_at: Option<Option<LocalTime>>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum UpdateProfileError {
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(UpdateProfileError);

#[derive(Clone)]
pub struct UpdateProfile {
    pub store: Arc<dyn Store>,
    pub zones: Arc<dyn TimeZones>,
    pub clock: Arc<dyn Clock>,
}

impl UpdateProfile {
    /// Later links and emails contain the new name.
    pub async fn run(&self, command: UpdateProfileCommand) -> Result<User, UpdateProfileError> {
        if let Some(Some(name)) = &command.time_zone
            && self.zones.find(name).is_none()
        {
            return Err(UpdateProfileError::UnknownTimeZone);
        }
        crate::retry::retrying(|| self.attempt(&command)).await
    }

    async fn attempt(&self, command: &UpdateProfileCommand) -> Result<User, UpdateProfileError> {
        let mut work = self.store.begin().await?;
        let mut user = work.user_for_change(command.user).await?.ok_or(StoreError::Conflict(Conflict::Stale))?;
        user.first_name = command.first_name.clone().unwrap_or(user.first_name);
        user.last_name = command.last_name.clone().unwrap_or(user.last_name);
        user.preferred_name = command.preferred_name.clone().unwrap_or(user.preferred_name);
        user.time_zone = command.time_zone.clone().unwrap_or(user.time_zone);
        user.language = command.language.unwrap_or(user.language);
        user.notify = command.notify.unwrap_or(user.notify);
        user.agenda_at = command.agenda_at.unwrap_or(user.agenda_at);
        user.version = work.save_user(&user).await?;
        AuditContext::new(Some(user.id), &command.metadata, self.clock.now())
            .record(&mut *work, "user.profile_changed", AuditObject::User(user.id))
            .await?;
        work.commit().await?;
        Ok(user)
    }
}
