//! An admin changes an account: names, role, disabled.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{PersonName, Role, User, UserId};
use attune_ports::{AuditObject, Caller, Clock, OutboxWaker, Store, StoreError};
use thiserror::Error;

use super::OneTimeLinks;
use super::step_up::{StepUpRequired, check_step_up};
use crate::audit::{AuditContext, RequestMetadata};
use crate::version::is_outdated;

/// The outer `None` leaves a field unchanged, the inner one clears it.
#[derive(Debug, Clone)]
pub struct ManageUserCommand {
    pub admin: Caller,
    pub user: UserId,
    pub first_name: Option<Option<PersonName>>,
    pub last_name: Option<Option<PersonName>>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    /// The version that the change is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ManageUserError {
    #[error("there is no such user")]
    NotFound,
    #[error("the account was changed in the meantime")]
    VersionConflict,
    #[error("only an admin may do that")]
    Forbidden,
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
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
    pub waker: Arc<dyn OutboxWaker>,
}

impl ManageUser {
    /// Changes the account, from that user's next request on. If it is disabled, its login sessions and links end.
    /// Its owner is told by email of that and of a new role, which needs a login session that is stepped up.
    pub async fn run(&self, command: ManageUserCommand) -> Result<User, ManageUserError> {
        let user = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.waker.wake();
        Ok(user)
    }

    async fn attempt(&self, command: &ManageUserCommand) -> Result<User, ManageUserError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // Changes of admins wait for each other here, so that two admins cannot remove each other at the same time.
        let admins = work.lock_enabled_admins().await?;
        if !admins.contains(&command.admin.user.id) {
            return Err(ManageUserError::Forbidden);
        }
        let before = work.user_for_change(command.user).await?.ok_or(ManageUserError::NotFound)?;
        if is_outdated(command.version, before.version) {
            return Err(ManageUserError::VersionConflict);
        }
        let mut user = before.clone();
        user.first_name = command.first_name.clone().unwrap_or(user.first_name);
        user.last_name = command.last_name.clone().unwrap_or(user.last_name);
        user.role = command.role.unwrap_or(user.role);
        if user.role != before.role {
            check_step_up(&command.admin, now)?;
            work.enqueue(&[account_notification(user.id, NotificationKind::RoleChanged, now)]).await?;
        }
        user.disabled = command.disabled.unwrap_or(user.disabled);
        let runs_the_practice = |u: &User| u.is_admin() && !u.disabled;
        if runs_the_practice(&before) && !runs_the_practice(&user) && admins == [user.id] {
            return Err(ManageUserError::LastAdmin);
        }
        user.version = work.save_user(&user).await?;
        if user.disabled && !before.disabled {
            work.end_login_sessions(user.id, None, now).await?;
            OneTimeLinks::end_all(&mut *work, user.id, now).await?;
            work.enqueue(&[account_notification(user.id, NotificationKind::AccountDisabled, now)]).await?;
        }
        let audit = AuditContext::new(Some(command.admin.user.id), &command.metadata, now);
        for action in actions(&before, &user) {
            audit.record(&mut *work, action, AuditObject::User(user.id)).await?;
        }
        work.commit().await?;
        Ok(user)
    }
}

/// The actions for the audit trail.
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
