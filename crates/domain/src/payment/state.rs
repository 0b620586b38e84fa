//! How reports of the provider change the state of a payment or refund.
//!
//! Providers report late, repeatedly and in any order. States are therefore ordered: a report leads to a later state or
//! changes nothing, so that the final state does not depend on the order of the reports.

use super::LedgerKind;

text_enum! {
    /// The state of one attempt to collect a price.
    pub enum PaymentState {
        /// A checkout was or is about to be requested from the provider; the response is not known yet.
        Opening => "opening",
        /// The client can pay.
        Open => "open",
        /// The client completed the checkout; the payment is being processed.
        Processing => "processing",
        /// No longer needed; the provider has to close it.
        Closing => "closing",
        /// Paid: the booking depends on this payment.
        Settled => "settled",
        /// Paid when the booking no longer needed it. It is refunded.
        Unapplied => "unapplied",
        /// Ended unpaid.
        Closed => "closed",
    }
}

impl PaymentState {
    /// Whether it is paid. Such a state is final.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Settled | Self::Unapplied)
    }

    /// Whether a payment may still arrive.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Opening | Self::Open | Self::Processing | Self::Closing)
    }

    /// The state after the provider reported that it is processing the payment; `None` if that changes nothing.
    pub fn after_processing(self) -> Option<Self> {
        matches!(self, Self::Opening | Self::Open | Self::Closing).then_some(Self::Processing)
    }

    /// The state after the provider reported that the payment failed; `None` if that changes nothing.
    pub fn after_failure(self) -> Option<Self> {
        matches!(self, Self::Opening | Self::Open | Self::Closing | Self::Processing).then_some(Self::Closed)
    }

    /// The state after the provider reported that the checkout expired unpaid; `None` if that changes nothing. A checkout
    /// whose payment is being processed can no longer expire, so such a report is older than what is known.
    pub fn after_expiry(self) -> Option<Self> {
        matches!(self, Self::Opening | Self::Open | Self::Closing).then_some(Self::Closed)
    }
}

/// The state of a refund at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// The provider is processing it.
    Pending,
    /// Refunded. The client's bank can still return it, so this may become [`Self::Failed`] days later.
    Succeeded,
    /// Failed or returned. Final: another attempt needs another idempotency key.
    Failed,
}

text_enum! {
    /// The state of a refund in our records.
    pub enum RefundStage {
        /// Not requested from the provider yet, or its response is not known.
        Queued => "queued",
        /// The provider is processing it.
        Pending => "pending",
        /// Refunded.
        Succeeded => "succeeded",
        /// Failed or returned by the client's bank. An admin has to look at it.
        Failed => "failed",
        /// Failed, and repeated with another refund.
        Retried => "retried",
    }
}

impl RefundStage {
    /// Whether the client has not received the money yet.
    pub fn is_outstanding(self) -> bool {
        matches!(self, Self::Queued | Self::Pending)
    }

    /// The stage after a report, and the ledger entry that it causes; `None` if it changes nothing.
    pub fn after(self, reported: RefundState) -> Option<(Self, Option<LedgerKind>)> {
        match (self, reported) {
            (Self::Queued, RefundState::Pending) => Some((Self::Pending, None)),
            (Self::Queued | Self::Pending, RefundState::Succeeded) => {
                Some((Self::Succeeded, Some(LedgerKind::Refunded)))
            }
            (Self::Queued | Self::Pending, RefundState::Failed) => Some((Self::Failed, None)),
            (Self::Succeeded, RefundState::Failed) => Some((Self::Failed, Some(LedgerKind::RefundReversed))),
            (Self::Pending, RefundState::Pending)
            | (Self::Succeeded, RefundState::Pending | RefundState::Succeeded)
            | (Self::Failed | Self::Retried, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
