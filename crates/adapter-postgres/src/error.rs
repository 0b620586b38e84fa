//! PostgreSQL's errors as those of the port.
//!
//! Diesel passes on the kinds of broken constraints, but for everything else only a message, not its code (SQLSTATE). So
//! messages are compared; for a server in another language than English the elapsed time decides: only a statement
//! that waited fails as late as a lock or statement timeout.

use std::path::PathBuf;
use std::time::Duration;

use attune_ports::{BoxError, Conflict, StoreError};
use diesel::result::{DatabaseErrorKind as Kind, Error};
use thiserror::Error as ThisError;

use crate::requirements::ServerFault;
use crate::timeouts::{LOCK_TIMEOUT, STATEMENT_TIMEOUT};

/// Why a database cannot be opened. Never quotes from the URL.
#[derive(Debug, ThisError)]
pub enum OpenError {
    /// The URL is invalid.
    #[error("the database URL cannot be used: {0}")]
    Url(&'static str),
    /// The file named by `sslrootcert` cannot be read, or has no certificate in it.
    #[error("no root certificates can be read from {}", path.display())]
    RootFile { path: PathBuf, source: BoxError },
    /// TLS is required, and this system has no root certificates.
    #[error("the system has no root certificates to check the database's certificate with; name some by sslrootcert")]
    NoRoots,
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// No server, one that refuses the connection, or one whose certificate is not trusted.
    #[error("the database cannot be reached")]
    Unreachable(#[source] BoxError),
    /// A server that lacks something.
    #[error("the database cannot be used")]
    Unusable(#[from] ServerFault),
}

#[derive(Debug, ThisError)]
pub(crate) enum ConnectError {
    #[error("the database server cannot be reached or refused the connection")]
    Refused(#[from] tokio_postgres::Error),
    /// None of several servers, or not the only one where that is required, accepts writes.
    #[error("no database server accepts writes")]
    NoPrimary,
    #[error("the database server did not answer in time")]
    Late,
    #[error("the database server refused the settings of the connection")]
    Setup(#[from] diesel::ConnectionError),
    #[error("the store is closed")]
    ShuttingDown,
}

/// Why a statement failed, or its rows could not be read.
#[derive(Debug, ThisError)]
#[error(transparent)]
pub(crate) enum QueryError {
    Diesel(#[from] Error),
    /// An error of a statement that is run without Diesel.
    Driver(#[from] tokio_postgres::Error),
    /// An invalid row, or a rule that the adapter itself enforces.
    Store(#[from] StoreError),
}

impl QueryError {
    /// Whether the server accepts no writes, such as a standby: SQLSTATE 25006.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self, Self::Diesel(Error::DatabaseError(Kind::ReadOnlyTransaction, _)))
    }

    /// `after` is the time after which the statement failed.
    pub(crate) fn into_store_error(self, after: Duration) -> StoreError {
        match self {
            Self::Diesel(error) => store_error(error, after),
            Self::Driver(error) => driver_error(error),
            Self::Store(error) => error,
        }
    }
}

/// Messages after which a new attempt may succeed: 40P01, 55P03.
const CONTENDED: [&str; 2] = ["deadlock detected", "canceling statement due to lock timeout"];

/// Beginnings of messages that are about the state of the server: 57014, 57P01 to 57P05, 25P03, 53100 to
/// 53400, 58030.
const UNAVAILABLE: [&str; 12] = [
    "canceling statement due to statement timeout",
    "canceling statement due to user request",
    "terminating connection due to",
    "terminating connection because of",
    "the database system is ",
    "sorry, too many clients already",
    "remaining connection slots are reserved",
    "too many connections for ",
    "out of memory",
    "out of shared memory",
    "could not extend file",
    "could not write to file",
];

pub(crate) fn store_error(error: Error, after: Duration) -> StoreError {
    let Error::DatabaseError(kind, information) = &error else {
        return StoreError::Failed(error.into());
    };
    if let Some(conflict) = information.constraint_name().and_then(|constraint| conflict(kind, constraint)) {
        return StoreError::Conflict(conflict);
    }
    let text = information.message();
    match kind {
        Kind::SerializationFailure => StoreError::Contended,
        // No connection, or one to a server that has become a standby.
        Kind::UnableToSendCommand | Kind::ClosedConnection | Kind::ReadOnlyTransaction => {
            StoreError::Unavailable(error.into())
        }
        Kind::Unknown if CONTENDED.contains(&text) => StoreError::Contended,
        Kind::Unknown if UNAVAILABLE.iter().any(|known| text.starts_with(known)) => {
            StoreError::Unavailable(error.into())
        }
        Kind::Unknown if after >= STATEMENT_TIMEOUT => StoreError::Unavailable(error.into()),
        Kind::Unknown if after >= LOCK_TIMEOUT => StoreError::Contended,
        Kind::Unknown
        | Kind::UniqueViolation
        | Kind::ForeignKeyViolation
        | Kind::RestrictViolation
        | Kind::NotNullViolation
        | Kind::CheckViolation
        | Kind::ExclusionViolation
        | _ => StoreError::Failed(error.into()),
    }
}

fn conflict(kind: &Kind, constraint: &str) -> Option<Conflict> {
    Some(match (kind, constraint) {
        (Kind::UniqueViolation, "users_email_key") => Conflict::EmailTaken,
        (Kind::UniqueViolation, "payments_provider_checkout_id_key") => Conflict::ProviderIdTaken,
        (Kind::UniqueViolation, "refunds_idempotency_key_key" | "refunds_provider_refund_id_key") => {
            Conflict::RefundExists
        }
        (Kind::CheckViolation, "refunds_within_payment") => Conflict::RefundTooLarge,
        (Kind::UniqueViolation, "ledger_captured_once" | "ledger_moved_once")
        | (Kind::CheckViolation, "ledger_balances" | "ledger_refund_unless_captured") => Conflict::LedgerUnbalanced,
        (Kind::UniqueViolation, "participants_invited_once") => Conflict::AlreadyInvited,
        (Kind::UniqueViolation, "conferences_open_once") => Conflict::ConferenceOpen,
        (Kind::UniqueViolation, "idempotency_keys_unique") => Conflict::IdempotencyKeyTaken,
        (Kind::ExclusionViolation, "bookings_no_overlap") => Conflict::SlotTaken,
        _ => return None,
    })
}

/// Statements without Diesel change nothing, so they break no constraint.
fn driver_error(error: tokio_postgres::Error) -> StoreError {
    let Some(code) = error.code() else {
        // No answer, or an invalid one.
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

/// Errors: [`Conflict::Stale`] for a statement that found no row to change.
pub(crate) fn one_row(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict(Conflict::Stale)) }
}

#[cfg(test)]
mod tests;
