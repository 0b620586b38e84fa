//! Logs a user in with email address and password.

use std::sync::Arc;

use attune_domain::{EmailAddress, User};
use attune_ports::{
    AccountKey, AuditObject, BoxError, Clock, HashError, NewLoginSession, Password, PasswordHasher, Queries, Store,
    StoreError,
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{IssueTokens, Tokens, verify_password};
use crate::audit::{AuditContext, RequestMetadata};

#[derive(Clone)]
pub struct LogInCommand {
    /// As typed. Text that is no email address gets the same answer as an unknown one.
    pub email: String,
    pub password: Password,
    /// The program that logs in, in a few words, such as `Firefox, Linux`.
    pub user_agent: Option<String>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum LogInError {
    #[error("the email address or the password is wrong")]
    InvalidCredentials,
    #[error("the account is disabled")]
    Disabled,
    #[error("too many failed logins")]
    TooManyFailures,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("signing failed")]
    Sign(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(LogInError);

/// How long failures count.
const FAILURE_WINDOW: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone)]
pub struct LogIn {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub issue: IssueTokens,
    pub clock: Arc<dyn Clock>,
    /// Failures per account and day after which only networks with an earlier login may try again (NIST SP 800-63B
    /// allows at most 100). `None` is no limit.
    pub max_failures: Option<u64>,
}

impl LogIn {
    /// Checks the password and opens a session.
    pub async fn run(&self, command: LogInCommand) -> Result<Tokens, LogInError> {
        let now = self.clock.now();
        let email = EmailAddress::parse(&command.email).ok();
        let key = account_key(email.as_ref().map_or(command.email.as_str(), EmailAddress::as_str));
        let found = match &email {
            Some(email) => self.queries.credentials(email).await?,
            None => None,
        };
        self.check_failures(&key, found.as_ref().map(|f| &f.user), &command.metadata, now).await?;
        // For an unknown address there is no hash, and verifying takes as long.
        let hash = found.as_ref().and_then(|f| f.password_hash.as_ref());
        let verified = verify_password(&*self.hasher, &command.password, hash).await?;
        let Some(found) = found.filter(|_| verified.matches) else {
            self.record_failure(&key, now).await?;
            return Err(LogInError::InvalidCredentials);
        };
        if found.user.disabled {
            return Err(LogInError::Disabled);
        }
        let new_hash = if verified.outdated { Some(self.hasher.hash(&command.password).await?) } else { None };
        crate::retry::retrying(|| self.open_session(&found.user, new_hash.as_ref(), &key, &command, now)).await
    }

    async fn open_session(
        &self,
        user: &User,
        new_hash: Option<&attune_ports::PasswordHash>,
        key: &AccountKey,
        command: &LogInCommand,
        now: Timestamp,
    ) -> Result<Tokens, LogInError> {
        let LogInCommand { user_agent, metadata, .. } = command;
        let (refresh_token, hash) = self.issue.refresh_token();
        let mut work = self.store.begin().await?;
        // Read again: between the password check and now the account may have been disabled.
        let user = work.user(user.id).await?.filter(|u| !u.disabled).ok_or(LogInError::Disabled)?;
        work.clear_login_failures(key).await?;
        if let Some(hash) = new_hash {
            work.set_password(user.id, hash).await?;
        }
        let session = work
            .add_login_session(&NewLoginSession {
                user: user.id,
                network: metadata.network.clone(),
                user_agent: user_agent.clone(),
                created_at: now,
            })
            .await?;
        work.add_refresh_token(&hash, session, 1, now).await?;
        AuditContext::new(Some(user.id), metadata, now)
            .record(&mut *work, "login_session.opened", AuditObject::LoginSession(session))
            .await?;
        work.commit().await?;
        let access_token = self.issue.access_token(user.id, session, now).map_err(LogInError::Sign)?;
        Ok(Tokens { access_token, refresh_token, expires_in: self.issue.access_lifetime.as_secs(), user })
    }

    /// A victim who logs in from home must not be locked out by wrong passwords from another network.
    async fn check_failures(
        &self,
        key: &AccountKey,
        user: Option<&User>,
        metadata: &RequestMetadata,
        now: Timestamp,
    ) -> Result<(), LogInError> {
        let Some(max) = self.max_failures else { return Ok(()) };
        let since = now.saturating_sub(FAILURE_WINDOW).unwrap_or(Timestamp::MIN);
        if self.queries.login_failures(key, since).await? < max {
            return Ok(());
        }
        if let (Some(user), Some(network)) = (user, &metadata.network)
            && self.queries.network_is_known(user.id, network).await?
        {
            return Ok(());
        }
        Err(LogInError::TooManyFailures)
    }

    async fn record_failure(&self, key: &AccountKey, now: Timestamp) -> Result<(), StoreError> {
        if self.max_failures.is_none() {
            return Ok(());
        }
        let forget_before = now.saturating_sub(FAILURE_WINDOW).unwrap_or(Timestamp::MIN);
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            work.add_login_failure(key, now, forget_before).await?;
            work.commit().await
        })
        .await
    }
}

/// Failures are counted under a hash, so that the table holds no address.
fn account_key(email: &str) -> AccountKey {
    AccountKey(Sha256::digest(email.trim().to_lowercase().as_bytes()).into())
}
