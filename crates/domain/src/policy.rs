//! What the practice decided about booking, moving and calling off.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::calendar::{BookingRules, RuleError, RuleSettings};
use crate::{Booking, BookingStatus, Money, Role};

/// The terms on which a session was bought. They are written into the booking, so that a later change of the practice's
/// policy never touches a session that was agreed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeTerms {
    /// Until how long before its beginning a session can be called off for nothing, in minutes.
    pub free_minutes: u32,
    /// How much of the price goes back after that, in percent.
    pub late_refund_percent: u8,
    /// Until how long before its beginning a client can move a session, in minutes.
    pub reschedule_minutes: u32,
}

impl Default for ChangeTerms {
    /// A day's notice for both, and nothing back after it, as is usual for sessions that are kept for one person.
    fn default() -> Self {
        Self { free_minutes: 24 * 60, late_refund_percent: 0, reschedule_minutes: 24 * 60 }
    }
}

/// Why terms make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TermsError {
    /// Longer than [`ChangeTerms::MAX_MINUTES`].
    #[error("the notice for calling off or moving is longer than 30 days")]
    Minutes,
    /// More than everything.
    #[error("the refund is more than 100 percent")]
    Percent,
}

impl ChangeTerms {
    /// Longest notice, in minutes: 30 days.
    pub const MAX_MINUTES: u32 = 30 * 24 * 60;

    /// Checks the numbers.
    pub fn checked(self) -> Result<Self, TermsError> {
        if self.free_minutes > Self::MAX_MINUTES || self.reschedule_minutes > Self::MAX_MINUTES {
            return Err(TermsError::Minutes);
        }
        if self.late_refund_percent > 100 {
            return Err(TermsError::Percent);
        }
        Ok(self)
    }

    /// Until when the session can be called off for nothing.
    pub fn free_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, self.free_minutes)
    }

    /// Until when a client can move the session.
    pub fn reschedule_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, self.reschedule_minutes)
    }
}

/// What calling a session off would mean at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancellationQuote {
    /// Whether it is after the free time. The practice itself is never late.
    pub late: bool,
    /// What goes back to the client.
    pub refund: Money,
    /// What the practice keeps of what was paid.
    pub fee: Money,
    /// Until when it is free.
    pub free_until: Timestamp,
}

impl CancellationQuote {
    /// Works the quote out of the terms on which the session was bought.
    ///
    /// When the practice calls off, everything goes back, at any time. Parts of a minor unit are rounded in the client's
    /// favour. `held` is what came in and can still go back; what was not paid, or is on its way back already, does not
    /// go back.
    pub fn of(booking: &Booking, held: Money, terms: &ChangeTerms, by: Role, now: Timestamp) -> Self {
        let free_until = terms.free_until(booking.scheduled_at());
        let late = by == Role::Client && now >= free_until && booking.status() != BookingStatus::PendingPayment;
        let currency = booking.price().currency();
        let known = booking.payment_status().has_been_paid() && held.currency() == currency;
        let paid = if known { held.minor().min(booking.price().minor()) } else { 0 };
        let back = if late { percent_of(paid, terms.late_refund_percent) } else { paid };
        // Both lie between nothing and the price, which is an amount.
        let money = |minor| Money::new(minor, currency).unwrap_or(Money::zero(currency));
        Self { late, refund: money(back), fee: money(paid - back), free_until }
    }
}

fn percent_of(minor: i64, percent: u8) -> i64 {
    (minor * i64::from(percent.min(100)) + 99) / 100
}

fn before(starts_at: Timestamp, minutes: u32) -> Timestamp {
    starts_at.saturating_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN)
}

/// What the practice decided, for all of its therapists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PracticePolicy {
    /// When a session may begin.
    pub rules: RuleSettings,
    /// On which terms sessions are bought from now on.
    pub terms: ChangeTerms,
    /// Whether a session counts as having taken place once it is over and its grace time too, unless somebody says
    /// otherwise.
    pub auto_complete: bool,
}

/// Why a policy makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// Of its rules.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// Of its terms.
    #[error(transparent)]
    Terms(#[from] TermsError),
}

impl PracticePolicy {
    /// The rules, checked together with the rest.
    pub fn checked(&self) -> Result<BookingRules, PolicyError> {
        self.terms.checked()?;
        Ok(BookingRules::new(self.rules)?)
    }
}

#[cfg(test)]
mod tests;
