//! Registers a client.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{ChosenSlot, EmailAddress, NotifyLevel, OneTimePurpose, PersonName, Role, TimeZoneName, User};
use attune_ports::{Clock, Conflict, NewUser, OutboxWaker, Password, StoreError};
use thiserror::Error;

use super::one_time_links::NewLink;
use super::{AddUser, AddUserError, LimitedAttempts, OneTimeLinks, OpenLoginSession};
use crate::audit::{AuditContext, RequestMetadata};

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anyone, and can log in at once.
    Open,
    /// Anyone, and can log in after they have proved that the address is theirs.
    Verified,
    /// Only the practice adds accounts.
    Closed,
}

#[derive(Debug, Clone)]
pub struct RegisterCommand {
    pub email: EmailAddress,
    pub password: Password,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// For times shown to this user.
    pub time_zone: Option<TimeZoneName>,
    /// The slot that was chosen before. It is not held until the address is verified.
    pub slot: Option<ChosenSlot>,
    pub metadata: RequestMetadata,
}

/// What became of a registration.
pub enum Registered {
    Account {
        user: Box<User>,
        /// By it, the device is recognised at the first login.
        device_token: String,
    },
    /// An email says how to go on. Whether there was an account is not disclosed.
    Mailed,
}

#[derive(Debug, Error)]
pub enum RegisterError {
    #[error("registration is closed")]
    Closed,
    #[error("the chosen service does not exist")]
    UnknownService,
    #[error(transparent)]
    Add(#[from] AddUserError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct Register {
    pub registration: Registration,
    pub add_user: AddUser,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
    pub open: OpenLoginSession,
    pub waker: Arc<dyn OutboxWaker>,
}

impl Register {
    /// The new account is always a client's.
    pub async fn run(&self, command: RegisterCommand) -> Result<Registered, RegisterError> {
        if self.registration == Registration::Closed {
            return Err(RegisterError::Closed);
        }
        let RegisterCommand { email, password, first_name, last_name, time_zone, slot, metadata } = command;
        if let Some(slot) = slot
            && !self.one_time_links.queries.services().await?.iter().any(|service| service.id == slot.service)
        {
            return Err(RegisterError::UnknownService);
        }
        let new = NewUser {
            email,
            first_name,
            last_name,
            time_zone,
            role: Role::Client,
            password_hash: None,
            language: None,
            email_verified_at: None,
            created_at: self.clock.now(),
        };
        let new = NewUser { password_hash: Some(self.add_user.hash(&new, &password).await?), ..new };
        let audit = AuditContext::new(None, &metadata, new.created_at);
        if self.registration == Registration::Open {
            let user = crate::retry::retrying(|| self.add_user.attempt(&new, NotifyLevel::Changes, &audit)).await?;
            let device_token = self.open.new_device(&user);
            return Ok(Registered::Account { user: Box::new(user), device_token });
        }
        let mailed = match self.mail(&new, slot, &audit).await {
            // The same address was registered at the same moment.
            Err(AddUserError::EmailTaken) => self.mail(&new, slot, &audit).await,
            other => other,
        };
        match mailed {
            Ok(()) | Err(AddUserError::EmailTaken) => self.waker.wake(),
            Err(error) => return Err(error.into()),
        }
        Ok(Registered::Mailed)
    }

    /// Adds the account and mails the link that opens it. The owner of an account that exists gets another email. Both take
    /// one unit of work.
    async fn mail(
        &self,
        new: &NewUser,
        slot: Option<ChosenSlot>,
        audit: &AuditContext<'_>,
    ) -> Result<(), AddUserError> {
        let found = self.one_time_links.queries.credentials(&new.email).await?;
        crate::retry::retrying(|| async {
            let now = new.created_at;
            let mut work = self.add_user.store.begin().await?;
            if !self.attempts.email(&mut *work, "register", &new.email, now).await? {
                return Ok(work.commit().await?);
            }
            let is_open = |user: &User| user.email_verified_at.is_some() || user.is_admin() || user.disabled;
            let user = match &found {
                None => Some(self.add_user.add(&mut *work, new, NotifyLevel::Changes, audit).await?),
                Some(found) if is_open(&found.user) || found.password_hash.is_none() => {
                    let kind = NotificationKind::RegistrationAttempt;
                    work.enqueue(&[account_notification(found.user.id, kind, now)]).await?;
                    None
                }
                // Registered before and never opened: what was typed last counts, and earlier links end.
                Some(found) => {
                    let user = work.user_for_change(found.user.id).await?.filter(|user| !is_open(user));
                    let user = user.ok_or(StoreError::Conflict(Conflict::EmailTaken))?;
                    let user = User {
                        first_name: new.first_name.clone(),
                        last_name: new.last_name.clone(),
                        time_zone: new.time_zone.clone(),
                        ..user
                    };
                    work.save_user(&user).await?;
                    work.set_password(user.id, new.password_hash.as_ref()).await?;
                    OneTimeLinks::end_all(&mut *work, user.id, now).await?;
                    Some(user)
                }
            };
            if let Some(user) = user {
                let purpose = OneTimePurpose::VerifyEmail;
                self.one_time_links
                    .issue(&mut *work, NewLink { user: user.id, purpose, email: &new.email, slot }, now)
                    .await?;
            }
            Ok(work.commit().await?)
        })
        .await
    }
}
