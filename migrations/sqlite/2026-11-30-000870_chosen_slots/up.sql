-- A link leads back to the slot that was chosen, with the therapist and in the time zone in which it was shown.
ALTER TABLE one_time_tokens ADD COLUMN slot_therapist_id INTEGER REFERENCES users (id)
    CONSTRAINT one_time_tokens_slot_therapist CHECK (slot_therapist_id IS NULL OR slot_service_id IS NOT NULL);
ALTER TABLE one_time_tokens ADD COLUMN slot_time_zone TEXT
    CONSTRAINT one_time_tokens_slot_time_zone CHECK (slot_time_zone IS NULL OR slot_service_id IS NOT NULL);
