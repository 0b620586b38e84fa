//! How long a login lasts, and how a stolen refresh token is noticed.
//!
//! A session is one login. Each refresh spends the token it was asked with and hands out the next one, one generation
//! further. Whoever shows a token of an earlier generation shows something that was already spent: either the client or
//! a thief has a copy, so the whole session ends (RFC 9700, section 4.14.2).

use jiff::{SignedDuration, Timestamp};

use crate::{LoginSessionId, UserId};

/// One login and all refreshes that follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// Which session.
    pub id: LoginSessionId,
    /// Whose.
    pub user: UserId,
    /// Generation of the newest refresh token, from 1.
    pub generation: u32,
    /// When the newest generation began.
    pub rotated_at: Timestamp,
    /// When the person logged in.
    pub created_at: Timestamp,
    /// When the session was ended, by logout, password change, reuse or an admin.
    pub ended_at: Option<Timestamp>,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginSessionPolicy {
    /// A session unused for this long is over.
    pub idle: SignedDuration,
    /// A session this old is over, however much it is used.
    pub absolute: SignedDuration,
    /// Two requests of one client may refresh at the same moment: for this long after a refresh the token before it
    /// still works.
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

/// What a refresh token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshDecision {
    /// The newest one: go one generation further.
    Rotate,
    /// The one before, a moment after it was spent: hand out another token of the newest generation.
    Overlap,
    /// An earlier one: end the session.
    Reused,
    /// The session is over.
    Ended,
}

impl LoginSessionPolicy {
    /// Whether the session still counts at this moment.
    pub fn is_live(&self, session: &LoginSession, now: Timestamp) -> bool {
        session.ended_at.is_none()
            && now.duration_since(session.rotated_at) < self.idle
            && now.duration_since(session.created_at) < self.absolute
    }

    /// Judges a refresh token of this generation.
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
