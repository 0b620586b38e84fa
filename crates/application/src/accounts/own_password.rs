//! Checks the password of a user who is logged in.

use std::sync::Arc;

use attune_ports::{Caller, HashError, Password, PasswordHasher, Queries, StoreError};
use thiserror::Error;

use super::limited_attempts::{GuessError, Guesser};
use super::{LimitedAttempts, verify_password};

#[derive(Debug, Error)]
pub enum OwnPasswordError {
    #[error("the password is wrong")]
    Wrong,
    #[error("too many wrong guesses")]
    TooManyFailures,
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
}

impl CheckOwnPassword {
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
        let found = self.queries.credentials_of(caller.user.id).await?;
        let hash = found.and_then(|found| found.password_hash);
        let check = verify_password(&*self.hasher, password, hash.as_ref()).await?;
        if check.matches { Ok(()) } else { Err(OwnPasswordError::Wrong) }
    }
}
