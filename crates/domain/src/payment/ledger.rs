//! The books: what came in, what went back, what is promised, and what may still be given back.

use thiserror::Error;

use super::{Currency, Money, PaymentState, PaymentStatus, RefundStage};

/// What a line of the ledger is about. Lines are added, never changed and never removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerKind {
    /// Money came in.
    Captured,
    /// Money went back.
    Refunded,
    /// Money that had gone back is with us again, because the client's bank did not take it.
    RefundReversed,
}

impl LedgerKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Captured, Self::Refunded, Self::RefundReversed];

    /// The name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Refunded => "refunded",
            Self::RefundReversed => "refund_reversed",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The amount with its sign: what the line adds to what we hold.
    pub fn signed(self, amount: Money) -> i64 {
        match self {
            Self::Captured | Self::RefundReversed => amount.minor(),
            Self::Refunded => -amount.minor(),
        }
    }
}

/// Why money cannot be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RefundError {
    /// Nothing came in, or all of it went back.
    #[error("there is nothing left to give back")]
    NothingToRefund,
    /// More than is left, or in another currency.
    #[error("at most {refundable} can be given back")]
    ExceedsRefundable {
        /// What is left.
        refundable: Money,
    },
    /// Nothing, or less.
    #[error("the amount to give back is nothing")]
    ZeroAmount,
}

/// The money of one booking or of one payment, in minor units of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentLedger {
    currency: Currency,
    captured: i64,
    refunded: i64,
    pending: i64,
}

impl PaymentLedger {
    /// Empty books.
    pub fn new(currency: Currency) -> Self {
        Self { currency, captured: 0, refunded: 0, pending: 0 }
    }

    /// Adds a payment; only what was paid counts. Amounts of another currency are not ours to add up.
    #[must_use]
    pub fn with_payment(mut self, state: PaymentState, amount: Money) -> Self {
        if state.is_paid() && amount.currency() == self.currency {
            self.captured += amount.minor();
        }
        self
    }

    /// Adds a refund.
    #[must_use]
    pub fn with_refund(mut self, stage: RefundStage, amount: Money) -> Self {
        if amount.currency() == self.currency {
            match stage {
                RefundStage::Queued | RefundStage::Pending => self.pending += amount.minor(),
                RefundStage::Succeeded => self.refunded += amount.minor(),
                RefundStage::Failed | RefundStage::Retried => {}
            }
        }
        self
    }

    /// What we hold: what came in without what went back, in minor units. The ledger's sum is the same number.
    pub fn balance_minor(&self) -> i64 {
        self.captured - self.refunded
    }

    /// What can still be given back: what we hold and promised to nobody. Never below nothing.
    pub fn refundable(&self) -> Money {
        let refundable = (self.balance_minor() - self.pending).max(0);
        Money::new(refundable, self.currency).unwrap_or(Money::zero(self.currency))
    }

    /// The amount to give back: what is asked for, or all that is left.
    pub fn check_refund(&self, asked: Option<Money>) -> Result<Money, RefundError> {
        let refundable = self.refundable();
        if refundable.is_zero() {
            return Err(RefundError::NothingToRefund);
        }
        match asked {
            None => Ok(refundable),
            Some(amount) if amount.currency() != self.currency || amount.minor() > refundable.minor() => {
                Err(RefundError::ExceedsRefundable { refundable })
            }
            Some(amount) if amount.is_zero() => Err(RefundError::ZeroAmount),
            Some(amount) => Ok(amount),
        }
    }

    /// What the books make of the payment status of a booking for which money came in.
    pub fn status(&self) -> PaymentStatus {
        if self.pending > 0 {
            PaymentStatus::RefundPending
        } else if self.balance_minor() <= 0 {
            PaymentStatus::Refunded
        } else if self.refunded > 0 {
            PaymentStatus::PartiallyRefunded
        } else {
            PaymentStatus::Succeeded
        }
    }
}

#[cfg(test)]
mod tests;
