//! Sets a password with a mailed link: a new one, or the first one of an account that the practice added.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{OneTimePurpose, OneTimeToken, User};
use attune_ports::{
    AuditObject, Clock, HashError, OutboxWaker, Password, PasswordHash, PasswordHasher, Store, StoreError,
};
use thiserror::Error;

use super::password_rules::check_password_of;
use super::{LimitedAttempts, OneTimeLinkError, OneTimeLinks, PasswordProblem};
use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Error)]
pub enum SetPasswordByLinkError {
    #[error(transparent)]
    Link(OneTimeLinkError),
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(SetPasswordByLinkError);

impl From<OneTimeLinkError> for SetPasswordByLinkError {
    fn from(error: OneTimeLinkError) -> Self {
        match error {
            OneTimeLinkError::Store(error) => Self::Store(error),
            link @ (OneTimeLinkError::Unknown | OneTimeLinkError::Dead(_)) => Self::Link(link),
        }
    }
}

#[derive(Clone)]
pub struct SetPasswordByLink {
    pub store: Arc<dyn Store>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
    pub waker: Arc<dyn OutboxWaker>,
}

impl SetPasswordByLink {
    /// Replaces a forgotten password: ends all login sessions and all other links, and tells the owner.
    pub async fn reset(
        &self,
        token: &str,
        password: &Password,
        metadata: &RequestMetadata,
    ) -> Result<(), SetPasswordByLinkError> {
        self.run(token, OneTimePurpose::ResetPassword, password, metadata).await
    }

    /// Accepts an invitation of the practice.
    pub async fn accept_invitation(
        &self,
        token: &str,
        password: &Password,
        metadata: &RequestMetadata,
    ) -> Result<(), SetPasswordByLinkError> {
        self.run(token, OneTimePurpose::Invitation, password, metadata).await
    }

    async fn run(
        &self,
        token: &str,
        purpose: OneTimePurpose,
        password: &Password,
        metadata: &RequestMetadata,
    ) -> Result<(), SetPasswordByLinkError> {
        let (token, user) = self.one_time_links.find(token, purpose, self.clock.now()).await?;
        check_password_of(&user, password)?;
        let hash = self.hasher.hash(password).await?;
        crate::retry::retrying(|| self.attempt(&token, &hash, metadata)).await?;
        self.waker.wake();
        Ok(())
    }

    async fn attempt(
        &self,
        token: &OneTimeToken,
        hash: &PasswordHash,
        metadata: &RequestMetadata,
    ) -> Result<(), SetPasswordByLinkError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let user = OneTimeLinks::take(&mut *work, token, now).await?;
        work.set_password(user.id, Some(hash)).await?;
        // Who has the link reads the mailbox.
        if user.email_verified_at.is_none() {
            work.save_user(&User { email_verified_at: Some(now), ..user.clone() }).await?;
        }
        OneTimeLinks::end_all(&mut *work, user.id, now).await?;
        work.end_login_sessions(user.id, None, now).await?;
        self.attempts.clear_strangers(&mut *work, &user.email).await?;
        let action = if token.purpose == OneTimePurpose::Invitation {
            "user.invitation_accepted"
        } else {
            work.enqueue(&[account_notification(user.id, NotificationKind::PasswordChanged, now)]).await?;
            "user.password_reset"
        };
        AuditContext::new(Some(user.id), metadata, now).record(&mut *work, action, AuditObject::User(user.id)).await?;
        Ok(work.commit().await?)
    }
}
