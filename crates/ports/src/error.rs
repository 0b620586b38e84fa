//! The errors of a store, independent of any particular database.

use thiserror::Error;

/// The underlying error of a driver, preserved for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A constraint that the store enforces and that a write would have violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Conflict {
    /// Another account has this email address.
    #[error("the email address belongs to another account")]
    EmailTaken,
    /// The therapist's calendar is blocked at that time.
    #[error("the therapist's calendar is blocked at that time")]
    SlotTaken,
    /// The row was changed since it was read, or does not exist.
    #[error("the row was changed since it was read, or does not exist")]
    Stale,
    /// The provider's id of the checkout or payment is already stored.
    #[error("the provider's id of the payment is already stored")]
    ProviderIdTaken,
    /// The refunds of the payment would exceed the amount that was paid.
    #[error("the refunds would exceed the payment")]
    RefundTooLarge,
    /// The refund is already stored.
    #[error("the refund is already stored")]
    RefundExists,
    /// The ledger would not balance.
    #[error("the ledger would not balance")]
    LedgerUnbalanced,
    /// This address already has an active invitation to this booking.
    #[error("the address already has an invitation")]
    AlreadyInvited,
    /// A response is already stored under this idempotency key.
    #[error("a response is already stored")]
    IdempotencyKeyTaken,
    /// The booking's room is already open.
    #[error("the room is already open")]
    ConferenceOpen,
}

/// The error of an operation on a store.
///
/// After any of these errors the unit of work is spent: all further calls on it fail, and nothing that it wrote is
/// stored.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The write would have violated a constraint.
    #[error("{0}")]
    Conflict(Conflict),
    /// A conflict with another unit of work (deadlock, lock timeout or serialization failure). Repeating the whole unit
    /// of work may succeed.
    #[error("the store is contended")]
    Contended,
    /// The store cannot be reached or did not answer in time. Nothing was stored, except possibly when a commit was in
    /// progress.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// A stored row is inconsistent.
    #[error("a stored row is inconsistent")]
    Corrupt(#[source] BoxError),
    /// Any other failure, such as a bug, a full disk or a missing table.
    #[error("the store failed")]
    Failed(#[source] BoxError),
}

impl StoreError {
    /// Whether this error is a violation of the given constraint.
    pub fn is_conflict(&self, rule: Conflict) -> bool {
        matches!(self, Self::Conflict(found) if *found == rule)
    }
}
