//! Changes the caller's password.

use std::sync::Arc;

use attune_domain::PersonName;
use attune_ports::{
    AuditEntry, AuditObject, Caller, Clock, HashError, Password, PasswordHash, PasswordHasher, Queries, Store,
    StoreError,
};
use thiserror::Error;

use super::{PasswordProblem, check_password};
use crate::RequestMetadata;

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
    /// Replaces the password and ends all other sessions of this person.
    pub async fn run(&self, command: ChangePasswordCommand) -> Result<(), ChangePasswordError> {
        let user = &command.caller.user;
        let found = self.queries.credentials_of(user.id).await?.ok_or(ChangePasswordError::WrongPassword)?;
        if !self.hasher.verify(&command.current, Some(&found.password_hash)).await?.matches {
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
        work.add_audit_entry(&AuditEntry {
            at: now,
            actor: Some(user),
            action: "user.password_changed".into(),
            object: AuditObject::User(user),
            request_id: command.metadata.request_id.clone(),
        })
        .await?;
        work.commit().await?;
        Ok(())
    }
}
