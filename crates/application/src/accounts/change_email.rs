//! Changes the email address of an account: the new address confirms, the former one can undo it.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{EmailAddress, OneTimePurpose, User, UserId};
use attune_ports::{AuditObject, Caller, Clock, Conflict, OutboxWaker, Store, StoreError, UnitOfWork};
use jiff::Timestamp;
use thiserror::Error;

use super::one_time_links::NewLink;
use super::second_factor::remove_second_factor;
use super::step_up::{StepUpRequired, check_step_up};
use super::{LimitedAttempts, OneTimeLinkError, OneTimeLinks};
use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Error)]
pub enum ChangeEmailError {
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    #[error("there is no such client")]
    NotFound,
    #[error("the address of an admin is changed by that admin")]
    Forbidden,
    #[error("an account with this email address exists already")]
    EmailTaken,
    #[error(transparent)]
    Link(OneTimeLinkError),
    #[error(transparent)]
    Store(StoreError),
}

crate::retry::contended_through_store!(ChangeEmailError);

impl From<StoreError> for ChangeEmailError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::EmailTaken) { Self::EmailTaken } else { Self::Store(error) }
    }
}

impl From<OneTimeLinkError> for ChangeEmailError {
    fn from(error: OneTimeLinkError) -> Self {
        match error {
            OneTimeLinkError::Store(error) => error.into(),
            link @ (OneTimeLinkError::Unknown | OneTimeLinkError::Dead(_)) => Self::Link(link),
        }
    }
}

#[derive(Clone)]
pub struct ChangeEmail {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
    pub waker: Arc<dyn OutboxWaker>,
}

impl ChangeEmail {
    /// Mails a link to the new address of the caller. An address that is taken gets another email instead, and the answer
    /// does not disclose it.
    pub async fn request(
        &self,
        caller: &Caller,
        new: &EmailAddress,
        metadata: &RequestMetadata,
    ) -> Result<(), ChangeEmailError> {
        check_step_up(caller, self.clock.now())?;
        self.mail_link(caller.user.id, caller.user.id, new, metadata).await
    }

