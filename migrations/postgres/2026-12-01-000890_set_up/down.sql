ALTER TABLE practice DROP COLUMN is_set_up;
