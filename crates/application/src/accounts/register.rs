//! Registers a client.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{
    ChosenSlot, EmailAddress, Language, NotifyLevel, OneTimePurpose, PersonName, Role, TimeZoneName, User, UserId,
};
use attune_ports::{Clock, Conflict, Credentials, NewUser, OutboxWaker, Password, StoreError, UnitOfWork};
use thiserror::Error;

use super::one_time_links::{NewLink, is_unverified_client};
use super::{AddUser, AddUserError, ChosenSlotError, LimitedAttempts, OneTimeLinks, OpenLoginSession};
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
    /// `None` for a client who logs in with mailed links. They can set a password later.
    pub password: Option<Password>,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// For times shown to this user.
    pub time_zone: Option<TimeZoneName>,
    /// For emails to this user.
    pub language: Option<Language>,
    /// The slot that was chosen before, to which the mailed link leads back. It is not held.
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
    #[error(transparent)]
    Slot(#[from] ChosenSlotError),
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
    /// The new account is always a client's. Without a password, a mailed link opens it, also where registration is open.
    pub async fn run(&self, command: RegisterCommand) -> Result<Registered, RegisterError> {
        if self.registration == Registration::Closed {
            return Err(RegisterError::Closed);
        }
        let RegisterCommand { email, password, first_name, last_name, time_zone, language, slot, metadata } = command;
        if let Some(slot) = &slot {
            self.one_time_links.check_slot(slot).await?;
        }
        let new = NewUser {
            email,
            first_name,
            last_name,
            time_zone,
            role: Role::Client,
            password_hash: None,
            language,
            email_verified_at: None,
            created_at: self.clock.now(),
        };
        let password_hash = match &password {
            Some(password) => Some(self.add_user.hash(&new, password).await?),
            None => {
                self.add_user.check_zone(new.time_zone.as_ref())?;
                None
            }
        };
        let new = NewUser { password_hash, ..new };
        let audit = AuditContext::new(None, &metadata, new.created_at);
        if self.registration == Registration::Open && password.is_some() {
            let user = crate::retry::retrying(|| self.add_user.attempt(&new, NotifyLevel::Changes, &audit)).await?;
            let device_token = self.open.new_device(&user);
            return Ok(Registered::Account { user: Box::new(user), device_token });
        }
        let mailed = match self.mail(&new, slot.as_ref(), &audit).await {
            // The same address was registered at the same moment.
            Err(AddUserError::EmailTaken) => self.mail(&new, slot.as_ref(), &audit).await,
            other => other,
        };
        match mailed {
            Ok(()) | Err(AddUserError::EmailTaken) => self.waker.wake(),
            Err(error) => return Err(error.into()),
        }
        Ok(Registered::Mailed)
    }

    /// Mails a link. For an address without an account, one is added, which the link opens. The owner of an account that is
    /// in use gets a link that logs in, or learns of the attempt to register with a password. All take one unit of work.
    async fn mail(
        &self,
        new: &NewUser,
        slot: Option<&ChosenSlot>,
        audit: &AuditContext<'_>,
    ) -> Result<(), AddUserError> {
        let found = self.one_time_links.queries.credentials(&new.email).await?;
        let is_unopened = match &found {
            Some(found) => self.is_unopened(found).await?,
            None => false,
        };
        crate::retry::retrying(|| async {
            let now = new.created_at;
            let mut work = self.add_user.store.begin().await?;
            if !self.attempts.email(&mut *work, "register", &new.email, now).await? {
                return Ok(work.commit().await?);
            }
            let link = |user, purpose| NewLink { user, purpose, email: &new.email, slot: slot.cloned() };
            match &found {
                None => {
                    let user = self.add_user.add(&mut *work, new, NotifyLevel::Changes, audit).await?;
                    let link = link(user.id, OneTimePurpose::VerifyEmail);
                    self.one_time_links.issue(&mut *work, link, now).await?;
                }
                Some(found) if is_unopened => {
                    let user = self.replace(&mut *work, found, new).await?;
                    let link = link(user, OneTimePurpose::VerifyEmail);
                    self.one_time_links.issue(&mut *work, link, now).await?;
                }
                Some(found) if new.password_hash.is_some() || found.user.disabled => {
                    let kind = NotificationKind::RegistrationAttempt;
                    work.enqueue(&[account_notification(found.user.id, kind, now)]).await?;
                }
                Some(found) => {
                    let link = link(found.user.id, OneTimePurpose::LogIn);
                    self.one_time_links.issue(&mut *work, link, now).await?;
                }
            }
            Ok(work.commit().await?)
        })
        .await
    }

    /// Where registration is open, an account with a password is in use before its address is verified.
    async fn is_unopened(&self, found: &Credentials) -> Result<bool, StoreError> {
        let is_in_use = self.registration == Registration::Open && found.password_hash.is_some();
        Ok(!is_in_use && self.one_time_links.is_unopened(found).await?)
    }

    /// For an account that was registered before and never opened, what was typed last counts, and earlier links end. One
    /// that was registered without a password remains without: the owner who opens it knows of none.
    async fn replace(
        &self,
        work: &mut dyn UnitOfWork,
        found: &Credentials,
        new: &NewUser,
    ) -> Result<UserId, AddUserError> {
        let user = work.user_for_change(found.user.id).await?.filter(is_unverified_client);
        let user = user.ok_or(StoreError::Conflict(Conflict::EmailTaken))?;
        let user = User {
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            time_zone: new.time_zone.clone(),
            language: new.language,
            ..user
        };
        work.save_user(&user).await?;
        let password_hash = new.password_hash.as_ref().filter(|_| found.password_hash.is_some());
        work.set_password(user.id, password_hash).await?;
        OneTimeLinks::end_all(work, user.id, new.created_at).await?;
        Ok(user.id)
    }
}
