//! What the database itself refuses, no matter who asks: everything here goes past the store, in plain SQL.

use attune_domain::meeting::AttendanceEventKind;
use attune_domain::{BookingStatus, ParticipantRole, PaymentStatus};
use attune_ports::{PaymentState, RefundCause, RefundStage};
use attune_test_store_contract::fixtures::{PracticeFixture, all_states, legal_states, slot};
use diesel::connection::SimpleConnection;
use diesel::result::Error;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::harness::{count, fresh, raw};

const MINUTE: i64 = 60_000;

struct Calendar {
    _folder: TempDir,
    connection: SqliteConnection,
    practice: PracticeFixture,
}

impl Calendar {
    async fn new() -> Self {
        let (folder, store) = fresh().await;
        let practice = PracticeFixture::create(&*store).await;
        Self { connection: raw(&folder), _folder: folder, practice }
    }

    /// Writes a booking of one hour that begins so many minutes after the calendar opens.
    fn insert(
        &mut self,
        verb: &str,
        id: i64,
        start: i64,
        status: BookingStatus,
        payment: PaymentStatus,
    ) -> Result<(), Error> {
        let from = slot(0).as_millisecond() + start * MINUTE;
        let until = from + 60 * MINUTE;
        let PracticeFixture { therapist, client, service } = self.practice;
        let room = if status.has_room() {
            format!("'room-{id}', 'https://meet.example.org/room-{id}'")
        } else {
            "NULL, NULL".into()
        };
        let hold = if status == BookingStatus::PendingPayment { "1" } else { "NULL" };
        let cancelled = if status == BookingStatus::Cancelled {
            format!("1, {client}, 0, 0")
        } else {
            "NULL, NULL, NULL, NULL".into()
        };
        let (status, payment) = (status.as_str(), payment.as_str());
        self.connection.batch_execute(&format!(
            "{verb} INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status,
                 payment_status, price_minor, currency, room_id, room_url, hold_expires_at, cancelled_at, cancelled_by,
                 cancelled_late, refund_minor, version, created_at, updated_at)
             VALUES ({id}, {client}, {therapist}, {service}, {from}, 50, {until}, '{status}', '{payment}', 9000, 'EUR',
                 {room}, {hold}, {cancelled}, 1, 1, 1)"
        ))
    }

    fn scheduled(&mut self, verb: &str, id: i64, start: i64) -> Result<(), Error> {
        self.insert(verb, id, start, BookingStatus::Scheduled, PaymentStatus::NotRequired)
    }

    fn move_to(&mut self, id: i64, start: i64) -> Result<(), Error> {
        let from = slot(0).as_millisecond() + start * MINUTE;
        let until = from + 60 * MINUTE;
        self.connection.batch_execute(&format!(
            "UPDATE bookings SET scheduled_at = {from}, blocked_until = {until} WHERE id = {id}"
        ))
    }

    fn rows(&mut self) -> i64 {
        count(&mut self.connection, "SELECT count(*) FROM bookings")
    }
}

fn is_refused(result: Result<(), Error>, message: &str) {
    match result {
        Err(Error::DatabaseError(_, information)) => assert_eq!(information.message(), message),
        other => panic!("expected {message}, got {other:?}"),
    }
}

fn is_taken(result: Result<(), Error>) {
    is_refused(result, "attune:slot_taken");
}

#[tokio::test]
async fn an_overlap_is_refused_however_it_is_inserted() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    for verb in ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "REPLACE"] {
        for start in [-59, -30, 0, 30, 59] {
            is_taken(calendar.scheduled(verb, 2, start));
        }
    }
    assert_eq!(calendar.rows(), 1);
}

#[tokio::test]
async fn touching_ends_pass() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    calendar.scheduled("INSERT", 2, 60).unwrap();
    calendar.scheduled("INSERT", 3, -60).unwrap();
    calendar.move_to(3, 120).unwrap();
    assert_eq!(calendar.rows(), 3);
}

#[tokio::test]
async fn a_booking_may_be_replaced_or_moved_within_its_own_time() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    calendar.scheduled("REPLACE", 1, 15).unwrap();
    calendar.move_to(1, 30).unwrap();
    assert_eq!(calendar.rows(), 1);
}

#[tokio::test]
async fn moving_into_a_taken_time_is_refused() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    calendar.scheduled("INSERT", 2, 120).unwrap();
    for start in [-59, 0, 59] {
        is_taken(calendar.move_to(2, start));
    }
    is_taken(calendar.connection.batch_execute("UPDATE OR REPLACE bookings SET scheduled_at = scheduled_at - 7200000"));
}

