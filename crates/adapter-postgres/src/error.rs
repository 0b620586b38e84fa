//! What PostgreSQL says, in the words of the port.
//!
//! Diesel hands on the kinds of broken constraints, but of everything else only a text, not its code (SQLSTATE). So
//! texts are compared where they are ours to know, and where a server speaks another language than English, the time
//! tells the same: only a statement that stood in a queue fails as late as a lock or statement timeout does.

use std::time::Duration;

use attune_ports::{Conflict, StoreError};
use diesel::result::{DatabaseErrorKind, Error};

use crate::dial::{LOCK_TIMEOUT, STATEMENT_TIMEOUT};

/// What may go wrong while a statement is run and its rows are read.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The driver or the server, as Diesel tells it.
    Driver(Error),
    /// The driver or the server, without Diesel.
    Plain(tokio_postgres::Error),
    /// A row that makes no sense, or a rule that the adapter itself looks after.
    Store(StoreError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Plain(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Trouble {
    /// Names it in the port's words. `after` is how long the statement took to fail.
    pub(crate) fn into_store_error(self, after: Duration) -> StoreError {
        match self {
            Self::Driver(error) => store_error(error, after),
            Self::Plain(error) => plain_error(error),
            Self::Store(error) => error,
        }
    }
}

/// Texts of errors after which trying again from the start may work: 40P01, 55P03.
const CONTENDED: [&str; 2] = ["deadlock detected", "canceling statement due to lock timeout"];

/// Beginnings of the texts of errors that come from the state the server is in: 57014, 57P01 to 57P05, 25P03, 53100 to
/// 53400, 58030.
const UNAVAILABLE: [&str; 11] = [
    "canceling statement due to statement timeout",
    "canceling statement due to user request",
    "terminating connection due to",
    "the database system is ",
    "sorry, too many clients already",
    "remaining connection slots are reserved",
    "too many connections for ",
    "out of memory",
    "out of shared memory",
    "could not extend file",
    "could not write to file",
];

/// Names a Diesel error in the port's words.
pub(crate) fn store_error(error: Error, after: Duration) -> StoreError {
    let Error::DatabaseError(kind, told) = &error else {
        return StoreError::Failed(error.into());
    };
    let (constraint, text) = (told.constraint_name(), told.message());
    match (kind, constraint) {
        (DatabaseErrorKind::UniqueViolation, Some("users_email_key")) => StoreError::Conflict(Conflict::EmailTaken),
        (DatabaseErrorKind::UniqueViolation, Some("payments_provider_checkout_id_key")) => {
            StoreError::Conflict(Conflict::ProviderIdTaken)
        }
        (
            DatabaseErrorKind::UniqueViolation,
            Some("refunds_idempotency_key_key" | "refunds_provider_refund_id_key"),
        ) => StoreError::Conflict(Conflict::RefundExists),
        (DatabaseErrorKind::CheckViolation, Some("refunds_within_payment")) => {
            StoreError::Conflict(Conflict::RefundTooLarge)
        }
        (DatabaseErrorKind::UniqueViolation, Some("ledger_captured_once" | "ledger_moved_once"))
        | (DatabaseErrorKind::CheckViolation, Some("ledger_balances" | "ledger_refund_unless_captured")) => {
            StoreError::Conflict(Conflict::LedgerUnbalanced)
        }
        (DatabaseErrorKind::UniqueViolation, Some("participants_invited_once")) => {
            StoreError::Conflict(Conflict::AlreadyInvited)
        }
        (DatabaseErrorKind::UniqueViolation, Some("conferences_open_once")) => {
            StoreError::Conflict(Conflict::ConferenceOpen)
        }
        (DatabaseErrorKind::UniqueViolation, Some("idempotency_keys_unique")) => {
            StoreError::Conflict(Conflict::IdempotencyKeyTaken)
        }
        (DatabaseErrorKind::ExclusionViolation, Some("bookings_no_overlap")) => {
            StoreError::Conflict(Conflict::SlotTaken)
        }
        (DatabaseErrorKind::SerializationFailure, _) => StoreError::Contended,
        // No connection, or one to a server that has become a standby.
        (
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => StoreError::Unavailable(error.into()),
        (DatabaseErrorKind::Unknown, _) if CONTENDED.contains(&text) => StoreError::Contended,
        (DatabaseErrorKind::Unknown, _) if UNAVAILABLE.iter().any(|known| text.starts_with(known)) => {
            StoreError::Unavailable(error.into())
        }
        (DatabaseErrorKind::Unknown, _) if after >= STATEMENT_TIMEOUT => StoreError::Unavailable(error.into()),
        (DatabaseErrorKind::Unknown, _) if after >= LOCK_TIMEOUT => StoreError::Contended,
        _ => StoreError::Failed(error.into()),
    }
}

/// Names an error of a query in the port's words, by its code. Queries without Diesel change nothing, so they break no
/// constraint.
fn plain_error(error: tokio_postgres::Error) -> StoreError {
    let Some(code) = error.code() else {
        // No answer at all, or one that was none.
        return StoreError::Unavailable(error.into());
    };
    match code.code() {
        "40P01" | "55P03" | "40001" => StoreError::Contended,
        "57014" | "58030" | "25P03" => StoreError::Unavailable(error.into()),
        code if code.starts_with("53") || code.starts_with("57P") || code.starts_with("08") => {
            StoreError::Unavailable(error.into())
        }
        _ => StoreError::Failed(error.into()),
    }
}

/// A change that found no row to change.
pub(crate) fn one_row(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict(Conflict::Stale)) }
}

/// Takes an identity that was read back.
pub(crate) fn identity<T>(id: Option<T>) -> Result<T, StoreError> {
    id.ok_or_else(|| StoreError::Corrupt("a stored id is not positive".into()))
}

#[cfg(test)]
mod tests;
