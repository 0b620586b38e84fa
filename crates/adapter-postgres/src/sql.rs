//! Functions of PostgreSQL that Diesel does not know, and the locks that have no row.

use attune_domain::UserId;
use attune_ports::IdempotencyKey;
use diesel::declare_sql_function;
use diesel::query_builder::QueryId;
use diesel::sql_types::{BigInt, SqlType, Text};

/// What a function returns that is called for what it does.
#[derive(SqlType, QueryId)]
#[diesel(postgres_type(oid = 2278, array_oid = 0))]
pub struct Void;

#[declare_sql_function]
extern "SQL" {
    /// The next number of a sequence.
    fn nextval(sequence: Text) -> BigInt;

    /// Waits for a lock and keeps it until the transaction ends.
    fn pg_advisory_xact_lock(key: BigInt) -> Void;

    /// The same, shared with everybody else who only shares it.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Void;

    /// Waits for a lock and keeps it until the connection is closed.
    fn pg_advisory_lock(key: BigInt) -> Void;

    /// Which table has this name, if any.
    fn to_regclass(name: Text) -> Nullable<Oid>;

    /// A 64-bit hash, so that locks of one database need not share out the numbers among them.
    fn hashtextextended(text: Text, seed: BigInt) -> BigInt;
}

/// Held by whoever decides about a therapist's calendar.
pub(crate) fn calendar_lock(therapist: UserId) -> String {
    format!("attune:calendar:{therapist}")
}

/// Held by whoever is about to keep a reply. Keys that happen to share a name only wait for each other.
pub(crate) fn reply_lock(key: &IdempotencyKey) -> String {
    format!("attune:reply:{} {} {}", key.user, key.route, key.key)
}

/// Held by whoever rests a decision on the set of enabled admins, and shared by whoever adds one to it.
pub(crate) const ADMINS_LOCK: &str = "attune:admins";
