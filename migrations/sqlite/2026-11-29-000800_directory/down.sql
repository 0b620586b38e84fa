DROP TABLE change_reasons;
ALTER TABLE audit_log DROP COLUMN booking;
ALTER TABLE schedule_exceptions DROP COLUMN note;
ALTER TABLE users DROP COLUMN search_text;
