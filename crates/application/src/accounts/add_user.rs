//! Adds an account, from the command line or as the first admin.

use std::sync::Arc;

use attune_domain::{EmailAddress, NotifyLevel, PersonName, Role, TimeZoneName, User};
use attune_ports::{
    AuditObject, Clock, Conflict, HashError, NewUser, Password, PasswordHash, PasswordHasher, Store, StoreError,
    TimeZones, UnitOfWork,
};
use thiserror::Error;

use super::{PasswordProblem, check_password};
use crate::audit::AuditContext;

#[derive(Debug, Clone)]
pub struct AddUserCommand {
    pub email: EmailAddress,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// For times shown to this user.
    pub time_zone: Option<TimeZoneName>,
    pub role: Role,
    /// Which emails a therapist gets about their calendar.
    pub notify: NotifyLevel,
    pub password: Password,
}

#[derive(Debug, Error)]
pub enum AddUserError {
    #[error("an account with this email address exists already")]
    EmailTaken,
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AddUserError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::EmailTaken) { Self::EmailTaken } else { Self::Store(error) }
    }
}

crate::retry::contended_through_store!(AddUserError);

#[derive(Clone)]
pub struct AddUser {
    pub store: Arc<dyn Store>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
    pub zones: Arc<dyn TimeZones>,
}

impl AddUser {
    pub async fn run(&self, command: AddUserCommand) -> Result<User, AddUserError> {
        let created_at = self.clock.now();
        let new = NewUser {
            email: command.email,
            first_name: command.first_name,
            last_name: command.last_name,
            time_zone: command.time_zone,
            role: command.role,
            password_hash: None,
            language: None,
            // The operator vouches for the address.
            email_verified_at: Some(created_at),
            created_at,
        };
        let new = NewUser { password_hash: Some(self.hash(&new, &command.password).await?), ..new };
        let audit = AuditContext::system(new.created_at);
        crate::retry::retrying(|| self.attempt(&new, command.notify, &audit)).await
    }

    /// Checks the time zone and the password of a new account, and hashes the password.
    pub(super) async fn hash(&self, new: &NewUser, password: &Password) -> Result<PasswordHash, AddUserError> {
        let mut about = vec![new.email.as_str()];
        about.extend([&new.first_name, &new.last_name].into_iter().flatten().map(PersonName::as_str));
        check_password(password, new.role, &about)?;
        self.check_zone(new.time_zone.as_ref())?;
        Ok(self.hasher.hash(password).await?)
    }

    pub(super) fn check_zone(&self, time_zone: Option<&TimeZoneName>) -> Result<(), AddUserError> {
        match time_zone {
            Some(name) if self.zones.find(name).is_none() => Err(AddUserError::UnknownTimeZone),
            _ => Ok(()),
        }
    }

    pub(super) async fn attempt(
        &self,
        new: &NewUser,
        notify: NotifyLevel,
        audit: &AuditContext<'_>,
    ) -> Result<User, AddUserError> {
        let mut work = self.store.begin().await?;
        let user = self.add(&mut *work, new, notify, audit).await?;
        work.commit().await?;
        Ok(user)
    }

    /// Adds the account in a unit of work.
    pub(super) async fn add(
        &self,
        work: &mut dyn UnitOfWork,
        new: &NewUser,
        notify: NotifyLevel,
        audit: &AuditContext<'_>,
    ) -> Result<User, AddUserError> {
        // Its former owner can still get it back.
        if work.email_reserved_for(&new.email, new.created_at).await?.is_some() {
            return Err(AddUserError::EmailTaken);
        }
        let id = work.add_user(new).await?;
        let mut user = User {
            id,
            email: new.email.clone(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            preferred_name: None,
            time_zone: new.time_zone.clone(),
            language: new.language,
            role: new.role,
            disabled: false,
            email_verified_at: new.email_verified_at,
            second_factor_at: None,
            second_factor_due_at: None,
            created_at: new.created_at,
            notify,
            agenda_at: None,
            version: 1,
        };
        if notify != NotifyLevel::Changes {
            user.version = work.save_user(&user).await?;
        }
        audit.record(work, "user.added", AuditObject::User(id)).await?;
        Ok(user)
    }
}
