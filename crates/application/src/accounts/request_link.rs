//! Mails a link to the owner of an account, to set a new password or to log in without one.

use std::sync::Arc;

use attune_domain::{ChosenSlot, EmailAddress, OneTimePurpose};
use attune_ports::{Clock, OutboxWaker, Store, StoreError};

use super::one_time_links::NewLink;
use super::{ChosenSlotError, LimitedAttempts, OneTimeLinks};

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
        self.run(email, OneTimePurpose::ResetPassword, None).await
    }

    /// Mails a link that logs in, and leads back to a slot that was chosen. One that does not exist is left out.
    pub async fn log_in(&self, email: &EmailAddress, slot: Option<ChosenSlot>) -> Result<(), StoreError> {
        let slot = match slot {
            Some(slot) => match self.one_time_links.check_slot(&slot).await {
                Ok(()) => Some(slot),
                Err(ChosenSlotError::UnknownService | ChosenSlotError::UnknownTherapist) => None,
                Err(ChosenSlotError::Store(error)) => return Err(error),
            },
            None => None,
        };
        self.run(email, OneTimePurpose::LogIn, slot).await
    }

    /// Mails a link that verifies the address of a new account again.
    pub async fn verification(&self, email: &EmailAddress) -> Result<(), StoreError> {
        self.run(email, OneTimePurpose::VerifyEmail, None).await
    }

    /// Mails nothing to an address without an account, and takes as long: both count the request in a unit of work.
    async fn run(
        &self,
        email: &EmailAddress,
        purpose: OneTimePurpose,
        slot: Option<ChosenSlot>,
    ) -> Result<(), StoreError> {
        let links = &self.one_time_links;
        let mut found = links.queries.credentials(email).await?.filter(|found| !found.user.disabled);
        let mut slot = slot;
        if let Some(account) = found.as_ref().filter(|_| purpose == OneTimePurpose::VerifyEmail) {
            if links.is_unopened(account).await? {
                slot = links.chosen_slot(account.user.id).await?;
            } else {
                found = None;
            }
        }
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let counted = self.attempts.email(&mut *work, purpose.as_str(), email, now).await?;
            if let Some(found) = found.as_ref().filter(|_| counted) {
                let link = NewLink { user: found.user.id, purpose, email, slot: slot.clone() };
                links.issue(&mut *work, link, now).await?;
            }
            work.commit().await
        })
        .await?;
        self.waker.wake();
        Ok(())
    }
}
