//! The practice's rules for booking, rescheduling and cancelling.

use thiserror::Error;

use crate::calendar::{BookingRules, RuleError, RuleSettings};
use crate::terms::{ChangeTerms, TermsError};

/// The rules of the practice, for all of its therapists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PracticePolicy {
    /// When sessions can be booked.
    pub rules: RuleSettings,
    /// The terms of new bookings.
    pub terms: ChangeTerms,
    /// Whether sessions are completed automatically after their end and the grace period of their room.
    pub auto_complete: bool,
}

/// Why a policy is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// Its booking rules are.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// Its terms are.
    #[error(transparent)]
    Terms(#[from] TermsError),
}

impl PracticePolicy {
    /// Checks the whole policy and returns its booking rules.
    pub fn checked(&self) -> Result<BookingRules, PolicyError> {
        self.terms.checked()?;
        Ok(BookingRules::new(self.rules)?)
    }
}

#[cfg(test)]
mod tests;
