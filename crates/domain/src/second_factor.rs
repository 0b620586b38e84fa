//! When an account needs a second factor.

use jiff::{SignedDuration, Timestamp};

use crate::User;

text_enum! {
    /// Who needs a second factor.
    pub enum SecondFactorPolicy {
        /// Everyone decides for themselves.
        Optional => "optional",
        /// Admins need one, because they see every client's record.
        Admins => "admins",
        /// Everyone needs one.
        Everyone => "everybody",
    }
}

/// How long admins of an earlier release have to set up a second factor.
pub const SETUP_PERIOD: SignedDuration = SignedDuration::from_hours(14 * 24);

impl SecondFactorPolicy {
    /// Whether an account like this needs a second factor, sooner or later.
    pub fn applies_to(self, user: &User) -> bool {
        match self {
            Self::Optional => false,
            Self::Admins => user.is_admin(),
            Self::Everyone => true,
        }
    }

    /// Whether this user has to set up a second factor before anything else.
    pub fn requires_setup(self, user: &User, now: Timestamp) -> bool {
        self.applies_to(user)
            && user.second_factor_at.is_none()
            && user.second_factor_due_at.is_none_or(|due_at| now >= due_at)
    }

    /// Until when this user may go on without a second factor; `None` if there is nothing to warn of.
    pub fn setup_due_at(self, user: &User) -> Option<Timestamp> {
        user.second_factor_due_at.filter(|_| self.applies_to(user) && user.second_factor_at.is_none())
    }
}

#[cfg(test)]
mod tests;