#[tokio::test]
async fn what_was_called_off_cannot_come_back_into_a_taken_time() {
    let mut calendar = Calendar::new().await;
    calendar.insert("INSERT", 1, 0, BookingStatus::Cancelled, PaymentStatus::NotRequired).unwrap();
    calendar.insert("INSERT", 2, 0, BookingStatus::Expired, PaymentStatus::Cancelled).unwrap();
    calendar.scheduled("INSERT", 3, 30).unwrap();
    is_taken(calendar.connection.batch_execute(
        "UPDATE bookings SET status = 'scheduled', cancelled_at = NULL, room_id = 'r1', room_url = 'https://x/r1' \
         WHERE id = 1",
    ));
    is_taken(calendar.connection.batch_execute(
        "UPDATE bookings SET status = 'pending_payment', payment_status = 'pending', hold_expires_at = 1 WHERE id = 2",
    ));
}

/// Neither by inserting it nor by making it longer, in whatever state it is.
#[tokio::test]
async fn nothing_takes_up_more_than_a_day() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    calendar.insert("INSERT", 2, 0, BookingStatus::Cancelled, PaymentStatus::NotRequired).unwrap();
    for id in [1, 2] {
        let mut lasting = |ms: i64| {
            let change = format!("UPDATE bookings SET blocked_until = scheduled_at + {ms} WHERE id = {id}");
            calendar.connection.batch_execute(&change)
        };
        lasting(86_400_000).unwrap();
        is_refused(lasting(86_400_001), "attune:longer_than_a_day");
    }
    let copy = |ms: i64| {
        format!(
            "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, status, \
             payment_status, price_minor, currency, version, created_at, updated_at) \
             SELECT 3, client_id, therapist_id, service_id, 0, 50, {ms}, 'expired', 'cancelled', 0, 'EUR', 1, 1, 1 \
             FROM bookings WHERE id = 1"
        )
    };
    is_refused(calendar.connection.batch_execute(&copy(86_400_001)), "attune:longer_than_a_day");
    calendar.connection.batch_execute(&copy(86_400_000)).unwrap();
    // The longest one is still in the way at its end.
    is_taken(calendar.scheduled("INSERT", 4, 24 * 60 - 1));
    calendar.scheduled("INSERT", 4, 24 * 60).unwrap();
}

/// What is kept, and what there is.
const DIFFERENCES: &str = "SELECT count(*) FROM \
    (SELECT status, payment_status, rows FROM booking_counts WHERE rows <> 0) kept \
    FULL JOIN (SELECT status, payment_status, count(*) AS rows FROM bookings GROUP BY 1, 2) counted \
    USING (status, payment_status) WHERE kept.rows IS NOT counted.rows";

#[tokio::test]
async fn every_way_to_change_rows_is_counted() {
    let mut calendar = Calendar::new().await;
    for (id, (status, payment)) in (1..).zip(legal_states()) {
        calendar.insert("INSERT", id, 60 * id, status, payment).unwrap();
        assert_eq!(count(&mut calendar.connection, DIFFERENCES), 0, "{status:?} {payment:?}");
    }
    for change in [
        "UPDATE bookings SET note = 'nothing that counts'",
        "UPDATE bookings SET payment_status = 'refunded' WHERE payment_status = 'refund_pending'",
        "UPDATE bookings SET status = 'expired', payment_status = 'cancelled', cancelled_at = NULL WHERE id % 2 = 0",
        "UPDATE OR IGNORE bookings SET id = 1, status = 'expired', payment_status = 'succeeded', cancelled_at = NULL \
         WHERE id % 5 = 0",
        "DELETE FROM bookings WHERE id % 3 = 0",
        "DELETE FROM bookings WHERE id = 3",
        "BEGIN; DELETE FROM bookings; ROLLBACK",
        "BEGIN; DELETE FROM bookings WHERE id = 1; SAVEPOINT s; DELETE FROM bookings; ROLLBACK TO s; COMMIT",
        "INSERT OR IGNORE INTO bookings SELECT * FROM bookings WHERE status = 'expired'",
        "INSERT INTO bookings SELECT * FROM bookings WHERE status = 'expired' \
         ON CONFLICT (id) DO UPDATE SET payment_status = 'refunded'",
        "DELETE FROM bookings",
    ] {
        calendar.connection.batch_execute(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        assert_eq!(count(&mut calendar.connection, DIFFERENCES), 0, "after {change}");
    }
}

/// The table in the CHECK and the one in the domain are the same, pair by pair.
#[tokio::test]
async fn the_legal_pairs_are_those_of_the_domain() {
    let mut calendar = Calendar::new().await;
    for (n, (status, payment)) in (1..).zip(all_states()) {
        let result = calendar.insert("INSERT", n, 60 * n, status, payment);
        if payment.is_legal_with(status) {
            result.unwrap_or_else(|error| panic!("{status:?} with {payment:?}: {error}"));
        } else {
            is_refused(result, "CHECK constraint failed: bookings_legal_pair");
        }
    }
}

#[tokio::test]
async fn facts_that_contradict_each_other_are_refused() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    calendar.insert("INSERT", 2, 60, BookingStatus::PendingPayment, PaymentStatus::Pending).unwrap();
    for (change, rule) in [
        ("blocked_until = scheduled_at WHERE id = 1", "bookings_end_after_start"),
        ("room_id = NULL WHERE id = 1", "bookings_room_when_agreed"),
        ("room_url = NULL WHERE id = 1", "bookings_room_when_agreed"),
        ("hold_expires_at = NULL WHERE id = 2", "bookings_hold_when_pending"),
        ("room_id = 'early' WHERE id = 2", "bookings_hold_when_pending"),
        ("cancelled_at = 1 WHERE id = 1", "bookings_cancellation"),
        ("link_version = 0 WHERE id = 1", "link_version >= 1"),
        ("free_minutes = -1 WHERE id = 1", "free_minutes BETWEEN 0 AND 43200"),
        ("free_minutes = 43201 WHERE id = 1", "free_minutes BETWEEN 0 AND 43200"),
        ("late_refund_percent = 101 WHERE id = 1", "late_refund_percent BETWEEN 0 AND 100"),
        ("reschedule_minutes = 43201 WHERE id = 1", "reschedule_minutes BETWEEN 0 AND 43200"),
        ("status = 'unheard_of' WHERE id = 1", "bookings_legal_pair"),
    ] {
        let result = calendar.connection.batch_execute(&format!("UPDATE bookings SET {change}"));
        is_refused(result, &format!("CHECK constraint failed: {rule}"));
    }
    let text = calendar.connection.batch_execute("UPDATE bookings SET minutes = 'fifty'");
    is_refused(text, "cannot store TEXT value in INTEGER column bookings.minutes");
    let no_one = calendar.connection.batch_execute("UPDATE bookings SET client_id = 999");
    is_refused(no_one, "FOREIGN KEY constraint failed");
}

