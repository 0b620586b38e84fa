//! The owner of a new account proves that the address is theirs.

use std::sync::Arc;

use attune_domain::{ChosenSlot, EmailAddress, OneTimePurpose, User};
use attune_ports::{
    AuditObject, BoxError, Clock, Conflict, HashError, OutboxWaker, Password, PasswordHasher, Store, StoreError,
};
use thiserror::Error;

use super::limited_attempts::{GuessError, Guesser};
use super::one_time_links::NewLink;
use super::{LimitedAttempts, LoginOrigin, OneTimeLinkError, OneTimeLinks, OpenLoginSession, Tokens, verify_password};
use crate::audit::AuditContext;

/// An account that is open from now on.
pub struct VerifiedAccount {
    pub user: User,
    /// What its owner chose before.
    pub slot: Option<ChosenSlot>,
    /// By it, the device is recognised at the next login.
    pub device_token: String,
    /// Of a login session, for an account without a password.
    pub tokens: Option<Tokens>,
}

#[derive(Debug, Error)]
pub enum VerifyEmailError {
    #[error(transparent)]
    Link(OneTimeLinkError),
    #[error("signing failed")]
    Sign(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(VerifyEmailError);

impl From<OneTimeLinkError> for VerifyEmailError {
    fn from(error: OneTimeLinkError) -> Self {
        match error {
            OneTimeLinkError::Store(error) => Self::Store(error),
            link @ (OneTimeLinkError::Unknown | OneTimeLinkError::Dead(_)) => Self::Link(link),
        }
    }
}

/// Corrects the address of an account that was never verified.
pub struct CorrectEmailCommand {
    pub email: EmailAddress,
    pub password: Password,
    pub new_email: EmailAddress,
}

#[derive(Debug, Error)]
pub enum CorrectEmailError {
    #[error("too many wrong guesses")]
    TooManyFailures,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(CorrectEmailError);

impl From<GuessError> for CorrectEmailError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::TooMany => Self::TooManyFailures,
            GuessError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(Clone)]
pub struct VerifyEmail {
    pub store: Arc<dyn Store>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
    pub open: OpenLoginSession,
    pub waker: Arc<dyn OutboxWaker>,
}

impl VerifyEmail {
    /// Opens the account. One without a password is also logged in, because its owner has no other way than a mailed link.
    pub async fn run(&self, token: &str, origin: &LoginOrigin) -> Result<VerifiedAccount, VerifyEmailError> {
        let links = &self.one_time_links;
        let now = self.clock.now();
        let (token, user) = links.find(token, OneTimePurpose::VerifyEmail, now).await?;
        let has_password = links.has_password(user.id).await?;
        let history = self.open.history(origin, &user, now).await?;
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let user = OneTimeLinks::take(&mut *work, &token, now).await?;
            let mut user = User { email_verified_at: Some(now), ..user };
            user.version = work.save_user(&user).await?;
            let purposes = [OneTimePurpose::VerifyEmail];
            work.end_one_time_tokens(user.id, &purposes, jiff::Timestamp::MIN, now).await?;
            AuditContext::new(Some(user.id), &origin.metadata, now)
                .record(&mut *work, "user.email_verified", AuditObject::User(user.id))
                .await?;
            let opened = if has_password || user.second_factor_at.is_some() {
                None
            } else {
                Some(self.open.by_link(&mut *work, &user, origin, history, now).await?)
            };
            work.commit().await?;
            let tokens = opened.map(|opened| self.open.tokens(user.clone(), opened, now)).transpose();
            let tokens = tokens.map_err(VerifyEmailError::Sign)?;
            let device_token = tokens.as_ref().and_then(|tokens| tokens.device_token.clone());
            let device_token = device_token.unwrap_or_else(|| self.open.new_device(&user));
            Ok(VerifiedAccount { user, slot: token.slot.clone(), device_token, tokens })
        })
        .await
    }

    /// Replaces a mistyped address and mails the link there. Whether that was done is not disclosed.
    pub async fn correct(&self, command: &CorrectEmailCommand) -> Result<(), CorrectEmailError> {
        let CorrectEmailCommand { email, password, new_email } = command;
        let found = self.one_time_links.queries.credentials(email).await?;
        let guess = self.attempts.guess(Guesser::Stranger(email.as_str())).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.as_ref());
        let checked = verify_password(&*self.hasher, password, hash).await;
        if !matches!(&checked, Ok(check) if !check.matches) {
            self.attempts.take_back(guess.as_ref()).await?;
        }
        let (Some(User { id: user, .. }), true) = (found.map(|found| found.user), checked?.matches) else {
            return Ok(());
        };
        let slot = self.one_time_links.chosen_slot(user).await?;
        let corrected = crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let user = work.user_for_change(user).await?;
            let user = user.filter(|user| !user.disabled && user.email_verified_at.is_none());
            let Some(user) = user else { return Ok(()) };
            let is_free = work.email_reserved_for(new_email, now).await?.is_none();
            let counted = self.attempts.email(&mut *work, "verify_email", new_email, now).await?;
            if is_free && counted {
                work.save_user(&User { email: new_email.clone(), ..user.clone() }).await?;
                OneTimeLinks::end_all(&mut *work, user.id, now).await?;
                let purpose = OneTimePurpose::VerifyEmail;
                let link = NewLink { user: user.id, purpose, email: new_email, slot: slot.clone() };
                self.one_time_links.issue(&mut *work, link, now).await?;
            }
            work.commit().await
        })
        .await;
        match corrected {
            Err(error) if !error.is_conflict(Conflict::EmailTaken) => Err(error.into()),
            Ok(()) | Err(_) => {
                self.waker.wake();
                Ok(())
            }
        }
    }
}

crate::retry::contended_through_store!(OneTimeLinkError);
