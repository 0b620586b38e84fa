//! What news of money does to an attempt to collect a price, and to a refund.
//!
//! Providers tell late, twice and in any order. So states are steps of a ladder: news leads further up, or nowhere. Whoever
//! hears all of it ends on the same step, whatever came first.

use super::LedgerKind;

/// Where an attempt to collect a price stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// The provider was asked for a checkout, or is about to be; its answer is not known yet.
    Opening,
    /// The client can pay.
    Open,
    /// The client is through, and the money is on its way.
    Processing,
    /// Nobody needs it any more, and the provider is still to be told.
    Closing,
    /// Paid: the booking stands on this money.
    Settled,
    /// Paid when the booking did not need it any more. It goes back.
    Unapplied,
    /// Ended unpaid.
    Closed,
}

/// What a provider tells of an attempt, besides that it was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnpaidUpdate {
    /// The money is on its way.
    Processing,
    /// The money was on its way and did not come.
    Failed,
    /// It ended before anybody paid.
    Over,
}

impl PaymentState {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Opening, Self::Open, Self::Processing, Self::Closing, Self::Settled, Self::Unapplied, Self::Closed];

    /// The name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Open => "open",
            Self::Processing => "processing",
            Self::Closing => "closing",
            Self::Settled => "settled",
            Self::Unapplied => "unapplied",
            Self::Closed => "closed",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Whether the money came. Nothing leads away from there.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Settled | Self::Unapplied)
    }

    /// Whether money may still come.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Opening | Self::Open | Self::Processing | Self::Closing)
    }

    /// Where the news leads; `None` where it says nothing new.
    pub fn after(self, news: UnpaidUpdate) -> Option<Self> {
        match (self, news) {
            (Self::Opening | Self::Open | Self::Closing, UnpaidUpdate::Processing) => Some(Self::Processing),
            (Self::Opening | Self::Open | Self::Closing, UnpaidUpdate::Failed | UnpaidUpdate::Over)
            | (Self::Processing, UnpaidUpdate::Failed) => Some(Self::Closed),
            // Who is through with a checkout cannot let it run out: that news is older than what is known.
            (Self::Processing, UnpaidUpdate::Processing | UnpaidUpdate::Over)
            | (Self::Settled | Self::Unapplied | Self::Closed, _) => None,
        }
    }
}

/// Where a refund stands, as its provider tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// The provider is working on it.
    Pending,
    /// The money left. The client's bank can still send it back, so this may turn into [`Self::Failed`] days later.
    Succeeded,
    /// The money is with us again, or still. For good: another attempt needs another key.
    Failed,
}

/// Where a refund stands, as we know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundStage {
    /// Promised; nobody gave it back yet, or nobody knows.
    Queued,
    /// The provider is working on it.
    Pending,
    /// The money left.
    Succeeded,
    /// It did not, or came back. Somebody has to look at it.
    Failed,
    /// It failed, and the money was promised anew in another refund.
    Retried,
}

impl RefundStage {
    /// Every stage.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Pending, Self::Succeeded, Self::Failed, Self::Retried];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Retried => "retried",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Whether the client is still to get the money.
    pub fn is_outstanding(self) -> bool {
        matches!(self, Self::Queued | Self::Pending)
    }

    /// Where the provider's word leads, and the line that the ledger gets for it; `None` where it says nothing new.
    pub fn after(self, told: RefundState) -> Option<(Self, Option<LedgerKind>)> {
        match (self, told) {
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
