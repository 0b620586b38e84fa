-- Existing bookings keep the terms they were made under, which had no grace period.
ALTER TABLE bookings ADD COLUMN grace_minutes INTEGER NOT NULL DEFAULT 0 CHECK (grace_minutes BETWEEN 0 AND 1440);
ALTER TABLE practice_policy ADD COLUMN grace_minutes INTEGER NOT NULL DEFAULT 3 CHECK (grace_minutes BETWEEN 0 AND 1440);
