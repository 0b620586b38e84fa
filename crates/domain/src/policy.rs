//! The practice's rules for booking, rescheduling and cancelling.
//!
//! ```
//! use attune_domain::ChangeTerms;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Free of charge until two days before; half of the price is refunded after that.
//! let terms = ChangeTerms { free_minutes: 48 * 60, late_refund_percent: 50, ..ChangeTerms::default() }.checked()?;
//! assert_eq!(terms.free_until("2024-01-15T10:00:00Z".parse()?), "2024-01-13T10:00:00Z".parse()?);
//! # Ok(())
//! # }
//! ```

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::calendar::{BookingRules, RuleError, RuleSettings};
use crate::{Booking, BookingStatus, Money, Role};

/// The cancellation and rescheduling terms of a booking. Each booking stores its own, so that a change of the practice's
/// policy does not affect existing bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeTerms {
    /// How long before the start cancellation stops being free of charge, in minutes.
    pub free_minutes: u32,
    /// The refund after that, in percent of the payment.
    pub late_refund_percent: u8,
    /// How long before the start clients can no longer reschedule, in minutes.
    pub reschedule_minutes: u32,
}

impl Default for ChangeTerms {
    /// A day for both, and no refund after it, as is usual for sessions with a single client.
    fn default() -> Self {
        Self { free_minutes: 24 * 60, late_refund_percent: 0, reschedule_minutes: 24 * 60 }
    }
}

/// Why terms are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TermsError {
    /// Longer than [`ChangeTerms::MAX_MINUTES`].
    #[error("a cancellation or rescheduling period is longer than 30 days")]
    Minutes,
    /// More than 100 percent.
    #[error("the refund is more than 100 percent")]
    Percent,
}

impl ChangeTerms {
    /// Longest period, in minutes: 30 days.
    pub const MAX_MINUTES: u32 = 30 * 24 * 60;

    /// Returns the terms if their numbers are in range.
    pub fn checked(self) -> Result<Self, TermsError> {
        if self.free_minutes > Self::MAX_MINUTES || self.reschedule_minutes > Self::MAX_MINUTES {
            return Err(TermsError::Minutes);
        }
        if self.late_refund_percent > 100 {
            return Err(TermsError::Percent);
        }
        Ok(self)
    }

    /// The end of free cancellation.
    pub fn free_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, self.free_minutes)
    }

    /// The end of rescheduling for clients.
    pub fn reschedule_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, self.reschedule_minutes)
    }
}

/// What a cancellation would refund and cost at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CancellationQuote {
    /// Whether it is after the end of free cancellation. A cancellation by the practice never is.
    pub late: bool,
    /// The refund to the client.
    pub refund: Money,
    /// What the practice keeps of the payment.
    pub fee: Money,
    /// The end of free cancellation.
    pub free_until: Timestamp,
}

impl CancellationQuote {
    /// Calculates the quote from the terms of the booking.
    ///
    /// A cancellation by the practice refunds everything, at any time. Fractions of a minor unit are rounded in the
    /// client's favour. `refundable` is [`crate::payment::PaymentLedger::refundable`] of the booking's payments.
    pub fn of(booking: &Booking, refundable: Money, terms: &ChangeTerms, by: Role, now: Timestamp) -> Self {
        let free_until = terms.free_until(booking.scheduled_at());
        let late = by == Role::Client && now >= free_until && booking.status() != BookingStatus::PendingPayment;
        let currency = booking.price().currency();
        let is_paid = booking.payment_status().has_been_paid() && refundable.currency() == currency;
        let paid = if is_paid { refundable.minor().min(booking.price().minor()) } else { 0 };
        let refund = if late { percent_of(paid, terms.late_refund_percent) } else { paid };
        // Both amounts are between zero and the price, so they are valid.
        let money = |minor| Money::new(minor, currency).unwrap_or(Money::zero(currency));
        Self { late, refund: money(refund), fee: money(paid - refund), free_until }
    }
}

fn percent_of(minor: i64, percent: u8) -> i64 {
    (minor * i64::from(percent.min(100)) + 99) / 100
}

fn before(starts_at: Timestamp, minutes: u32) -> Timestamp {
    starts_at.saturating_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN)
}

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
