-- The release before does not know held emails. An admin can send what was given up.
CREATE TABLE outbox_without_held (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key      TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    offset_minutes  INTEGER NOT NULL CHECK (offset_minutes >= 0),
    booking_id      INTEGER REFERENCES bookings (id),
    user_id         INTEGER REFERENCES users (id),
    on_date         TEXT,
    recipient_id    INTEGER REFERENCES users (id),
    participant_id  INTEGER REFERENCES participants (id),
    starts_at       INTEGER,
    booking_version INTEGER,
    send_after      INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'skipped', 'cancelled', 'expired', 'dead')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    next_at         INTEGER NOT NULL,
    lease_token     BLOB,
    lease_until     INTEGER,
    sent_at         INTEGER,
    last_error      TEXT,
    resends         INTEGER NOT NULL DEFAULT 0 CHECK (resends >= 0), lead_id INTEGER CHECK (lead_id <> id),
    CONSTRAINT outbox_one_reader CHECK ((recipient_id IS NULL) <> (participant_id IS NULL)),
    CONSTRAINT outbox_subject CHECK (
        (booking_id IS NOT NULL AND starts_at IS NOT NULL AND booking_version IS NOT NULL AND user_id IS NULL)
        OR (booking_id IS NULL AND starts_at IS NULL AND booking_version IS NULL AND user_id IS NOT NULL)
    ),
    CONSTRAINT outbox_date CHECK (on_date IS NULL OR user_id IS NOT NULL)
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox_without_held', seq FROM sqlite_sequence WHERE name = 'outbox';
INSERT INTO outbox_without_held (
    id, dedupe_key, kind, offset_minutes, booking_id, user_id, on_date, recipient_id, participant_id, starts_at, booking_version,
    send_after, state, attempts, next_at, lease_token, lease_until, sent_at, last_error, resends, lead_id
) SELECT
    id, dedupe_key, kind, offset_minutes, booking_id, user_id, on_date, recipient_id, participant_id, starts_at, booking_version,
    send_after, CASE state WHEN 'held' THEN 'dead' ELSE state END, attempts, next_at, lease_token, lease_until, sent_at,
    CASE state WHEN 'held' THEN 'held' ELSE last_error END, resends, lead_id
FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_without_held RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
CREATE INDEX outbox_booking ON outbox (booking_id, id);
CREATE INDEX outbox_user ON outbox (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX outbox_sent_to_user ON outbox (recipient_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_sent_to_participant ON outbox (participant_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_by_lead ON outbox (lead_id) WHERE lead_id IS NOT NULL;
