//! Changes the caller's password.

use std::sync::Arc;

use attune_domain::PersonName;
use attune_ports::{
    AuditObject, Caller, Clock, HashError, Password, PasswordHash, PasswordHasher, Queries, Store, StoreError,
};
use thiserror::Error;

use super::{PasswordProblem, check_password, verify_password};
use crate::audit::{AuditContext, RequestMetadata};

pub struct ChangePasswordCommand {
    pub caller: Caller,
    pub current: Password,
    pub new: Password,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ChangePasswordError {
    #[error("the current password is wrong")]
    WrongPassword,
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
    pub queries: Arc<dyn Queries>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
}

impl ChangePassword {
    /// Replaces the password and ends all other login sessions of the user.
    pub async fn run(&self, command: ChangePasswordCommand) -> Result<(), ChangePasswordError> {
        let user = &command.caller.user;
        let found = self.queries.credentials_of(user.id).await?.ok_or(ChangePasswordError::WrongPassword)?;
        if !verify_password(&*self.hasher, &command.current, found.password_hash.as_ref()).await?.matches {
            return Err(ChangePasswordError::WrongPassword);
        }
        let mut about = vec![user.email.as_str()];
        about.extend([&user.first_name, &user.last_name].into_iter().flatten().map(PersonName::as_str));
        check_password(&command.new, user.role, &about)?;
        let hash = self.hasher.hash(&command.new).await?;
        crate::retry::retrying(|| self.attempt(&command, &hash)).await
    }

    async fn attempt(&self, command: &ChangePasswordCommand, hash: &PasswordHash) -> Result<(), ChangePasswordError> {
        let now = self.clock.now();
        let user = command.caller.user.id;
        let mut work = self.store.begin().await?;
        work.set_password(user, hash).await?;
        work.end_login_sessions(user, Some(command.caller.session.id), now).await?;
        AuditContext::new(Some(user), &command.metadata, now)
            .record(&mut *work, "user.password_changed", AuditObject::User(user))
            .await?;
        work.commit().await?;
        Ok(())
    }
}
