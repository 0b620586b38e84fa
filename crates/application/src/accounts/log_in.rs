//! Logs a user in with email address and password, and a code of the second factor.

use std::sync::Arc;

use attune_domain::{EmailAddress, User};
use attune_ports::{
    BoxError, Clock, HashError, LoginHistory, Password, PasswordHash, PasswordHasher, Queries, Store, StoreError,
};
use thiserror::Error;

use super::limited_attempts::{Guess, GuessError, Guesser};
use super::open_login_session::LoginOrigin;
use super::second_factor::{CheckCodeError, CodeKind};
use super::{CheckCode, LimitedAttempts, OpenLoginSession, Registration, Tokens, verify_password};

#[derive(Clone)]
pub struct LogInCommand {
    /// As typed. Text that is no email address gets the same answer as an unknown one.
    pub email: String,
    pub password: Password,
    /// A code of the authenticator app, or a recovery code.
    pub code: Option<String>,
    pub origin: LoginOrigin,
}

#[derive(Debug, Error)]
pub enum LogInError {
    #[error("the email address or the password is wrong")]
    InvalidCredentials,
    #[error("the account is disabled")]
    Disabled,
    #[error("the email address is not verified")]
    EmailNotVerified,
    #[error("a code of the second factor is required")]
    SecondFactorRequired,
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("too many failed logins")]
    TooManyFailures,
    #[error("the authenticator's secret cannot be used")]
    Totp(#[source] BoxError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("signing failed")]
    Sign(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(LogInError);

impl From<GuessError> for LogInError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::TooMany => Self::TooManyFailures,
            GuessError::Store(error) => Self::Store(error),
        }
    }
}

impl From<CheckCodeError> for LogInError {
    fn from(error: CheckCodeError) -> Self {
        match error {
            CheckCodeError::Totp(error) => Self::Totp(error),
            CheckCodeError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(Clone)]
pub struct LogIn {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub clock: Arc<dyn Clock>,
    pub attempts: LimitedAttempts,
    pub check_code: CheckCode,
    pub open: OpenLoginSession,
    pub registration: Registration,
}

impl LogIn {
    /// Checks the password and the second factor, and opens a session.
    pub async fn run(&self, command: LogInCommand) -> Result<Tokens, LogInError> {
        let email = EmailAddress::parse(&command.email).ok();
        let found = match &email {
            Some(email) => self.queries.credentials(email).await?,
            None => None,
        };
        let device = found.as_ref().and_then(|found| self.open.known_device(&command.origin, &found.user));
        let guesser = match device {
            Some(device) => Guesser::Device(device),
            None => Guesser::Stranger(email.as_ref().map_or(command.email.as_str(), EmailAddress::as_str)),
        };
        let guess = self.attempts.guess(guesser).await?;
        let outcome = self.check(found.map(|found| (found.user, found.password_hash)), &command, guess.as_ref()).await;
        if !matches!(outcome, Ok(_) | Err(LogInError::InvalidCredentials | LogInError::WrongCode)) {
            self.attempts.take_back(guess.as_ref()).await?;
        }
        outcome
    }

    async fn check(
        &self,
        found: Option<(User, Option<PasswordHash>)>,
        command: &LogInCommand,
        guess: Option<&Guess>,
    ) -> Result<Tokens, LogInError> {
        let (user, hash) = found.unzip();
        // For an unknown address there is no hash, and verifying takes as long.
        let verified = verify_password(&*self.hasher, &command.password, hash.flatten().as_ref()).await?;
        let user = user.filter(|_| verified.matches).ok_or(LogInError::InvalidCredentials)?;
        self.check_access(&user, command)?;
        let new_hash = if verified.outdated { Some(self.hasher.hash(&command.password).await?) } else { None };
        let history = self.open.history(&command.origin, &user, self.clock.now()).await?;
        crate::retry::retrying(|| self.open_session(&user, new_hash.as_ref(), command, history, guess)).await
    }

    fn check_access(&self, user: &User, command: &LogInCommand) -> Result<(), LogInError> {
        if user.disabled {
            return Err(LogInError::Disabled);
        }
        if self.registration != Registration::Open && user.email_verified_at.is_none() {
            return Err(LogInError::EmailNotVerified);
        }
        if user.second_factor_at.is_some() && command.code.is_none() {
            return Err(LogInError::SecondFactorRequired);
        }
        Ok(())
    }

    async fn open_session(
        &self,
        user: &User,
        new_hash: Option<&PasswordHash>,
        command: &LogInCommand,
        history: LoginHistory,
        guess: Option<&Guess>,
    ) -> Result<Tokens, LogInError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // Read again: between the password check and now the account may have changed.
        let user = work.user_for_change(user.id).await?.ok_or(LogInError::Disabled)?;
        self.check_access(&user, command)?;
        if let Some(code) = command.code.as_deref().filter(|_| user.second_factor_at.is_some())
            && !self.check_code.run(&mut *work, &user, code, CodeKind::AppOrRecovery, now).await?
        {
            return Err(LogInError::WrongCode);
        }
        LimitedAttempts::clear(&mut *work, guess).await?;
        if new_hash.is_some() {
            work.set_password(user.id, new_hash).await?;
        }
        let opened = self.open.run(&mut *work, &user, &command.origin, history, now).await?;
        work.commit().await?;
        self.open.tokens(user, opened, now).map_err(LogInError::Sign)
    }
}
