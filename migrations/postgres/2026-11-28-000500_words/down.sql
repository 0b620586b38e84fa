DROP TRIGGER bookings_count_delete ON bookings;
DROP TRIGGER bookings_count_update ON bookings;
DROP TRIGGER bookings_count_insert ON bookings;
DROP FUNCTION count_bookings();
ALTER SEQUENCE booking_count_merges RENAME TO booking_change_turns;
ALTER TABLE booking_count_deltas RENAME TO booking_changes;
ALTER TABLE booking_count_totals RENAME CONSTRAINT booking_count_totals_pkey TO booking_sums_pkey;
ALTER TABLE booking_count_totals RENAME TO booking_sums;
ALTER VIEW booking_counts RENAME TO booking_tally;
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

ALTER TABLE audit_log DISABLE TRIGGER audit_log_no_change;
UPDATE audit_log SET object_kind = 'session' WHERE object_kind = 'login_session';
UPDATE audit_log SET action = substr(action, 7) WHERE action LIKE 'login\_session.%';
UPDATE audit_log SET action = 'time_off.' || substr(action, 20) WHERE action LIKE 'schedule\_exception.%';
UPDATE audit_log SET action = 'payment.surplus' WHERE action = 'payment.unapplied';
ALTER TABLE audit_log ENABLE TRIGGER audit_log_no_change;

CREATE OR REPLACE FUNCTION refunds_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid  payments;
    taken NUMERIC;
BEGIN
    -- Whoever comes second waits here, and then sees what the first one gave back.
    SELECT * INTO paid FROM payments WHERE id = NEW.payment_id FOR NO KEY UPDATE;
    SELECT sum(amount_minor) INTO taken FROM refunds
        WHERE payment_id = NEW.payment_id AND stage NOT IN ('failed', 'retried');
    IF paid.state NOT IN ('settled', 'surplus') OR paid.currency <> NEW.currency OR taken > paid.amount_minor THEN
        RAISE EXCEPTION 'attune:refund_too_large'
            USING ERRCODE = 'check_violation', TABLE = 'refunds', CONSTRAINT = 'refunds_within_payment';
    END IF;
    RETURN NULL;
END;
$$;

ALTER TABLE payments DROP CONSTRAINT payments_state_check;
UPDATE payments SET state = 'surplus' WHERE state = 'unapplied';
ALTER TABLE payments ADD CONSTRAINT payments_state_check
    CHECK (state IN ('opening', 'open', 'processing', 'closing', 'settled', 'surplus', 'closed'));

ALTER TABLE refunds DROP CONSTRAINT refunds_cause_check, DROP CONSTRAINT refunds_stage_check;
UPDATE refunds SET
    cause = CASE cause WHEN 'requested' THEN 'asked' WHEN 'unapplied' THEN 'surplus' WHEN 'external' THEN 'elsewhere'
        ELSE cause END,
    stage = CASE stage WHEN 'queued' THEN 'owed' ELSE stage END,
    last_error = CASE last_error WHEN 'earlier_refund_pending' THEN 'waits_its_turn' ELSE last_error END
WHERE cause <> 'cancelled' OR stage = 'queued' OR last_error = 'earlier_refund_pending';
ALTER TABLE refunds
    ADD CONSTRAINT refunds_cause_check CHECK (cause IN ('cancelled', 'asked', 'surplus', 'elsewhere')),
    ADD CONSTRAINT refunds_stage_check CHECK (stage IN ('owed', 'pending', 'succeeded', 'failed', 'retried'));

