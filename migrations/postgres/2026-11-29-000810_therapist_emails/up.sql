-- Emails of a cancelled booking are cancelled with it.
ALTER TABLE outbox
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check
        CHECK (state IN ('pending', 'sent', 'skipped', 'cancelled', 'expired', 'dead')),
    ADD COLUMN on_date TEXT,
    ADD COLUMN resends BIGINT NOT NULL DEFAULT 0 CHECK (resends >= 0),
    ADD CONSTRAINT outbox_date CHECK (on_date IS NULL OR user_id IS NOT NULL);

-- Which emails about their calendar a therapist gets, and when the daily agenda is sent, in minutes of the local day.
ALTER TABLE users
    ADD COLUMN notify TEXT NOT NULL DEFAULT 'changes' CHECK (notify IN ('none', 'changes', 'all')),
    ADD COLUMN agenda_at BIGINT CHECK (agenda_at BETWEEN 0 AND 1439);