#[tokio::test]
async fn a_mail_has_exactly_one_reader() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let PracticeFixture { client, therapist, .. } = calendar.practice;
    let connection = &mut calendar.connection;
    connection.batch_execute(&invitation(1, "a", "participant", therapist.get())).unwrap();
    let mail = |key: &str, account: &str, guest: &str| {
        format!(
            "INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, starts_at,
                 booking_version, send_after, state, attempts, next_at)
             VALUES ('{key}', 'meeting_info', 0, 1, {account}, {guest}, 1, 1, 1, 'pending', 0, 1)"
        )
    };
    let account = client.to_string();
    connection.batch_execute(&mail("account", &account, "NULL")).unwrap();
    connection.batch_execute(&mail("guest", "NULL", "1")).unwrap();
    for (account, guest) in [("NULL", "NULL"), (account.as_str(), "1")] {
        let refused = connection.batch_execute(&mail("x", account, guest));
        is_refused(refused, "CHECK constraint failed: outbox_one_reader");
    }
    for change in ["recipient_id = NULL", "participant_id = 1"] {
        let refused = connection.batch_execute(&format!("UPDATE outbox SET {change} WHERE dedupe_key = 'account'"));
        is_refused(refused, "CHECK constraint failed: outbox_one_reader");
    }
    is_refused(connection.batch_execute(&mail("x", "NULL", "999")), "FOREIGN KEY constraint failed");
    is_refused(connection.batch_execute("DELETE FROM participants"), "FOREIGN KEY constraint failed");
}

fn invitation(booking: i64, email: &str, role: &str, by: i64) -> String {
    format!(
        "INSERT INTO participants (booking_id, email, display_name, role, invited_by, invited_at)
         VALUES ({booking}, '{email}', 'A', '{role}', {by}, 1)"
    )
}

#[tokio::test]
async fn invitations_that_cannot_be_are_refused() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    calendar.scheduled("INSERT", 2, 60).unwrap();
    let by = calendar.practice.therapist.get();
    let connection = &mut calendar.connection;
    for role in ParticipantRole::ALL {
        connection.batch_execute(&invitation(1, role.as_str(), role.as_str(), by)).unwrap();
    }
    let host = connection.batch_execute(&invitation(1, "host", "moderator", by));
    is_refused(host, "CHECK constraint failed: role IN ('participant', 'presenter', 'observer')");
    const TWICE: &str = "UNIQUE constraint failed: participants.email, participants.booking_id";
    is_refused(connection.batch_execute(&invitation(1, "observer", "presenter", by)), TWICE);
    connection.batch_execute(&invitation(2, "observer", "observer", by)).unwrap();
    connection.batch_execute("UPDATE participants SET revoked_at = 1 WHERE booking_id = 1").unwrap();
    connection.batch_execute(&invitation(1, "observer", "presenter", by)).unwrap();
    is_refused(connection.batch_execute("UPDATE participants SET revoked_at = NULL"), TWICE);
    for (booking, by) in [(999, by), (1, 999)] {
        let no_one = connection.batch_execute(&invitation(booking, "b", "observer", by));
        is_refused(no_one, "FOREIGN KEY constraint failed");
    }
}

