//! Fills a database with a few large statements, which are the same for both stores.
//!
//! Requires the tables and three accounts, created with `attune user add` in this order: an admin, the client with ten
//! bookings, the client who creates bookings.

use anyhow::{Context, Result, bail};
use clap::Args;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use jiff::Timestamp;
use tokio_postgres::NoTls;

/// The id of the first of the therapists, who share all bookings.
pub(crate) const FIRST_THERAPIST: u64 = 101;
pub(crate) const THERAPISTS: u64 = 200;
pub(crate) const FIRST_CLIENT: u64 = 1_001;
/// Appointments per therapist and day, from 08:00. The evenings stay free.
const SESSIONS_PER_DAY: u64 = 8;

#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// The database: postgres://… or sqlite:PATH.
    #[arg(long)]
    database: String,
    /// The number of bookings, in addition to the ten of the client `hot`.
    #[arg(long, default_value_t = 1_000_000)]
    bookings: u64,
    /// The number of clients.
    #[arg(long, default_value_t = 100_000)]
    users: u64,
}

/// Where SQL differs between the stores.
pub(crate) struct Dialect {
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    /// The numbers from one to a limit, as a table `s` with a column `n`.
    pub(crate) numbers: fn(u64) -> String,
    /// Makes the next ids follow those inserted here.
    pub(crate) counters: &'static [&'static str],
    analyze: &'static str,
}

pub(crate) const POSTGRES: Dialect = Dialect {
    yes: "TRUE",
    no: "FALSE",
    numbers: |limit| format!("generate_series(1::bigint, {limit}) AS s(n)"),
    counters: &[
        "SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users))",
        "SELECT setval('booking_ids', (SELECT max(id) FROM bookings))",
    ],
    analyze: "VACUUM (ANALYZE)",
};

pub(crate) const SQLITE: Dialect = Dialect {
    yes: "1",
    no: "0",
    numbers: |limit| {
        format!(
            "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {limit}) SELECT n FROM s) AS s"
        )
    },
    counters: &["UPDATE booking_ids SET last = (SELECT max(id) FROM bookings)"],
    analyze: "ANALYZE",
};

impl Seed {
    pub(crate) fn run(self) -> Result<()> {
        if let Some(path) = self.database.strip_prefix("sqlite:") {
            self.fill_sqlite(path)
        } else if self.database.starts_with("postgres") {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(self.fill_postgres())
        } else {
            bail!("--database is neither postgres:// nor sqlite:")
        }
    }

    async fn fill_postgres(&self) -> Result<()> {
        let (client, connection) =
            tokio_postgres::connect(&self.database, NoTls).await.context("the database is unreachable")?;
        tokio::spawn(connection);
        client.batch_execute("BEGIN").await?;
        for statement in self.statements(&POSTGRES) {
            client.batch_execute(&statement).await.with_context(|| statement.clone())?;
        }
        client.batch_execute("COMMIT").await?;
        client.batch_execute(POSTGRES.analyze).await?;
        client.batch_execute("CHECKPOINT").await.or_else(|error| match error.code() {
            // Not every role may run it.
            Some(_) => Ok(()),
            None => Err(error),
        })?;
        Ok(())
    }

