-- A practice of an earlier release is set up; a new one is not.
ALTER TABLE practice ADD COLUMN is_set_up INTEGER NOT NULL DEFAULT 1 CHECK (is_set_up IN (0, 1));
