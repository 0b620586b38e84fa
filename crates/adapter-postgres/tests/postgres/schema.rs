//! What the database itself refuses, no matter who asks: plain SQL, without any of our code in between.

use attune_domain::meeting::AttendanceEventKind;
use attune_domain::{BookingStatus, ParticipantRole};
use attune_ports::{PaymentState, RefundCause, RefundStage};
use attune_test_store_contract::fixtures::all_states;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::harness::migrated;

/// An account, a service, and a connection.
async fn practice(client: &Client) {
    let rows = "INSERT INTO users (email, is_admin, disabled, password_hash, created_at) \
                VALUES ('a@example.org', true, false, '', 0), ('b@example.org', true, false, '', 0); \
                INSERT INTO services (name, description, minutes, buffer_minutes, price_minor, currency, active) \
                VALUES ('', '', 50, 10, 0, 'EUR', true)";
    client.batch_execute(rows).await.unwrap();
}

/// A booking of therapist 1 in plain SQL, with what its state demands.
async fn insert(client: &Client, id: i64, from: i64, until: i64, state: (&str, &str)) -> Result<(), SqlState> {
    let (status, payment) = state;
    let has_room = matches!(status, "scheduled" | "completed" | "no_show");
    let room = has_room.then(|| format!("room-{id}"));
    let hold = (status == "pending_payment").then_some(0_i64);
    let cancelled = (status == "cancelled").then_some(0_i64);
    let insert = "INSERT INTO bookings (id, client_id, therapist_id, service_id, scheduled_at, minutes, blocked_until, \
                  status, payment_status, price_minor, currency, room_id, room_url, hold_expires_at, cancelled_at, \
                  version, created_at, updated_at) \
                  VALUES ($1, 2, 1, 1, $2, 50, $3, $4, $5, 0, 'EUR', $6, $6, $7, $8, 1, 0, 0)";
    outcome(client.execute(insert, &[&id, &from, &until, &status, &payment, &room, &hold, &cancelled]).await)
}

fn outcome(result: Result<u64, tokio_postgres::Error>) -> Result<(), SqlState> {
    match result {
        Ok(changed) => {
            assert_eq!(changed, 1);
            Ok(())
        }
        Err(error) => Err(error.code().expect("the server's own error").clone()),
    }
}

const SCHEDULED: (&str, &str) = ("scheduled", "not_required");
const CANCELLED: (&str, &str) = ("cancelled", "not_required");

#[tokio::test]
async fn overlaps_are_refused_on_every_way_in() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let overlap = Err(SqlState::EXCLUSION_VIOLATION);
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));

    for (from, until) in [(100, 200), (199, 300), (0, 101), (120, 130), (0, 1_000)] {
        assert_eq!(insert(&client, 2, from, until, SCHEDULED).await, overlap, "{from} to {until}");
        assert_eq!(insert(&client, 2, from, until, ("pending_payment", "pending")).await, overlap);
    }
    assert_eq!(insert(&client, 2, 200, 300, SCHEDULED).await, Ok(()), "touching ends");
    assert_eq!(insert(&client, 3, 0, 100, SCHEDULED).await, Ok(()), "touching ends");
    assert_eq!(insert(&client, 4, 100, 200, CANCELLED).await, Ok(()), "blocks nothing");
    assert_eq!(insert(&client, 5, 100, 200, ("expired", "cancelled")).await, Ok(()), "blocks nothing");

    let moved = client.execute("UPDATE bookings SET scheduled_at = 150, blocked_until = 250 WHERE id = 2", &[]).await;
    assert_eq!(outcome(moved), overlap, "moved into another");
    let longer = client.execute("UPDATE bookings SET blocked_until = 101 WHERE id = 3", &[]).await;
    assert_eq!(outcome(longer), overlap, "made longer");
    let revived = "UPDATE bookings SET status = 'scheduled', cancelled_at = NULL, room_id = 'r', room_url = 'r' \
                   WHERE id = 4";
    assert_eq!(outcome(client.execute(revived, &[]).await), overlap, "taken back to life");
    let replaced = client.execute("UPDATE bookings SET therapist_id = 2 WHERE id = 1", &[]).await;
    assert_eq!(outcome(replaced), Ok(()), "another therapist");
    assert_eq!(outcome(client.execute(revived, &[]).await), Ok(()), "the time is free now");
}

