-- Mails to people who were invited go: the table before had no place for them.
CREATE TABLE outbox_without_participants (
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
INSERT INTO outbox_without_participants (
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, booking_version, send_after, state,
    attempts, next_at, lease_token, lease_until, sent_at, last_error
) SELECT
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, booking_version, send_after, state,
    attempts, next_at, lease_token, lease_until, sent_at, last_error
FROM outbox WHERE recipient_id IS NOT NULL AND kind IN ('meeting_info', 'reminder');
DROP TABLE outbox;
ALTER TABLE outbox_without_participants RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
CREATE INDEX outbox_booking ON outbox (booking_id, id);

DROP TABLE attendance;
DROP TABLE conferences;
DROP TABLE participants;
DROP INDEX bookings_by_therapist;
ALTER TABLE bookings DROP COLUMN link_version;
