-- Lists that take as long whatever is in them: totals that nobody has to count, and an index for each order and filter.

CREATE INDEX bookings_by_status ON bookings (status, scheduled_at, id);
CREATE INDEX bookings_by_payment_status ON bookings (payment_status, scheduled_at, id);
CREATE INDEX bookings_by_both ON bookings (status, payment_status, scheduled_at, id);
-- With the state in it, or else it would lose to the index by status, which knows nothing of when holds end.
DROP INDEX bookings_holds;
CREATE INDEX bookings_holds ON bookings (status, hold_expires_at, id) WHERE status = 'pending_payment';

-- Sessions and the pauses after them take twelve hours each at most, so no booking takes up more than a day of a calendar,
-- and whoever asks what is in the way has to look back no further. SQLite cannot add a rule to a table.
CREATE TRIGGER bookings_within_a_day_insert BEFORE INSERT ON bookings
WHEN NEW.blocked_until - NEW.scheduled_at > 86400000
BEGIN
    SELECT RAISE(ABORT, 'attune:longer_than_a_day');
END;
CREATE TRIGGER bookings_within_a_day_update BEFORE UPDATE OF scheduled_at, blocked_until ON bookings
WHEN NEW.blocked_until - NEW.scheduled_at > 86400000
BEGIN
    SELECT RAISE(ABORT, 'attune:longer_than_a_day');
END;
DROP TRIGGER bookings_no_overlap_insert;
DROP TRIGGER bookings_no_overlap_update;
-- The second guard against a double booking; the first is the calendar lock. The message is matched by the adapter.
CREATE TRIGGER bookings_no_overlap_insert BEFORE INSERT ON bookings
WHEN NEW.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
BEGIN
    SELECT RAISE(ABORT, 'attune:slot_taken') WHERE EXISTS (
        SELECT 1 FROM bookings b INDEXED BY bookings_by_therapist
        WHERE b.therapist_id = NEW.therapist_id
          AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
          AND b.id <> NEW.id
          AND b.scheduled_at > NEW.scheduled_at - 86400000
          AND b.scheduled_at < NEW.blocked_until
          AND b.blocked_until > NEW.scheduled_at
    );
END;
CREATE TRIGGER bookings_no_overlap_update BEFORE UPDATE ON bookings
WHEN NEW.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
BEGIN
    SELECT RAISE(ABORT, 'attune:slot_taken') WHERE EXISTS (
        SELECT 1 FROM bookings b INDEXED BY bookings_by_therapist
        WHERE b.therapist_id = NEW.therapist_id
          AND b.status IN ('pending_payment', 'scheduled', 'completed', 'no_show')
          AND b.id <> NEW.id
          AND b.scheduled_at > NEW.scheduled_at - 86400000
          AND b.scheduled_at < NEW.blocked_until
          AND b.blocked_until > NEW.scheduled_at
    );
END;
-- Of a day of a calendar, the index of all of a therapist's sessions knows as much; of sessions agreed, that by status.
DROP INDEX bookings_calendar;
DROP INDEX bookings_agreed;

-- How many bookings there are in each state.
CREATE TABLE booking_tally (
    status         TEXT    NOT NULL,
    payment_status TEXT    NOT NULL,
    rows           INTEGER NOT NULL,
    PRIMARY KEY (status, payment_status)
) STRICT, WITHOUT ROWID;
INSERT INTO booking_tally (status, payment_status, rows)
SELECT status, payment_status, count(*) FROM bookings GROUP BY status, payment_status;
CREATE TRIGGER bookings_tally_insert AFTER INSERT ON bookings
BEGIN
    INSERT INTO booking_tally (status, payment_status, rows) VALUES (NEW.status, NEW.payment_status, 1)
    ON CONFLICT (status, payment_status) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER bookings_tally_update AFTER UPDATE OF status, payment_status ON bookings
WHEN OLD.status <> NEW.status OR OLD.payment_status <> NEW.payment_status
BEGIN
    UPDATE booking_tally SET rows = rows - 1 WHERE status = OLD.status AND payment_status = OLD.payment_status;
    INSERT INTO booking_tally (status, payment_status, rows) VALUES (NEW.status, NEW.payment_status, 1)
    ON CONFLICT (status, payment_status) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER bookings_tally_delete AFTER DELETE ON bookings
BEGIN
    UPDATE booking_tally SET rows = rows - 1 WHERE status = OLD.status AND payment_status = OLD.payment_status;
END;