#[tokio::test]
async fn nothing_takes_up_more_than_a_day() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    for (id, state) in [(1, SCHEDULED), (2, CANCELLED)] {
        assert_eq!(insert(&client, id, 0, 86_400_001, state).await, Err(SqlState::CHECK_VIOLATION));
        assert_eq!(insert(&client, id, 0, 86_400_000, state).await, Ok(()));
        let longer = format!("UPDATE bookings SET blocked_until = blocked_until + 1 WHERE id = {id}");
        assert_eq!(outcome(client.execute(&longer, &[]).await), Err(SqlState::CHECK_VIOLATION));
    }
}

#[tokio::test]
async fn every_status_that_blocks_is_guarded() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let states: Vec<_> = all_states().filter(|(status, payment)| payment.is_legal_with(*status)).collect();
    let mut id = 0;
    for (status, payment) in states {
        id += 2;
        let start = id * 1_000;
        assert_eq!(insert(&client, id, start, start + 500, SCHEDULED).await, Ok(()));
        let second = insert(&client, id + 1, start, start + 500, (status.as_str(), payment.as_str())).await;
        let wanted = if status.blocks_calendar() { Err(SqlState::EXCLUSION_VIOLATION) } else { Ok(()) };
        assert_eq!(second, wanted, "{status:?}");
    }
}

#[tokio::test]
async fn the_table_of_states_is_the_domains() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let mut id = 0;
    for (status, payment) in all_states() {
        id += 1;
        let written = insert(&client, id, id * 1_000, id * 1_000 + 500, (status.as_str(), payment.as_str())).await;
        let wanted = if payment.is_legal_with(status) { Ok(()) } else { Err(SqlState::CHECK_VIOLATION) };
        assert_eq!(written, wanted, "{status:?} with {payment:?}");
    }
    assert_eq!(insert(&client, 900, 0, 10, ("unheard_of", "not_required")).await, Err(SqlState::CHECK_VIOLATION));
    assert_eq!(insert(&client, 900, 0, 10, ("scheduled", "unheard_of")).await, Err(SqlState::CHECK_VIOLATION));
}

#[tokio::test]
async fn facts_that_contradict_each_other_are_refused() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let check = Err(SqlState::CHECK_VIOLATION);
    assert_eq!(insert(&client, 1, 100, 100, SCHEDULED).await, check, "over when it begins");
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    assert_eq!(insert(&client, 2, 300, 400, ("pending_payment", "pending")).await, Ok(()));
    for contradiction in [
        "UPDATE bookings SET room_id = NULL WHERE id = 1",
        "UPDATE bookings SET room_url = NULL WHERE id = 1",
        "UPDATE bookings SET cancelled_at = 0 WHERE id = 1",
        "UPDATE bookings SET version = 0 WHERE id = 1",
        "UPDATE bookings SET link_version = 0 WHERE id = 1",
        "UPDATE bookings SET free_minutes = -1 WHERE id = 1",
        "UPDATE bookings SET free_minutes = 43201 WHERE id = 1",
        "UPDATE bookings SET late_refund_percent = 101 WHERE id = 1",
        "UPDATE bookings SET reschedule_minutes = 43201 WHERE id = 1",
        "UPDATE bookings SET minutes = 0 WHERE id = 1",
        "UPDATE bookings SET price_minor = -1 WHERE id = 1",
        "UPDATE bookings SET hold_expires_at = NULL WHERE id = 2",
        "UPDATE bookings SET room_id = 'r', room_url = 'r' WHERE id = 2",
    ] {
        assert_eq!(outcome(client.execute(contradiction, &[]).await), check, "{contradiction}");
    }
    // Every status is named in one of the checks: a status of the domain's that the database does not know would fail
    // above, and this is the list it was compared with.
    assert_eq!(BookingStatus::ALL.len(), 6);
}

async fn invite(client: &Client, booking: i64, email: &str, role: &str, by: i64) -> Result<(), SqlState> {
    let insert = "INSERT INTO participants (booking_id, email, display_name, role, invited_by, invited_at) \
                  VALUES ($1, $2, 'A', $3, $4, 0)";
    outcome(client.execute(insert, &[&booking, &email, &role, &by]).await)
}

