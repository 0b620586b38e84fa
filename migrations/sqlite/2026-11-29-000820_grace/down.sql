ALTER TABLE practice_policy DROP COLUMN grace_minutes;
ALTER TABLE bookings DROP COLUMN grace_minutes;