#[tokio::test]
async fn rooms_open_once_and_only_known_things_happen_in_them() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    let open = "INSERT INTO conferences (booking_id, opened_at) VALUES (1, 1)";
    connection.batch_execute(open).unwrap();
    const TWICE: &str = "UNIQUE constraint failed: conferences.booking_id";
    is_refused(connection.batch_execute(open), TWICE);
    connection.batch_execute("UPDATE conferences SET closed_at = 2").unwrap();
    connection.batch_execute(open).unwrap();
    is_refused(connection.batch_execute("UPDATE conferences SET closed_at = NULL"), TWICE);
    let elsewhere = connection.batch_execute("INSERT INTO conferences (booking_id, opened_at) VALUES (999, 1)");
    is_refused(elsewhere, "FOREIGN KEY constraint failed");

    let fact = |booking: i64, happening: &str| {
        format!("INSERT INTO attendance (booking_id, at, kind, occupant) VALUES ({booking}, 1, '{happening}', 'o')")
    };
    for happening in AttendanceEventKind::ALL {
        connection.batch_execute(&fact(1, happening.as_str())).unwrap();
    }
    let unheard_of = connection.batch_execute(&fact(1, "spoke"));
    is_refused(unheard_of, "CHECK constraint failed: kind IN ('joined', 'left', 'ended')");
    is_refused(connection.batch_execute(&fact(999, "joined")), "FOREIGN KEY constraint failed");
    let again = connection.batch_execute(&fact(1, "joined"));
    assert!(matches!(again, Err(Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _))));
}

#[tokio::test]
async fn weeks_that_cannot_be_are_refused() {
    let mut calendar = Calendar::new().await;
    let therapist = calendar.practice.therapist.get();
    let connection = &mut calendar.connection;
    let hours = |weekday: i64, start: i64, end: i64| {
        format!(
            "INSERT INTO weekly_hours (therapist_id, weekday, start_minute, end_minute)
             VALUES ({therapist}, {weekday}, {start}, {end})"
        )
    };
    is_refused(connection.batch_execute(&hours(1, 540, 720)), "FOREIGN KEY constraint failed");
    let week = |therapist| format!("INSERT INTO schedules (therapist_id, time_zone) VALUES ({therapist}, 'UTC')");
    is_refused(connection.batch_execute(&week(999)), "FOREIGN KEY constraint failed");
    connection.batch_execute(&week(therapist)).unwrap();
    is_refused(connection.batch_execute(&week(therapist)), "UNIQUE constraint failed: schedules.therapist_id");
    connection.batch_execute(&hours(1, 540, 720)).unwrap();
    connection.batch_execute(&hours(1, 720, 1_440)).unwrap();
    connection.batch_execute(&hours(7, 0, 1_440)).unwrap();
    for (weekday, start, end, rule) in [
        (0, 0, 60, "weekday BETWEEN 1 AND 7"),
        (8, 0, 60, "weekday BETWEEN 1 AND 7"),
        (2, -1, 60, "start_minute >= 0"),
        (2, 0, 1_441, "end_minute <= 1440"),
        (2, 60, 60, "end_minute > start_minute"),
    ] {
        let refused = connection.batch_execute(&hours(weekday, start, end));
        is_refused(refused, &format!("CHECK constraint failed: {rule}"));
    }
    const TWICE: &str =
        "UNIQUE constraint failed: weekly_hours.therapist_id, weekly_hours.weekday, weekly_hours.start_minute";
    is_refused(connection.batch_execute(&hours(1, 540, 600)), TWICE);
    is_refused(connection.batch_execute("DELETE FROM schedules"), "FOREIGN KEY constraint failed");
}

