//! How long a login lasts, and how a stolen refresh token is detected.
//!
//! Each refresh invalidates the refresh token it used and issues the next one, of the next generation. A token of an
//! earlier generation was used before, so it must have been copied, and the whole login session ends (RFC 9700, section
//! 4.14.2).

use jiff::{SignedDuration, Timestamp};

use crate::{LoginSessionId, UserId};

/// One login and all refreshes that follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// Unique and never reused.
    pub id: LoginSessionId,
    /// The user who logged in.
    pub user: UserId,
    /// Generation of the newest refresh token, from 1.
    pub generation: u32,
    /// When the newest refresh token was issued.
    pub rotated_at: Timestamp,
    /// When the user logged in.
    pub created_at: Timestamp,
    /// When the user last gave their password or a code again, which allows what could take over the account.
    pub stepped_up_at: Option<Timestamp>,
    /// When it ended by logout, password change, token reuse or an admin's action.
    pub ended_at: Option<Timestamp>,
}

/// How long a step-up lasts.
pub const STEP_UP: SignedDuration = SignedDuration::from_mins(10);

impl LoginSession {
    /// Whether the user gave their password or a code again within [`STEP_UP`].
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        self.stepped_up_at.is_some_and(|at| now.duration_since(at) < STEP_UP)
    }
}

/// A browser or program that a user logged in with. It is random and identifies no one else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub [u8; 16]);

/// How long login sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginSessionPolicy {
    /// A login session ends after this time without a refresh.
    pub idle: SignedDuration,
    /// A login session ends at this age, however often it is refreshed.
    pub absolute: SignedDuration,
    /// For this long after a refresh the previous token remains valid, because two requests of one client may refresh
    /// concurrently.
    pub overlap: SignedDuration,
}

impl Default for LoginSessionPolicy {
    fn default() -> Self {
        Self {
            idle: SignedDuration::from_hours(14 * 24),
            absolute: SignedDuration::from_hours(90 * 24),
            overlap: SignedDuration::from_secs(10),
        }
    }
}

/// How to respond to a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshDecision {
    /// The newest token: issue the next generation.
    Rotate,
    /// The previous token within the overlap: issue another token of the newest generation.
    Overlap,
    /// An older token: end the login session.
    Reused,
    /// The login session has ended.
    Ended,
}

impl LoginSessionPolicy {
    /// Whether the login session is active.
    pub fn is_live(&self, session: &LoginSession, now: Timestamp) -> bool {
        session.ended_at.is_none()
            && now.duration_since(session.rotated_at) < self.idle
            && now.duration_since(session.created_at) < self.absolute
    }

    /// Decides about a refresh token of this generation.
    pub fn decide(&self, session: &LoginSession, generation: u32, now: Timestamp) -> RefreshDecision {
        if !self.is_live(session, now) {
            RefreshDecision::Ended
        } else if generation == session.generation {
            RefreshDecision::Rotate
        } else if generation.checked_add(1) == Some(session.generation)
            && now.duration_since(session.rotated_at) < self.overlap
        {
            RefreshDecision::Overlap
        } else {
            RefreshDecision::Reused
        }
    }
}

#[cfg(test)]
mod tests;
