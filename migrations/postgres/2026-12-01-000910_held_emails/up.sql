-- Emails that were due before a backup was restored.
ALTER TABLE outbox
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check
        CHECK (state IN ('pending', 'held', 'sent', 'skipped', 'cancelled', 'expired', 'dead'));
CREATE INDEX outbox_held ON outbox (id) WHERE state = 'held';
