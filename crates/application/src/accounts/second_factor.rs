//! A user sets up, uses and removes their second factor.

use std::sync::Arc;

use attune_domain::notification::{NotificationKind, account_notification};
use attune_domain::{Practice, User};
use attune_ports::{
    AuditObject, BoxError, Caller, Clock, Conflict, OutboxWaker, Password, Random, Store, StoreError, Totp, TotpFactor,
    TotpSetup, UnitOfWork,
};
use jiff::Timestamp;
use thiserror::Error;

use super::issue_tokens::hash_token;
use super::limited_attempts::{GuessError, Guesser};
use super::step_up::{StepUpRequired, check_step_up};
use super::{CheckOwnPassword, LimitedAttempts, OwnPasswordError};
use crate::audit::{AuditContext, RequestMetadata};

const RECOVERY_CODES: usize = 10;
/// 80 random bits: a leaked hash cannot be reversed by trying all codes.
const RECOVERY_CODE_BYTES: usize = 10;
/// In Base32.
const RECOVERY_CODE_CHARS: usize = 16;

#[derive(Debug, Error)]
pub enum SecondFactorError {
    #[error("the user has a second factor already")]
    Exists,
    #[error("no second factor is being set up")]
    NotStarted,
    #[error(transparent)]
    Password(#[from] OwnPasswordError),
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("too many wrong guesses")]
    TooManyFailures,
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    #[error("the authenticator's secret cannot be used")]
    Totp(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(SecondFactorError);

impl From<GuessError> for SecondFactorError {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::TooMany => Self::TooManyFailures,
            GuessError::Store(error) => Self::Store(error),
        }
    }
}

/// Whether a code of the second factor is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeKind {
    /// A code of the authenticator app.
    App,
    /// The same, or a recovery code. Only together with the password.
    AppOrRecovery,
}

/// Checks codes of second factors.
#[derive(Clone)]
pub struct CheckCode {
    pub totp: Arc<dyn Totp>,
}

impl CheckCode {
    /// Checks a code of a user who is locked, and uses it up.
    pub(super) async fn run(
        &self,
        work: &mut dyn UnitOfWork,
        user: &User,
        code: &str,
        kind: CodeKind,
        now: Timestamp,
    ) -> Result<bool, CheckCodeError> {
        let Some(factor) = work.totp_factor(user.id).await?.filter(|_| user.second_factor_at.is_some()) else {
            return Ok(false);
        };
        let recovery_code = normalised(code);
        // These work even if the app's secret cannot be decrypted.
        if recovery_code.len() == RECOVERY_CODE_CHARS {
            let hash = hash_token(&recovery_code);
            return Ok(kind == CodeKind::AppOrRecovery && work.use_recovery_code(user.id, &hash).await?);
        }
        self.use_app_code(work, user, &factor, code, now).await
    }

