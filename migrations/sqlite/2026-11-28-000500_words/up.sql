-- Renames tables, columns and stored values to the terms of docs/GLOSSARY.md.

ALTER TABLE users RENAME COLUMN chosen_name TO preferred_name;
ALTER TABLE services RENAME COLUMN pause_minutes TO buffer_minutes;
ALTER TABLE practice_policy RENAME COLUMN daily_cap TO daily_limit;
ALTER TABLE practice_policy RENAME COLUMN completes_by_itself TO auto_complete;
ALTER TABLE attendance RENAME COLUMN happening TO kind;
ALTER TABLE attendance RENAME COLUMN person TO participant;

DROP INDEX sessions_user;
ALTER TABLE sessions RENAME TO login_sessions;
CREATE INDEX login_sessions_user ON login_sessions (user_id, network);

-- The ids of deleted rows are not given out again, so the sequences move to the new tables.
CREATE TABLE schedule_exceptions (
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
    CONSTRAINT schedule_exceptions_kind CHECK (
        -- Dates before the year 0 begin with a minus and are not in the order of their text.
        (kind = 'dates' AND first_date IS NOT NULL AND last_date IS NOT NULL
            AND (last_date >= first_date OR first_date LIKE '-%'))
        OR (kind = 'between' AND from_at IS NOT NULL AND until_at IS NOT NULL AND until_at > from_at)
        OR (kind = 'extra_hours' AND first_date IS NOT NULL AND start_minute IS NOT NULL AND end_minute IS NOT NULL
            AND start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute)
    )
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'schedule_exceptions', seq FROM sqlite_sequence WHERE name = 'time_off';
INSERT INTO schedule_exceptions (
    id, therapist_id, kind, first_date, last_date, from_at, until_at, start_minute, end_minute, created_at
) SELECT
    id, therapist_id, kind, first_date, last_date, from_at, until_at, start_minute, end_minute, created_at
FROM time_off;
DROP TABLE time_off;
CREATE INDEX schedule_exceptions_therapist ON schedule_exceptions (therapist_id, id);

CREATE TABLE idempotency_keys (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id         INTEGER NOT NULL REFERENCES users (id),
    route           TEXT    NOT NULL,
    key             TEXT    NOT NULL,
    request_hash    BLOB    NOT NULL,
    response_status INTEGER,
    response_body   TEXT,
    created_at      INTEGER NOT NULL,
    booking_id      INTEGER,
    UNIQUE (user_id, route, key)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'idempotency_keys', seq FROM sqlite_sequence WHERE name = 'kept_replies';
-- A response that was not finished had only the id of its booking as its body.
INSERT INTO idempotency_keys (
    id, user_id, route, key, request_hash, response_status, response_body, created_at, booking_id
) SELECT
    id, user_id, route, key, asked, status,
    CASE WHEN body = '' OR body GLOB '*[^0-9]*' THEN body END, at,
    CASE WHEN body <> '' AND body NOT GLOB '*[^0-9]*' THEN CAST(body AS INTEGER) END
FROM kept_replies;
DROP TABLE kept_replies;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at, id);

-- SQLite cannot change the rule of a column, so the table of payments and those that refer to it are created anew.
CREATE TABLE payments_renamed (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id           INTEGER NOT NULL REFERENCES bookings (id),
    provider             TEXT    NOT NULL,
    provider_checkout_id TEXT    NOT NULL,
    amount_minor         INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency             TEXT    NOT NULL CHECK (length(currency) = 3),
    state                TEXT    NOT NULL
        CHECK (state IN ('opening', 'open', 'processing', 'closing', 'settled', 'unapplied', 'closed')),
    checkout_url         TEXT,
    checkout_nonce       BLOB CHECK (length(checkout_nonce) = 16),
    expires_at           INTEGER,
    provider_payment_id  TEXT,
    check_at             INTEGER,
    method               TEXT,
    memo                 TEXT,
    recorded_by          INTEGER REFERENCES users (id),
    created_at           INTEGER NOT NULL,
    settled_at           INTEGER,
    UNIQUE (provider, provider_checkout_id)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'payments_renamed', seq FROM sqlite_sequence WHERE name = 'payments';
INSERT INTO payments_renamed (
    id, booking_id, provider, provider_checkout_id, amount_minor, currency, state, checkout_url,
    checkout_nonce, expires_at, provider_payment_id, check_at, method, memo, recorded_by, created_at, settled_at
) SELECT
    id, booking_id, provider, reference, amount_minor, currency,
    CASE state WHEN 'surplus' THEN 'unapplied' ELSE state END, checkout_url, nonce, expires_at, charge, check_at,
    method, memo, recorded_by, created_at, settled_at
FROM payments;
CREATE TABLE refunds_renamed (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id         INTEGER NOT NULL REFERENCES bookings (id),
    payment_id         INTEGER NOT NULL REFERENCES payments_renamed (id),
    idempotency_key    TEXT    NOT NULL UNIQUE,
    amount_minor       INTEGER NOT NULL CHECK (amount_minor > 0),
    currency           TEXT    NOT NULL CHECK (length(currency) = 3),
    cause              TEXT    NOT NULL CHECK (cause IN ('cancelled', 'requested', 'unapplied', 'external')),
    reason             TEXT,
    requested_by       INTEGER REFERENCES users (id),
    stage              TEXT    NOT NULL CHECK (stage IN ('queued', 'pending', 'succeeded', 'failed', 'retried')),
    provider_refund_id TEXT UNIQUE,
    attempts           INTEGER NOT NULL CHECK (attempts >= 0),
    next_at            INTEGER,
    last_error         TEXT,
    created_at         INTEGER NOT NULL,
    settled_at         INTEGER
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'refunds_renamed', seq FROM sqlite_sequence WHERE name = 'refunds';
INSERT INTO refunds_renamed (
    id, booking_id, payment_id, idempotency_key, amount_minor, currency, cause, reason, requested_by,
    stage, provider_refund_id, attempts, next_at, last_error, created_at, settled_at
) SELECT
    id, booking_id, payment_id, key, amount_minor, currency,
    CASE cause WHEN 'asked' THEN 'requested' WHEN 'surplus' THEN 'unapplied' WHEN 'elsewhere' THEN 'external'
        ELSE cause END,
    reason, requested_by,
    CASE stage WHEN 'owed' THEN 'queued' ELSE stage END, reference, attempts, next_at,
    CASE last_error WHEN 'waits_its_turn' THEN 'earlier_refund_pending' ELSE last_error END, created_at, settled_at
FROM refunds;
CREATE TABLE ledger_renamed (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    payment_id   INTEGER NOT NULL REFERENCES payments_renamed (id),
    refund_id    INTEGER REFERENCES refunds_renamed (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('captured', 'refunded', 'refund_reversed')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    CONSTRAINT ledger_refund_unless_captured CHECK ((kind = 'captured') = (refund_id IS NULL))
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'ledger_renamed', seq FROM sqlite_sequence WHERE name = 'ledger';
INSERT INTO ledger_renamed (
    id, at, booking_id, payment_id, refund_id, kind, amount_minor, currency
) SELECT
    id, at, booking_id, payment_id, refund_id, kind, amount_minor, currency
FROM ledger;
CREATE TABLE payment_problems_renamed (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    key                TEXT    NOT NULL UNIQUE,
    kind               TEXT    NOT NULL,
    booking_id         INTEGER REFERENCES bookings (id),
    payment_id         INTEGER REFERENCES payments_renamed (id),
    refund_id          INTEGER REFERENCES refunds_renamed (id),
    provider_reference TEXT,
    at                 INTEGER NOT NULL,
    resolved_at        INTEGER
) STRICT;
INSERT INTO sqlite_sequence (name, seq)
SELECT 'payment_problems_renamed', seq FROM sqlite_sequence WHERE name = 'payment_problems';
INSERT INTO payment_problems_renamed (
    id, key, kind, booking_id, payment_id, refund_id, provider_reference, at, resolved_at
) SELECT
    id, key, kind, booking_id, payment_id, refund_id, reference, at, resolved_at
FROM payment_problems;
DROP TABLE payment_problems;
DROP TABLE ledger;
DROP TABLE refunds;
DROP TABLE payments;
ALTER TABLE payments_renamed RENAME TO payments;
ALTER TABLE refunds_renamed RENAME TO refunds;
ALTER TABLE ledger_renamed RENAME TO ledger;
ALTER TABLE payment_problems_renamed RENAME TO payment_problems;
CREATE INDEX payments_booking ON payments (booking_id, id);
CREATE INDEX payments_provider_payment_id ON payments (provider, provider_payment_id)
    WHERE provider_payment_id IS NOT NULL;
CREATE INDEX payments_due ON payments (check_at, id) WHERE check_at IS NOT NULL;
CREATE INDEX refunds_booking ON refunds (booking_id, id);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_due ON refunds (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX payment_problems_open ON payment_problems (id) WHERE resolved_at IS NULL;

-- The second guard against refunding more than was paid; the first is that a unit of work decides about a booking's
-- payments while it alone may write. The adapter matches the message.
CREATE TRIGGER refunds_within_payment_insert AFTER INSERT ON refunds
BEGIN
    SELECT RAISE(ABORT, 'attune:refund_too_large') FROM payments p
    WHERE p.id = NEW.payment_id AND (
        p.state NOT IN ('settled', 'unapplied')
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
        p.state NOT IN ('settled', 'unapplied')
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
-- INSERT OR REPLACE removes the rows it replaces without firing the trigger above.
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

-- Only this migration may change the audit trail: the entries stay, their terms change.
DROP TRIGGER audit_log_no_update;
UPDATE audit_log SET action = 'payment.unapplied' WHERE action = 'payment.surplus';
UPDATE audit_log SET action = 'schedule_exception.' || substr(action, 10) WHERE action LIKE 'time\_off.%' ESCAPE '\';
UPDATE audit_log SET action = 'login_' || action WHERE action LIKE 'session.%';
UPDATE audit_log SET object_kind = 'login_session' WHERE object_kind = 'session';
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'attune:audit_is_append_only');
END;

-- How many bookings there are in each state.
DROP TRIGGER bookings_tally_delete;
DROP TRIGGER bookings_tally_update;
DROP TRIGGER bookings_tally_insert;
CREATE TABLE booking_counts (
    status         TEXT    NOT NULL,
    payment_status TEXT    NOT NULL,
    rows           INTEGER NOT NULL,
    PRIMARY KEY (status, payment_status)
) STRICT, WITHOUT ROWID;
INSERT INTO booking_counts (status, payment_status, rows) SELECT status, payment_status, rows FROM booking_tally;
DROP TABLE booking_tally;
CREATE TRIGGER bookings_count_insert AFTER INSERT ON bookings
BEGIN
    INSERT INTO booking_counts (status, payment_status, rows) VALUES (NEW.status, NEW.payment_status, 1)
    ON CONFLICT (status, payment_status) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER bookings_count_update AFTER UPDATE OF status, payment_status ON bookings
WHEN OLD.status <> NEW.status OR OLD.payment_status <> NEW.payment_status
BEGIN
    UPDATE booking_counts SET rows = rows - 1 WHERE status = OLD.status AND payment_status = OLD.payment_status;
    INSERT INTO booking_counts (status, payment_status, rows) VALUES (NEW.status, NEW.payment_status, 1)
    ON CONFLICT (status, payment_status) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER bookings_count_delete AFTER DELETE ON bookings
BEGIN
    UPDATE booking_counts SET rows = rows - 1 WHERE status = OLD.status AND payment_status = OLD.payment_status;
END;
