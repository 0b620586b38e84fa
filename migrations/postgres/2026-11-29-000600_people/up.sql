-- An email is about a booking or a user.
ALTER TABLE outbox
    ALTER COLUMN booking_id DROP NOT NULL,
    ALTER COLUMN starts_at DROP NOT NULL,
    ALTER COLUMN booking_version DROP NOT NULL,
    ADD COLUMN user_id BIGINT REFERENCES users (id),
    ADD CONSTRAINT outbox_subject CHECK (
        (booking_id IS NOT NULL AND starts_at IS NOT NULL AND booking_version IS NOT NULL AND user_id IS NULL)
        OR (booking_id IS NULL AND starts_at IS NULL AND booking_version IS NULL AND user_id IS NOT NULL)
    );
CREATE INDEX outbox_user ON outbox (user_id, id) WHERE user_id IS NOT NULL;

ALTER TABLE users
    ADD COLUMN language TEXT,
    -- A user whom the practice added and who has never logged in.
    ALTER COLUMN password_hash DROP NOT NULL;

-- Translations of texts: a JSON object of languages, each an object of columns.
ALTER TABLE services ADD COLUMN translations TEXT NOT NULL DEFAULT '{}';

CREATE TABLE practice (
    id              BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    name            TEXT   NOT NULL,
    phone           TEXT,
    email           TEXT,
    website         TEXT,
    imprint         TEXT,
    privacy         TEXT,
    logo            BYTEA,
    accent_color    TEXT,
    offline_payment TEXT,
    translations    TEXT   NOT NULL,
    time_zone       TEXT   NOT NULL
);

-- Bookings up to legacy_last_booking keep UIDs with a domain that the configuration named. Without that domain it is not
-- known yet which bookings these are.
CREATE TABLE installation (
    id                  BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    uid_domain          TEXT   NOT NULL,
    legacy_last_booking BIGINT,
    legacy_uid_domain   TEXT
);
INSERT INTO installation (id, uid_domain) VALUES (1, replace(gen_random_uuid()::TEXT, '-', ''));
