DROP TRIGGER bookings_count_delete;
DROP TRIGGER bookings_count_update;
DROP TRIGGER bookings_count_insert;
CREATE TABLE booking_tally (
    status         TEXT    NOT NULL,
    payment_status TEXT    NOT NULL,
    rows           INTEGER NOT NULL,
    PRIMARY KEY (status, payment_status)
) STRICT, WITHOUT ROWID;
INSERT INTO booking_tally (status, payment_status, rows) SELECT status, payment_status, rows FROM booking_counts;
DROP TABLE booking_counts;
CREATE TRIGGER bookings_tally_insert AFTER INSERT ON bookings
BEGIN
    INSERT INTO booking_tally (status, payment_status, rows) VALUES (NEW.status, NEW.payment_status, 1)
    ON CONFLICT (status, payment_status) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER bookings_tally_update AFTER UPDATE OF status, payment_status ON bookings
WHEN OLD.status <> NEW.status OR OLD.payment_status <> NEW.payment_status
BEGIN
    UPDATE booking_tally SET rows = rows - 1 WHERE status = OLD.status AND payment_status = OLD.payment_status;
    INSERT INTO booking_tally (status, payment_status, rows) VALUES (NEW.status, NEW.payment_status, 1)
    ON CONFLICT (status, payment_status) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER bookings_tally_delete AFTER DELETE ON bookings
BEGIN
    UPDATE booking_tally SET rows = rows - 1 WHERE status = OLD.status AND payment_status = OLD.payment_status;
END;

DROP TRIGGER audit_log_no_update;
UPDATE audit_log SET object_kind = 'session' WHERE object_kind = 'login_session';
UPDATE audit_log SET action = substr(action, 7) WHERE action LIKE 'login\_session.%' ESCAPE '\';
UPDATE audit_log SET action = 'time_off.' || substr(action, 20) WHERE action LIKE 'schedule\_exception.%' ESCAPE '\';
UPDATE audit_log SET action = 'payment.surplus' WHERE action = 'payment.unapplied';
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'attune:audit_is_append_only');
END;