    fn fill_sqlite(&self, path: &str) -> Result<()> {
        let mut connection = SqliteConnection::establish(path).context("the file cannot be opened")?;
        let mut run = |statement: &str| connection.batch_execute(statement).with_context(|| statement.to_owned());
        run("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")?;
        run("BEGIN")?;
        for statement in self.statements(&SQLITE) {
            run(&statement)?;
        }
        run("COMMIT")?;
        run(SQLITE.analyze)?;
        run("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// Instead of random numbers, remainders of multiples of a prime: well distributed and the same in each run.
    fn statements(&self, dialect: &Dialect) -> Vec<String> {
        let Dialect { yes, no, numbers, .. } = *dialect;
        let Self { bookings, users, .. } = *self;
        let now = Timestamp::now().as_second() * 1_000;
        let day = 86_400_000_i64;
        let midnight = now.div_euclid(day) * day;
        let days = i64::try_from(bookings / THERAPISTS / SESSIONS_PER_DAY + 1).unwrap_or(i64::MAX / day);
        // Four of five appointments are in the past.
        let first_day = midnight - days * 4 / 5 * day;
        let hour = 3_600_000_i64;
        let long_ago = first_day - 30 * day;
        let hash = "(SELECT password_hash FROM users WHERE id = 1)";
        let mut statements = vec![
            format!(
                "INSERT INTO users (id, email, first_name, last_name, is_admin, disabled, password_hash, created_at) \
                 SELECT {FIRST_THERAPIST} - 1 + n, 'therapist' || n || '@example.org', 'Carl', 'Rogers' || n, {yes}, {no}, \
                 {hash}, {long_ago} FROM {}",
                numbers(THERAPISTS)
            ),
            format!(
                "INSERT INTO users (id, email, first_name, last_name, is_admin, disabled, password_hash, created_at) \
                 SELECT {FIRST_CLIENT} - 1 + n, 'client' || n || '@example.org', 'Ada', 'Lovelace' || n, {no}, {no}, \
                 {hash}, {long_ago} FROM {}",
                numbers(users)
            ),
            format!(
                "INSERT INTO login_sessions (user_id, generation, rotated_at, created_at) \
                 SELECT {FIRST_CLIENT} - 1 + n, 1, {now}, {now} FROM {} WHERE n % 10 = 0",
                numbers(users)
            ),
            "INSERT INTO practice_policy (id, notice_minutes, horizon_days, step_minutes, free_minutes, \
             late_refund_percent, reschedule_minutes, auto_complete) \
             VALUES (1, 0, 366, 30, 1440, 0, 1440, "
                .to_owned()
                + no
                + ")",
        ];
        // Each therapist's appointments follow each other, so none overlap.
        let at = format!(
            "{first_day} + (((n - 1) / {THERAPISTS}) / {SESSIONS_PER_DAY}) * {day} + (8 + ((n - 1) / {THERAPISTS}) % {SESSIONS_PER_DAY}) * {hour}"
        );
        let status = "CASE \
             WHEN at < {now} THEN CASE WHEN dice < 80 THEN 'completed' WHEN dice < 85 THEN 'no_show' \
                                       WHEN dice < 97 THEN 'cancelled' ELSE 'expired' END \
             WHEN dice < 88 THEN 'scheduled' WHEN dice < 96 THEN 'cancelled' WHEN dice < 98 THEN 'pending_payment' \
             ELSE 'expired' END"
            .replace("{now}", &now.to_string());
        let minutes = 60_000;
        statements.push(format!(
            "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status, \
             payment_status, price_minor, currency, room_id, room_url, hold_expires_at, note, cancelled_at, cancelled_by, \
             cancelled_late, refund_minor, version, created_at, updated_at) \
             SELECT n, client, therapist, 1, at, 50, at + 60 * {minutes}, status, \
             CASE status WHEN 'pending_payment' THEN 'pending' WHEN 'expired' THEN 'cancelled' \
                         WHEN 'cancelled' THEN 'refunded' ELSE 'succeeded' END, \
             10000, 'EUR', \
             CASE WHEN has_room THEN room END, CASE WHEN has_room THEN 'https://meet.example.org/' || room END, \
             CASE WHEN status = 'pending_payment' THEN {now} + {day} END, \
             CASE WHEN dice < 10 THEN 'A note for the therapist' END, \
             CASE WHEN status = 'cancelled' THEN made + {day} END, CASE WHEN status = 'cancelled' THEN client END, \
             CASE WHEN status = 'cancelled' THEN {no} END, CASE WHEN status = 'cancelled' THEN 10000 END, \
             2, made, made + {hour} \
             FROM (SELECT *, status NOT IN ('pending_payment', 'expired') AS has_room, \
                   'booking-' || n || '-' || (at / 1000) || '-0123456789abcdef' || (1000000000000000 + n) AS room \
                   FROM (SELECT *, {status} AS status \
                         FROM (SELECT n, {FIRST_CLIENT} + (n * 7919) % {users} AS client, \
                               {FIRST_THERAPIST} + (n - 1) % {THERAPISTS} AS therapist, (n * 7907) % 100 AS dice, \
                               {at} AS at, {at} - (1 + n % 20) * {day} AS made \
                               FROM {}) AS timed) AS judged) AS named",
            numbers(bookings)
        ));
        // The bookings of the client `hot`: confirmed, with links, on the next ten days, with the first admin.
        statements.push(format!(
            "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status, \
             payment_status, price_minor, currency, room_id, room_url, version, created_at, updated_at) \
             SELECT {bookings} + n, 2, 1, 1, {midnight} + n * {day} + 12 * {hour}, 50, \
             {midnight} + n * {day} + 13 * {hour}, 'scheduled', 'succeeded', 10000, 'EUR', \
             'booking-' || ({bookings} + n) || '-feedfacecafebeef0123456789abcdef', \
             'https://meet.example.org/booking-' || ({bookings} + n) || '-feedfacecafebeef0123456789abcdef', \
             2, {now}, {now} FROM {}",
            numbers(10)
        ));
        statements.extend([
            format!(
                "INSERT INTO payments (booking_id, provider, provider_checkout_id, amount_minor, currency, state, method, recorded_by, \
                 created_at, settled_at) SELECT id, 'offline', 'seeded-' || id, 10000, 'EUR', 'settled', 'transfer', 1, \
                 created_at, created_at + {hour} FROM bookings WHERE id % 4 = 0 AND payment_status = 'succeeded'"
            ),
            format!(
                "INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, \
                 booking_version, send_after, state, attempts, next_at, sent_at) \
                 SELECT 'seeded:' || id, 'meeting_info', 0, id, client_id, scheduled_at, 2, created_at, 'sent', 1, \
                 created_at, created_at + {minutes} FROM bookings \
                 WHERE id % 4 = 1 AND status IN ('scheduled', 'completed')"
            ),
            format!(
                "INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, \
                 booking_version, send_after, state, attempts, next_at) \
                 SELECT 'seeded:' || id || ':60', 'reminder', 60, id, client_id, scheduled_at, 2, scheduled_at - {hour}, \
                 'pending', 0, scheduled_at - {hour} FROM bookings WHERE status = 'scheduled' AND scheduled_at > {now} + {day}"
            ),
            "INSERT INTO audit_log (at, actor_id, action, object_kind, object_id) \
             SELECT created_at, client_id, 'booking.created', 'booking', id FROM bookings WHERE id % 4 = 2"
                .to_owned(),
        ]);
        statements.extend(dialect.counters.iter().map(|&statement| statement.to_owned()));
        statements
    }
}
