-- All instants are milliseconds since 1970-01-01T00:00:00Z; all amounts are minor units of their currency.

CREATE TABLE users (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    email             TEXT    NOT NULL UNIQUE,
    first_name        TEXT,
    last_name         TEXT,
    chosen_name       TEXT,
    time_zone         TEXT,
    is_admin          INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    disabled          INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    password_hash     TEXT    NOT NULL,
    email_verified_at INTEGER,
    created_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX users_enabled_admins ON users (id) WHERE is_admin = 1 AND disabled = 0;

CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    generation INTEGER NOT NULL CHECK (generation >= 1),
    rotated_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER,
    network    TEXT
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, network);

CREATE TABLE refresh_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    generation INTEGER NOT NULL CHECK (generation >= 1),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE TABLE login_failures (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_account ON login_failures (account, at);

CREATE TABLE services (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    minutes       INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 720),
    pause_minutes INTEGER NOT NULL CHECK (pause_minutes BETWEEN 0 AND 720),
    price_minor   INTEGER NOT NULL CHECK (price_minor >= 0),
    currency      TEXT    NOT NULL CHECK (length(currency) = 3),
    active        INTEGER NOT NULL CHECK (active IN (0, 1))
) STRICT;

-- One row that counts: ids are given out before the row they belong to is written, because a room is named after them.
CREATE TABLE booking_ids (last INTEGER NOT NULL) STRICT;
INSERT INTO booking_ids (last) VALUES (0);

CREATE TABLE bookings (
    id              INTEGER NOT NULL PRIMARY KEY,
    client_id       INTEGER NOT NULL REFERENCES users (id),
    therapist_id    INTEGER NOT NULL REFERENCES users (id),
    service_id      INTEGER NOT NULL REFERENCES services (id),
    scheduled_at    INTEGER NOT NULL,
    minutes         INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 720),
    blocked_until   INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    payment_status  TEXT    NOT NULL,
    price_minor     INTEGER NOT NULL CHECK (price_minor >= 0),
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    room_id         TEXT UNIQUE,
    room_url        TEXT,
    hold_expires_at INTEGER,
    note            TEXT,
    cancelled_at    INTEGER,
    cancelled_by    INTEGER REFERENCES users (id),
    cancelled_late  INTEGER CHECK (cancelled_late IN (0, 1)),
    cancel_reason   TEXT,
    refund_minor    INTEGER CHECK (refund_minor >= 0),
    version         INTEGER NOT NULL CHECK (version >= 1),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CONSTRAINT bookings_end_after_start CHECK (blocked_until > scheduled_at),
    CONSTRAINT bookings_legal_pair CHECK (
        (status = 'pending_payment' AND payment_status IN ('pending', 'processing', 'failed'))
        OR (status IN ('scheduled', 'completed', 'no_show')
            AND payment_status IN ('not_required', 'succeeded', 'refund_pending', 'partially_refunded', 'refunded'))
        OR (status = 'cancelled'
            AND payment_status IN ('not_required', 'succeeded', 'cancelled', 'refund_pending', 'partially_refunded', 'refunded'))
        OR (status = 'expired'
            AND payment_status IN ('succeeded', 'cancelled', 'refund_pending', 'partially_refunded', 'refunded'))
    ),
    CONSTRAINT bookings_room_when_agreed CHECK (
        status NOT IN ('scheduled', 'completed', 'no_show') OR (room_id IS NOT NULL AND room_url IS NOT NULL)
    ),
    CONSTRAINT bookings_hold_when_pending CHECK (
        status <> 'pending_payment' OR (room_id IS NULL AND hold_expires_at IS NOT NULL)
    ),
    CONSTRAINT bookings_cancellation CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
) STRICT;
CREATE INDEX bookings_by_client ON bookings (client_id, scheduled_at, id);
CREATE INDEX bookings_by_start ON bookings (scheduled_at, id);
CREATE INDEX bookings_calendar ON bookings (therapist_id, scheduled_at, blocked_until)
    WHERE status IN ('pending_payment', 'scheduled', 'completed', 'no_show');
CREATE INDEX bookings_holds ON bookings (hold_expires_at) WHERE status = 'pending_payment';

-- The second guard against a double booking; the first is the calendar lock. The message is matched by the adapter.
CREATE TRIGGER bookings_no_overlap_insert BEFORE INSERT ON bookings
WHEN NEW.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
BEGIN
    SELECT RAISE(ABORT, 'attune:slot_taken') WHERE EXISTS (
        SELECT 1 FROM bookings b
        WHERE b.therapist_id = NEW.therapist_id
          AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
          AND b.id <> NEW.id
          AND b.scheduled_at < NEW.blocked_until
          AND b.blocked_until > NEW.scheduled_at
    );
END;
CREATE TRIGGER bookings_no_overlap_update BEFORE UPDATE ON bookings
WHEN NEW.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
BEGIN
    SELECT RAISE(ABORT, 'attune:slot_taken') WHERE EXISTS (
        SELECT 1 FROM bookings b
        WHERE b.therapist_id = NEW.therapist_id
          AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
          AND b.id <> NEW.id
          AND b.scheduled_at < NEW.blocked_until
          AND b.blocked_until > NEW.scheduled_at
    );
END;

CREATE TABLE payments (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    provider     TEXT    NOT NULL,
    reference    TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    state        TEXT    NOT NULL CHECK (state IN ('open', 'settled', 'closed')),
    checkout_url TEXT,
    method       TEXT,
    memo         TEXT,
    recorded_by  INTEGER REFERENCES users (id),
    created_at   INTEGER NOT NULL,
    settled_at   INTEGER,
    UNIQUE (provider, reference)
) STRICT;
CREATE INDEX payments_booking ON payments (booking_id, id);

CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key      TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    offset_minutes  INTEGER NOT NULL CHECK (offset_minutes >= 0),
    booking_id      INTEGER NOT NULL REFERENCES bookings (id),
    recipient_id    INTEGER NOT NULL REFERENCES users (id),
    starts_at       INTEGER NOT NULL,
    booking_version INTEGER NOT NULL,
    send_after      INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'skipped', 'expired', 'dead')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    next_at         INTEGER NOT NULL,
    lease_token     BLOB,
    lease_until     INTEGER,
    sent_at         INTEGER,
    last_error      TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
CREATE INDEX outbox_booking ON outbox (booking_id, id);

CREATE TABLE audit_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    actor_id    INTEGER,
    action      TEXT    NOT NULL,
    object_kind TEXT    NOT NULL,
    object_id   INTEGER NOT NULL,
    request_id  TEXT
) STRICT;
CREATE INDEX audit_log_object ON audit_log (object_kind, object_id, id);
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'attune:audit_is_append_only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'attune:audit_is_append_only');
END;
-- INSERT OR REPLACE removes the row it replaces without asking the trigger above.
CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'attune:audit_is_append_only');
END;