#[tokio::test]
async fn time_off_that_cannot_be_is_refused() {
    let mut calendar = Calendar::new().await;
    let therapist = calendar.practice.therapist.get();
    let connection = &mut calendar.connection;
    let entry = |therapist: i64, kind: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO schedule_exceptions (therapist_id, kind, {columns}, created_at) VALUES ({therapist}, '{kind}', {values}, 1)"
        )
    };
    for (kind, columns, values) in [
        ("dates", "first_date, last_date", "'2027-05-01', '2027-05-01'"),
        ("dates", "first_date, last_date", "'-000002-01-01', '-000001-01-01'"),
        ("dates", "first_date, last_date", "'-009999-01-01', '9999-12-31'"),
        ("between", "from_at, until_at", "-1, 0"),
        ("extra_hours", "first_date, start_minute, end_minute", "'2027-05-01', 0, 1440"),
    ] {
        connection.batch_execute(&entry(therapist, kind, columns, values)).unwrap();
        let no_one = connection.batch_execute(&entry(999, kind, columns, values));
        is_refused(no_one, "FOREIGN KEY constraint failed");
    }
    for (kind, columns, values) in [
        ("dates", "first_date, last_date", "'2027-05-02', '2027-05-01'"),
        ("dates", "first_date", "'2027-05-02'"),
        ("dates", "last_date", "'2027-05-02'"),
        ("between", "from_at, until_at", "1, 1"),
        ("between", "from_at", "1"),
        ("between", "until_at", "1"),
        ("extra_hours", "first_date, start_minute, end_minute", "'2027-05-01', -1, 60"),
        ("extra_hours", "first_date, start_minute, end_minute", "'2027-05-01', 0, 1441"),
        ("extra_hours", "first_date, start_minute, end_minute", "'2027-05-01', 60, 60"),
        ("extra_hours", "first_date, start_minute", "'2027-05-01', 60"),
        ("extra_hours", "first_date, end_minute", "'2027-05-01', 60"),
        ("extra_hours", "start_minute, end_minute", "0, 60"),
        ("unheard_of", "first_date, last_date", "'2027-05-01', '2027-05-01'"),
    ] {
        let refused = connection.batch_execute(&entry(therapist, kind, columns, values));
        is_refused(refused, "CHECK constraint failed: schedule_exceptions_kind");
    }
}

#[tokio::test]
async fn there_is_one_policy_and_it_makes_sense() {
    let mut calendar = Calendar::new().await;
    let connection = &mut calendar.connection;
    let policy = |id: i64| format!("INSERT INTO practice_policy VALUES ({id}, 0, 366, NULL, 15, 1440, 0, 1440, 0)");
    is_refused(connection.batch_execute(&policy(2)), "CHECK constraint failed: id = 1");
    connection.batch_execute(&policy(1)).unwrap();
    is_refused(connection.batch_execute(&policy(1)), "UNIQUE constraint failed: practice_policy.id");
    for (change, rule) in [
        ("notice_minutes = -1", "notice_minutes >= 0"),
        ("notice_minutes = 527040", "practice_policy_bookable"),
        ("horizon_days = 0", "horizon_days BETWEEN 1 AND 366"),
        ("horizon_days = 367", "horizon_days BETWEEN 1 AND 366"),
        ("daily_limit = 0", "daily_limit >= 1"),
        ("step_minutes = 4", "step_minutes BETWEEN 5 AND 1440"),
        ("step_minutes = 1441", "step_minutes BETWEEN 5 AND 1440"),
        ("free_minutes = 43201", "free_minutes BETWEEN 0 AND 43200"),
        ("late_refund_percent = 101", "late_refund_percent BETWEEN 0 AND 100"),
        ("reschedule_minutes = -1", "reschedule_minutes BETWEEN 0 AND 43200"),
        ("auto_complete = 2", "auto_complete IN (0, 1)"),
    ] {
        let refused = connection.batch_execute(&format!("UPDATE practice_policy SET {change}"));
        is_refused(refused, &format!("CHECK constraint failed: {rule}"));
    }
}

#[tokio::test]
async fn an_idempotency_key_is_unique_and_belongs_to_a_user() {
    let mut calendar = Calendar::new().await;
    let PracticeFixture { client, therapist, .. } = calendar.practice;
    let connection = &mut calendar.connection;
    let kept = |user: i64, route: &str, key: &str| {
        format!(
            "INSERT INTO idempotency_keys (user_id, route, key, request_hash, response_status, response_body, created_at)
             VALUES ({user}, '{route}', '{key}', x'00', 201, '', 1)"
        )
    };
    connection.batch_execute(&kept(client.get(), "POST /a", "k")).unwrap();
    const TWICE: &str =
        "UNIQUE constraint failed: idempotency_keys.user_id, idempotency_keys.route, idempotency_keys.key";
    is_refused(connection.batch_execute(&kept(client.get(), "POST /a", "k")), TWICE);
    for (user, route, key) in
        [(therapist.get(), "POST /a", "k"), (client.get(), "POST /b", "k"), (client.get(), "POST /a", "K")]
    {
        connection.batch_execute(&kept(user, route, key)).unwrap();
    }
    is_refused(connection.batch_execute(&kept(999, "POST /a", "k")), "FOREIGN KEY constraint failed");
}

