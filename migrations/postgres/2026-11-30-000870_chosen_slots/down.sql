ALTER TABLE one_time_tokens DROP COLUMN slot_time_zone;
ALTER TABLE one_time_tokens DROP COLUMN slot_therapist_id;
