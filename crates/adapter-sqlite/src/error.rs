//! SQLite's errors as those of the port.
//!
//! Diesel passes on no error codes but a few kinds, so the messages are compared. They are fixed in SQLite's source
//! (`sqlite3ErrStr`, and the constraint messages of `sqlite3UniqueConstraint`) and in the migrations, and that version
//! of SQLite is compiled in.

use std::io;
use std::path::PathBuf;

use attune_ports::{BoxError, Conflict, StoreError};
use diesel::result::Error;
use thiserror::Error as ThisError;

/// Why a database cannot be opened.
#[derive(Debug, ThisError)]
pub enum OpenError {
    /// The file cannot be created or opened: no such folder, or no permission to write.
    #[error("the database file {} cannot be opened for writing", path.display())]
    File { path: PathBuf, source: io::Error },
    /// There is no database, and none may be created, or the log of one that was removed is left.
    #[error("there is no database in the file {}, but there was one: restore it", path.display())]
    Missing { path: PathBuf },
    /// The file was removed or replaced, or its log was removed, after it had been opened. What is written now would be
    /// lost.
    #[error("the database file {} or its log was removed or replaced while it was in use", path.display())]
    Replaced { path: PathBuf },
    /// SQLite accepts paths in UTF-8 only.
    #[error("the path of the database file {} is not valid UTF-8", path.display())]
    NotUtf8 { path: PathBuf },
    /// SQLite cannot open the file, or it is not a database.
    #[error("the file {} cannot be used as a database", path.display())]
    Sqlite { path: PathBuf, source: BoxError },
    /// Releases up to 3.51.2 can damage a database when two connections write a checkpoint at the same moment.
    #[error("SQLite {found} is too old for the database {}: 3.51.3 or newer is needed", path.display())]
    OldSqlite { path: PathBuf, found: String },
    /// The file system cannot hold a write-ahead log; network file systems cannot.
    #[error("the database {} cannot keep a write-ahead log; it needs a local file system", path.display())]
    NoWriteAheadLog { path: PathBuf },
    /// The check found damage. Nothing was changed.
    #[error("the database {} is damaged ({finding}); restore it from a backup", path.display())]
    Damaged {
        path: PathBuf,
        /// The first finding of `PRAGMA quick_check`.
        finding: String,
    },
    /// The system cannot start another thread.
    #[error("no thread could be started for the database {}", path.display())]
    Thread { path: PathBuf, source: io::Error },
}

/// Whether the store failed because its file was removed or replaced: [`OpenError::Replaced`].
pub fn is_replaced(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else { return false };
    matches!(source.downcast_ref(), Some(OpenError::Replaced { .. }))
}

pub(crate) fn store_error(error: Error) -> StoreError {
    if let Some(conflict) = conflict(message(&error)) {
        return StoreError::Conflict(conflict);
    }
    match message(&error) {
        _ if is_busy(&error) => StoreError::Contended,
        // SQLITE_FULL, SQLITE_IOERR and SQLITE_CANTOPEN.
        "database or disk is full" | "disk I/O error" | "unable to open database file" => {
            StoreError::Unavailable(error.into())
        }
        _ => StoreError::Failed(error.into()),
    }
}

fn conflict(message: &str) -> Option<Conflict> {
    Some(match message {
        "attune:slot_taken" => Conflict::SlotTaken,
        "attune:refund_too_large" => Conflict::RefundTooLarge,
        "attune:ledger_unbalanced" | "CHECK constraint failed: ledger_refund_unless_captured" => {
            Conflict::LedgerUnbalanced
        }
        _ => match message.strip_prefix("UNIQUE constraint failed: ")? {
            "users.email" => Conflict::EmailTaken,
            "payments.provider, payments.provider_checkout_id" => Conflict::ProviderIdTaken,
            "refunds.idempotency_key" | "refunds.provider_refund_id" => Conflict::RefundExists,
            "participants.email, participants.booking_id" => Conflict::AlreadyInvited,
            "idempotency_keys.user_id, idempotency_keys.route, idempotency_keys.key" => Conflict::IdempotencyKeyTaken,
            "conferences.booking_id" => Conflict::ConferenceOpen,
            _ => return None,
        },
    })
}

/// Whether another connection holds a lock: SQLITE_BUSY, SQLITE_LOCKED or SQLITE_PROTOCOL.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(message(error), "database is locked" | "database table is locked" | "locking protocol")
}

/// SQLite's message; empty for an error of Diesel.
pub(crate) fn message(error: &Error) -> &str {
    if let Error::DatabaseError(_, information) = error { information.message() } else { "" }
}

/// Errors: [`Conflict::Stale`] for a statement that found no row to change.
pub(crate) fn one_row(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict(Conflict::Stale)) }
}