#[tokio::test]
async fn a_mail_has_exactly_one_reader() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    assert_eq!(invite(&client, 1, "a", "observer", 1).await, Ok(()));
    let mail = async |key: &str, account: Option<i64>, guest: Option<i64>| {
        let insert = "INSERT INTO outbox (dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, \
                      starts_at, booking_version, send_after, state, attempts, next_at) \
                      VALUES ($1, 'meeting_info', 0, 1, $2, $3, 0, 1, 0, 'pending', 0, 0)";
        outcome(client.execute(insert, &[&key, &account, &guest]).await)
    };
    assert_eq!(mail("account", Some(2), None).await, Ok(()));
    assert_eq!(mail("guest", None, Some(1)).await, Ok(()));
    assert_eq!(mail("nobody", None, None).await, Err(SqlState::CHECK_VIOLATION));
    assert_eq!(mail("both", Some(2), Some(1)).await, Err(SqlState::CHECK_VIOLATION));
    for change in ["recipient_id = NULL", "participant_id = 1"] {
        let change = format!("UPDATE outbox SET {change} WHERE dedupe_key = 'account'");
        assert_eq!(outcome(client.execute(&change, &[]).await), Err(SqlState::CHECK_VIOLATION), "{change}");
    }
    assert_eq!(mail("ghost", None, Some(999)).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
    let gone = client.execute("DELETE FROM participants", &[]).await;
    assert_eq!(outcome(gone), Err(SqlState::FOREIGN_KEY_VIOLATION), "a mail is on its way to them");
}

#[tokio::test]
async fn invitations_that_cannot_be_are_refused() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    assert_eq!(insert(&client, 2, 300, 400, SCHEDULED).await, Ok(()));
    for role in ParticipantRole::ALL {
        assert_eq!(invite(&client, 1, role.as_str(), role.as_str(), 1).await, Ok(()), "{role:?}");
    }
    assert_eq!(invite(&client, 1, "host", "moderator", 1).await, Err(SqlState::CHECK_VIOLATION));
    let twice = Err(SqlState::UNIQUE_VIOLATION);
    assert_eq!(invite(&client, 1, "observer", "presenter", 1).await, twice);
    assert_eq!(invite(&client, 2, "observer", "observer", 1).await, Ok(()), "another session");
    client.execute("UPDATE participants SET revoked_at = 1 WHERE booking_id = 1", &[]).await.unwrap();
    assert_eq!(invite(&client, 1, "observer", "presenter", 1).await, Ok(()));
    let revived = "UPDATE participants SET revoked_at = NULL WHERE booking_id = 1 AND role = 'observer'";
    assert_eq!(outcome(client.execute(revived, &[]).await), twice, "taken back to life");
    assert_eq!(invite(&client, 999, "b", "observer", 1).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(invite(&client, 1, "b", "observer", 999).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
}

#[tokio::test]
async fn rooms_open_once_and_only_known_things_happen_in_them() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    let open = async |booking: i64| {
        let insert = "INSERT INTO conferences (booking_id, opened_at) VALUES ($1, 0)";
        outcome(client.execute(insert, &[&booking]).await)
    };
    let twice = Err(SqlState::UNIQUE_VIOLATION);
    assert_eq!(open(1).await, Ok(()));
    assert_eq!(open(1).await, twice);
    client.execute("UPDATE conferences SET closed_at = 1", &[]).await.unwrap();
    assert_eq!(open(1).await, Ok(()));
    let reopened = client.execute("UPDATE conferences SET closed_at = NULL WHERE closed_at = 1", &[]).await;
    assert_eq!(outcome(reopened), twice);
    assert_eq!(open(999).await, Err(SqlState::FOREIGN_KEY_VIOLATION));

    let tell = async |booking: i64, happening: &str| {
        let insert = "INSERT INTO attendance (booking_id, at, kind, occupant) VALUES ($1, 0, $2, 'o')";
        outcome(client.execute(insert, &[&booking, &happening]).await)
    };
    for happening in AttendanceEventKind::ALL {
        assert_eq!(tell(1, happening.as_str()).await, Ok(()), "{happening:?}");
    }
    assert_eq!(tell(1, "spoke").await, Err(SqlState::CHECK_VIOLATION));
    assert_eq!(tell(1, "joined").await, twice);
    assert_eq!(tell(999, "joined").await, Err(SqlState::FOREIGN_KEY_VIOLATION));
}