CREATE TABLE payments_before (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    provider     TEXT    NOT NULL,
    reference    TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    state        TEXT    NOT NULL
        CHECK (state IN ('opening', 'open', 'processing', 'closing', 'settled', 'surplus', 'closed')),
    checkout_url TEXT,
    nonce        BLOB CHECK (length(nonce) = 16),
    expires_at   INTEGER,
    charge       TEXT,
    check_at     INTEGER,
    method       TEXT,
    memo         TEXT,
    recorded_by  INTEGER REFERENCES users (id),
    created_at   INTEGER NOT NULL,
    settled_at   INTEGER,
    UNIQUE (provider, reference)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'payments_before', seq FROM sqlite_sequence WHERE name = 'payments';
INSERT INTO payments_before (
    id, booking_id, provider, reference, amount_minor, currency, state, checkout_url,
    nonce, expires_at, charge, check_at, method, memo, recorded_by, created_at, settled_at
) SELECT
    id, booking_id, provider, provider_checkout_id, amount_minor, currency,
    CASE state WHEN 'unapplied' THEN 'surplus' ELSE state END, checkout_url,
    checkout_nonce, expires_at, provider_payment_id, check_at, method, memo, recorded_by, created_at, settled_at
FROM payments;
CREATE TABLE refunds_before (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    payment_id   INTEGER NOT NULL REFERENCES payments_before (id),
    key          TEXT    NOT NULL UNIQUE,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    cause        TEXT    NOT NULL CHECK (cause IN ('cancelled', 'asked', 'surplus', 'elsewhere')),
    reason       TEXT,
    requested_by INTEGER REFERENCES users (id),
    stage        TEXT    NOT NULL CHECK (stage IN ('owed', 'pending', 'succeeded', 'failed', 'retried')),
    reference    TEXT UNIQUE,
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    next_at      INTEGER,
    last_error   TEXT,
    created_at   INTEGER NOT NULL,
    settled_at   INTEGER
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'refunds_before', seq FROM sqlite_sequence WHERE name = 'refunds';
INSERT INTO refunds_before (
    id, booking_id, payment_id, key, amount_minor, currency, cause, reason, requested_by,
    stage, reference, attempts, next_at, last_error, created_at, settled_at
) SELECT
    id, booking_id, payment_id, idempotency_key, amount_minor, currency,
    CASE cause WHEN 'requested' THEN 'asked' WHEN 'unapplied' THEN 'surplus' WHEN 'external' THEN 'elsewhere'
        ELSE cause END,
    reason, requested_by,
    CASE stage WHEN 'queued' THEN 'owed' ELSE stage END, provider_refund_id, attempts, next_at,
    CASE last_error WHEN 'earlier_refund_pending' THEN 'waits_its_turn' ELSE last_error END, created_at, settled_at
FROM refunds;
CREATE TABLE ledger_before (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    payment_id   INTEGER NOT NULL REFERENCES payments_before (id),
    refund_id    INTEGER REFERENCES refunds_before (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('captured', 'refunded', 'refund_reversed')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    CONSTRAINT ledger_refund_unless_captured CHECK ((kind = 'captured') = (refund_id IS NULL))
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'ledger_before', seq FROM sqlite_sequence WHERE name = 'ledger';
INSERT INTO ledger_before (
    id, at, booking_id, payment_id, refund_id, kind, amount_minor, currency
) SELECT
    id, at, booking_id, payment_id, refund_id, kind, amount_minor, currency
FROM ledger;
CREATE TABLE payment_problems_before (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    booking_id  INTEGER REFERENCES bookings (id),
    payment_id  INTEGER REFERENCES payments_before (id),
    refund_id   INTEGER REFERENCES refunds_before (id),
    reference   TEXT,
    at          INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
INSERT INTO sqlite_sequence (name, seq)
SELECT 'payment_problems_before', seq FROM sqlite_sequence WHERE name = 'payment_problems';
INSERT INTO payment_problems_before (
    id, key, kind, booking_id, payment_id, refund_id, reference, at, resolved_at
) SELECT
    id, key, kind, booking_id, payment_id, refund_id, provider_reference, at, resolved_at
FROM payment_problems;
DROP TABLE payment_problems;
DROP TABLE ledger;
DROP TABLE refunds;
DROP TABLE payments;
ALTER TABLE payments_before RENAME TO payments;
ALTER TABLE refunds_before RENAME TO refunds;
ALTER TABLE ledger_before RENAME TO ledger;
ALTER TABLE payment_problems_before RENAME TO payment_problems;
CREATE INDEX payments_booking ON payments (booking_id, id);
CREATE INDEX payments_charge ON payments (provider, charge) WHERE charge IS NOT NULL;
CREATE INDEX payments_due ON payments (check_at, id) WHERE check_at IS NOT NULL;
CREATE INDEX refunds_booking ON refunds (booking_id, id);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_due ON refunds (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX payment_problems_open ON payment_problems (id) WHERE resolved_at IS NULL;

CREATE TRIGGER refunds_within_payment_insert AFTER INSERT ON refunds
BEGIN
    SELECT RAISE(ABORT, 'attune:refund_too_large') FROM payments p
    WHERE p.id = NEW.payment_id AND (
        p.state NOT IN ('settled', 'surplus')
        OR p.currency <> NEW.currency
        OR p.amount_minor < (
            SELECT sum(r.amount_minor) FROM refunds r
            WHERE r.payment_id = NEW.payment_id AND r.stage NOT IN ('failed', 'retried')
        )
    );
END;
CREATE TRIGGER refunds_within_payment_update AFTER UPDATE OF payment_id, amount_minor, currency, stage ON refunds
WHEN NEW.stage NOT IN ('failed', 'retried')
BEGIN
    SELECT RAISE(ABORT, 'attune:refund_too_large') FROM payments p
    WHERE p.id = NEW.payment_id AND (
        p.state NOT IN ('settled', 'surplus')
        OR p.currency <> NEW.currency
        OR p.amount_minor < (
            SELECT sum(r.amount_minor) FROM refunds r
            WHERE r.payment_id = NEW.payment_id AND r.stage NOT IN ('failed', 'retried')
        )
    );
END;

CREATE INDEX ledger_booking ON ledger (booking_id, id);
CREATE INDEX ledger_payment ON ledger (payment_id);
CREATE INDEX ledger_at ON ledger (at);
CREATE UNIQUE INDEX ledger_captured_once ON ledger (payment_id) WHERE kind = 'captured';
CREATE UNIQUE INDEX ledger_moved_once ON ledger (refund_id, kind) WHERE refund_id IS NOT NULL;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'attune:ledger_is_append_only');
END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'attune:ledger_is_append_only');
END;
-- INSERT OR REPLACE removes the rows it replaces without asking the trigger above.
CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'attune:ledger_is_append_only');
END;
CREATE TRIGGER ledger_no_second BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE payment_id = NEW.payment_id AND kind = 'captured' AND NEW.kind = 'captured')
    OR EXISTS (SELECT 1 FROM ledger WHERE refund_id = NEW.refund_id AND kind = NEW.kind)
BEGIN
    SELECT RAISE(ABORT, 'attune:ledger_unbalanced');
END;
CREATE TRIGGER ledger_balances AFTER INSERT ON ledger
BEGIN
    SELECT RAISE(ABORT, 'attune:ledger_unbalanced') FROM payments p
    WHERE p.id = NEW.payment_id AND (
        p.currency <> NEW.currency
        OR (
            SELECT sum(CASE l.kind WHEN 'refunded' THEN -l.amount_minor ELSE l.amount_minor END) FROM ledger l
            WHERE l.payment_id = NEW.payment_id
        ) NOT BETWEEN 0 AND p.amount_minor
    );
END;

CREATE TABLE kept_replies (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    route   TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    asked   BLOB    NOT NULL,
    status  INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (user_id, route, key)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'kept_replies', seq FROM sqlite_sequence WHERE name = 'idempotency_keys';
-- The older release has no place for a booking beside a response, and none for a key without a response.
INSERT INTO kept_replies (id, user_id, route, key, asked, status, body, at)
SELECT id, user_id, route, key, request_hash, response_status, coalesce(response_body, booking_id), created_at
FROM idempotency_keys
WHERE response_status IS NOT NULL AND (response_body IS NOT NULL OR booking_id IS NOT NULL);
DROP TABLE idempotency_keys;
CREATE INDEX kept_replies_at ON kept_replies (at, id);

CREATE TABLE time_off (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    therapist_id INTEGER NOT NULL REFERENCES users (id),
    kind         TEXT    NOT NULL,
    first_date   TEXT,
    last_date    TEXT,
    from_at      INTEGER,
    until_at     INTEGER,
    start_minute INTEGER,
    end_minute   INTEGER,
    created_at   INTEGER NOT NULL,
    CONSTRAINT time_off_kind CHECK (
        -- Dates before the year 0 begin with a minus and are not in the order of their text.
        (kind = 'dates' AND first_date IS NOT NULL AND last_date IS NOT NULL
            AND (last_date >= first_date OR first_date LIKE '-%'))
        OR (kind = 'between' AND from_at IS NOT NULL AND until_at IS NOT NULL AND until_at > from_at)
        OR (kind = 'extra_hours' AND first_date IS NOT NULL AND start_minute IS NOT NULL AND end_minute IS NOT NULL
            AND start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute)
    )
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'time_off', seq FROM sqlite_sequence WHERE name = 'schedule_exceptions';
INSERT INTO time_off (
    id, therapist_id, kind, first_date, last_date, from_at, until_at, start_minute, end_minute, created_at
) SELECT
    id, therapist_id, kind, first_date, last_date, from_at, until_at, start_minute, end_minute, created_at
FROM schedule_exceptions;
DROP TABLE schedule_exceptions;
CREATE INDEX time_off_therapist ON time_off (therapist_id, id);

DROP INDEX login_sessions_user;
ALTER TABLE login_sessions RENAME TO sessions;
CREATE INDEX sessions_user ON sessions (user_id, network);

ALTER TABLE attendance RENAME COLUMN participant TO person;
ALTER TABLE attendance RENAME COLUMN kind TO happening;
ALTER TABLE practice_policy RENAME COLUMN auto_complete TO completes_by_itself;
ALTER TABLE practice_policy RENAME COLUMN daily_limit TO daily_cap;
ALTER TABLE services RENAME COLUMN buffer_minutes TO pause_minutes;
ALTER TABLE users RENAME COLUMN preferred_name TO chosen_name;
