DROP TRIGGER bookings_tally_delete ON bookings;
DROP TRIGGER bookings_tally_update ON bookings;
DROP TRIGGER bookings_tally_insert ON bookings;
DROP FUNCTION tally_bookings();
DROP VIEW booking_tally;
DROP SEQUENCE booking_change_turns;
DROP TABLE booking_changes;
DROP TABLE booking_sums;
CREATE INDEX bookings_agreed ON bookings (scheduled_at, id) WHERE status = 'scheduled';
CREATE INDEX bookings_calendar ON bookings (therapist_id, scheduled_at, blocked_until)
    WHERE status IN ('pending_payment', 'scheduled', 'completed', 'no_show');
DROP INDEX bookings_by_both;
DROP INDEX bookings_by_payment_status;
DROP INDEX bookings_by_status;
ALTER TABLE bookings DROP CONSTRAINT bookings_within_a_day;
