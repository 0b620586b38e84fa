//! A user gives their password or a code again, which allows what could take over the account or disclose records.

use std::sync::Arc;

use attune_ports::{AuditObject, BoxError, Caller, Clock, Password, Store, StoreError};
use jiff::Timestamp;
use thiserror::Error;

use super::limited_attempts::{GuessError, Guesser};
use super::second_factor::{CheckCodeError, CodeKind};
use super::{CheckCode, CheckOwnPassword, LimitedAttempts, OwnPasswordError};
use crate::audit::{AuditContext, RequestMetadata};

/// The login session is not stepped up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the password or a code is needed again")]
pub struct StepUpRequired;

/// Whether the caller gave their password or a code again lately.
pub fn check_step_up(caller: &Caller, now: Timestamp) -> Result<(), StepUpRequired> {
    if caller.session.is_stepped_up(now) { Ok(()) } else { Err(StepUpRequired) }
}

/// What the user gives again.
pub enum Proof {
    Password(Password),
    /// A code of the authenticator app, and no recovery code, because the password is not given.
    Code(String),
}

#[derive(Debug, Error)]
pub enum StepUpError {
    #[error(transparent)]
    Password(#[from] OwnPasswordError),
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("too many wrong guesses")]
    TooManyFailures,
    #[error("the authenticator's secret cannot be used")]
    Totp(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(StepUpError);

impl From<GuessError> for StepUpError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::TooMany => Self::TooManyFailures,
            GuessError::Store(error) => Self::Store(error),
        }
    }
}

impl From<CheckCodeError> for StepUpError {
    fn from(error: CheckCodeError) -> Self {
        match error {
            CheckCodeError::Totp(error) => Self::Totp(error),
            CheckCodeError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(Clone)]
pub struct StepUp {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub own_password: CheckOwnPassword,
    pub attempts: LimitedAttempts,
    pub check_code: CheckCode,
}

impl StepUp {
    /// Marks the login session of the caller for [`attune_domain::login_session::STEP_UP`].
    pub async fn run(&self, caller: &Caller, proof: &Proof, metadata: &RequestMetadata) -> Result<(), StepUpError> {
        let code = match proof {
            Proof::Password(password) => {
                self.own_password.run(caller, password).await?;
                return self.attempt(caller, None, metadata).await;
            }
            Proof::Code(code) => code,
        };
        let guess = self.attempts.guess(Guesser::Session(caller.session.id)).await?;
        let outcome = self.attempt(caller, Some(code), metadata).await;
        if !matches!(outcome, Err(StepUpError::WrongCode)) {
            self.attempts.take_back(guess.as_ref()).await?;
        }
        outcome
    }

    async fn attempt(
        &self,
        caller: &Caller,
        code: Option<&str>,
        metadata: &RequestMetadata,
    ) -> Result<(), StepUpError> {
        let user = caller.user.id;
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            if let Some(code) = code {
                let user = work.user_for_change(user).await?.ok_or(StepUpError::WrongCode)?;
                if !self.check_code.run(&mut *work, &user, code, CodeKind::App, now).await? {
                    return Err(StepUpError::WrongCode);
                }
            }
            work.step_up(caller.session.id, now).await?;
            AuditContext::new(Some(user), metadata, now)
                .record(&mut *work, "login_session.stepped_up", AuditObject::LoginSession(caller.session.id))
                .await?;
            Ok(work.commit().await?)
        })
        .await
    }
}
