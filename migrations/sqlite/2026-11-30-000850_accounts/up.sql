-- Accounts from before addresses were verified keep working as if theirs was.
UPDATE users SET email_verified_at = created_at WHERE email_verified_at IS NULL;
ALTER TABLE users ADD COLUMN second_factor_at INTEGER;
ALTER TABLE users ADD COLUMN second_factor_due_at INTEGER;
-- Admins of the release before have two weeks to set up a second factor.
UPDATE users SET second_factor_due_at = unixepoch() * 1000 + 1209600000 WHERE is_admin = 1 AND disabled = 0;

ALTER TABLE login_sessions ADD COLUMN stepped_up_at INTEGER;
ALTER TABLE login_sessions ADD COLUMN device BLOB CHECK (length(device) = 16);
DROP INDEX login_sessions_user;
CREATE INDEX login_sessions_user ON login_sessions (user_id, network, created_at);
CREATE INDEX login_sessions_device ON login_sessions (user_id, device, created_at) WHERE device IS NOT NULL;

-- More than logins is limited now.
DROP INDEX login_failures_account;
ALTER TABLE login_failures RENAME TO attempts;
ALTER TABLE attempts RENAME COLUMN account TO key;
CREATE INDEX attempts_key ON attempts (key, at);
CREATE INDEX attempts_at ON attempts (at);

-- What the holder of a link shows is not here: it is an HMAC of purpose, id and nonce, and its key is not in the database.
CREATE TABLE one_time_tokens (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id         INTEGER NOT NULL REFERENCES users (id),
    purpose         TEXT    NOT NULL CHECK (purpose IN ('reset_password', 'log_in', 'verify_email', 'confirm_email', 'undo_email', 'invitation')),
    nonce           BLOB    NOT NULL CHECK (length(nonce) = 16),
    email           TEXT    NOT NULL,
    slot_service_id INTEGER REFERENCES services (id),
    slot_starts_at  INTEGER,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    UNIQUE (user_id, purpose, created_at),
    CONSTRAINT one_time_tokens_slot CHECK ((slot_service_id IS NULL) = (slot_starts_at IS NULL)),
    CONSTRAINT one_time_tokens_expire_after_creation CHECK (expires_at > created_at)
) STRICT;
CREATE INDEX one_time_tokens_open ON one_time_tokens (user_id) WHERE ended_at IS NULL;
CREATE INDEX one_time_tokens_undo ON one_time_tokens (email, expires_at) WHERE purpose = 'undo_email' AND ended_at IS NULL;
CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at);

CREATE TABLE totp_factors (
    user_id       INTEGER NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed_secret BLOB    NOT NULL CHECK (length(sealed_secret) > 0),
    last_step     INTEGER NOT NULL CHECK (last_step >= 0)
) STRICT;
-- A code that was used is deleted.
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id),
    hash    BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