#[tokio::test]
async fn weeks_that_cannot_be_are_refused() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let hours = async |weekday: i64, start: i64, end: i64| {
        let insert =
            "INSERT INTO weekly_hours (therapist_id, weekday, start_minute, end_minute) VALUES (1, $1, $2, $3)";
        outcome(client.execute(insert, &[&weekday, &start, &end]).await)
    };
    let week = async |therapist: i64| {
        let insert = "INSERT INTO schedules (therapist_id, time_zone) VALUES ($1, 'UTC')";
        outcome(client.execute(insert, &[&therapist]).await)
    };
    assert_eq!(hours(1, 540, 720).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(week(999).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
    assert_eq!(week(1).await, Ok(()));
    assert_eq!(week(1).await, Err(SqlState::UNIQUE_VIOLATION));
    for (weekday, start, end) in [(1, 540, 720), (1, 720, 1_440), (7, 0, 1_440)] {
        assert_eq!(hours(weekday, start, end).await, Ok(()));
    }
    for (weekday, start, end) in [(0, 0, 60), (8, 0, 60), (2, -1, 60), (2, 0, 1_441), (2, 60, 60)] {
        assert_eq!(hours(weekday, start, end).await, Err(SqlState::CHECK_VIOLATION), "{weekday}: {start} to {end}");
    }
    assert_eq!(hours(1, 540, 600).await, Err(SqlState::UNIQUE_VIOLATION));
    let gone = client.execute("DELETE FROM schedules", &[]).await;
    assert_eq!(outcome(gone), Err(SqlState::FOREIGN_KEY_VIOLATION), "it has hours");
}

#[tokio::test]
async fn time_off_that_cannot_be_is_refused() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let add = async |therapist: i64, kind: &str, columns: &str, values: &str| {
        let insert = format!(
            "INSERT INTO schedule_exceptions (therapist_id, kind, {columns}, created_at) VALUES ({therapist}, '{kind}', {values}, 1)"
        );
        outcome(client.execute(&insert, &[]).await)
    };
    for (kind, columns, values) in [
        ("dates", "first_date, last_date", "'2027-05-01', '2027-05-01'"),
        ("dates", "first_date, last_date", "'-000002-01-01', '-000001-01-01'"),
        ("dates", "first_date, last_date", "'-009999-01-01', '9999-12-31'"),
        ("between", "from_at, until_at", "-1, 0"),
        ("extra_hours", "first_date, start_minute, end_minute", "'2027-05-01', 0, 1440"),
    ] {
        assert_eq!(add(1, kind, columns, values).await, Ok(()), "{kind} {values}");
        assert_eq!(add(999, kind, columns, values).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
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
        assert_eq!(add(1, kind, columns, values).await, Err(SqlState::CHECK_VIOLATION), "{kind} {columns} {values}");
    }
}

#[tokio::test]
async fn there_is_one_policy_and_it_makes_sense() {
    let database = migrated().await;
    let client = database.connect().await;
    let policy = async |id: i64| {
        let insert = "INSERT INTO practice_policy VALUES ($1, 0, 366, NULL, 15, 1440, 0, 1440, false)";
        outcome(client.execute(insert, &[&id]).await)
    };
    assert_eq!(policy(2).await, Err(SqlState::CHECK_VIOLATION));
    assert_eq!(policy(1).await, Ok(()));
    assert_eq!(policy(1).await, Err(SqlState::UNIQUE_VIOLATION));
    for nonsense in [
        "notice_minutes = -1",
        "notice_minutes = 527040",
        "horizon_days = 0",
        "horizon_days = 367",
        "daily_limit = 0",
        "step_minutes = 4",
        "step_minutes = 1441",
        "free_minutes = 43201",
        "late_refund_percent = 101",
        "reschedule_minutes = -1",
    ] {
        let changed = client.execute(&format!("UPDATE practice_policy SET {nonsense}"), &[]).await;
        assert_eq!(outcome(changed), Err(SqlState::CHECK_VIOLATION), "{nonsense}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_unique_and_belongs_to_a_user() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    let keep = async |user: i64, route: &str, key: &str| {
        let insert = "INSERT INTO idempotency_keys (user_id, route, key, request_hash, response_status, response_body, created_at) \
                      VALUES ($1, $2, $3, '', 201, '', 0)";
        outcome(client.execute(insert, &[&user, &route, &key]).await)
    };
    assert_eq!(keep(1, "POST /a", "k").await, Ok(()));
    assert_eq!(keep(1, "POST /a", "k").await, Err(SqlState::UNIQUE_VIOLATION));
    for (user, route, key) in [(2, "POST /a", "k"), (1, "POST /b", "k"), (1, "POST /a", "K")] {
        assert_eq!(keep(user, route, key).await, Ok(()));
    }
    assert_eq!(keep(999, "POST /a", "k").await, Err(SqlState::FOREIGN_KEY_VIOLATION));
}

#[tokio::test]
async fn the_trail_cannot_be_changed() {
    let database = migrated().await;
    let client = database.connect().await;
    let insert = "INSERT INTO audit_log (at, action, object_kind, object_id) VALUES (0, 'booking.held', 'booking', 1)";
    client.execute(insert, &[]).await.unwrap();
    for attempt in [
        "UPDATE audit_log SET action = 'booking.cancelled'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log (id, at, action, object_kind, object_id) VALUES (1, 0, 'x', 'booking', 1) \
         ON CONFLICT (id) DO UPDATE SET action = 'x'",
    ] {
        let refused = client.execute(attempt, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::RAISE_EXCEPTION), "{attempt}");
    }
    let left: String = client.query_one("SELECT action FROM audit_log", &[]).await.unwrap().get(0);
    assert_eq!(left, "booking.held");
}

/// A payment of so much for the first booking, in a state.
async fn pay(client: &Client, id: i64, state: PaymentState, minor: i64) {
    let insert = "INSERT INTO payments (id, booking_id, provider, provider_checkout_id, amount_minor, currency, state, created_at) \
                  VALUES ($1, 1, 'test', 'r' || $1::BIGINT, $2, 'EUR', $3, 0)";
    client.execute(insert, &[&id, &minor, &state.as_str()]).await.unwrap();
}

/// A refund of a payment, called by a key.
async fn give_back(
    client: &Client,
    payment: i64,
    key: &str,
    minor: i64,
    currency: &str,
    stage: RefundStage,
) -> Result<(), SqlState> {
    let insert = "INSERT INTO refunds (booking_id, payment_id, idempotency_key, amount_minor, currency, cause, stage, attempts, \
                  created_at) VALUES (1, $1, $2, $3, $4, 'requested', $5, 0, 0)";
    outcome(client.execute(insert, &[&payment, &key, &minor, &currency, &stage.as_str()]).await)
}

/// A line of the ledger.
async fn write(
    client: &Client,
    payment: i64,
    refund: Option<i64>,
    kind: &str,
    minor: i64,
    currency: &str,
) -> Result<(), SqlState> {
    let insert = "INSERT INTO ledger (at, booking_id, payment_id, refund_id, kind, amount_minor, currency) \
                  VALUES (0, 1, $1, $2, $3, $4, $5)";
    outcome(client.execute(insert, &[&payment, &refund, &kind, &minor, &currency]).await)
}

#[tokio::test]
async fn attempts_that_cannot_be_are_refused() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    for (id, state) in (1..).zip(PaymentState::ALL) {
        pay(&client, id, state, 9_000).await;
    }
    for nonce in ["'\\x00112233445566778899aabbccddeeff'", "NULL"] {
        client.batch_execute(&format!("UPDATE payments SET checkout_nonce = {nonce}")).await.unwrap();
    }
    for (change, refusal) in [
        ("state = 'lost'", SqlState::CHECK_VIOLATION),
        ("checkout_nonce = '\\x00'", SqlState::CHECK_VIOLATION),
        ("amount_minor = -1", SqlState::CHECK_VIOLATION),
        ("provider_checkout_id = 'r2'", SqlState::UNIQUE_VIOLATION),
    ] {
        let changed = client.execute(&format!("UPDATE payments SET {change} WHERE id = 1"), &[]).await;
        assert_eq!(outcome(changed), Err(refusal), "{change}");
    }
}