#[tokio::test]
async fn the_trail_is_never_changed_and_never_shortened() {
    let mut calendar = Calendar::new().await;
    let connection = &mut calendar.connection;
    let line = "INTO audit_log (id, at, action, object_kind, object_id) VALUES (1, 1, 'booking.held', 'booking', 1)";
    connection.batch_execute(&format!("INSERT {line}")).unwrap();
    for change in [
        "UPDATE audit_log SET action = 'nothing'",
        "UPDATE OR REPLACE audit_log SET id = 2",
        "DELETE FROM audit_log",
        &format!("REPLACE {line}"),
        &format!("INSERT {line} ON CONFLICT DO UPDATE SET action = 'nothing'"),
    ] {
        is_refused(connection.batch_execute(change), "attune:audit_is_append_only");
    }
    connection
        .batch_execute("INSERT INTO audit_log (at, action, object_kind, object_id) VALUES (2, 'b', 'booking', 1)")
        .unwrap();
    assert_eq!(count(connection, "SELECT count(*) FROM audit_log WHERE action = 'booking.held'"), 1);
    assert_eq!(count(connection, "SELECT count(*) FROM audit_log"), 2);
}

/// A payment of so much for the first booking, in a state.
fn pay(connection: &mut SqliteConnection, id: i64, state: PaymentState, minor: i64) {
    connection
        .batch_execute(&format!(
            "INSERT INTO payments (id, booking_id, provider, provider_checkout_id, amount_minor, currency, state, created_at)
             VALUES ({id}, 1, 'test', 'r{id}', {minor}, 'EUR', '{}', 1)",
            state.as_str()
        ))
        .unwrap();
}

/// A refund of a payment, called by a key.
fn give_back(verb: &str, payment: i64, key: &str, minor: i64, stage: RefundStage) -> String {
    format!(
        "{verb} INTO refunds (booking_id, payment_id, idempotency_key, amount_minor, currency, cause, stage, attempts, created_at)
         VALUES (1, {payment}, '{key}', {minor}, 'EUR', 'requested', '{}', 0, 1)",
        stage.as_str()
    )
}

/// A line of the ledger.
fn line(verb: &str, payment: i64, refund: &str, kind: &str, minor: i64) -> String {
    format!(
        "{verb} INTO ledger (at, booking_id, payment_id, refund_id, kind, amount_minor, currency)
         VALUES (1, 1, {payment}, {refund}, '{kind}', {minor}, 'EUR')"
    )
}

const VERBS: [&str; 5] = ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "REPLACE"];

#[tokio::test]
async fn attempts_that_cannot_be_are_refused() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    for (id, state) in (1..).zip(PaymentState::ALL) {
        pay(connection, id, state, 9_000);
    }
    for nonce in ["x'00112233445566778899aabbccddeeff'", "NULL"] {
        connection.batch_execute(&format!("UPDATE payments SET checkout_nonce = {nonce}")).unwrap();
    }
    for (change, message) in [
        (
            "state = 'lost'",
            "CHECK constraint failed: state IN ('opening', 'open', 'processing', 'closing', 'settled', 'unapplied', 'closed')",
        ),
        ("checkout_nonce = x'00'", "CHECK constraint failed: length(checkout_nonce) = 16"),
        ("amount_minor = -1", "CHECK constraint failed: amount_minor >= 0"),
        ("provider_checkout_id = 'r2'", "UNIQUE constraint failed: payments.provider, payments.provider_checkout_id"),
    ] {
        is_refused(connection.batch_execute(&format!("UPDATE payments SET {change} WHERE id = 1")), message);
    }
}

#[tokio::test]
async fn refunds_that_cannot_be_are_refused() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    pay(connection, 1, PaymentState::Settled, 9_000);
    for key in ["a", "b"] {
        connection.batch_execute(&give_back("INSERT", 1, key, 10, RefundStage::Queued)).unwrap();
    }
    for cause in RefundCause::ALL {
        connection.batch_execute(&format!("UPDATE refunds SET cause = '{}'", cause.as_str())).unwrap();
    }
    for stage in RefundStage::ALL {
        connection.batch_execute(&format!("UPDATE refunds SET stage = '{}'", stage.as_str())).unwrap();
    }
    connection.batch_execute("UPDATE refunds SET provider_refund_id = idempotency_key").unwrap();
    for (change, message) in [
        ("cause = 'x'", "CHECK constraint failed: cause IN ('cancelled', 'requested', 'unapplied', 'external')"),
        ("stage = 'x'", "CHECK constraint failed: stage IN ('queued', 'pending', 'succeeded', 'failed', 'retried')"),
        ("amount_minor = 0", "CHECK constraint failed: amount_minor > 0"),
        ("attempts = -1", "CHECK constraint failed: attempts >= 0"),
        ("idempotency_key = 'b'", "UNIQUE constraint failed: refunds.idempotency_key"),
        ("provider_refund_id = 'b'", "UNIQUE constraint failed: refunds.provider_refund_id"),
        ("booking_id = 999", "FOREIGN KEY constraint failed"),
        ("payment_id = 999", "FOREIGN KEY constraint failed"),
        ("requested_by = 999", "FOREIGN KEY constraint failed"),
    ] {
        is_refused(
            connection.batch_execute(&format!("UPDATE refunds SET {change} WHERE idempotency_key = 'a'")),
            message,
        );
    }
}

