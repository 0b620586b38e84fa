//! Logs a user in with a mailed link, and a code of the second factor.

use std::sync::Arc;

use attune_domain::{ChosenSlot, OneTimePurpose};
use attune_ports::{BoxError, Clock, Store, StoreError};
use thiserror::Error;

use super::limited_attempts::{GuessError, Guesser};
use super::open_login_session::LoginOrigin;
use super::second_factor::{CheckCodeError, CodeKind};
use super::{CheckCode, LimitedAttempts, OneTimeLinkError, OneTimeLinks, OpenLoginSession, Tokens};

pub struct RedeemLoginLinkCommand {
    /// The last segment of the link's path.
    pub token: String,
    /// A code of the authenticator app, and no recovery code, because the password is not given.
    pub code: Option<String>,
    pub origin: LoginOrigin,
}

/// A login with a mailed link.
pub struct LinkLogin {
    pub tokens: Tokens,
    /// What was chosen before.
    pub slot: Option<ChosenSlot>,
}

#[derive(Debug, Error)]
pub enum RedeemLoginLinkError {
    #[error(transparent)]
    Link(OneTimeLinkError),
    #[error("a code of the second factor is required")]
    SecondFactorRequired,
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("too many wrong guesses")]
    TooManyFailures,
    #[error("the authenticator's secret cannot be used")]
    Totp(#[source] BoxError),
    #[error("signing failed")]
    Sign(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(RedeemLoginLinkError);

impl From<OneTimeLinkError> for RedeemLoginLinkError {
    fn from(error: OneTimeLinkError) -> Self {
        match error {
            OneTimeLinkError::Store(error) => Self::Store(error),
            link @ (OneTimeLinkError::Unknown | OneTimeLinkError::Dead(_)) => Self::Link(link),
        }
    }
}

impl From<GuessError> for RedeemLoginLinkError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::TooMany => Self::TooManyFailures,
            GuessError::Store(error) => Self::Store(error),
        }
    }
}

impl From<CheckCodeError> for RedeemLoginLinkError {
    fn from(error: CheckCodeError) -> Self {
        match error {
            CheckCodeError::Totp(error) => Self::Totp(error),
            CheckCodeError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(Clone)]
pub struct RedeemLoginLink {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub one_time_links: OneTimeLinks,
    pub attempts: LimitedAttempts,
    pub check_code: CheckCode,
    pub open: OpenLoginSession,
}

impl RedeemLoginLink {
    /// Uses the link, which also verifies the address. A wrong code leaves the link as it was, and counts as a guess of
    /// everyone who has the link.
    pub async fn run(&self, command: RedeemLoginLinkCommand) -> Result<LinkLogin, RedeemLoginLinkError> {
        let now = self.clock.now();
        let (token, user) = self.one_time_links.find(&command.token, OneTimePurpose::LogIn, now).await?;
        let guess = match (user.second_factor_at, &command.code) {
            (None, _) => None,
            (Some(_), None) => return Err(RedeemLoginLinkError::SecondFactorRequired),
            // Only the owner of the mailbox has the link, so strangers cannot use up these guesses.
            (Some(_), Some(_)) => self.attempts.guess(Guesser::Link(token.user)).await?,
        };
        let history = self.open.history(&command.origin, &user, now).await?;
        let has_password = self.one_time_links.has_password(user.id).await?;
        let outcome = crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let mut user = OneTimeLinks::take(&mut *work, &token, now).await?;
            if user.second_factor_at.is_some() {
                let code = command.code.as_deref().ok_or(RedeemLoginLinkError::SecondFactorRequired)?;
                if !self.check_code.run(&mut *work, &user, code, CodeKind::App, now).await? {
                    return Err(RedeemLoginLinkError::WrongCode);
                }
            }
            if user.email_verified_at.is_none() {
                user.email_verified_at = Some(now);
                user.version = work.save_user(&user).await?;
            }
            LimitedAttempts::clear(&mut *work, guess.as_ref()).await?;
            self.attempts.clear_strangers(&mut *work, &user.email).await?;
            let opened = if has_password {
                self.open.run(&mut *work, &user, &command.origin, history, now).await?
            } else {
                self.open.by_link(&mut *work, &user, &command.origin, history, now).await?
            };
            work.commit().await?;
            let tokens = self.open.tokens(user, opened, now).map_err(RedeemLoginLinkError::Sign)?;
            Ok(LinkLogin { tokens, slot: token.slot.clone() })
        })
        .await;
        if !matches!(outcome, Ok(_) | Err(RedeemLoginLinkError::WrongCode)) {
            self.attempts.take_back(guess.as_ref()).await?;
        }
        outcome
    }
}