#[tokio::test]
async fn refunds_that_cannot_be_are_refused() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    pay(&client, 1, PaymentState::Settled, 9_000).await;
    for key in ["a", "b"] {
        assert_eq!(give_back(&client, 1, key, 10, "EUR", RefundStage::Queued).await, Ok(()));
    }
    let causes = RefundCause::ALL.map(|cause| format!("cause = '{}'", cause.as_str()));
    let stages = RefundStage::ALL.map(|stage| format!("stage = '{}'", stage.as_str()));
    for change in causes.into_iter().chain(stages).chain(["provider_refund_id = idempotency_key".to_owned()]) {
        client.batch_execute(&format!("UPDATE refunds SET {change}")).await.unwrap();
    }
    for (change, refusal) in [
        ("cause = 'x'", SqlState::CHECK_VIOLATION),
        ("stage = 'x'", SqlState::CHECK_VIOLATION),
        ("amount_minor = 0", SqlState::CHECK_VIOLATION),
        ("attempts = -1", SqlState::CHECK_VIOLATION),
        ("idempotency_key = 'b'", SqlState::UNIQUE_VIOLATION),
        ("provider_refund_id = 'b'", SqlState::UNIQUE_VIOLATION),
        ("booking_id = 999", SqlState::FOREIGN_KEY_VIOLATION),
        ("payment_id = 999", SqlState::FOREIGN_KEY_VIOLATION),
        ("requested_by = 999", SqlState::FOREIGN_KEY_VIOLATION),
    ] {
        let changed = client.execute(&format!("UPDATE refunds SET {change} WHERE idempotency_key = 'a'"), &[]).await;
        assert_eq!(outcome(changed), Err(refusal), "{change}");
    }
}

