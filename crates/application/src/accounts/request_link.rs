//! Mails a link to the owner of an account, to set a new password or to log in without one.

use std::sync::Arc;

use attune_domain::{EmailAddress, OneTimePurpose};
use attune_ports::{Clock, OutboxWaker, Store, StoreError};

use super::one_time_links::NewLink;
use super::{LimitedAttempts, OneTimeLinks};

#[derive(Clone)]
pub struct RequestLink {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
    pub waker: Arc<dyn OutboxWaker>,
}

impl RequestLink {
    /// Mails a link with which a new password is set.
    pub async fn reset_password(&self, email: &EmailAddress) -> Result<(), StoreError> {
        self.run(email, OneTimePurpose::ResetPassword).await
    }

    /// Mails a link that logs in.
    pub async fn log_in(&self, email: &EmailAddress) -> Result<(), StoreError> {
        self.run(email, OneTimePurpose::LogIn).await
    }

    /// Mails a link that verifies the address of a new account again.
    pub async fn verification(&self, email: &EmailAddress) -> Result<(), StoreError> {
        self.run(email, OneTimePurpose::VerifyEmail).await
    }

    /// Mails nothing to an address without an account, and takes as long: both count the request in a unit of work.
    async fn run(&self, email: &EmailAddress, purpose: OneTimePurpose) -> Result<(), StoreError> {
        let found = self.one_time_links.queries.credentials(email).await?;
        let found = found.filter(|found| {
            let is_new = found.user.email_verified_at.is_none() && found.password_hash.is_some();
            !found.user.disabled && (purpose != OneTimePurpose::VerifyEmail || is_new)
        });
        let slot = match &found {
            Some(found) if purpose == OneTimePurpose::VerifyEmail => {
                self.one_time_links.chosen_slot(found.user.id).await?
            }
            _ => None,
        };
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let counted = self.attempts.email(&mut *work, purpose.as_str(), email, now).await?;
            if let Some(found) = found.as_ref().filter(|_| counted) {
                let link = NewLink { user: found.user.id, purpose, email, slot };
                self.one_time_links.issue(&mut *work, link, now).await?;
            }
            work.commit().await
        })
        .await?;
        self.waker.wake();
        Ok(())
    }
}
