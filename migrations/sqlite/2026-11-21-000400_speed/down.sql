DROP TRIGGER bookings_tally_delete;
DROP TRIGGER bookings_tally_update;
DROP TRIGGER bookings_tally_insert;
DROP TABLE booking_tally;
DROP TRIGGER bookings_no_overlap_update;
DROP TRIGGER bookings_no_overlap_insert;
DROP TRIGGER bookings_within_a_day_update;
DROP TRIGGER bookings_within_a_day_insert;
CREATE INDEX bookings_calendar ON bookings (therapist_id, scheduled_at, blocked_until)
    WHERE status IN ('pending_payment', 'scheduled', 'completed', 'no_show');
CREATE INDEX bookings_agreed ON bookings (scheduled_at, id) WHERE status = 'scheduled';
CREATE TRIGGER bookings_no_overlap_insert BEFORE INSERT ON bookings
WHEN NEW.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
BEGIN
    SELECT RAISE(ABORT, 'attune:slot_taken') WHERE EXISTS (
        SELECT 1 FROM bookings b
        WHERE b.therapist_id = NEW.therapist_id
          AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
          AND b.id <> NEW.id
          AND b.scheduled_at < NEW.blocked_until
          AND b.blocked_until > NEW.scheduled_at
    );
END;
CREATE TRIGGER bookings_no_overlap_update BEFORE UPDATE ON bookings
WHEN NEW.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
BEGIN
    SELECT RAISE(ABORT, 'attune:slot_taken') WHERE EXISTS (
        SELECT 1 FROM bookings b
        WHERE b.therapist_id = NEW.therapist_id
          AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
          AND b.id <> NEW.id
          AND b.scheduled_at < NEW.blocked_until
          AND b.blocked_until > NEW.scheduled_at
    );
END;
DROP INDEX bookings_holds;
CREATE INDEX bookings_holds ON bookings (hold_expires_at) WHERE status = 'pending_payment';
DROP INDEX bookings_by_both;
DROP INDEX bookings_by_payment_status;
DROP INDEX bookings_by_status;
