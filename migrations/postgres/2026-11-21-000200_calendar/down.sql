DROP TABLE kept_replies;
DROP TABLE practice_policy;
DROP TABLE time_off;
DROP TABLE weekly_hours;
DROP TABLE schedules;
-- The tables before knew no mails about moved and called-off sessions.
DELETE FROM outbox WHERE kind IN ('rescheduled', 'cancelled');
DROP INDEX bookings_agreed;
ALTER TABLE bookings DROP COLUMN reschedule_minutes;
ALTER TABLE bookings DROP COLUMN late_refund_percent;
ALTER TABLE bookings DROP COLUMN free_minutes;