#[tokio::test]
async fn no_more_goes_back_than_came_in_no_matter_who_writes() {
    let too_large = Err(SqlState::CHECK_VIOLATION);
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    for (id, state) in (1..).zip(PaymentState::ALL) {
        pay(&client, id, state, 9_000).await;
        let (more, all) = (format!("more {id}"), format!("all {id}"));
        assert_eq!(give_back(&client, id, &more, 9_001, "EUR", RefundStage::Queued).await, too_large);
        let wanted = if state.is_paid() { Ok(()) } else { too_large.clone() };
        assert_eq!(give_back(&client, id, &all, 9_000, "EUR", RefundStage::Queued).await, wanted, "{state:?}");
    }
    // The payment with the number 8 is given back in parts; what failed does not count, until it is taken back to life.
    pay(&client, 8, PaymentState::Settled, 9_000).await;
    for (key, minor, stage) in [
        ("a", 3_000, RefundStage::Queued),
        ("b", 3_000, RefundStage::Pending),
        ("c", 2_000, RefundStage::Succeeded),
        ("d", 9_000, RefundStage::Failed),
        ("e", 9_000, RefundStage::Retried),
    ] {
        assert_eq!(give_back(&client, 8, key, minor, "EUR", stage).await, Ok(()), "{key}");
    }
    assert_eq!(give_back(&client, 8, "f", 1_001, "EUR", RefundStage::Queued).await, too_large);
    assert_eq!(give_back(&client, 8, "f", 1, "USD", RefundStage::Queued).await, too_large);
    for change in [
        "stage = 'queued' WHERE idempotency_key = 'd'",
        "stage = 'succeeded' WHERE idempotency_key = 'e'",
        "amount_minor = 4001 WHERE idempotency_key = 'a'",
        "payment_id = 8 WHERE idempotency_key = 'all 5'",
        "currency = 'USD' WHERE idempotency_key = 'a'",
        "payment_id = 1 WHERE idempotency_key = 'a'",
    ] {
        let refused = client.execute(&format!("UPDATE refunds SET {change}"), &[]).await.unwrap_err();
        let told = refused.as_db_error().and_then(|error| error.constraint());
        assert_eq!(told, Some("refunds_within_payment"), "{change}");
    }
    let together = "INSERT INTO refunds (booking_id, payment_id, idempotency_key, amount_minor, currency, cause, stage, attempts, \
                    created_at) SELECT 1, 8, 'g' || n, 600, 'EUR', 'requested', 'queued', 0, 0 FROM generate_series(1, 2) n";
    assert_eq!(client.execute(together, &[]).await.unwrap_err().code(), Some(&SqlState::CHECK_VIOLATION));
    client.batch_execute("UPDATE refunds SET stage = 'failed' WHERE idempotency_key = 'a'").await.unwrap();
    assert_eq!(give_back(&client, 8, "f", 4_000, "EUR", RefundStage::Queued).await, Ok(()));
}