    /// An admin does the same for a client. The address of a client who never confirmed one is replaced at once.
    pub async fn request_for_client(
        &self,
        admin: &Caller,
        client: UserId,
        new: &EmailAddress,
        metadata: &RequestMetadata,
    ) -> Result<User, ChangeEmailError> {
        check_step_up(admin, self.clock.now())?;
        let user = self.one_time_links.queries.user(client).await?.ok_or(ChangeEmailError::NotFound)?;
        if user.is_admin() {
            return Err(ChangeEmailError::Forbidden);
        }
        if user.email_verified_at.is_some() {
            self.mail_link(admin.user.id, client, new, metadata).await?;
            return Ok(user);
        }
        let open = self.one_time_links.queries.open_one_time_tokens(client).await?;
        let is_invited = open.iter().any(|token| token.purpose == OneTimePurpose::Invitation);
        let user = crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let user = work.user_for_change(client).await?.ok_or(ChangeEmailError::NotFound)?;
            check_free(&mut *work, new, client, now).await?;
            let mut user = User { email: new.clone(), ..user };
            user.version = work.save_user(&user).await?;
            OneTimeLinks::end_all(&mut *work, client, now).await?;
            if is_invited {
                let link = NewLink { user: client, purpose: OneTimePurpose::Invitation, email: new, slot: None };
                self.one_time_links.issue(&mut *work, link, now).await?;
            }
            AuditContext::new(Some(admin.user.id), metadata, now)
                .record(&mut *work, "user.email_changed", AuditObject::User(client))
                .await?;
            work.commit().await?;
            Ok::<_, ChangeEmailError>(user)
        })
        .await?;
        self.waker.wake();
        Ok(user)
    }

    async fn mail_link(
        &self,
        actor: UserId,
        user: UserId,
        new: &EmailAddress,
        metadata: &RequestMetadata,
    ) -> Result<(), ChangeEmailError> {
        let holder = self.one_time_links.queries.credentials(new).await?.map(|found| found.user);
        if holder.as_ref().is_some_and(|holder| holder.id == user) {
            return Ok(());
        }
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let purpose = OneTimePurpose::ConfirmEmail;
            if self.attempts.email(&mut *work, purpose.as_str(), new, now).await? {
                if let Some(holder) = &holder {
                    let kind = NotificationKind::RegistrationAttempt;
                    work.enqueue(&[account_notification(holder.id, kind, now)]).await?;
                } else {
                    work.end_one_time_tokens(user, &[purpose], Timestamp::MIN, now).await?;
                    self.one_time_links
                        .issue(&mut *work, NewLink { user, purpose, email: new, slot: None }, now)
                        .await?;
                }
            }
            AuditContext::new(Some(actor), metadata, now)
                .record(&mut *work, "user.email_change_requested", AuditObject::User(user))
                .await?;
            work.commit().await
        })
        .await?;
        self.waker.wake();
        Ok(())
    }

    /// Replaces the address by the one that the link was mailed to, and tells the former one.
    pub async fn confirm(&self, token: &str, metadata: &RequestMetadata) -> Result<User, ChangeEmailError> {
        let (token, _) = self.one_time_links.find(token, OneTimePurpose::ConfirmEmail, self.clock.now()).await?;
        let user = crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let before = OneTimeLinks::take(&mut *work, &token, now).await?;
            check_free(&mut *work, &token.email, token.user, now).await?;
            let mut after = User { email: token.email.clone(), email_verified_at: Some(now), ..before.clone() };
            after.version = work.save_user(&after).await?;
            OneTimeLinks::end_all(&mut *work, after.id, now).await?;
            tell_former_address(&self.one_time_links, &mut *work, &before, &after.email, now).await?;
            AuditContext::new(Some(after.id), metadata, now)
                .record(&mut *work, "user.email_changed", AuditObject::User(after.id))
                .await?;
            work.commit().await?;
            Ok::<_, ChangeEmailError>(after)
        })
        .await?;
        self.waker.wake();
        Ok(user)
    }

    /// Gives the account back to the owner of its former address: ends all login sessions, removes a second factor that was
    /// added since, and mails a link to set a new password, because the present one may be known to someone else.
    pub async fn undo(&self, token: &str, metadata: &RequestMetadata) -> Result<(), ChangeEmailError> {
        let (token, _) = self.one_time_links.find(token, OneTimePurpose::UndoEmail, self.clock.now()).await?;
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let user = OneTimeLinks::take(&mut *work, &token, now).await?;
            let audit = AuditContext::new(Some(user.id), metadata, now);
            let mut user = User { email: token.email.clone(), email_verified_at: Some(now), ..user };
            user.version = work.save_user(&user).await?;
            if user.second_factor_at.is_some_and(|at| at >= token.created_at) {
                user = remove_second_factor(&mut *work, user, &audit).await?;
            }
            work.set_password(user.id, None).await?;
            work.end_login_sessions(user.id, None, now).await?;
            OneTimeLinks::end_all(&mut *work, user.id, now).await?;
            // Later changes are undone with this one.
            work.end_one_time_tokens(user.id, &[OneTimePurpose::UndoEmail], token.created_at, now).await?;
            let purpose = OneTimePurpose::ResetPassword;
            self.one_time_links
                .issue(&mut *work, NewLink { user: user.id, purpose, email: &user.email, slot: None }, now)
                .await?;
            audit.record(&mut *work, "user.email_restored", AuditObject::User(user.id)).await?;
            work.commit().await?;
            Ok::<_, ChangeEmailError>(())
        })
        .await?;
        self.waker.wake();
        Ok(())
    }
}

/// Mails a link that undoes a change of address to the former one. Not to one that was never verified, because it may be a
/// stranger's, nor to the first admin's, whose domain receives nothing (RFC 6761, section 6.3).
pub(super) async fn tell_former_address(
    links: &OneTimeLinks,
    work: &mut dyn UnitOfWork,
    before: &User,
    new: &EmailAddress,
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_reachable = before.email_verified_at.is_some() && !before.email.as_str().ends_with(".localhost");
    if !is_reachable || before.email == *new {
        return Ok(());
    }
    let link = NewLink { user: before.id, purpose: OneTimePurpose::UndoEmail, email: &before.email, slot: None };
    links.issue(work, link, now).await
}

/// An address that another account can still get back belongs to that one.
async fn check_free(
    work: &mut dyn UnitOfWork,
    email: &EmailAddress,
    user: UserId,
    now: Timestamp,
) -> Result<(), ChangeEmailError> {
    let owner = work.email_reserved_for(email, now).await?;
    if owner.is_some_and(|owner| owner != user) { Err(ChangeEmailError::EmailTaken) } else { Ok(()) }
}
