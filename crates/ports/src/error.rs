//! How a store fails, in words that name no database.

use thiserror::Error;

/// Whatever a driver had to say, kept for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A rule that the store itself keeps, and that a write would have broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Conflict {
    /// Another account has this e-mail address.
    #[error("the e-mail address belongs to another account")]
    EmailTaken,
    /// The therapist's calendar is taken at that time.
    #[error("the therapist's time is taken")]
    SlotTaken,
    /// The row changed, or vanished, since it was read.
    #[error("the row changed in between")]
    Stale,
    /// The payment provider's reference is known already.
    #[error("the payment reference is known already")]
    ProviderIdTaken,
    /// More would go back of a payment than came in.
    #[error("the refund is more than is left of the payment")]
    RefundTooLarge,
    /// The refund is known already.
    #[error("the refund is known already")]
    RefundExists,
    /// The ledger would not balance.
    #[error("the ledger would not balance")]
    LedgerUnbalanced,
    /// An invitation of this address into this booking stands already.
    #[error("the address is invited already")]
    AlreadyInvited,
    /// A reply is kept under this key already.
    #[error("a reply is kept already")]
    IdempotencyKeyTaken,
    /// The booking's room is open already.
    #[error("the room is open already")]
    ConferenceOpen,
}

/// Why a store did not do what it was asked.
///
/// After any of these a unit of work is spent: all further calls on it fail too, and nothing of it is kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The write would have broken a rule.
    #[error("{0}")]
    Conflict(Conflict),
    /// Others got in the way (deadlock, lock time-out, serialization failure). Trying again from the start may work.
    #[error("the store is contended")]
    Contended,
    /// The store cannot be reached or did not answer in time. Nothing was kept, unless a commit was under way.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// A stored row makes no sense.
    #[error("a stored row is inconsistent")]
    Corrupt(#[source] BoxError),
    /// Anything else: a bug, a full disk, a missing table.
    #[error("the store failed")]
    Failed(#[source] BoxError),
}

impl StoreError {
    /// Whether a write was refused by this very rule.
    pub fn is_conflict(&self, rule: Conflict) -> bool {
        matches!(self, Self::Conflict(found) if *found == rule)
    }
}