#[tokio::test]
async fn no_more_goes_back_than_came_in_no_matter_who_writes() {
    const TOO_LARGE: &str = "attune:refund_too_large";
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    for (id, state) in (1..).zip(PaymentState::ALL) {
        pay(connection, id, state, 9_000);
        for verb in VERBS {
            let more =
                connection.batch_execute(&give_back(verb, id, &format!("more {id}"), 9_001, RefundStage::Queued));
            is_refused(more, TOO_LARGE);
        }
        let all = connection.batch_execute(&give_back("INSERT", id, &format!("all {id}"), 9_000, RefundStage::Queued));
        if state.is_paid() { all.unwrap() } else { is_refused(all, TOO_LARGE) }
    }
    // The payment with the number 8 is given back in parts; what failed does not count, until it is taken back to life.
    pay(connection, 8, PaymentState::Settled, 9_000);
    for (key, minor, stage) in [
        ("a", 3_000, RefundStage::Queued),
        ("b", 3_000, RefundStage::Pending),
        ("c", 2_000, RefundStage::Succeeded),
        ("d", 9_000, RefundStage::Failed),
        ("e", 9_000, RefundStage::Retried),
    ] {
        connection.batch_execute(&give_back("INSERT", 8, key, minor, stage)).unwrap();
    }
    for verb in VERBS {
        let more = connection.batch_execute(&give_back(verb, 8, "f", 1_001, RefundStage::Queued));
        is_refused(more, TOO_LARGE);
    }
    for change in [
        "stage = 'queued' WHERE idempotency_key = 'd'",
        "stage = 'succeeded' WHERE idempotency_key = 'e'",
        "amount_minor = 4001 WHERE idempotency_key = 'a'",
        "payment_id = 8 WHERE idempotency_key = 'all 5'",
        "currency = 'USD' WHERE idempotency_key = 'a'",
        "payment_id = 1 WHERE idempotency_key = 'a'",
    ] {
        is_refused(connection.batch_execute(&format!("UPDATE refunds SET {change}")), TOO_LARGE);
        is_refused(connection.batch_execute(&format!("UPDATE OR REPLACE refunds SET {change}")), TOO_LARGE);
    }
    let dollars = give_back("INSERT", 8, "f", 1, RefundStage::Queued).replace("EUR", "USD");
    is_refused(connection.batch_execute(&dollars), TOO_LARGE);
    connection.batch_execute("UPDATE refunds SET stage = 'failed' WHERE idempotency_key = 'a'").unwrap();
    connection.batch_execute(&give_back("INSERT", 8, "f", 4_000, RefundStage::Queued)).unwrap();
    let sum = "SELECT sum(amount_minor) FROM refunds WHERE payment_id = 8 AND stage NOT IN ('failed', 'retried')";
    assert_eq!(count(connection, sum), 9_000);
}

#[tokio::test]
async fn the_ledger_is_never_changed_and_never_shortened() {
    const APPEND_ONLY: &str = "attune:ledger_is_append_only";
    const UNBALANCED: &str = "attune:ledger_unbalanced";
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    pay(connection, 1, PaymentState::Settled, 9_000);
    connection.batch_execute(&give_back("INSERT", 1, "a", 9_000, RefundStage::Queued)).unwrap();
    connection.batch_execute(&line("INSERT", 1, "NULL", "captured", 4_000)).unwrap();
    connection.batch_execute(&line("INSERT", 1, "1", "refunded", 1_000)).unwrap();
    let everything = "SELECT sum(id * 100000 + amount_minor) FROM ledger";
    let before = count(connection, everything);
    for verb in VERBS {
        // The same number, and the same movement, of which there is one.
        let same_number =
            line(verb, 1, "1", "refund_reversed", 1).replace("(at,", "(id, at,").replace("(1, 1,", "(1, 1, 1,");
        is_refused(connection.batch_execute(&same_number), APPEND_ONLY);
        is_refused(connection.batch_execute(&line(verb, 1, "NULL", "captured", 1)), UNBALANCED);
        is_refused(connection.batch_execute(&line(verb, 1, "1", "refunded", 1)), UNBALANCED);
    }
    for change in [
        "UPDATE ledger SET amount_minor = 1",
        "UPDATE OR REPLACE ledger SET id = 2 WHERE id = 1",
        "DELETE FROM ledger",
        &format!("{} ON CONFLICT DO UPDATE SET at = 2", line("INSERT", 1, "1", "refund_reversed", 1))
            .replace("(at,", "(id, at,")
            .replace("(1, 1,", "(1, 1, 1,"),
    ] {
        is_refused(connection.batch_execute(change), APPEND_ONLY);
    }
    for gone in ["DELETE FROM refunds", "DELETE FROM payments"] {
        is_refused(connection.batch_execute(gone), "FOREIGN KEY constraint failed");
    }
    let replaced = connection.batch_execute(&give_back("REPLACE", 1, "a", 1, RefundStage::Queued));
    is_refused(replaced, "FOREIGN KEY constraint failed");
    assert_eq!(count(connection, everything), before);
}

