//! An admin changes an account: names, role, disabled.

use std::sync::Arc;

use attune_domain::{PersonName, Role, User, UserId};
use attune_ports::{AuditEntry, AuditObject, Clock, Store, StoreError};
use thiserror::Error;

use crate::RequestMetadata;

/// The changes wanted. The outer `None` leaves a field alone, the inner one empties it.
#[derive(Debug, Clone)]
pub struct ManageUserCommand {
    pub admin: UserId,
    pub user: UserId,
    pub first_name: Option<Option<PersonName>>,
    pub last_name: Option<Option<PersonName>>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ManageUserError {
    #[error("there is no such user")]
    NotFound,
    #[error("only an admin may do that")]
    Forbidden,
    #[error("the last admin cannot be removed")]
    LastAdmin,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ManageUserError);

#[derive(Clone)]
pub struct ManageUser {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

impl ManageUser {
    /// Changes the account. It counts from that person's very next request on; a disabled person's sessions end.
    pub async fn run(&self, command: ManageUserCommand) -> Result<User, ManageUserError> {
        crate::retry::retrying(|| self.attempt(&command)).await
    }

    async fn attempt(&self, command: &ManageUserCommand) -> Result<User, ManageUserError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // All who change admins queue up here, so that two admins cannot remove each other at the same moment.
        let admins = work.lock_enabled_admins().await?;
        if !admins.contains(&command.admin) {
            return Err(ManageUserError::Forbidden);
        }
        let before = work.user_for_change(command.user).await?.ok_or(ManageUserError::NotFound)?;
        let mut user = before.clone();
        if let Some(name) = &command.first_name {
            user.first_name.clone_from(name);
        }
        if let Some(name) = &command.last_name {
            user.last_name.clone_from(name);
        }
        user.role = command.role.unwrap_or(user.role);
        user.disabled = command.disabled.unwrap_or(user.disabled);
        let runs_the_practice = |u: &User| u.is_admin() && !u.disabled;
        if runs_the_practice(&before) && !runs_the_practice(&user) && admins == [user.id] {
            return Err(ManageUserError::LastAdmin);
        }
        work.save_user(&user).await?;
        if user.disabled && !before.disabled {
            work.end_login_sessions(user.id, None, now).await?;
        }
        for action in actions(&before, &user) {
            work.add_audit_entry(&AuditEntry {
                at: now,
                actor: Some(command.admin),
                action: action.into(),
                object: AuditObject::User(user.id),
                request_id: command.metadata.request_id.clone(),
            })
            .await?;
        }
        work.commit().await?;
        Ok(user)
    }
}

/// What changed, in the words of the audit trail.
fn actions(before: &User, after: &User) -> Vec<&'static str> {
    let mut actions = Vec::new();
    if (&before.first_name, &before.last_name) != (&after.first_name, &after.last_name) {
        actions.push("user.profile_changed");
    }
    if before.role != after.role {
        actions.push(if after.is_admin() { "user.admin_granted" } else { "user.admin_revoked" });
    }
    if before.disabled != after.disabled {
        actions.push(if after.disabled { "user.disabled" } else { "user.enabled" });
    }
    actions
}
