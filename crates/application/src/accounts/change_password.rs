//! Changes the caller's password.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_ports::{
    AuditObject, Caller, Clock, HashError, OutboxWaker, Password, PasswordHash, PasswordHasher, Store, StoreError,
};
use thiserror::Error;

use super::password_rules::check_password_of;
use super::{CheckOwnPassword, OneTimeLinks, OwnPasswordError, PasswordProblem};
use crate::audit::{AuditContext, RequestMetadata};

pub struct ChangePasswordCommand {
    pub caller: Caller,
    /// `None` for an account without a password, whose login session is stepped up.
    pub current: Option<Password>,
    pub new: Password,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ChangePasswordError {
    #[error(transparent)]
    Current(#[from] OwnPasswordError),
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ChangePasswordError);

#[derive(Clone)]
pub struct ChangePassword {
    pub store: Arc<dyn Store>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
    pub own_password: CheckOwnPassword,
    pub waker: Arc<dyn OutboxWaker>,
}

impl ChangePassword {
    /// Replaces or sets the password, and ends all other login sessions of the user.
    pub async fn run(&self, command: ChangePasswordCommand) -> Result<(), ChangePasswordError> {
        let user = &command.caller.user;
        self.own_password.run_or_stepped_up(&command.caller, command.current.as_ref()).await?;
        check_password_of(user, &command.new)?;
        let hash = self.hasher.hash(&command.new).await?;
        crate::retry::retrying(|| self.attempt(&command, &hash)).await?;
        self.waker.wake();
        Ok(())
    }

    async fn attempt(&self, command: &ChangePasswordCommand, hash: &PasswordHash) -> Result<(), ChangePasswordError> {
        let now = self.clock.now();
        let user = command.caller.user.id;
        let mut work = self.store.begin().await?;
        work.set_password(user, Some(hash)).await?;
        work.end_login_sessions(user, Some(command.caller.session.id), now).await?;
        OneTimeLinks::end_all(&mut *work, user, now).await?;
        work.enqueue(&[account_notification(user, NotificationKind::PasswordChanged, now)]).await?;
        AuditContext::new(Some(user), &command.metadata, now)
            .record(&mut *work, "user.password_changed", AuditObject::User(user))
            .await?;
        work.commit().await?;
        Ok(())
    }
}
