-- Lists that take as long whatever is in them: totals that nobody has to count, and an index for each order and filter.

-- Sessions and the pauses after them take twelve hours each at most, so no booking takes up more than a day of a calendar,
-- and whoever asks what is in the way has to look back no further.
ALTER TABLE bookings ADD CONSTRAINT bookings_within_a_day CHECK (blocked_until - scheduled_at <= 86400000);

CREATE INDEX bookings_by_status ON bookings (status, scheduled_at, id);
CREATE INDEX bookings_by_payment_status ON bookings (payment_status, scheduled_at, id);
CREATE INDEX bookings_by_both ON bookings (status, payment_status, scheduled_at, id);
-- Of a day of a calendar, the index of all of a therapist's sessions knows as much; of sessions agreed, that by status.
DROP INDEX bookings_calendar;
DROP INDEX bookings_agreed;

-- How many bookings there are in each state. Everybody who books would wait for the one row that counts them, so each
-- change is written down on its own, and now and then what was written down is added to the sums.
CREATE TABLE booking_sums (
    status         TEXT   NOT NULL,
    payment_status TEXT   NOT NULL,
    rows           BIGINT NOT NULL,
    PRIMARY KEY (status, payment_status)
);
CREATE TABLE booking_changes (
    status         TEXT   NOT NULL,
    payment_status TEXT   NOT NULL,
    rows           BIGINT NOT NULL
);
CREATE SEQUENCE booking_change_turns;
CREATE VIEW booking_tally AS
    SELECT status, payment_status, rows FROM booking_sums
    UNION ALL
    SELECT status, payment_status, rows FROM booking_changes;
INSERT INTO booking_sums SELECT status, payment_status, count(*) FROM bookings GROUP BY status, payment_status;

CREATE FUNCTION tally_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            INSERT INTO booking_changes
                SELECT status, payment_status, count(*) FROM added GROUP BY status, payment_status;
        WHEN 'UPDATE' THEN
            INSERT INTO booking_changes
                VALUES (OLD.status, OLD.payment_status, -1), (NEW.status, NEW.payment_status, 1);
        WHEN 'DELETE' THEN
            INSERT INTO booking_changes
                SELECT status, payment_status, -count(*) FROM removed GROUP BY status, payment_status;
    END CASE;
    -- One in so many adds up what was written down, unless somebody else is at it: only who has this lock ever changes a
    -- row of these tables, so nobody waits here. What others have not committed yet stays for the next one. A transaction
    -- that sees an older state leaves it alone, too.
    IF nextval('booking_change_turns') % 100 = 0
        AND current_setting('transaction_isolation') = 'read committed'
        AND pg_try_advisory_xact_lock(hashtextextended('attune:tally', 0))
    THEN
        WITH added_up AS (DELETE FROM booking_changes RETURNING status, payment_status, rows)
        INSERT INTO booking_sums AS kept
        SELECT status, payment_status, sum(rows) FROM added_up GROUP BY status, payment_status
        ON CONFLICT (status, payment_status) DO UPDATE SET rows = kept.rows + EXCLUDED.rows;
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER bookings_tally_insert AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tally_bookings();
CREATE TRIGGER bookings_tally_update AFTER UPDATE OF status, payment_status ON bookings
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.payment_status <> NEW.payment_status)
    EXECUTE FUNCTION tally_bookings();
CREATE TRIGGER bookings_tally_delete AFTER DELETE ON bookings
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION tally_bookings();
-- Nothing is truncated: other tables refer to this one, and the ledger refuses it.
