DROP TABLE installation;
DROP TABLE practice;
ALTER TABLE services DROP COLUMN translations;

-- The table is created anew, under its own name, so that the rows that refer to it are checked at the commit only.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE users_with_language AS SELECT * FROM users;
CREATE TEMPORARY TABLE last_user AS SELECT seq FROM sqlite_sequence WHERE name = 'users';
DROP TABLE users;
CREATE TABLE users (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    email             TEXT    NOT NULL UNIQUE,
    first_name        TEXT,
    last_name         TEXT,
    preferred_name       TEXT,
    time_zone         TEXT,
    is_admin          INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    disabled          INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    password_hash     TEXT    NOT NULL,
    email_verified_at INTEGER,
    created_at        INTEGER NOT NULL
) STRICT;
-- A hash that no password has.
INSERT INTO users (
    id, email, first_name, last_name, preferred_name, time_zone, is_admin, disabled, password_hash, email_verified_at,
    created_at
) SELECT
    id, email, first_name, last_name, preferred_name, time_zone, is_admin, disabled,
    coalesce(
        password_hash,
        '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    ),
    email_verified_at, created_at
FROM users_with_language;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM last_user) WHERE name = 'users' AND EXISTS (SELECT 1 FROM last_user);
CREATE INDEX users_enabled_admins ON users (id) WHERE is_admin = 1 AND disabled = 0;
DROP TABLE users_with_language;
DROP TABLE last_user;

CREATE TABLE outbox_about_bookings (
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
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox_about_bookings', seq FROM sqlite_sequence WHERE name = 'outbox';
INSERT INTO outbox_about_bookings (
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, starts_at, booking_version,
    send_after, state, attempts, next_at, lease_token, lease_until, sent_at, last_error
) SELECT
    id, dedupe_key, kind, offset_minutes, booking_id, recipient_id, participant_id, starts_at, booking_version,
    send_after, state, attempts, next_at, lease_token, lease_until, sent_at, last_error
FROM outbox WHERE user_id IS NULL;
DROP TABLE outbox;
ALTER TABLE outbox_about_bookings RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';
CREATE INDEX outbox_booking ON outbox (booking_id, id);
