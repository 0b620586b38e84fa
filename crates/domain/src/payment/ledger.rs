//! The payment ledger: what was received, refunded and queued for a refund, and what is refundable.

use thiserror::Error;

use super::{Currency, Money, PaymentState, PaymentStatus, RefundStage};

text_enum! {
    /// The kind of a ledger entry. Entries are only ever added.
    pub enum LedgerKind {
        /// A payment was received.
        Captured => "captured",
        /// A refund was made.
        Refunded => "refunded",
        /// A refund was returned by the client's bank.
        RefundReversed => "refund_reversed",
    }
}

impl LedgerKind {
    /// The amount with its sign: what the entry adds to the balance.
    pub fn signed(self, amount: Money) -> i64 {
        match self {
            Self::Captured | Self::RefundReversed => amount.minor(),
            Self::Refunded => -amount.minor(),
        }
    }
}

/// Why a refund is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RefundError {
    /// Nothing was received, or everything was refunded.
    #[error("there is nothing to refund")]
    NothingToRefund,
    /// More than is refundable, or in another currency.
    #[error("at most {refundable} can be refunded")]
    ExceedsRefundable {
        /// The largest possible refund.
        refundable: Money,
    },
    /// The requested amount is zero.
    #[error("the refund is zero")]
    ZeroAmount,
}

/// The totals of one booking or of one payment, in minor units of one currency. Amounts in another currency are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentLedger {
    currency: Currency,
    captured: i64,
    refunded: i64,
    pending: i64,
}

impl PaymentLedger {
    /// An empty ledger.
    pub fn new(currency: Currency) -> Self {
        Self { currency, captured: 0, refunded: 0, pending: 0 }
    }

    /// Adds a payment, which counts if it is paid.
    #[must_use]
    pub fn with_payment(mut self, state: PaymentState, amount: Money) -> Self {
        if state.is_paid() && amount.currency() == self.currency {
            self.captured += amount.minor();
        }
        self
    }

    /// Adds a refund, which counts unless it failed.
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

    /// What was received minus what was refunded, in minor units: the sum of the ledger's entries.
    pub fn balance_minor(&self) -> i64 {
        self.captured - self.refunded
    }

    /// The balance without the queued refunds, at least zero.
    pub fn refundable(&self) -> Money {
        let refundable = (self.balance_minor() - self.pending).max(0);
        Money::new(refundable, self.currency).unwrap_or(Money::zero(self.currency))
    }

    /// The amount of a refund: the requested one, or else everything refundable.
    pub fn check_refund(&self, requested: Option<Money>) -> Result<Money, RefundError> {
        let refundable = self.refundable();
        if refundable.is_zero() {
            return Err(RefundError::NothingToRefund);
        }
        match requested {
            None => Ok(refundable),
            Some(amount) if amount.currency() != self.currency || amount.minor() > refundable.minor() => {
                Err(RefundError::ExceedsRefundable { refundable })
            }
            Some(amount) if amount.is_zero() => Err(RefundError::ZeroAmount),
            Some(amount) => Ok(amount),
        }
    }

    /// The payment status of a booking for which a payment was received.
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
