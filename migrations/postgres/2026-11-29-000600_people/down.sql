DROP TABLE installation;
DROP TABLE practice;
ALTER TABLE services DROP COLUMN translations;

-- A hash that no password has.
UPDATE users SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
WHERE password_hash IS NULL;
ALTER TABLE users
    ALTER COLUMN password_hash SET NOT NULL,
    DROP COLUMN language;

DELETE FROM outbox WHERE user_id IS NOT NULL;
ALTER TABLE outbox
    DROP CONSTRAINT outbox_subject,
    DROP COLUMN user_id,
    ALTER COLUMN booking_id SET NOT NULL,
    ALTER COLUMN starts_at SET NOT NULL,
    ALTER COLUMN booking_version SET NOT NULL;
