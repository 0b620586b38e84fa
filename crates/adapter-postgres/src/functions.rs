//! Functions of PostgreSQL that Diesel does not declare, and the names of advisory locks.

use attune_domain::UserId;
use attune_ports::{AttemptKey, IdempotencyKey};
use diesel::declare_sql_function;
use diesel::query_builder::QueryId;
use diesel::sql_types::{BigInt, SqlType, Text};

/// The result of a function that is called for its effect.
#[derive(SqlType, QueryId)]
#[diesel(postgres_type(oid = 2278, array_oid = 0))]
pub struct Void;

#[declare_sql_function]
extern "SQL" {
    fn nextval(sequence: Text) -> BigInt;

    /// Waits for a lock and holds it until the transaction ends.
    fn pg_advisory_xact_lock(key: BigInt) -> Void;

    /// The same, shared with other holders of the shared lock.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Void;

    /// Waits for a lock and holds it until the connection is closed.
    fn pg_advisory_lock(key: BigInt) -> Void;

    fn to_regclass(name: Text) -> Nullable<Oid>;

    /// A 64-bit hash: the number of a lock from its name.
    fn hashtextextended(text: Text, seed: BigInt) -> BigInt;
}

/// Taken before a unit of work decides about a therapist's calendar.
pub(crate) fn calendar_lock(therapist: UserId) -> String {
    format!("attune:calendar:{therapist}")
}

/// Taken before a response is looked up or stored. Keys with the same hash only wait for each other.
pub(crate) fn idempotency_lock(key: &IdempotencyKey) -> String {
    format!("attune:idempotency:{} {} {}", key.user, key.route, key.key)
}

/// Taken before attempts are counted.
pub(crate) fn attempts_lock(key: &AttemptKey) -> String {
    format!("attune:attempts:{:?}", key.0)
}

/// Taken before a decision that depends on the set of enabled admins, and shared by those who add one to it.
pub(crate) const ADMINS_LOCK: &str = "attune:admins";
