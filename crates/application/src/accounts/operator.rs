//! What the operator of the machine does to an account whose owner is locked out.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{EmailAddress, OneTimePurpose, User};
use attune_ports::{
    AuditObject, Clock, Conflict, HashError, Password, PasswordHasher, Queries, Store, StoreError, UnitOfWork,
};
use jiff::Timestamp;
use thiserror::Error;

use super::change_email::tell_former_address;
use super::password_rules::check_password_of;
use super::second_factor::remove_second_factor;
use super::{LimitedAttempts, OneTimeLinks, PasswordProblem};
use crate::audit::AuditContext;

/// What is done to the account.
pub enum OperatorChange {
    Password(Password),
    /// The operator vouches for the new address.
    Email {
        new: EmailAddress,
        /// Whether the former address can undo the change. Earlier changes cannot be undone either if it cannot: all addresses
        /// that the account had may be those of someone who took it over.
        undo: bool,
    },
    Disable,
    RemoveSecondFactor,
}

#[derive(Debug, Error)]
pub enum OperatorError {
    #[error("there is no account with this email address")]
    NotFound,
    #[error("an account with this email address exists already")]
    EmailTaken,
    #[error("the last admin cannot be disabled")]
    LastAdmin,
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(StoreError),
}

crate::retry::contended_through_store!(OperatorError);

impl From<StoreError> for OperatorError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::EmailTaken) { Self::EmailTaken } else { Self::Store(error) }
    }
}

#[derive(Clone)]
pub struct OperateAccount {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
}

impl OperateAccount {
    /// Ends all login sessions and links of the account, and tells its owner by email.
    pub async fn run(&self, email: &EmailAddress, change: &OperatorChange) -> Result<User, OperatorError> {
        let user = self.queries.credentials(email).await?.ok_or(OperatorError::NotFound)?.user;
        let hash = match change {
            OperatorChange::Password(password) => {
                check_password_of(&user, password)?;
                Some(self.hasher.hash(password).await?)
            }
            OperatorChange::Email { .. } | OperatorChange::Disable | OperatorChange::RemoveSecondFactor => None,
        };
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let audit = AuditContext::system(now);
            let mut work = self.store.begin().await?;
            let admins = work.lock_enabled_admins().await?;
            let user = work.user_for_change(user.id).await?.ok_or(OperatorError::NotFound)?;
            let user = match change {
                OperatorChange::Password(_) => {
                    work.set_password(user.id, hash.as_ref()).await?;
                    work.enqueue(&[account_notification(user.id, NotificationKind::PasswordChanged, now)]).await?;
                    self.changed(&mut *work, user, "user.password_reset", &audit).await?
                }
                OperatorChange::Email { new, undo } => {
                    if work.email_reserved_for(new, now).await?.is_some_and(|owner| owner != user.id) {
                        return Err(OperatorError::EmailTaken);
                    }
                    let after = User { email: new.clone(), email_verified_at: Some(now), ..user.clone() };
                    let after = self.changed(&mut *work, after, "user.email_changed", &audit).await?;
                    if *undo {
                        tell_former_address(&self.one_time_links, &mut *work, &user, new, now).await?;
                    } else {
                        work.end_one_time_tokens(user.id, &[OneTimePurpose::UndoEmail], Timestamp::MIN, now).await?;
                    }
                    after
                }
                OperatorChange::Disable => {
                    if admins == [user.id] {
                        return Err(OperatorError::LastAdmin);
                    }
                    if !user.disabled {
                        work.enqueue(&[account_notification(user.id, NotificationKind::AccountDisabled, now)]).await?;
                    }
                    self.changed(&mut *work, User { disabled: true, ..user }, "user.disabled", &audit).await?
                }
                OperatorChange::RemoveSecondFactor => {
                    let user = remove_second_factor(&mut *work, user, &audit).await?;
                    work.end_login_sessions(user.id, None, now).await?;
                    user
                }
            };
            work.commit().await?;
            Ok(user)
        })
        .await
    }

    async fn changed(
        &self,
        work: &mut dyn UnitOfWork,
        mut user: User,
        action: &str,
        audit: &AuditContext<'_>,
    ) -> Result<User, OperatorError> {
        user.version = work.save_user(&user).await?;
        work.end_login_sessions(user.id, None, audit.now).await?;
        OneTimeLinks::end_all(work, user.id, audit.now).await?;
        self.attempts.clear_strangers(work, &user.email).await?;
        audit.record(work, action, AuditObject::User(user.id)).await?;
        Ok(user)
    }
}
