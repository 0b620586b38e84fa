//! Issuing and using the one-time links that are mailed to the owners of accounts.

use std::sync::Arc;

use attune_domain::notification::account_notification;
use attune_domain::one_time_token::DeadLink;
use attune_domain::{ChosenSlot, EmailAddress, OneTimePurpose, OneTimeToken, User, UserId};
use attune_ports::{Credentials, NewOneTimeToken, Queries, Random, StoreError, UnitOfWork};
use jiff::Timestamp;
use thiserror::Error;

use super::AccountLinks;

#[derive(Debug, Error)]
pub enum OneTimeLinkError {
    /// Not signed by us, or for another purpose.
    #[error("the link is unknown")]
    Unknown,
    #[error(transparent)]
    Dead(#[from] DeadLink),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a slot cannot be carried by a link.
#[derive(Debug, Error)]
pub enum ChosenSlotError {
    #[error("the chosen service does not exist")]
    UnknownService,
    #[error("the chosen therapist does not exist")]
    UnknownTherapist,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct OneTimeLinks {
    pub queries: Arc<dyn Queries>,
    pub random: Arc<dyn Random>,
    pub account_links: AccountLinks,
}

/// A client who was never proved to own the address of the account.
pub(super) fn is_unverified_client(user: &User) -> bool {
    user.email_verified_at.is_none() && !user.is_admin() && !user.disabled
}

/// What a new link is for.
pub(super) struct NewLink<'a> {
    pub(super) user: UserId,
    pub(super) purpose: OneTimePurpose,
    /// The address that it is mailed to.
    pub(super) email: &'a EmailAddress,
    pub(super) slot: Option<ChosenSlot>,
}

impl OneTimeLinks {
    /// Stores a token and enqueues the email with its link.
    pub(super) async fn issue(
        &self,
        work: &mut dyn UnitOfWork,
        link: NewLink<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let NewLink { user, purpose, email, slot } = link;
        let token = NewOneTimeToken {
            user,
            purpose,
            nonce: self.random.random_bytes(),
            email: email.clone(),
            slot,
            created_at: now,
            expires_at: now.saturating_add(purpose.lifetime()).unwrap_or(Timestamp::MAX),
        };
        work.add_one_time_token(&token).await?;
        work.enqueue(&[account_notification(user, purpose.notification(), now)]).await?;
        Ok(())
    }

    /// The token of a link and its account. Changes nothing.
    pub async fn find(
        &self,
        text: &str,
        purpose: OneTimePurpose,
        now: Timestamp,
    ) -> Result<(OneTimeToken, User), OneTimeLinkError> {
        let signer = &self.account_links.signer;
        let (claimed, id) = signer.read_one_time(text).ok_or(OneTimeLinkError::Unknown)?;
        let token = self.queries.one_time_token(id).await?.filter(|_| claimed == purpose);
        let token = token.filter(|token| signer.is_genuine_one_time(text, token)).ok_or(OneTimeLinkError::Unknown)?;
        let user = self.queries.user(token.user).await?.ok_or(DeadLink)?;
        token.check(&user, now)?;
        Ok((token, user))
    }

    /// Whether an account has a password.
    pub(super) async fn has_password(&self, user: UserId) -> Result<bool, StoreError> {
        let found = self.queries.credentials_of(user).await?;
        Ok(found.is_some_and(|found| found.password_hash.is_some()))
    }

    /// Whether no one has used this account of a client who registered: its address was never verified. Accounts that the
    /// practice added are not meant; they have no password either, but no link that verifies.
    pub(super) async fn is_unopened(&self, found: &Credentials) -> Result<bool, StoreError> {
        if !is_unverified_client(&found.user) {
            return Ok(false);
        }
        let open = self.queries.open_one_time_tokens(found.user.id);
        Ok(found.password_hash.is_some()
            || open.await?.iter().any(|token| token.purpose == OneTimePurpose::VerifyEmail))
    }

    /// Whether the service and the therapist of a chosen slot exist. Whether it is free is not checked.
    pub(super) async fn check_slot(&self, slot: &ChosenSlot) -> Result<(), ChosenSlotError> {
        if !self.queries.services().await?.iter().any(|service| service.id == slot.service) {
            return Err(ChosenSlotError::UnknownService);
        }
        if let Some(therapist) = slot.therapist {
            let found = self.queries.user(therapist).await?.filter(|user| user.is_admin() && !user.disabled);
            found.ok_or(ChosenSlotError::UnknownTherapist)?;
        }
        Ok(())
    }

    /// The slot that the owner of a new account chose last.
    pub(super) async fn chosen_slot(&self, user: UserId) -> Result<Option<ChosenSlot>, StoreError> {
        Ok(self.queries.open_one_time_tokens(user).await?.into_iter().find_map(|token| token.slot))
    }

    /// Uses a token that was found. Locks its account, so that of several uses at once one succeeds.
    pub(super) async fn take(
        work: &mut dyn UnitOfWork,
        token: &OneTimeToken,
        now: Timestamp,
    ) -> Result<User, OneTimeLinkError> {
        let user = work.user_for_change(token.user).await?.ok_or(DeadLink)?;
        token.check(&user, now)?;
        if !work.use_one_time_token(token.id, now).await? {
            return Err(DeadLink.into());
        }
        Ok(user)
    }

    /// Ends all links of an account that do not survive a change of its password or address.
    pub(super) async fn end_all(work: &mut dyn UnitOfWork, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        work.end_one_time_tokens(user, &OneTimePurpose::ENDED_BY_CHANGE, Timestamp::MIN, now).await?;
        Ok(())
    }
}
