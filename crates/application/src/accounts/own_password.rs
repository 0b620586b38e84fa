//! Checks the password of a user who is logged in.

use std::sync::Arc;

use attune_ports::{Caller, Clock, HashError, Password, PasswordHash, PasswordHasher, Queries, StoreError};
use thiserror::Error;

use super::limited_attempts::{GuessError, Guesser};
use super::{LimitedAttempts, verify_password};

#[derive(Debug, Error)]
pub enum OwnPasswordError {
    #[error("the password is wrong")]
    Wrong,
    #[error("the password is missing")]
    Missing,
    #[error("too many wrong guesses")]
    TooManyFailures,
    #[error("the account has no password, and the login session is not stepped up")]
    StepUpRequired,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<GuessError> for OwnPasswordError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::TooMany => Self::TooManyFailures,
            GuessError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(Clone)]
pub struct CheckOwnPassword {
    pub queries: Arc<dyn Queries>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub attempts: LimitedAttempts,
    pub clock: Arc<dyn Clock>,
}

impl CheckOwnPassword {
    /// The same before something that needs a password, for an account that may have none: its login session has to be
    /// stepped up instead, by the mailed link that opened it.
    pub(super) async fn run_or_stepped_up(
        &self,
        caller: &Caller,
        password: Option<&Password>,
    ) -> Result<(), OwnPasswordError> {
        match password {
            Some(password) => self.run(caller, password).await,
            None if self.hash_of(caller).await?.is_some() => Err(OwnPasswordError::Missing),
            None if caller.session.is_stepped_up(self.clock.now()) => Ok(()),
            None => Err(OwnPasswordError::StepUpRequired),
        }
    }

    /// Wrong passwords are limited per login session, so that neither strangers nor a stolen session can use up those of
    /// the owner.
    pub(super) async fn run(&self, caller: &Caller, password: &Password) -> Result<(), OwnPasswordError> {
        let guess = self.attempts.guess(Guesser::Session(caller.session.id)).await?;
        let checked = self.check(caller, password).await;
        if !matches!(checked, Err(OwnPasswordError::Wrong)) {
            self.attempts.take_back(guess.as_ref()).await?;
        }
        checked
    }

    async fn check(&self, caller: &Caller, password: &Password) -> Result<(), OwnPasswordError> {
        let hash = self.hash_of(caller).await?;
        let check = verify_password(&*self.hasher, password, hash.as_ref()).await?;
        if check.matches { Ok(()) } else { Err(OwnPasswordError::Wrong) }
    }

    async fn hash_of(&self, caller: &Caller) -> Result<Option<PasswordHash>, StoreError> {
        Ok(self.queries.credentials_of(caller.user.id).await?.and_then(|found| found.password_hash))
    }
}
