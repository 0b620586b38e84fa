-- An email is about a booking or a user. SQLite cannot loosen a column, so the table is created anew; ids are not reused.
CREATE TABLE outbox_with_subject (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key      TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    offset_minutes  INTEGER NOT NULL CHECK (offset_minutes >= 0),
    booking_id      INTEGER REFERENCES bookings (id),
    user_id         INTEGER REFERENCES users (id),
    recipient_id    INTEGER REFERENCES users (id),
    participant_id  INTEGER REFERENCES participants (id),
    starts_at       INTEGER,
    booking_version INTEGER,
    send_after      INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'skipped', 'expired', 'dead')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    next_at         INTEGER NOT NULL,
    lease_token     BLOB,
    lease_until     INTEGER,
    sent_at         INTEGER,
    last_error      TEXT,
    CONSTRAINT outbox_one_reader CHECK ((recipient_id IS NULL) <> (participant_id IS NULL)),
    CONSTRAINT outbox_subject CHECK (
        (booking_id IS NOT NULL AND starts_at IS NOT NULL AND booking_version IS NOT NULL AND user_id IS NULL)
        OR (booking_id IS NULL AND starts_at IS NULL AND booking_version IS NULL AND user_id IS NOT NULL)
    )
) STRICT;
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox_with_subject', seq FROM sqlite_sequence WHERE name = 'outbox';
INSERT INTO outbox_with_subject (
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, starts_at, booking_version,
    send_after, state, attempts, next_at, lease_token, lease_until, sent_at, last_error
) SELECT
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, starts_at, booking_version,
    send_after, state, attempts, next_at, lease_token, lease_until, sent_at, last_error
FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_with_subject RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
CREATE INDEX outbox_booking ON outbox (booking_id, id);
CREATE INDEX outbox_user ON outbox (user_id, id) WHERE user_id IS NOT NULL;

ALTER TABLE users ADD COLUMN language TEXT;
-- A user whom the practice added and who has never logged in has no password.
ALTER TABLE users ADD COLUMN new_password_hash TEXT;
UPDATE users SET new_password_hash = password_hash;
ALTER TABLE users DROP COLUMN password_hash;
ALTER TABLE users RENAME COLUMN new_password_hash TO password_hash;

-- Translations of texts: a JSON object of languages, each an object of columns.
ALTER TABLE services ADD COLUMN translations TEXT NOT NULL DEFAULT '{}';

CREATE TABLE practice (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name            TEXT    NOT NULL,
    phone           TEXT,
    email           TEXT,
    website         TEXT,
    imprint         TEXT,
    privacy         TEXT,
    logo            BLOB,
    accent_color    TEXT,
    offline_payment TEXT,
    translations    TEXT    NOT NULL,
    time_zone       TEXT    NOT NULL
) STRICT;

-- Bookings up to legacy_last_booking keep UIDs with a domain that the configuration named. Without that domain it is not
-- known yet which bookings these are.
CREATE TABLE installation (
    id                  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    uid_domain          TEXT    NOT NULL,
    legacy_last_booking INTEGER,
    legacy_uid_domain   TEXT
) STRICT;
INSERT INTO installation (id, uid_domain) VALUES (1, lower(hex(randomblob(16))));