#[tokio::test]
async fn the_ledger_cannot_be_changed() {
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    pay(&client, 1, PaymentState::Settled, 9_000).await;
    assert_eq!(write(&client, 1, None, "captured", 4_000, "EUR").await, Ok(()));
    assert_eq!(write(&client, 1, None, "captured", 1, "EUR").await, Err(SqlState::UNIQUE_VIOLATION));
    let insert = "INSERT INTO ledger (id, at, booking_id, payment_id, kind, amount_minor, currency) \
                  VALUES (1, 0, 1, 1, 'captured', 1, 'EUR')";
    for attempt in [
        "UPDATE ledger SET amount_minor = 1",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "TRUNCATE payments CASCADE",
        &format!("{insert} ON CONFLICT (id) DO UPDATE SET amount_minor = 1"),
        &format!("{insert} ON CONFLICT (payment_id) WHERE kind = 'captured' DO UPDATE SET amount_minor = 1"),
    ] {
        let refused = client.execute(attempt, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::RAISE_EXCEPTION), "{attempt}");
    }
    let gone = client.execute("DELETE FROM payments", &[]).await;
    assert_eq!(outcome(gone), Err(SqlState::FOREIGN_KEY_VIOLATION), "the ledger names it");
    let left: i64 = client.query_one("SELECT amount_minor FROM ledger", &[]).await.unwrap().get(0);
    assert_eq!(left, 4_000);
}

#[tokio::test]
async fn the_ledger_balances_no_matter_who_writes() {
    let unbalanced = Err(SqlState::CHECK_VIOLATION);
    let database = migrated().await;
    let client = database.connect().await;
    practice(&client).await;
    assert_eq!(insert(&client, 1, 100, 200, SCHEDULED).await, Ok(()));
    for id in [1, 2, 3] {
        pay(&client, id, PaymentState::Settled, 9_000).await;
    }
    for key in ["a", "b"] {
        assert_eq!(give_back(&client, 1, key, 4_500, "EUR", RefundStage::Queued).await, Ok(()));
    }
    assert_eq!(write(&client, 2, None, "captured", 9_000, "EUR").await, Ok(()));
    for (refund, kind, minor, currency, wanted) in [
        (None, "captured", 9_001, "EUR", &unbalanced),
        (None, "captured", 1, "USD", &unbalanced),
        (Some(1), "refunded", 1, "EUR", &unbalanced),
        (None, "captured", 9_000, "EUR", &Ok(())),
        (Some(1), "refund_reversed", 1, "EUR", &unbalanced),
        (Some(1), "refunded", 4_500, "EUR", &Ok(())),
        (Some(1), "refunded", 1, "EUR", &Err(SqlState::UNIQUE_VIOLATION)),
        (Some(2), "refunded", 4_501, "EUR", &unbalanced),
        (Some(1), "refund_reversed", 4_501, "EUR", &unbalanced),
        (Some(1), "refund_reversed", 4_500, "EUR", &Ok(())),
        (Some(2), "refunded", 4_500, "EUR", &Ok(())),
        (None, "refunded", 1, "EUR", &unbalanced),
        (Some(2), "lost", 1, "EUR", &unbalanced),
        (Some(2), "refund_reversed", -1, "EUR", &unbalanced),
        (Some(999), "refunded", 1, "EUR", &Err(SqlState::FOREIGN_KEY_VIOLATION)),
    ] {
        assert_eq!(write(&client, 1, refund, kind, minor, currency).await, *wanted, "{kind} {minor} {currency}");
    }
    assert_eq!(write(&client, 3, Some(2), "captured", 1, "EUR").await, unbalanced, "no refund brings money in");
    assert_eq!(write(&client, 999, None, "captured", 1, "EUR").await, Err(SqlState::FOREIGN_KEY_VIOLATION));
}

#[tokio::test]
async fn what_was_told_and_what_is_wrong_is_known_once() {
    let database = migrated().await;
    let client = database.connect().await;
    let tell = async |provider: &str, id: &str| {
        outcome(client.execute("INSERT INTO payment_events VALUES ($1, $2, 0)", &[&provider, &id]).await)
    };
    for (provider, id) in [("stripe", "a"), ("stripe", "A"), ("test", "a")] {
        assert_eq!(tell(provider, id).await, Ok(()));
    }
    assert_eq!(tell("stripe", "a").await, Err(SqlState::UNIQUE_VIOLATION));

    let note = async |key: &str, booking: Option<i64>| {
        let insert = "INSERT INTO payment_problems (key, kind, booking_id, at) VALUES ($1, 'wrong_amount', $2, 0)";
        outcome(client.execute(insert, &[&key, &booking]).await)
    };
    assert_eq!(note("a", None).await, Ok(()));
    client.batch_execute("UPDATE payment_problems SET resolved_at = 1").await.unwrap();
    assert_eq!(note("a", None).await, Err(SqlState::UNIQUE_VIOLATION));
    assert_eq!(note("b", Some(999)).await, Err(SqlState::FOREIGN_KEY_VIOLATION));
}
