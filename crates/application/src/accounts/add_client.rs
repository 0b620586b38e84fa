//! An admin adds a client and invites them to set a password.

use std::sync::Arc;

use attune_domain::{
    EmailAddress, Language, NotifyLevel, OneTimePurpose, PersonName, Role, TimeZoneName, User, UserId,
};
use attune_ports::{AuditObject, NewUser, OutboxWaker, StoreError};
use jiff::Timestamp;
use thiserror::Error;

use super::one_time_links::NewLink;
use super::{AddUser, AddUserError, OneTimeLinks};
use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Clone)]
pub struct AddClientCommand {
    pub admin: UserId,
    pub email: EmailAddress,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// For times shown to this client.
    pub time_zone: Option<TimeZoneName>,
    /// For emails to this client.
    pub language: Option<Language>,
    /// Whether a link to set a password is mailed.
    pub invite: bool,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum InvitationError {
    #[error("there is no such user")]
    NotFound,
    #[error("the account is in use")]
    Accepted,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(InvitationError);

#[derive(Clone)]
pub struct AddClient {
    pub add_user: AddUser,
    pub one_time_links: OneTimeLinks,
    pub waker: Arc<dyn OutboxWaker>,
}

impl AddClient {
    /// The client can be booked for and gets emails. Until they set a password, every login fails like one with a wrong
    /// password.
    pub async fn run(&self, command: AddClientCommand) -> Result<User, AddUserError> {
        let AddClientCommand { admin, email, first_name, last_name, time_zone, language, invite, metadata } = command;
        self.add_user.check_zone(time_zone.as_ref())?;
        let new = NewUser {
            email,
            first_name,
            last_name,
            time_zone,
            role: Role::Client,
            password_hash: None,
            language,
            email_verified_at: None,
            created_at: self.add_user.clock.now(),
        };
        let audit = AuditContext::new(Some(admin), &metadata, new.created_at);
        let user = crate::retry::retrying(|| async {
            let mut work = self.add_user.store.begin().await?;
            let user = self.add_user.add(&mut *work, &new, NotifyLevel::Changes, &audit).await?;
            if invite {
                self.one_time_links.issue(&mut *work, invitation(&user), new.created_at).await?;
            }
            work.commit().await?;
            Ok::<_, AddUserError>(user)
        })
        .await?;
        self.waker.wake();
        Ok(user)
    }

    /// Mails the invitation again; earlier links end.
    pub async fn invite_again(
        &self,
        admin: UserId,
        user: UserId,
        metadata: &RequestMetadata,
    ) -> Result<(), InvitationError> {
        self.change(admin, user, true, metadata).await?;
        self.waker.wake();
        Ok(())
    }

    /// Ends the links of an invitation. The account stays.
    pub async fn withdraw(
        &self,
        admin: UserId,
        user: UserId,
        metadata: &RequestMetadata,
    ) -> Result<(), InvitationError> {
        self.change(admin, user, false, metadata).await
    }

    async fn change(
        &self,
        admin: UserId,
        user: UserId,
        invite: bool,
        metadata: &RequestMetadata,
    ) -> Result<(), InvitationError> {
        let found = self.one_time_links.queries.credentials_of(user).await?.ok_or(InvitationError::NotFound)?;
        if found.password_hash.is_some() || found.user.disabled {
            return Err(InvitationError::Accepted);
        }
        crate::retry::retrying(|| async {
            let now = self.add_user.clock.now();
            let mut work = self.add_user.store.begin().await?;
            let user = work.user_for_change(user).await?.ok_or(InvitationError::NotFound)?;
            work.end_one_time_tokens(user.id, &[OneTimePurpose::Invitation], Timestamp::MIN, now).await?;
            if invite {
                self.one_time_links.issue(&mut *work, invitation(&user), now).await?;
            }
            let action = if invite { "user.invited" } else { "user.invitation_withdrawn" };
            AuditContext::new(Some(admin), metadata, now)
                .record(&mut *work, action, AuditObject::User(user.id))
                .await?;
            Ok(work.commit().await?)
        })
        .await
    }
}

fn invitation(user: &User) -> NewLink<'_> {
    NewLink { user: user.id, purpose: OneTimePurpose::Invitation, email: &user.email, slot: None }
}