    async fn use_app_code(
        &self,
        work: &mut dyn UnitOfWork,
        user: &User,
        factor: &TotpFactor,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, CheckCodeError> {
        let step = self.totp.step_of(user.id, &factor.sealed_secret, code, now).map_err(CheckCodeError::Totp)?;
        // Each code works once (RFC 6238, section 5.2).
        let Some(step) = step.filter(|step| *step > factor.last_step) else { return Ok(false) };
        work.save_totp_factor(user.id, &TotpFactor { last_step: step, ..factor.clone() }).await?;
        Ok(true)
    }
}

#[derive(Debug, Error)]
pub(super) enum CheckCodeError {
    #[error("the authenticator's secret cannot be used")]
    Totp(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CheckCodeError> for SecondFactorError {
    fn from(error: CheckCodeError) -> Self {
        match error {
            CheckCodeError::Totp(error) => Self::Totp(error),
            CheckCodeError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(Clone)]
pub struct ManageSecondFactor {
    pub store: Arc<dyn Store>,
    pub own_password: CheckOwnPassword,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub attempts: LimitedAttempts,
    pub check_code: CheckCode,
    pub waker: Arc<dyn OutboxWaker>,
}

impl ManageSecondFactor {
    /// Creates a secret for an authenticator app. It counts once a code of the app has confirmed it. An account without a
    /// password needs a login session that is stepped up instead.
    pub async fn set_up(
        &self,
        caller: &Caller,
        password: Option<&Password>,
        practice: &Practice,
    ) -> Result<TotpSetup, SecondFactorError> {
        let user = &caller.user;
        if user.second_factor_at.is_some() {
            return Err(SecondFactorError::Exists);
        }
        self.own_password.run_or_stepped_up(caller, password).await?;
        let account = user.email.as_str();
        let totp = &self.check_code.totp;
        let setup = totp.new_secret(user.id, account, practice.name.as_str()).map_err(SecondFactorError::Totp)?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let user = work.user_for_change(user.id).await?.ok_or(StoreError::Conflict(Conflict::Stale))?;
            if user.second_factor_at.is_some() {
                return Err(SecondFactorError::Exists);
            }
            let factor = TotpFactor { sealed_secret: setup.sealed_secret.clone(), last_step: 0 };
            work.save_totp_factor(user.id, &factor).await?;
            Ok(work.commit().await?)
        })
        .await?;
        Ok(setup)
    }

    /// Confirms the authenticator app with one of its codes. Returns the recovery codes, which are shown once.
    pub async fn confirm(
        &self,
        caller: &Caller,
        code: &str,
        metadata: &RequestMetadata,
    ) -> Result<Vec<String>, SecondFactorError> {
        let guess = self.attempts.guess(Guesser::Session(caller.session.id)).await?;
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| self.recovery_code()).collect();
        let hashes: Vec<_> = codes.iter().map(|code| hash_token(&normalised(code))).collect();
        let outcome = crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let mut user = work.user_for_change(caller.user.id).await?.ok_or(StoreError::Conflict(Conflict::Stale))?;
            if user.second_factor_at.is_some() {
                return Err(SecondFactorError::Exists);
            }
            let factor = work.totp_factor(user.id).await?.ok_or(SecondFactorError::NotStarted)?;
            if !self.check_code.use_app_code(&mut *work, &user, &factor, code, now).await? {
                return Err(SecondFactorError::WrongCode);
            }
            user.second_factor_at = Some(now);
            user.second_factor_due_at = None;
            work.save_user(&user).await?;
            work.set_recovery_codes(user.id, &hashes).await?;
            work.enqueue(&[account_notification(user.id, NotificationKind::SecondFactorAdded, now)]).await?;
            AuditContext::new(Some(user.id), metadata, now)
                .record(&mut *work, "user.second_factor_added", AuditObject::User(user.id))
                .await?;
            LimitedAttempts::clear(&mut *work, guess.as_ref()).await?;
            Ok(work.commit().await?)
        })
        .await;
        if !matches!(outcome, Ok(()) | Err(SecondFactorError::WrongCode)) {
            self.attempts.take_back(guess.as_ref()).await?;
        }
        outcome?;
        self.waker.wake();
        Ok(codes)
    }

    /// Removes the second factor of the caller, whose login session is stepped up.
    pub async fn remove(&self, caller: &Caller, metadata: &RequestMetadata) -> Result<(), SecondFactorError> {
        check_step_up(caller, self.clock.now())?;
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            let user = work.user_for_change(caller.user.id).await?.ok_or(StoreError::Conflict(Conflict::Stale))?;
            remove_second_factor(&mut *work, user, &AuditContext::new(Some(caller.user.id), metadata, now)).await?;
            work.commit().await
        })
        .await?;
        self.waker.wake();
        Ok(())
    }

    /// Sixteen characters of Base32 (RFC 4648), in groups.
    fn recovery_code(&self) -> String {
        const ALPHABET: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bytes = [0; RECOVERY_CODE_BYTES];
        self.random.fill(&mut bytes);
        let bits = bytes.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let mut code = String::new();
        for place in 0..RECOVERY_CODE_CHARS {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
            code.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'a')));
        }
        code
    }
}

/// Removes the second factor of a user who is locked, and tells them. Without one, nothing changes.
pub(super) async fn remove_second_factor(
    work: &mut dyn UnitOfWork,
    user: User,
    audit: &AuditContext<'_>,
) -> Result<User, StoreError> {
    work.remove_second_factor(user.id).await?;
    if user.second_factor_at.is_none() {
        return Ok(user);
    }
    let mut user = User { second_factor_at: None, ..user };
    user.version = work.save_user(&user).await?;
    work.enqueue(&[account_notification(user.id, NotificationKind::SecondFactorRemoved, audit.now)]).await?;
    audit.record(work, "user.second_factor_removed", AuditObject::User(user.id)).await?;
    Ok(user)
}

/// A recovery code as it is hashed: without what people add when they type it.
fn normalised(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
