//! A person changes how they are called and in which zone they read times.

use std::sync::Arc;

use attune_domain::{PersonName, TimeZoneName, User, UserId};
use attune_ports::{AuditEntry, AuditObject, Clock, Conflict, Store, StoreError, TimeZones};
use thiserror::Error;

use crate::RequestMetadata;

/// The changes wanted. The outer `None` leaves a field alone, the inner one empties it.
#[derive(Debug, Clone)]
pub struct UpdateProfileCommand {
    pub user: UserId,
    pub first_name: Option<Option<PersonName>>,
    pub last_name: Option<Option<PersonName>>,
    /// Shown instead of first and last name.
    pub preferred_name: Option<Option<PersonName>>,
    pub time_zone: Option<Option<TimeZoneName>>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum UpdateProfileError {
    #[error("this machine knows no time zone of that name")]
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
    /// Changes the profile. Links and mails made from now on carry the new name.
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
        if let Some(name) = &command.first_name {
            user.first_name.clone_from(name);
        }
        if let Some(name) = &command.last_name {
            user.last_name.clone_from(name);
        }
        if let Some(name) = &command.preferred_name {
            user.preferred_name.clone_from(name);
        }
        if let Some(zone) = &command.time_zone {
            user.time_zone.clone_from(zone);
        }
        work.save_user(&user).await?;
        work.add_audit_entry(&AuditEntry {
            at: self.clock.now(),
            actor: Some(user.id),
            action: "user.profile_changed".into(),
            object: AuditObject::User(user.id),
            request_id: command.metadata.request_id.clone(),
        })
        .await?;
        work.commit().await?;
        Ok(user)
    }
}
