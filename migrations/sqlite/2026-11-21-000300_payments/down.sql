DROP TABLE payment_problems;
DROP TABLE payment_events;
DROP TABLE ledger;
DROP TABLE refunds;
-- The tables before knew no mails about money.
DELETE FROM outbox WHERE kind IN ('receipt', 'payment_problem', 'refund');

-- An attempt was open until it was settled or closed, whatever else is known about it.
CREATE TABLE payments_without_steps (
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
INSERT INTO payments_without_steps (
    id, booking_id, provider, reference, amount_minor, currency, state, checkout_url, method, memo, recorded_by,
    created_at, settled_at
) SELECT
    id, booking_id, provider, reference, amount_minor, currency,
    CASE state WHEN 'closed' THEN 'closed' WHEN 'settled' THEN 'settled' WHEN 'surplus' THEN 'settled' ELSE 'open' END,
    checkout_url, method, memo, recorded_by, created_at, settled_at
FROM payments;
DROP TABLE payments;
ALTER TABLE payments_without_steps RENAME TO payments;
CREATE INDEX payments_booking ON payments (booking_id, id);
