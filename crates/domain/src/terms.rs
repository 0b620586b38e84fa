//! The terms of rescheduling and cancelling a booking.
//!
//! ```
//! use attune_domain::ChangeTerms;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Free of charge until two days before; half of the price is refunded after that.
//! let terms = ChangeTerms { free_minutes: 48 * 60, late_refund_percent: 50, ..ChangeTerms::default() }.checked()?;
//! let (starts_at, booked_at) = ("2024-01-15T10:00:00Z".parse()?, "2024-01-01T10:00:00Z".parse()?);
//! assert_eq!(terms.free_until(starts_at, booked_at), "2024-01-13T10:00:00Z".parse()?);
//! # Ok(())
//! # }
//! ```

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::Money;

/// The cancellation and rescheduling terms of a booking. Each booking stores its own, so that a change of the practice's
/// policy does not affect existing bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeTerms {
    /// How long before the start cancellation stops being free of charge, in minutes.
    pub free_minutes: u32,
    /// How long after booking cancellation is free of charge in any case, in minutes.
    pub grace_minutes: u32,
    /// The refund after that, in percent of the payment.
    pub late_refund_percent: u8,
    /// How long before the start clients can no longer reschedule, in minutes.
    pub reschedule_minutes: u32,
}

impl Default for ChangeTerms {
    /// A day for both, and no refund after it, as is usual for sessions with a single client. A slip is corrected in minutes.
    fn default() -> Self {
        Self { free_minutes: 24 * 60, grace_minutes: 3, late_refund_percent: 0, reschedule_minutes: 24 * 60 }
    }
}

/// Why terms are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TermsError {
    /// Longer than [`ChangeTerms::MAX_MINUTES`].
    #[error("a cancellation or rescheduling period is longer than 30 days")]
    Minutes,
    /// Longer than [`ChangeTerms::MAX_GRACE_MINUTES`].
    #[error("the grace period is longer than a day")]
    Grace,
    /// More than 100 percent.
    #[error("the refund is more than 100 percent")]
    Percent,
}

impl ChangeTerms {
    /// Longest period, in minutes: 30 days.
    pub const MAX_MINUTES: u32 = 30 * 24 * 60;

    /// Longest grace period, in minutes: a day.
    pub const MAX_GRACE_MINUTES: u32 = 24 * 60;

    /// Returns the terms if their numbers are in range.
    pub fn checked(self) -> Result<Self, TermsError> {
        if self.free_minutes > Self::MAX_MINUTES || self.reschedule_minutes > Self::MAX_MINUTES {
            return Err(TermsError::Minutes);
        }
        if self.grace_minutes > Self::MAX_GRACE_MINUTES {
            return Err(TermsError::Grace);
        }
        if self.late_refund_percent > 100 {
            return Err(TermsError::Percent);
        }
        Ok(self)
    }

    /// The end of free cancellation; never after the start. Someone who booked by mistake has the grace period to correct it,
    /// even if the session starts so soon that cancellation was never free of charge.
    pub fn free_until(&self, starts_at: Timestamp, booked_at: Timestamp) -> Timestamp {
        let notice = before(starts_at, self.free_minutes);
        if self.grace_minutes == 0 {
            return notice;
        }
        let grace = SignedDuration::from_mins(i64::from(self.grace_minutes));
        let grace_end = booked_at.saturating_add(grace).unwrap_or(Timestamp::MAX);
        notice.max(grace_end.min(starts_at))
    }

    /// What a cancellation refunds after that. Fractions of a minor unit are rounded in the client's favour.
    pub fn late_refund(&self, paid: Money) -> Money {
        let minor = (paid.minor() * i64::from(self.late_refund_percent.min(100)) + 99) / 100;
        Money::new(minor, paid.currency()).unwrap_or(Money::zero(paid.currency()))
    }

    /// The end of rescheduling for clients.
    pub fn reschedule_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, self.reschedule_minutes)
    }
}

fn before(starts_at: Timestamp, minutes: u32) -> Timestamp {
    starts_at.saturating_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN)
}
