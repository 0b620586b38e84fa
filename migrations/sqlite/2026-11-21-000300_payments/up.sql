-- What is known about money: how far each attempt to collect a price is, what goes back, a ledger of what moved, what
-- providers told, and what a person has to look at.

-- SQLite cannot change a rule, so the table is made anew.
CREATE TABLE payments_in_steps (
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
INSERT INTO payments_in_steps (
    id, booking_id, provider, reference, amount_minor, currency, state, checkout_url, method, memo, recorded_by,
    created_at, settled_at
) SELECT
    id, booking_id, provider, reference, amount_minor, currency, state, checkout_url, method, memo, recorded_by,
    created_at, settled_at
FROM payments;
DROP TABLE payments;
ALTER TABLE payments_in_steps RENAME TO payments;
CREATE INDEX payments_booking ON payments (booking_id, id);
CREATE INDEX payments_charge ON payments (provider, charge) WHERE charge IS NOT NULL;
CREATE INDEX payments_due ON payments (check_at, id) WHERE check_at IS NOT NULL;

CREATE TABLE refunds (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    payment_id   INTEGER NOT NULL REFERENCES payments (id),
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
CREATE INDEX refunds_booking ON refunds (booking_id, id);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_due ON refunds (next_at, id) WHERE next_at IS NOT NULL;

-- The second guard against giving back more than came in; the first is that whoever decides about a booking's money has
-- its row. The message is matched by the adapter.
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

CREATE TABLE ledger (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    payment_id   INTEGER NOT NULL REFERENCES payments (id),
    refund_id    INTEGER REFERENCES refunds (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('captured', 'refunded', 'refund_reversed')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    CONSTRAINT ledger_refund_unless_captured CHECK ((kind = 'captured') = (refund_id IS NULL))
) STRICT;
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

CREATE TABLE payment_events (
    provider TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (provider, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_events_at ON payment_events (at, provider, id);

CREATE TABLE payment_problems (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    booking_id  INTEGER REFERENCES bookings (id),
    payment_id  INTEGER REFERENCES payments (id),
    refund_id   INTEGER REFERENCES refunds (id),
    reference   TEXT,
    at          INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
CREATE INDEX payment_problems_open ON payment_problems (id) WHERE resolved_at IS NULL;

-- What came in before there was a ledger, and what was promised back before there were refunds. Money that came outside
-- any provider goes back the same way, so there is nobody to ask.
INSERT INTO ledger (at, booking_id, payment_id, kind, amount_minor, currency)
SELECT coalesce(settled_at, created_at), booking_id, id, 'captured', amount_minor, currency
FROM payments WHERE state = 'settled' ORDER BY coalesce(settled_at, created_at), id;
INSERT INTO refunds (
    booking_id, payment_id, key, amount_minor, currency, cause, requested_by, stage, attempts, next_at, created_at
) SELECT
    b.id, p.id, 'cancel-' || b.id, min(b.refund_minor, p.amount_minor), b.currency, 'cancelled', b.cancelled_by, 'owed', 0,
    CASE WHEN p.provider <> 'offline' THEN b.cancelled_at END, b.cancelled_at
FROM bookings b JOIN payments p ON p.id = (
    SELECT max(id) FROM payments WHERE booking_id = b.id AND state = 'settled' AND currency = b.currency
)
WHERE b.payment_status = 'refund_pending' AND b.cancelled_at IS NOT NULL
    AND b.refund_minor > 0 AND p.amount_minor > 0
ORDER BY b.id;
