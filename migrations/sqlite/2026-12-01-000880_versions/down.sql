ALTER TABLE practice DROP COLUMN version;
ALTER TABLE practice_policy DROP COLUMN version;
ALTER TABLE schedules DROP COLUMN version;
ALTER TABLE services DROP COLUMN version;
ALTER TABLE users DROP COLUMN version;