ALTER TABLE payment_problems RENAME COLUMN provider_reference TO reference;
ALTER TABLE refunds RENAME CONSTRAINT refunds_provider_refund_id_key TO refunds_reference_once;
ALTER TABLE refunds RENAME COLUMN provider_refund_id TO reference;
ALTER TABLE refunds RENAME CONSTRAINT refunds_idempotency_key_key TO refunds_key_once;
ALTER TABLE refunds RENAME COLUMN idempotency_key TO key;
ALTER TABLE payments RENAME CONSTRAINT payments_checkout_nonce_check TO payments_nonce_check;
ALTER TABLE payments RENAME COLUMN checkout_nonce TO nonce;
ALTER INDEX payments_provider_payment_id RENAME TO payments_charge;
ALTER TABLE payments RENAME COLUMN provider_payment_id TO charge;
ALTER TABLE payments RENAME CONSTRAINT payments_provider_checkout_id_key TO payments_reference_key;
ALTER TABLE payments RENAME COLUMN provider_checkout_id TO reference;
ALTER TABLE attendance RENAME COLUMN participant TO person;
ALTER TABLE attendance RENAME CONSTRAINT attendance_kind_check TO attendance_happening_check;
ALTER TABLE attendance RENAME COLUMN kind TO happening;
-- The older release has no place for a booking beside a response, and none for a key without a response.
UPDATE idempotency_keys SET response_body = booking_id::TEXT WHERE response_body IS NULL AND booking_id IS NOT NULL;
DELETE FROM idempotency_keys WHERE response_body IS NULL OR response_status IS NULL;
ALTER TABLE idempotency_keys DROP COLUMN booking_id;
ALTER TABLE idempotency_keys RENAME COLUMN created_at TO at;
ALTER TABLE idempotency_keys RENAME COLUMN response_body TO body;
ALTER TABLE idempotency_keys RENAME COLUMN response_status TO status;
ALTER TABLE idempotency_keys RENAME COLUMN request_hash TO asked;
ALTER INDEX idempotency_keys_created_at RENAME TO kept_replies_at;
ALTER SEQUENCE idempotency_keys_id_seq RENAME TO kept_replies_id_seq;
ALTER TABLE idempotency_keys RENAME CONSTRAINT idempotency_keys_unique TO kept_replies_once;
ALTER TABLE idempotency_keys RENAME CONSTRAINT idempotency_keys_user_id_fkey TO kept_replies_user_id_fkey;
ALTER TABLE idempotency_keys RENAME CONSTRAINT idempotency_keys_pkey TO kept_replies_pkey;
ALTER TABLE idempotency_keys RENAME TO kept_replies;
ALTER TABLE kept_replies ALTER COLUMN status SET NOT NULL, ALTER COLUMN body SET NOT NULL;

ALTER INDEX schedule_exceptions_therapist RENAME TO time_off_therapist;
ALTER SEQUENCE schedule_exceptions_id_seq RENAME TO time_off_id_seq;
ALTER TABLE schedule_exceptions RENAME CONSTRAINT schedule_exceptions_kind TO time_off_kind;
ALTER TABLE schedule_exceptions RENAME CONSTRAINT schedule_exceptions_therapist_id_fkey TO time_off_therapist_id_fkey;
ALTER TABLE schedule_exceptions RENAME CONSTRAINT schedule_exceptions_pkey TO time_off_pkey;
ALTER TABLE schedule_exceptions RENAME TO time_off;
ALTER TABLE practice_policy RENAME COLUMN auto_complete TO completes_by_itself;
ALTER TABLE practice_policy RENAME CONSTRAINT practice_policy_daily_limit_check TO practice_policy_daily_cap_check;
ALTER TABLE practice_policy RENAME COLUMN daily_limit TO daily_cap;
ALTER TABLE services RENAME CONSTRAINT services_buffer_minutes_check TO services_pause_minutes_check;
ALTER TABLE services RENAME COLUMN buffer_minutes TO pause_minutes;
ALTER INDEX login_sessions_user RENAME TO sessions_user;
ALTER SEQUENCE login_sessions_id_seq RENAME TO sessions_id_seq;
ALTER TABLE login_sessions RENAME CONSTRAINT login_sessions_generation_check TO sessions_generation_check;
ALTER TABLE login_sessions RENAME CONSTRAINT login_sessions_user_id_fkey TO sessions_user_id_fkey;
ALTER TABLE login_sessions RENAME CONSTRAINT login_sessions_pkey TO sessions_pkey;
ALTER TABLE login_sessions RENAME TO sessions;
ALTER TABLE users RENAME COLUMN preferred_name TO chosen_name;
