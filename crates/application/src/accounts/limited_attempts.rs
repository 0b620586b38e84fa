//! Limits for what can be guessed, and for what strangers can cause to be mailed.

use std::sync::Arc;

use attune_domain::login_session::DeviceId;
use attune_domain::{EmailAddress, LoginSessionId, UserId};
use attune_ports::{AttemptKey, Clock, Store, StoreError, UnitOfWork};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How long guesses count.
const GUESS_PERIOD: SignedDuration = SignedDuration::from_hours(24);
/// Guesses per day from a device that logged in before, in a login session, or with a login link. Strangers cannot use them up.
const MAX_KNOWN_GUESSES: u64 = 20;
/// How long emails with a link count.
const EMAIL_PERIOD: SignedDuration = SignedDuration::from_hours(1);
/// Emails with a link of one kind and to one address in an hour.
const MAX_EMAILS: u64 = 5;

/// Who guesses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Guesser<'a> {
    /// Someone who shows no device of the account. All of them together share a limit, whatever their network.
    Stranger(&'a str),
    /// A device that logged in before.
    Device(DeviceId),
    /// Someone in a login session.
    Session(LoginSessionId),
    /// Someone with a mailed link that logs in to this account.
    Link(UserId),
}

/// A guess that was counted before it was checked, so that many at once cannot exceed the limit.
pub(super) struct Guess {
    key: AttemptKey,
    at: Timestamp,
}

#[derive(Debug, Error)]
pub(super) enum GuessError {
    #[error("too many wrong guesses")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(GuessError);

#[derive(Clone)]
pub struct LimitedAttempts {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    /// Guesses per account and day of all strangers together (NIST SP 800-63B allows at most 100). `None` is no limit.
    pub max_failures: Option<u64>,
}

impl LimitedAttempts {
    /// Counts a guess of a password or a code. To be called before it is checked.
    pub(super) async fn guess(&self, guesser: Guesser<'_>) -> Result<Option<Guess>, GuessError> {
        let Some(max) = self.max_failures else { return Ok(None) };
        let max = if let Guesser::Stranger(_) = guesser { max } else { MAX_KNOWN_GUESSES };
        let (key, at) = (key_of(guesser), self.clock.now());
        let since = at.saturating_sub(GUESS_PERIOD).unwrap_or(Timestamp::MIN);
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            if !work.count_attempt(&key, at, since, max).await? {
                return Err(GuessError::TooMany);
            }
            Ok(work.commit().await?)
        })
        .await?;
        Ok(Some(Guess { key, at }))
    }

    /// The guess was right, or was not checked.
    pub(super) async fn take_back(&self, guess: Option<&Guess>) -> Result<(), StoreError> {
        let Some(guess) = guess else { return Ok(()) };
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            work.take_back_attempt(&guess.key, guess.at).await?;
            work.commit().await
        })
        .await
    }

    /// Forgets all guesses like this one, which was right.
    pub(super) async fn clear(work: &mut dyn UnitOfWork, guess: Option<&Guess>) -> Result<(), StoreError> {
        if let Some(guess) = guess { work.clear_attempts(&guess.key).await } else { Ok(()) }
    }

    /// Forgets the guesses of strangers, because the owner has proved to read the mailbox of the account.
    pub(super) async fn clear_strangers(
        &self,
        work: &mut dyn UnitOfWork,
        email: &EmailAddress,
    ) -> Result<(), StoreError> {
        if self.max_failures.is_some() {
            work.clear_attempts(&key_of(Guesser::Stranger(email.as_str()))).await?;
        }
        Ok(())
    }

    /// Counts an email with a link to this address, which may belong to no account, so that it takes as long. Returns
    /// whether it may be sent.
    pub(super) async fn email(
        &self,
        work: &mut dyn UnitOfWork,
        what: &str,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Without limits as well, so that an unknown address takes as long.
        let max = if self.max_failures.is_some() { MAX_EMAILS } else { u64::MAX };
        let since = now.saturating_sub(EMAIL_PERIOD).unwrap_or(Timestamp::MIN);
        work.count_attempt(&key(&["email", what, email.as_str()]), now, since, max).await
    }
}

fn key_of(guesser: Guesser<'_>) -> AttemptKey {
    match guesser {
        Guesser::Stranger(email) => key(&["password", email]),
        Guesser::Device(DeviceId(device)) => key(&["device", &u128::from_be_bytes(device).to_string()]),
        Guesser::Session(session) => key(&["session", &session.to_string()]),
        Guesser::Link(user) => key(&["login_link", &user.to_string()]),
    }
}

/// Attempts are counted under a hash, so that the table holds no address.
fn key(parts: &[&str]) -> AttemptKey {
    AttemptKey(Sha256::digest(parts.join("\0").as_bytes()).into())
}
