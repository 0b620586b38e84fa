//! The rules that the schema of every SQL database enforces, tested with plain SQL that bypasses the store.

use std::fmt::Debug;
use std::future::Future;

use attune_domain::meeting::AttendanceEventKind;
use attune_domain::{BookingStatus, OneTimePurpose, ParticipantRole};
use attune_ports::{PaymentState, RefundCause, RefundStage};

use crate::fixtures::{all_states, legal_states};

/// Why a database refuses a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The name of a CHECK constraint, or its condition where it has no name.
    Check(&'static str),
    /// The columns or the index of a UNIQUE constraint.
    Unique(&'static str),
    ForeignKey,
    Overlap,
    LongerThanADay,
    RefundTooLarge,
    LedgerUnbalanced,
    /// A second capture of a payment, or a second movement of a refund in the same direction.
    LedgerEntryExists,
}

use Refusal::{
    Check, ForeignKey, LedgerEntryExists, LedgerUnbalanced, LongerThanADay, Overlap, RefundTooLarge, Unique,
};

/// A migrated, empty database.
pub trait Database {
    type Error: Debug;

    /// The number of rows that one statement changed. Bytes are written as in the standard: `X'00'`.
    fn run(&mut self, statement: &str) -> impl Future<Output = Result<u64, Self::Error>>;

    fn is_refusal(error: &Self::Error, refusal: Refusal) -> bool;

    /// All spellings of a statement that must be refused.
    fn spellings(statement: &str, _refusal: Refusal) -> Vec<String> {
        vec![statement.to_owned()]
    }
}

/// Runs all statements, each group on a database of its own.
pub async fn check<D: Database>(fresh: impl AsyncFn() -> D) {
    for (rule, Script(steps)) in [
        ("bookings do not overlap", overlaps()),
        ("bookings block at most a day", lengths()),
        ("every status that blocks is guarded", blocking_states()),
        ("the pairs of states are those of the domain", pairs_of_states()),
        ("bookings do not contradict themselves", contradictions()),
        ("an email has one recipient", recipients()),
        ("an email is about a booking or a user", subjects()),
        ("an address is invited once into a booking", invitations()),
        ("a room is open once, and its events are known", rooms()),
        ("weekly hours lie within a day", weekly_hours()),
        ("schedule exceptions are complete", schedule_exceptions()),
        ("there is one policy within its limits", policies()),
        ("versions begin at one", versions()),
        ("an idempotency key is unique and belongs to a user", idempotency_keys()),
        ("links, second factors and calendar feeds are complete and belong to a user", account_protection()),
        ("payments have known states", payments()),
        ("refunds have known causes and stages", refunds()),
        ("refunds do not exceed their payment", refunds_within_payment()),
        ("the ledger balances", ledger_balances()),
        ("payment events and problems are recorded once", payment_events_and_problems()),
    ] {
        let mut database = fresh().await;
        for (statement, expected) in steps {
            let refusal = match expected {
                Ok(rows) => {
                    assert_eq!(database.run(&statement).await.expect(&statement), rows, "{rule}: {statement}");
                    continue;
                }
                Err(refusal) => refusal,
            };
            for statement in D::spellings(&statement, refusal) {
                match database.run(&statement).await {
                    Err(error) if D::is_refusal(&error, refusal) => {}
                    other => panic!("{rule}: expected {refusal:?}, got {other:?}: {statement}"),
                }
            }
        }
    }
}

/// Statements in their order, each with the number of rows that it changes, or the reason for which it must be refused.
struct Script(Vec<(String, Result<u64, Refusal>)>);

impl Script {
    /// Begins with a therapist, a client and a service.
    fn new() -> Self {
        Self(PRACTICE.iter().map(|insert| ((*insert).to_owned(), Ok(1))).collect())
    }

    /// Begins with a scheduled booking, too.
    fn booked() -> Self {
        let mut script = Self::new();
        script.accepts(booking(1, 100, 200, SCHEDULED));
        script
    }

    fn accepts(&mut self, statement: impl Into<String>) {
        self.changes(1, statement);
    }

    fn changes(&mut self, rows: u64, statement: impl Into<String>) {
        self.0.push((statement.into(), Ok(rows)));
    }

    fn refuses(&mut self, refusal: Refusal, statement: impl Into<String>) {
        self.0.push((statement.into(), Err(refusal)));
    }
}

/// A therapist, who has the id 1, a client and a service.
pub const PRACTICE: [&str; 3] = [
    "INSERT INTO users (email, is_admin, disabled, password_hash, created_at) \
     VALUES ('a@example.org', TRUE, FALSE, '', 0)",
    "INSERT INTO users (email, is_admin, disabled, password_hash, created_at) \
     VALUES ('b@example.org', TRUE, FALSE, '', 0)",
    "INSERT INTO services (name, description, minutes, buffer_minutes, price_minor, currency, active) \
     VALUES ('', '', 50, 10, 0, 'EUR', TRUE)",
];

pub const SCHEDULED: (&str, &str) = ("scheduled", "not_required");
const CANCELLED: (&str, &str) = ("cancelled", "not_required");
const EXPIRED: (&str, &str) = ("expired", "cancelled");
const HELD: (&str, &str) = ("pending_payment", "pending");

/// A booking of the therapist, with what its state demands.
pub fn booking(id: i64, from: i64, until: i64, (status, payment): (&str, &str)) -> String {
    let room = match status {
        "scheduled" | "completed" | "no_show" => format!("'room-{id}', 'room-{id}'"),
        _ => "NULL, NULL".to_owned(),
    };
    let hold = if status == "pending_payment" { "0" } else { "NULL" };
    let cancellation = if status == "cancelled" { "0, 2, FALSE, 0" } else { "NULL, NULL, NULL, NULL" };
    format!(
        "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status, \
         payment_status, price_minor, currency, room_id, room_url, hold_expires_at, cancelled_at, cancelled_by, \
         cancelled_late, refund_minor, version, created_at, updated_at) \
         VALUES ({id}, 2, 1, 1, {from}, 50, {until}, '{status}', '{payment}', 0, 'EUR', {room}, {hold}, {cancellation}, 1, 0, 0)"
    )
}

/// A payment of 90 euros for the first booking.
pub fn payment(id: i64, state: PaymentState) -> String {
    format!(
        "INSERT INTO payments (id, booking_id, provider, provider_checkout_id, amount_minor, currency, state, created_at) \
         VALUES ({id}, 1, 'test', 'r{id}', 9000, 'EUR', '{}', 0)",
        state.as_str()
    )
}

pub fn refund(payment: i64, key: &str, minor: i64, stage: RefundStage) -> String {
    format!(
        "INSERT INTO refunds (booking_id, payment_id, idempotency_key, amount_minor, currency, cause, stage, attempts, \
         created_at) VALUES (1, {payment}, '{key}', {minor}, 'EUR', 'requested', '{}', 0, 0)",
        stage.as_str()
    )
}

/// An entry of the ledger; the refund is an id or `NULL`.
pub fn ledger_entry(payment: i64, refund: &str, kind: &str, minor: i64) -> String {
    format!(
        "INSERT INTO ledger (at, booking_id, payment_id, refund_id, kind, amount_minor, currency) \
         VALUES (0, 1, {payment}, {refund}, '{kind}', {minor}, 'EUR')"
    )
}

fn move_to(id: i64, from: i64, until: i64) -> String {
    format!("UPDATE bookings SET scheduled_at = {from}, blocked_until = {until} WHERE id = {id}")
}

fn overlaps() -> Script {
    let mut script = Script::booked();
    for (from, until) in [(100, 200), (199, 300), (0, 101), (120, 130), (0, 1_000)] {
        for state in [SCHEDULED, HELD] {
            script.refuses(Overlap, booking(2, from, until, state));
        }
    }
    // Touching ends are no overlap.
    script.accepts(booking(2, 200, 300, SCHEDULED));
    for (from, until) in [(1, 101), (100, 200), (150, 250), (199, 299)] {
        script.refuses(Overlap, move_to(2, from, until));
    }
    script.accepts(booking(3, 0, 100, SCHEDULED));
    script.refuses(Overlap, "UPDATE bookings SET blocked_until = 101 WHERE id = 3");
    script.accepts(move_to(3, 300, 400));
    script.accepts(move_to(3, 330, 430));
    // These block nothing until their state changes.
    script.accepts(booking(4, 100, 200, CANCELLED));
    script.accepts(booking(5, 100, 200, EXPIRED));
    let reinstate = "UPDATE bookings SET status = 'scheduled', cancelled_at = NULL, room_id = 'r', room_url = 'r' \
                     WHERE id = 4";
    script.refuses(Overlap, reinstate);
    script.refuses(
        Overlap,
        "UPDATE bookings SET status = 'pending_payment', payment_status = 'pending', hold_expires_at = 1 WHERE id = 5",
    );
    // With another therapist for the first booking, its time is free.
    script.accepts("UPDATE bookings SET therapist_id = 2 WHERE id = 1");
    script.accepts(reinstate);
    script
}

fn lengths() -> Script {
    const DAY: i64 = 86_400_000;
    let mut script = Script::new();
    for (id, state) in [(1, SCHEDULED), (2, CANCELLED), (3, EXPIRED)] {
        script.refuses(LongerThanADay, booking(id, 0, DAY + 1, state));
        script.accepts(booking(id, 0, DAY, state));
        script.accepts(move_to(id, 0, 100));
        script.accepts(move_to(id, 0, DAY));
        script.refuses(LongerThanADay, move_to(id, 0, DAY + 1));
    }
    // The longest booking is still in the way at its end.
    script.refuses(Overlap, booking(4, DAY - 1, DAY + 100, SCHEDULED));
    script.accepts(booking(4, DAY, DAY + 100, SCHEDULED));
    script
}

fn blocking_states() -> Script {
    let mut script = Script::new();
    for (id, (status, payment)) in (1..).step_by(2).zip(legal_states()) {
        let (from, until) = (id * 1_000, id * 1_000 + 500);
        script.accepts(booking(id, from, until, SCHEDULED));
        let second = booking(id + 1, from, until, (status.as_str(), payment.as_str()));
        if status.blocks_calendar() { script.refuses(Overlap, second) } else { script.accepts(second) }
    }
    script
}

fn pairs_of_states() -> Script {
    let mut script = Script::new();
    for (id, (status, payment)) in (1..).zip(all_states()) {
        let insert = booking(id, id * 1_000, id * 1_000 + 500, (status.as_str(), payment.as_str()));
        if payment.is_legal_with(status) { script.accepts(insert) } else { script.refuses(LEGAL_PAIR, insert) }
    }
    for unknown in [("unknown", "not_required"), ("scheduled", "unknown")] {
        script.refuses(LEGAL_PAIR, booking(900, 0, 10, unknown));
    }
    assert_eq!(BookingStatus::ALL.len(), 6, "the number of statuses in the constraint");
    script
}

const LEGAL_PAIR: Refusal = Check("bookings_legal_pair");
const FREE_MINUTES: Refusal = Check("free_minutes BETWEEN 0 AND 43200");
const VERSION: Refusal = Check("version >= 1");
const GRACE_MINUTES: Refusal = Check("grace_minutes BETWEEN 0 AND 1440");
const RESCHEDULE_MINUTES: Refusal = Check("reschedule_minutes BETWEEN 0 AND 43200");
const LATE_REFUND_PERCENT: Refusal = Check("late_refund_percent BETWEEN 0 AND 100");

fn contradictions() -> Script {
    let mut script = Script::new();
    script.refuses(Check("bookings_end_after_start"), booking(1, 100, 100, SCHEDULED));
    script.accepts(booking(1, 100, 200, SCHEDULED));
    script.accepts(booking(2, 300, 400, HELD));
    for (id, change, refusal) in [
        (1, "blocked_until = scheduled_at", Check("bookings_end_after_start")),
        (1, "room_id = NULL", Check("bookings_room_when_agreed")),
        (1, "room_url = NULL", Check("bookings_room_when_agreed")),
        (1, "cancelled_at = 0", Check("bookings_cancellation")),
        (1, "version = 0", Check("version >= 1")),
        (1, "link_version = 0", Check("link_version >= 1")),
        (1, "free_minutes = -1", FREE_MINUTES),
        (1, "free_minutes = 43201", FREE_MINUTES),
        (1, "grace_minutes = 1441", GRACE_MINUTES),
        (1, "late_refund_percent = 101", LATE_REFUND_PERCENT),
        (1, "reschedule_minutes = 43201", RESCHEDULE_MINUTES),
        (1, "minutes = 0", Check("minutes BETWEEN 1 AND 720")),
        (1, "price_minor = -1", Check("price_minor >= 0")),
        (1, "status = 'unknown'", LEGAL_PAIR),
        (1, "client_id = 999", ForeignKey),
        (2, "hold_expires_at = NULL", Check("bookings_hold_when_pending")),
        (2, "room_id = 'r'", Check("bookings_hold_when_pending")),
        (2, "room_id = 'r', room_url = 'r'", Check("bookings_hold_when_pending")),
    ] {
        script.refuses(refusal, format!("UPDATE bookings SET {change} WHERE id = {id}"));
    }
    script
}

fn invitation(booking: i64, email: &str, role: &str, by: i64) -> String {
    format!(
        "INSERT INTO participants (booking_id, email, display_name, role, invited_by, invited_at) \
         VALUES ({booking}, '{email}', 'A', '{role}', {by}, 0)"
    )
}

fn recipients() -> Script {
    const ONE: Refusal = Check("outbox_one_reader");
    let email = |key: &str, account: &str, participant: &str| {
        format!(
            "INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, starts_at, \
             booking_version, send_after, state, attempts, next_at) \
             VALUES ('{key}', 'meeting_info', 0, 1, {account}, {participant}, 0, 1, 0, 'pending', 0, 0)"
        )
    };
    let mut script = Script::booked();
    script.accepts(invitation(1, "a", "observer", 1));
    script.accepts(email("account", "2", "NULL"));
    script.accepts(email("participant", "NULL", "1"));
    script.refuses(ONE, email("none", "NULL", "NULL"));
    script.refuses(ONE, email("both", "2", "1"));
    for change in ["recipient_id = NULL", "participant_id = 1"] {
        script.refuses(ONE, format!("UPDATE outbox SET {change} WHERE dedupe_key = 'account'"));
    }
    script.refuses(ForeignKey, email("unknown", "NULL", "999"));
    script.refuses(ForeignKey, "DELETE FROM participants");
    script
}

fn subjects() -> Script {
    const ONE: Refusal = Check("outbox_subject");
    let email = |key: &str, subject: &str| {
        format!(
            "INSERT INTO outbox (dedupe_key, kind, offset_minutes, recipient_id, booking_id, starts_at, booking_version, \
             user_id, send_after, state, attempts, next_at) \
             VALUES ('{key}', 'meeting_info', 0, 2, {subject}, 0, 'pending', 0, 0)"
        )
    };
    let mut script = Script::booked();
    script.accepts(email("booking", "1, 0, 1, NULL"));
    script.accepts(email("user", "NULL, NULL, NULL, 1"));
    for subject in [
        "NULL, NULL, NULL, NULL",
        "1, 0, 1, 1",
        "NULL, 0, 1, NULL",
        "1, NULL, 1, NULL",
        "1, 0, NULL, NULL",
        "NULL, 0, NULL, 1",
        "NULL, NULL, 1, 1",
    ] {
        script.refuses(ONE, email("other", subject));
    }
    for (key, change) in [("booking", "booking_id = NULL"), ("booking", "user_id = 1"), ("user", "starts_at = 0")] {
        script.refuses(ONE, format!("UPDATE outbox SET {change} WHERE dedupe_key = '{key}'"));
    }
    script.refuses(ForeignKey, email("unknown", "NULL, NULL, NULL, 999"));
    script
}

fn invitations() -> Script {
    const TWICE: Refusal = Unique("participants.email, participants.booking_id");
    let mut script = Script::booked();
    script.accepts(booking(2, 300, 400, SCHEDULED));
    for role in ParticipantRole::ALL {
        script.accepts(invitation(1, role.as_str(), role.as_str(), 1));
    }
    let roles = Check("role IN ('participant', 'presenter', 'observer')");
    script.refuses(roles, invitation(1, "host", "moderator", 1));
    script.refuses(TWICE, invitation(1, "observer", "presenter", 1));
    script.accepts(invitation(2, "observer", "observer", 1));
    script.changes(3, "UPDATE participants SET revoked_at = 1 WHERE booking_id = 1");
    script.accepts(invitation(1, "observer", "presenter", 1));
    script.refuses(TWICE, "UPDATE participants SET revoked_at = NULL WHERE booking_id = 1 AND role = 'observer'");
    script.refuses(ForeignKey, invitation(999, "b", "observer", 1));
    script.refuses(ForeignKey, invitation(1, "b", "observer", 999));
    script
}

fn rooms() -> Script {
    const TWICE: Refusal = Unique("conferences.booking_id");
    let open = |booking: i64| format!("INSERT INTO conferences (booking_id, opened_at) VALUES ({booking}, 0)");
    let mut script = Script::booked();
    script.accepts(open(1));
    script.refuses(TWICE, open(1));
    script.accepts("UPDATE conferences SET closed_at = 1");
    script.accepts(open(1));
    script.refuses(TWICE, "UPDATE conferences SET closed_at = NULL WHERE closed_at = 1");
    script.refuses(ForeignKey, open(999));

    let event = |booking: i64, kind: &str| {
        format!("INSERT INTO attendance (booking_id, at, kind, occupant) VALUES ({booking}, 0, '{kind}', 'o')")
    };
    for kind in AttendanceEventKind::ALL {
        script.accepts(event(1, kind.as_str()));
    }
    script.refuses(Check("kind IN ('joined', 'left', 'ended')"), event(1, "spoke"));
    script.refuses(
        Unique("attendance.booking_id, attendance.occupant, attendance.kind, attendance.at"),
        event(1, "joined"),
    );
    script.refuses(ForeignKey, event(999, "joined"));
    script
}

fn weekly_hours() -> Script {
    let hours = |weekday: i64, start: i64, end: i64| {
        format!(
            "INSERT INTO weekly_hours (therapist_id, weekday, start_minute, end_minute) \
             VALUES (1, {weekday}, {start}, {end})"
        )
    };
    let week = |therapist: i64| format!("INSERT INTO schedules (therapist_id, time_zone) VALUES ({therapist}, 'UTC')");
    let mut script = Script::new();
    script.refuses(ForeignKey, hours(1, 540, 720));
    script.refuses(ForeignKey, week(999));
    script.accepts(week(1));
    script.refuses(Unique("schedules.therapist_id"), week(1));
    for (weekday, start, end) in [(1, 540, 720), (1, 720, 1_440), (7, 0, 1_440)] {
        script.accepts(hours(weekday, start, end));
    }
    for (weekday, start, end, rule) in [
        (0, 0, 60, "weekday BETWEEN 1 AND 7"),
        (8, 0, 60, "weekday BETWEEN 1 AND 7"),
        (2, -1, 60, "start_minute >= 0"),
        (2, 0, 1_441, "end_minute <= 1440"),
        (2, 60, 60, "end_minute > start_minute"),
    ] {
        script.refuses(Check(rule), hours(weekday, start, end));
    }
    let twice = Unique("weekly_hours.therapist_id, weekly_hours.weekday, weekly_hours.start_minute");
    script.refuses(twice, hours(1, 540, 600));
    script.refuses(ForeignKey, "DELETE FROM schedules");
    script
}

fn schedule_exceptions() -> Script {
    const DATES: (&str, &str) = ("dates", "first_date, last_date");
    const BETWEEN: (&str, &str) = ("between", "from_at, until_at");
    const EXTRA_HOURS: (&str, &str) = ("extra_hours", "first_date, start_minute, end_minute");
    let add = |therapist: i64, (kind, columns): (&str, &str), values: &str| {
        format!(
            "INSERT INTO schedule_exceptions (therapist_id, kind, {columns}, created_at) \
             VALUES ({therapist}, '{kind}', {values}, 1)"
        )
    };
    let mut script = Script::new();
    for (what, values) in [
        (DATES, "'2027-05-01', '2027-05-01'"),
        (DATES, "'-000002-01-01', '-000001-01-01'"),
        (DATES, "'-009999-01-01', '9999-12-31'"),
        (BETWEEN, "-1, 0"),
        (EXTRA_HOURS, "'2027-05-01', 0, 1440"),
    ] {
        script.accepts(add(1, what, values));
        script.refuses(ForeignKey, add(999, what, values));
    }
    for (what, values) in [
        (DATES, "'2027-05-02', '2027-05-01'"),
        (("dates", "first_date"), "'2027-05-02'"),
        (("dates", "last_date"), "'2027-05-02'"),
        (BETWEEN, "1, 1"),
        (("between", "from_at"), "1"),
        (("between", "until_at"), "1"),
        (EXTRA_HOURS, "'2027-05-01', -1, 60"),
        (EXTRA_HOURS, "'2027-05-01', 0, 1441"),
        (EXTRA_HOURS, "'2027-05-01', 60, 60"),
        (("extra_hours", "first_date, start_minute"), "'2027-05-01', 60"),
        (("extra_hours", "first_date, end_minute"), "'2027-05-01', 60"),
        (("extra_hours", "start_minute, end_minute"), "0, 60"),
        (("unknown", "first_date, last_date"), "'2027-05-01', '2027-05-01'"),
    ] {
        script.refuses(Check("schedule_exceptions_kind"), add(1, what, values));
    }
    script
}

fn policies() -> Script {
    let policy =
        |id: i64| format!("INSERT INTO practice_policy VALUES ({id}, 0, 366, NULL, 15, 1440, 0, 1440, FALSE, 3, 1)");
    let mut script = Script::new();
    script.refuses(Check("id = 1"), policy(2));
    script.accepts(policy(1));
    script.refuses(Unique("practice_policy.id"), policy(1));
    for (change, refusal) in [
        ("notice_minutes = -1", Check("notice_minutes >= 0")),
        ("notice_minutes = 527040", Check("practice_policy_bookable")),
        ("horizon_days = 0", Check("horizon_days BETWEEN 1 AND 366")),
        ("horizon_days = 367", Check("horizon_days BETWEEN 1 AND 366")),
        ("daily_limit = 0", Check("daily_limit >= 1")),
        ("step_minutes = 4", Check("step_minutes BETWEEN 5 AND 1440")),
        ("step_minutes = 1441", Check("step_minutes BETWEEN 5 AND 1440")),
        ("free_minutes = 43201", FREE_MINUTES),
        ("grace_minutes = -1", GRACE_MINUTES),
        ("late_refund_percent = 101", LATE_REFUND_PERCENT),
        ("reschedule_minutes = -1", RESCHEDULE_MINUTES),
        ("version = 0", VERSION),
    ] {
        script.refuses(refusal, format!("UPDATE practice_policy SET {change}"));
    }
    script
}

fn versions() -> Script {
    let mut script = Script::new();
    script.accepts("INSERT INTO schedules (therapist_id, time_zone) VALUES (1, 'UTC')");
    script.accepts("INSERT INTO practice (id, name, translations, time_zone) VALUES (1, 'Practice', '{}', 'UTC')");
    for table in ["users", "services", "schedules", "practice"] {
        script.refuses(VERSION, format!("UPDATE {table} SET version = 0"));
    }
    script
}

fn idempotency_keys() -> Script {
    let record = |user: i64, route: &str, key: &str| {
        format!(
            "INSERT INTO idempotency_keys (user_id, route, key, request_hash, response_status, response_body, created_at) \
             VALUES ({user}, '{route}', '{key}', X'00', 201, '', 0)"
        )
    };
    let mut script = Script::new();
    script.accepts(record(1, "POST /a", "k"));
    let twice = Unique("idempotency_keys.user_id, idempotency_keys.route, idempotency_keys.key");
    script.refuses(twice, record(1, "POST /a", "k"));
    for (user, route, key) in [(2, "POST /a", "k"), (1, "POST /b", "k"), (1, "POST /a", "K")] {
        script.accepts(record(user, route, key));
    }
    script.refuses(ForeignKey, record(999, "POST /a", "k"));
    script
}

fn account_protection() -> Script {
    const PURPOSES: &str =
        "purpose IN ('reset_password', 'log_in', 'verify_email', 'confirm_email', 'undo_email', 'invitation')";
    const NONCE: &str = "X'00112233445566778899aabbccddeeff'";
    let token = |user: i64, purpose: &str, at: i64| {
        format!(
            "INSERT INTO one_time_tokens (user_id, purpose, nonce, email, created_at, expires_at) \
             VALUES ({user}, '{purpose}', {NONCE}, 'a', {at}, 9)"
        )
    };
    let mut script = Script::new();
    for purpose in OneTimePurpose::ALL {
        script.accepts(token(1, purpose.as_str(), 0));
    }
    let twice = Unique("one_time_tokens.user_id, one_time_tokens.purpose, one_time_tokens.created_at");
    script.refuses(twice, token(1, "log_in", 0));
    script.accepts(token(1, "log_in", 1));
    script.accepts(token(2, "log_in", 0));
    script.refuses(ForeignKey, token(999, "log_in", 0));
    script.refuses(Check("one_time_tokens_expire_after_creation"), token(1, "log_in", 9));
    script.changes(
        2,
        "UPDATE one_time_tokens SET slot_service_id = 1, slot_starts_at = 5, slot_therapist_id = 1, slot_time_zone = 'UTC' \
         WHERE created_at = 0 AND purpose = 'log_in'",
    );
    for (change, refusal) in [
        ("purpose = 'x'", Check(PURPOSES)),
        ("nonce = X'00'", Check("length(nonce) = 16")),
        ("slot_service_id = 1", Check("one_time_tokens_slot")),
        ("slot_starts_at = 1", Check("one_time_tokens_slot")),
        ("slot_service_id = 999, slot_starts_at = 1", ForeignKey),
        ("slot_therapist_id = 1", Check("one_time_tokens_slot_therapist")),
        ("slot_time_zone = 'UTC'", Check("one_time_tokens_slot_time_zone")),
        ("slot_service_id = 1, slot_starts_at = 1, slot_therapist_id = 999", ForeignKey),
    ] {
        script.refuses(refusal, format!("UPDATE one_time_tokens SET {change} WHERE purpose = 'undo_email'"));
    }

    let factor = |user: i64, secret: &str, step: i64| {
        format!("INSERT INTO totp_factors (user_id, sealed_secret, last_step) VALUES ({user}, {secret}, {step})")
    };
    script.accepts(factor(1, "X'00'", 0));
    script.refuses(Unique("totp_factors.user_id"), factor(1, "X'00'", 0));
    script.refuses(Check("length(sealed_secret) > 0"), factor(2, "X''", 0));
    script.refuses(Check("last_step >= 0"), factor(2, "X'00'", -1));
    script.refuses(ForeignKey, factor(999, "X'00'", 0));

    let code = |user: i64, bytes: usize| {
        format!("INSERT INTO recovery_codes (user_id, hash) VALUES ({user}, X'{}')", "07".repeat(bytes))
    };
    script.accepts(code(1, 32));
    script.accepts(code(2, 32));
    script.refuses(Unique("recovery_codes.user_id, recovery_codes.hash"), code(1, 32));
    script.refuses(Check("length(hash) = 32"), code(1, 31));
    script.refuses(ForeignKey, code(999, 32));

    let feed = |user: i64, nonce: &str| {
        format!("INSERT INTO calendar_feeds (user_id, nonce, created_at) VALUES ({user}, {nonce}, 0)")
    };
    script.accepts(feed(1, NONCE));
    script.accepts(feed(2, NONCE));
    script.refuses(Unique("calendar_feeds.user_id"), feed(1, NONCE));
    script.refuses(Check("length(nonce) = 16"), "UPDATE calendar_feeds SET nonce = X'00' WHERE user_id = 1");
    script.refuses(ForeignKey, feed(999, NONCE));

    let login = |device: &str| {
        format!(
            "INSERT INTO login_sessions (user_id, generation, rotated_at, created_at, device) \
             VALUES (1, 1, 0, 0, {device})"
        )
    };
    script.accepts(login("NULL"));
    script.accepts(login(NONCE));
    script.refuses(Check("length(device) = 16"), login("X'00'"));
    script
}

fn payments() -> Script {
    const STATES: &str = "state IN ('opening', 'open', 'processing', 'closing', 'settled', 'unapplied', 'closed')";
    let mut script = Script::booked();
    for (id, state) in (1..).zip(PaymentState::ALL) {
        script.accepts(payment(id, state));
    }
    for nonce in ["X'00112233445566778899aabbccddeeff'", "NULL"] {
        script.changes(7, format!("UPDATE payments SET checkout_nonce = {nonce}"));
    }
    for (change, refusal) in [
        ("state = 'lost'", Check(STATES)),
        ("checkout_nonce = X'00'", Check("length(checkout_nonce) = 16")),
        ("amount_minor = -1", Check("amount_minor >= 0")),
        ("provider_checkout_id = 'r2'", Unique("payments.provider, payments.provider_checkout_id")),
    ] {
        script.refuses(refusal, format!("UPDATE payments SET {change} WHERE id = 1"));
    }
    script
}

fn refunds() -> Script {
    let mut script = Script::booked();
    script.accepts(payment(1, PaymentState::Settled));
    for key in ["a", "b"] {
        script.accepts(refund(1, key, 10, RefundStage::Queued));
    }
    for cause in RefundCause::ALL {
        script.changes(2, format!("UPDATE refunds SET cause = '{}'", cause.as_str()));
    }
    for stage in RefundStage::ALL {
        script.changes(2, format!("UPDATE refunds SET stage = '{}'", stage.as_str()));
    }
    script.changes(2, "UPDATE refunds SET provider_refund_id = idempotency_key");
    for (change, refusal) in [
        ("cause = 'x'", Check("cause IN ('cancelled', 'requested', 'unapplied', 'external')")),
        ("stage = 'x'", Check("stage IN ('queued', 'pending', 'succeeded', 'failed', 'retried')")),
        ("amount_minor = 0", Check("amount_minor > 0")),
        ("attempts = -1", Check("attempts >= 0")),
        ("idempotency_key = 'b'", Unique("refunds.idempotency_key")),
        ("provider_refund_id = 'b'", Unique("refunds.provider_refund_id")),
        ("booking_id = 999", ForeignKey),
        ("payment_id = 999", ForeignKey),
        ("requested_by = 999", ForeignKey),
    ] {
        script.refuses(refusal, format!("UPDATE refunds SET {change} WHERE idempotency_key = 'a'"));
    }
    script
}

fn refunds_within_payment() -> Script {
    let mut script = Script::booked();
    for (id, state) in (1..).zip(PaymentState::ALL) {
        script.accepts(payment(id, state));
        script.refuses(RefundTooLarge, refund(id, &format!("more {id}"), 9_001, RefundStage::Queued));
        let all = refund(id, &format!("all {id}"), 9_000, RefundStage::Queued);
        if state.is_paid() { script.accepts(all) } else { script.refuses(RefundTooLarge, all) }
    }
    // Refunds that failed leave the money of payment 8 to others, until their stage changes.
    script.accepts(payment(8, PaymentState::Settled));
    for (key, minor, stage) in [
        ("a", 3_000, RefundStage::Queued),
        ("b", 3_000, RefundStage::Pending),
        ("c", 2_000, RefundStage::Succeeded),
        ("d", 9_000, RefundStage::Failed),
        ("e", 9_000, RefundStage::Retried),
    ] {
        script.accepts(refund(8, key, minor, stage));
    }
    script.refuses(RefundTooLarge, refund(8, "f", 1_001, RefundStage::Queued));
    script.refuses(RefundTooLarge, refund(8, "f", 1, RefundStage::Queued).replace("EUR", "USD"));
    for change in [
        "stage = 'queued' WHERE idempotency_key = 'd'",
        "stage = 'succeeded' WHERE idempotency_key = 'e'",
        "amount_minor = 4001 WHERE idempotency_key = 'a'",
        "payment_id = 8 WHERE idempotency_key = 'all 5'",
        "currency = 'USD' WHERE idempotency_key = 'a'",
        "payment_id = 1 WHERE idempotency_key = 'a'",
    ] {
        script.refuses(RefundTooLarge, format!("UPDATE refunds SET {change}"));
    }
    // Two that are each small enough.
    script.refuses(
        RefundTooLarge,
        format!("{}, (1, 8, 'h', 600, 'EUR', 'requested', 'queued', 0, 0)", refund(8, "g", 600, RefundStage::Queued)),
    );
    script.accepts("UPDATE refunds SET stage = 'failed' WHERE idempotency_key = 'a'");
    script.accepts(refund(8, "f", 4_000, RefundStage::Queued));
    // Nothing is left of the payment.
    script.refuses(RefundTooLarge, refund(8, "g", 1, RefundStage::Queued));
    script
}

fn ledger_balances() -> Script {
    const KINDS: Refusal = Check("kind IN ('captured', 'refunded', 'refund_reversed')");
    const REFUND: Refusal = Check("ledger_refund_unless_captured");
    let mut script = Script::booked();
    for id in [1, 2, 3] {
        script.accepts(payment(id, PaymentState::Settled));
    }
    for key in ["a", "b"] {
        script.accepts(refund(1, key, 4_500, RefundStage::Queued));
    }
    script.accepts(ledger_entry(2, "NULL", "captured", 4_000));
    script.refuses(LedgerEntryExists, ledger_entry(2, "NULL", "captured", 1));
    script.refuses(LedgerUnbalanced, ledger_entry(1, "NULL", "captured", 1).replace("EUR", "USD"));
    for (refund, kind, minor, refusal) in [
        ("NULL", "captured", 9_001, Err(LedgerUnbalanced)),
        ("1", "refunded", 1, Err(LedgerUnbalanced)),
        ("NULL", "captured", 9_000, Ok(1)),
        ("1", "refund_reversed", 1, Err(LedgerUnbalanced)),
        ("1", "refunded", 4_500, Ok(1)),
        ("1", "refunded", 1, Err(LedgerEntryExists)),
        ("2", "refunded", 4_501, Err(LedgerUnbalanced)),
        ("1", "refund_reversed", 4_501, Err(LedgerUnbalanced)),
        ("1", "refund_reversed", 4_500, Ok(1)),
        ("2", "refunded", 4_500, Ok(1)),
        ("NULL", "refunded", 1, Err(REFUND)),
        ("2", "lost", 1, Err(KINDS)),
        ("2", "refund_reversed", -1, Err(Check("amount_minor >= 0"))),
        ("999", "refunded", 1, Err(ForeignKey)),
    ] {
        script.0.push((ledger_entry(1, refund, kind, minor), refusal));
    }
    script.refuses(REFUND, ledger_entry(3, "2", "captured", 1));
    script.refuses(ForeignKey, ledger_entry(999, "NULL", "captured", 1));
    script.refuses(ForeignKey, "DELETE FROM refunds");
    script.refuses(ForeignKey, "DELETE FROM payments");
    script
}

fn payment_events_and_problems() -> Script {
    let event = |provider: &str, id: &str| format!("INSERT INTO payment_events VALUES ('{provider}', '{id}', 0)");
    let mut script = Script::new();
    for (provider, id) in [("stripe", "a"), ("stripe", "A"), ("test", "a")] {
        script.accepts(event(provider, id));
    }
    script.refuses(Unique("payment_events.provider, payment_events.id"), event("stripe", "a"));

    let problem = |key: &str, booking: &str| {
        format!(
            "INSERT INTO payment_problems (key, kind, booking_id, at) VALUES ('{key}', 'wrong_amount', {booking}, 0)"
        )
    };
    script.accepts(problem("a", "NULL"));
    script.accepts("UPDATE payment_problems SET resolved_at = 1");
    script.refuses(Unique("payment_problems.key"), problem("a", "NULL"));
    script.refuses(ForeignKey, problem("b", "999"));
    script
}
