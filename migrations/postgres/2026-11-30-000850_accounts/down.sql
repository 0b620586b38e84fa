DROP TABLE recovery_codes;
DROP TABLE totp_factors;
DROP TABLE one_time_tokens;

DROP INDEX attempts_at;
ALTER INDEX attempts_key RENAME TO login_failures_account;
ALTER SEQUENCE attempts_id_seq RENAME TO login_failures_id_seq;
ALTER TABLE attempts RENAME CONSTRAINT attempts_pkey TO login_failures_pkey;
ALTER TABLE attempts RENAME COLUMN key TO account;
ALTER TABLE attempts RENAME TO login_failures;

DROP INDEX login_sessions_device;
DROP INDEX login_sessions_user;
CREATE INDEX login_sessions_user ON login_sessions (user_id, network);
ALTER TABLE login_sessions DROP COLUMN device;
ALTER TABLE login_sessions DROP COLUMN stepped_up_at;

ALTER TABLE users DROP COLUMN second_factor_due_at;
ALTER TABLE users DROP COLUMN second_factor_at;

-- The release before does not know these emails.
DELETE FROM outbox WHERE kind IN (
    'password_reset', 'login_link', 'email_verification', 'email_confirmation', 'email_changed', 'account_invitation',
    'registration_attempt', 'password_changed', 'second_factor_added', 'second_factor_removed', 'role_changed',
    'account_disabled', 'new_login'
);
