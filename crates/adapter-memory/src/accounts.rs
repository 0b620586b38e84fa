//! The part of the state that belongs to accounts: limited attempts, one-time tokens, second factors and calendar feeds.

use attune_domain::login_session::DeviceId;
use attune_domain::{ChosenSlot, EmailAddress, LoginSessionId, OneTimePurpose, OneTimeToken, OneTimeTokenId, UserId};
use attune_ports::{
    AttemptKey, CalendarFeed, Conflict, LoginHistory, NewOneTimeToken, StoreError, TokenHash, TotpFactor,
};
use jiff::Timestamp;

use crate::state::{State, check_row, conflict, failed, truncate};

impl State {
    pub(crate) fn login_history(
        &self,
        user: UserId,
        network: Option<&str>,
        device: Option<&DeviceId>,
        since: Timestamp,
    ) -> LoginHistory {
        let mut history = LoginHistory::Empty;
        for login in self.sessions.values().filter(|login| login.session.user == user) {
            let is_same = network.is_some() && login.network.as_deref() == network
                || device.is_some() && self.devices.get(&login.session.id) == device;
            if is_same && login.session.created_at >= truncate(since) {
                return LoginHistory::Known;
            }
            history = LoginHistory::Unknown;
        }
        history
    }

    pub(crate) fn count_attempt(&mut self, key: &AttemptKey, now: Timestamp, since: Timestamp, max: u64) -> bool {
        let counted = self.attempts.entry(key.0).or_default();
        counted.retain(|at| *at >= truncate(since));
        let is_below = u64::try_from(counted.len()).unwrap_or(u64::MAX) < max;
        if is_below {
            counted.push(truncate(now));
        }
        is_below
    }

    pub(crate) fn take_back_attempt(&mut self, key: &AttemptKey, at: Timestamp) {
        let counted = self.attempts.entry(key.0).or_default();
        if let Some(position) = counted.iter().position(|counted| *counted == truncate(at)) {
            counted.remove(position);
        }
    }

    pub(crate) fn purge_attempts(&mut self, before: Timestamp) -> u64 {
        let mut purged = 0;
        self.attempts.retain(|_, counted| {
            let all = counted.len();
            counted.retain(|at| *at >= truncate(before));
            purged += all.abs_diff(counted.len()) as u64;
            !counted.is_empty()
        });
        purged
    }

    pub(crate) fn add_one_time_token(&mut self, new: &NewOneTimeToken) -> Result<(), StoreError> {
        let (created_at, expires_at) = (truncate(new.created_at), truncate(new.expires_at));
        if self.token_issued_at(new.user, new.purpose, created_at).is_some() {
            return Ok(());
        }
        self.check_user(new.user)?;
        if let Some(slot) = &new.slot {
            check_row(&self.services, slot.service, "no such service")?;
            slot.therapist.map_or(Ok(()), |therapist| self.check_user(therapist))?;
        }
        if expires_at <= created_at {
            return Err(failed("the token expires before it is issued"));
        }
        self.last_one_time_token += 1;
        let id = OneTimeTokenId::new(self.last_one_time_token).ok_or_else(|| failed("the ids are used up"))?;
        let token = OneTimeToken {
            id,
            user: new.user,
            purpose: new.purpose,
            nonce: new.nonce,
            email: new.email.clone(),
            slot: new.slot.clone().map(|slot| ChosenSlot { starts_at: truncate(slot.starts_at), ..slot }),
            created_at,
            expires_at,
            ended_at: None,
        };
        self.one_time_tokens.insert(id, token);
        Ok(())
    }

    pub(crate) fn token_issued_at(
        &self,
        user: UserId,
        purpose: OneTimePurpose,
        at: Timestamp,
    ) -> Option<&OneTimeToken> {
        let mut tokens = self.one_time_tokens.values();
        tokens.find(|token| token.user == user && token.purpose == purpose && token.created_at == truncate(at))
    }

    pub(crate) fn use_one_time_token(&mut self, id: OneTimeTokenId, now: Timestamp) -> bool {
        let unused = self.one_time_tokens.get_mut(&id).filter(|token| token.ended_at.is_none());
        unused.map(|token| token.ended_at = Some(truncate(now))).is_some()
    }

    pub(crate) fn end_one_time_tokens(
        &mut self,
        user: UserId,
        purposes: &[OneTimePurpose],
        created_from: Timestamp,
        now: Timestamp,
    ) -> u64 {
        let mut ended = 0;
        for token in self.one_time_tokens.values_mut() {
            let is_meant = token.user == user && purposes.contains(&token.purpose);
            if is_meant && token.created_at >= truncate(created_from) && token.ended_at.is_none() {
                token.ended_at = Some(truncate(now));
                ended += 1;
            }
        }
        ended
    }

    pub(crate) fn email_reserved_for(&self, email: &EmailAddress, now: Timestamp) -> Option<UserId> {
        let mut tokens = self.one_time_tokens.values();
        let undo = tokens.find(|token| {
            token.purpose == OneTimePurpose::UndoEmail
                && token.email == *email
                && token.ended_at.is_none()
                && token.expires_at > truncate(now)
        });
        undo.map(|token| token.user)
    }

    pub(crate) fn purge_one_time_tokens(&mut self, before: Timestamp) -> u64 {
        let expired = self.one_time_tokens.extract_if(.., |_, token| token.expires_at < truncate(before));
        expired.fold(0, |purged, _| purged + 1)
    }

    pub(crate) fn save_totp_factor(&mut self, user: UserId, factor: &TotpFactor) -> Result<(), StoreError> {
        self.check_user(user)?;
        if factor.sealed_secret.is_empty() {
            return Err(failed("a second factor without its secret"));
        }
        if i64::try_from(factor.last_step).is_err() {
            return Err(failed("the time step is too large"));
        }
        self.totp_factors.insert(user, factor.clone());
        Ok(())
    }

    pub(crate) fn remove_second_factor(&mut self, user: UserId) {
        self.totp_factors.remove(&user);
        self.recovery_codes.retain(|(owner, _)| *owner != user);
    }

    pub(crate) fn set_recovery_codes(&mut self, user: UserId, codes: &[TokenHash]) -> Result<(), StoreError> {
        self.recovery_codes.retain(|(owner, _)| *owner != user);
        for code in codes {
            self.check_user(user)?;
            if !self.recovery_codes.insert((user, code.0)) {
                return Err(failed("the recovery code exists already"));
            }
        }
        Ok(())
    }

    pub(crate) fn save_calendar_feed(&mut self, user: UserId, feed: &CalendarFeed) -> Result<(), StoreError> {
        self.check_user(user)?;
        self.calendar_feeds.insert(user, CalendarFeed { created_at: truncate(feed.created_at), ..feed.clone() });
        Ok(())
    }

    pub(crate) fn step_up(&mut self, session: LoginSessionId, now: Timestamp) -> Result<(), StoreError> {
        let login = self.sessions.get_mut(&session).ok_or(conflict(Conflict::Stale))?;
        login.session.stepped_up_at = Some(truncate(now));
        Ok(())
    }
}
