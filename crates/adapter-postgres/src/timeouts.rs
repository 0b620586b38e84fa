use std::time::Duration;

/// After this the server cancels a statement.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// After this the server stops waiting for a lock.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest wait for an answer, for a server that does not even refuse.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(5);