#[tokio::test]
async fn the_ledger_balances_no_matter_who_writes() {
    const UNBALANCED: &str = "attune:ledger_unbalanced";
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    for id in [1, 2, 3] {
        pay(connection, id, PaymentState::Settled, 9_000);
    }
    for key in ["a", "b"] {
        connection.batch_execute(&give_back("INSERT", 1, key, 4_500, RefundStage::Queued)).unwrap();
    }
    connection.batch_execute(&line("INSERT", 2, "NULL", "captured", 9_000)).unwrap();
    for verb in VERBS {
        is_refused(connection.batch_execute(&line(verb, 1, "NULL", "captured", 9_001)), UNBALANCED);
        is_refused(connection.batch_execute(&line(verb, 1, "1", "refunded", 1)), UNBALANCED);
    }
    let dollars = line("INSERT", 1, "NULL", "captured", 1).replace("EUR", "USD");
    is_refused(connection.batch_execute(&dollars), UNBALANCED);
    connection.batch_execute(&line("INSERT", 1, "NULL", "captured", 9_000)).unwrap();
    connection.batch_execute(&line("INSERT", 1, "1", "refunded", 4_500)).unwrap();
    is_refused(connection.batch_execute(&line("INSERT", 1, "2", "refunded", 4_501)), UNBALANCED);
    is_refused(connection.batch_execute(&line("INSERT", 1, "1", "refund_reversed", 4_501)), UNBALANCED);
    connection.batch_execute(&line("INSERT", 1, "1", "refund_reversed", 4_500)).unwrap();
    connection.batch_execute(&line("INSERT", 1, "2", "refunded", 4_500)).unwrap();

    for (line, message) in [
        (line("INSERT", 3, "2", "captured", 1), "CHECK constraint failed: ledger_refund_unless_captured"),
        (line("INSERT", 1, "NULL", "refunded", 1), "CHECK constraint failed: ledger_refund_unless_captured"),
        (
            line("INSERT", 1, "2", "lost", 1),
            "CHECK constraint failed: kind IN ('captured', 'refunded', 'refund_reversed')",
        ),
        (line("INSERT", 1, "2", "refund_reversed", -1), "CHECK constraint failed: amount_minor >= 0"),
        (line("INSERT", 1, "999", "refunded", 1), "FOREIGN KEY constraint failed"),
        (line("INSERT", 999, "NULL", "captured", 1), "FOREIGN KEY constraint failed"),
    ] {
        is_refused(connection.batch_execute(&line), message);
    }
}

#[tokio::test]
async fn what_was_told_and_what_is_wrong_is_known_once() {
    let mut calendar = Calendar::new().await;
    calendar.scheduled("INSERT", 1, 0).unwrap();
    let connection = &mut calendar.connection;
    let told = |provider: &str, id: &str| format!("INSERT INTO payment_events VALUES ('{provider}', '{id}', 1)");
    for (provider, id) in [("stripe", "a"), ("stripe", "A"), ("test", "a")] {
        connection.batch_execute(&told(provider, id)).unwrap();
    }
    const TOLD: &str = "UNIQUE constraint failed: payment_events.provider, payment_events.id";
    is_refused(connection.batch_execute(&told("stripe", "a")), TOLD);

    let wrong = |key: &str, booking: i64| {
        format!(
            "INSERT INTO payment_problems (key, kind, booking_id, at) VALUES ('{key}', 'wrong_amount', {booking}, 1)"
        )
    };
    connection.batch_execute(&wrong("a", 1)).unwrap();
    connection.batch_execute("UPDATE payment_problems SET resolved_at = 1").unwrap();
    is_refused(connection.batch_execute(&wrong("a", 1)), "UNIQUE constraint failed: payment_problems.key");
    is_refused(connection.batch_execute(&wrong("b", 999)), "FOREIGN KEY constraint failed");
}
