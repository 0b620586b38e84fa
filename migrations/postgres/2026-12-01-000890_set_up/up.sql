-- A practice of an earlier release is set up; a new one is not.
ALTER TABLE practice ADD COLUMN is_set_up BOOLEAN NOT NULL DEFAULT TRUE;
