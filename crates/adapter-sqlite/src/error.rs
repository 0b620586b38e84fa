//! What SQLite says, in the words of the port.
//!
//! Diesel hands on no error codes but a few kinds, so the texts are compared. They are fixed in SQLite's source
//! (`sqlite3ErrStr`, and the constraint messages of `sqlite3UniqueConstraint`) and in the migrations, and that version
//! of SQLite is compiled in.

use attune_ports::{Conflict, StoreError};
use diesel::result::Error;

/// Names a Diesel error in the port's words.
pub(crate) fn store_error(error: Error) -> StoreError {
    match message(&error) {
        "attune:slot_taken" => StoreError::Conflict(Conflict::SlotTaken),
        "attune:refund_too_large" => StoreError::Conflict(Conflict::RefundTooLarge),
        "attune:ledger_unbalanced" | "CHECK constraint failed: ledger_refund_unless_captured" => {
            StoreError::Conflict(Conflict::LedgerUnbalanced)
        }
        "UNIQUE constraint failed: users.email" => StoreError::Conflict(Conflict::EmailTaken),
        "UNIQUE constraint failed: payments.provider, payments.provider_checkout_id" => {
            StoreError::Conflict(Conflict::ProviderIdTaken)
        }
        "UNIQUE constraint failed: refunds.idempotency_key"
        | "UNIQUE constraint failed: refunds.provider_refund_id" => StoreError::Conflict(Conflict::RefundExists),
        "UNIQUE constraint failed: participants.email, participants.booking_id" => {
            StoreError::Conflict(Conflict::AlreadyInvited)
        }
        "UNIQUE constraint failed: idempotency_keys.user_id, idempotency_keys.route, idempotency_keys.key" => {
            StoreError::Conflict(Conflict::IdempotencyKeyTaken)
        }
        "UNIQUE constraint failed: conferences.booking_id" => StoreError::Conflict(Conflict::ConferenceOpen),
        _ if is_busy(&error) => StoreError::Contended,
        // SQLITE_FULL, SQLITE_IOERR and SQLITE_CANTOPEN.
        "database or disk is full" | "disk I/O error" | "unable to open database file" => {
            StoreError::Unavailable(error.into())
        }
        _ => StoreError::Failed(error.into()),
    }
}

/// Whether others are in the way: SQLITE_BUSY, SQLITE_LOCKED or SQLITE_PROTOCOL.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(message(error), "database is locked" | "database table is locked" | "locking protocol")
}

/// What SQLite said, or nothing when the error is Diesel's own.
pub(crate) fn message(error: &Error) -> &str {
    if let Error::DatabaseError(_, information) = error { information.message() } else { "" }
}

/// Checks that a change found its row.
pub(crate) fn one_row(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict(Conflict::Stale)) }
}

/// Takes an identity that was read back.
pub(crate) fn identity<T>(id: Option<T>) -> Result<T, StoreError> {
    id.ok_or_else(|| StoreError::Corrupt("a stored id is not positive".into()))
}
