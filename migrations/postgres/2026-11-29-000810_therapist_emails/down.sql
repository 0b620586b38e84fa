ALTER TABLE users
    DROP COLUMN agenda_at,
    DROP COLUMN notify;

-- The release before knows neither the emails to therapists nor cancelled ones.
DELETE FROM outbox WHERE kind LIKE 'therapist\_%' OR kind = 'agenda';
UPDATE outbox SET state = 'skipped' WHERE state = 'cancelled';
ALTER TABLE outbox
    DROP CONSTRAINT outbox_date,
    DROP COLUMN on_date,
    DROP COLUMN resends,
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check CHECK (state IN ('pending', 'sent', 'skipped', 'expired', 'dead'));
