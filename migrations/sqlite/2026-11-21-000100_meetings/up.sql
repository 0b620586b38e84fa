-- Mailed links that can be taken back, people invited into a session, and what the video server tells about rooms.

ALTER TABLE bookings ADD COLUMN link_version INTEGER NOT NULL DEFAULT 1 CHECK (link_version >= 1);
-- A therapist looks at sessions in every state; the index of the calendar holds those only that take up time.
CREATE INDEX bookings_by_therapist ON bookings (therapist_id, scheduled_at, id);

CREATE TABLE participants (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id   INTEGER NOT NULL REFERENCES bookings (id),
    email        TEXT    NOT NULL,
    display_name TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('participant', 'presenter', 'observer')),
    time_zone    TEXT,
    invited_by   INTEGER NOT NULL REFERENCES users (id),
    invited_at   INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX participants_booking ON participants (booking_id, id);
CREATE UNIQUE INDEX participants_invited_once ON participants (email, booking_id) WHERE revoked_at IS NULL;

CREATE TABLE conferences (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id INTEGER NOT NULL REFERENCES bookings (id),
    opened_at  INTEGER NOT NULL,
    closed_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX conferences_open_once ON conferences (booking_id) WHERE closed_at IS NULL;

CREATE TABLE attendance (
    booking_id INTEGER NOT NULL REFERENCES bookings (id),
    at         INTEGER NOT NULL,
    happening  TEXT    NOT NULL CHECK (happening IN ('joined', 'left', 'ended')),
    occupant   TEXT    NOT NULL,
    person     TEXT,
    PRIMARY KEY (booking_id, occupant, happening, at)
) STRICT, WITHOUT ROWID;

-- A mail goes to an account or to somebody invited. SQLite cannot loosen a column, so the table is made anew.
CREATE TABLE outbox_with_participants (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key      TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    offset_minutes  INTEGER NOT NULL CHECK (offset_minutes >= 0),
    booking_id      INTEGER NOT NULL REFERENCES bookings (id),
    recipient_id    INTEGER REFERENCES users (id),
    participant_id  INTEGER REFERENCES participants (id),
    starts_at       INTEGER NOT NULL,
    booking_version INTEGER NOT NULL,
    send_after      INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'skipped', 'expired', 'dead')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    next_at         INTEGER NOT NULL,
    lease_token     BLOB,
    lease_until     INTEGER,
    sent_at         INTEGER,
    last_error      TEXT,
    CONSTRAINT outbox_one_reader CHECK ((recipient_id IS NULL) <> (participant_id IS NULL))
) STRICT;
INSERT INTO outbox_with_participants (
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, booking_version, send_after, state,
    attempts, next_at, lease_token, lease_until, sent_at, last_error
) SELECT
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, starts_at, booking_version, send_after, state,
    attempts, next_at, lease_token, lease_until, sent_at, last_error
FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_with_participants RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
CREATE INDEX outbox_booking ON outbox (booking_id, id);
