-- The release before does not know held emails. An admin can send what was given up.
DROP INDEX outbox_held;
UPDATE outbox SET state = 'dead', last_error = 'held' WHERE state = 'held';
ALTER TABLE outbox
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check
        CHECK (state IN ('pending', 'sent', 'skipped', 'cancelled', 'expired', 'dead'));
