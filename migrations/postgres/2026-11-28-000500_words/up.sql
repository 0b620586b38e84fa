-- Renames tables, columns and stored values to the terms of docs/GLOSSARY.md.

ALTER TABLE users RENAME COLUMN chosen_name TO preferred_name;

ALTER TABLE sessions RENAME TO login_sessions;
ALTER TABLE login_sessions RENAME CONSTRAINT sessions_pkey TO login_sessions_pkey;
ALTER TABLE login_sessions RENAME CONSTRAINT sessions_user_id_fkey TO login_sessions_user_id_fkey;
ALTER TABLE login_sessions RENAME CONSTRAINT sessions_generation_check TO login_sessions_generation_check;
ALTER SEQUENCE sessions_id_seq RENAME TO login_sessions_id_seq;
ALTER INDEX sessions_user RENAME TO login_sessions_user;

ALTER TABLE services RENAME COLUMN pause_minutes TO buffer_minutes;
ALTER TABLE services RENAME CONSTRAINT services_pause_minutes_check TO services_buffer_minutes_check;

ALTER TABLE practice_policy RENAME COLUMN daily_cap TO daily_limit;
ALTER TABLE practice_policy RENAME CONSTRAINT practice_policy_daily_cap_check TO practice_policy_daily_limit_check;
ALTER TABLE practice_policy RENAME COLUMN completes_by_itself TO auto_complete;

ALTER TABLE time_off RENAME TO schedule_exceptions;
ALTER TABLE schedule_exceptions RENAME CONSTRAINT time_off_pkey TO schedule_exceptions_pkey;
ALTER TABLE schedule_exceptions RENAME CONSTRAINT time_off_therapist_id_fkey TO schedule_exceptions_therapist_id_fkey;
ALTER TABLE schedule_exceptions RENAME CONSTRAINT time_off_kind TO schedule_exceptions_kind;
ALTER SEQUENCE time_off_id_seq RENAME TO schedule_exceptions_id_seq;
ALTER INDEX time_off_therapist RENAME TO schedule_exceptions_therapist;

ALTER TABLE kept_replies RENAME TO idempotency_keys;
ALTER TABLE idempotency_keys RENAME CONSTRAINT kept_replies_pkey TO idempotency_keys_pkey;
ALTER TABLE idempotency_keys RENAME CONSTRAINT kept_replies_user_id_fkey TO idempotency_keys_user_id_fkey;
ALTER TABLE idempotency_keys RENAME CONSTRAINT kept_replies_once TO idempotency_keys_unique;
ALTER SEQUENCE kept_replies_id_seq RENAME TO idempotency_keys_id_seq;
ALTER INDEX kept_replies_at RENAME TO idempotency_keys_created_at;
ALTER TABLE idempotency_keys RENAME COLUMN asked TO request_hash;
ALTER TABLE idempotency_keys RENAME COLUMN status TO response_status;
ALTER TABLE idempotency_keys RENAME COLUMN body TO response_body;
ALTER TABLE idempotency_keys RENAME COLUMN at TO created_at;
ALTER TABLE idempotency_keys
    ALTER COLUMN response_status DROP NOT NULL,
    ALTER COLUMN response_body DROP NOT NULL,
    ADD COLUMN booking_id BIGINT;
-- A response that was not finished had only the id of its booking as its body.
UPDATE idempotency_keys SET booking_id = response_body::BIGINT, response_body = NULL
WHERE response_body ~ '^[0-9]{1,18}$';

ALTER TABLE attendance RENAME COLUMN happening TO kind;
ALTER TABLE attendance RENAME CONSTRAINT attendance_happening_check TO attendance_kind_check;
ALTER TABLE attendance RENAME COLUMN person TO participant;

ALTER TABLE payments RENAME COLUMN reference TO provider_checkout_id;
ALTER TABLE payments RENAME CONSTRAINT payments_reference_key TO payments_provider_checkout_id_key;
ALTER TABLE payments RENAME COLUMN charge TO provider_payment_id;
ALTER INDEX payments_charge RENAME TO payments_provider_payment_id;
ALTER TABLE payments RENAME COLUMN nonce TO checkout_nonce;
ALTER TABLE payments RENAME CONSTRAINT payments_nonce_check TO payments_checkout_nonce_check;

ALTER TABLE refunds RENAME COLUMN key TO idempotency_key;
ALTER TABLE refunds RENAME CONSTRAINT refunds_key_once TO refunds_idempotency_key_key;
ALTER TABLE refunds RENAME COLUMN reference TO provider_refund_id;
ALTER TABLE refunds RENAME CONSTRAINT refunds_reference_once TO refunds_provider_refund_id_key;

ALTER TABLE payment_problems RENAME COLUMN reference TO provider_reference;

-- The second guard against refunding more than was paid; the first is that a unit of work locks the booking's row before
-- it decides about its payments. The adapter matches the constraint by name.
CREATE OR REPLACE FUNCTION refunds_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    payment  payments;
    refunded NUMERIC;
BEGIN
    -- A concurrent refund of the same payment waits here, and then sees the first one.
    SELECT * INTO payment FROM payments WHERE id = NEW.payment_id FOR NO KEY UPDATE;
    SELECT sum(amount_minor) INTO refunded FROM refunds
        WHERE payment_id = NEW.payment_id AND stage NOT IN ('failed', 'retried');
    IF payment.state NOT IN ('settled', 'unapplied') OR payment.currency <> NEW.currency
        OR refunded > payment.amount_minor
    THEN
        RAISE EXCEPTION 'attune:refund_too_large'
            USING ERRCODE = 'check_violation', TABLE = 'refunds', CONSTRAINT = 'refunds_within_payment';
    END IF;
    RETURN NULL;
END;
$$;

ALTER TABLE payments DROP CONSTRAINT payments_state_check;
UPDATE payments SET state = 'unapplied' WHERE state = 'surplus';
ALTER TABLE payments ADD CONSTRAINT payments_state_check
    CHECK (state IN ('opening', 'open', 'processing', 'closing', 'settled', 'unapplied', 'closed'));

ALTER TABLE refunds DROP CONSTRAINT refunds_cause_check, DROP CONSTRAINT refunds_stage_check;
UPDATE refunds SET
    cause = CASE cause WHEN 'asked' THEN 'requested' WHEN 'surplus' THEN 'unapplied' WHEN 'elsewhere' THEN 'external'
        ELSE cause END,
    stage = CASE stage WHEN 'owed' THEN 'queued' ELSE stage END,
    last_error = CASE last_error WHEN 'waits_its_turn' THEN 'earlier_refund_pending' ELSE last_error END
WHERE cause <> 'cancelled' OR stage = 'owed' OR last_error = 'waits_its_turn';
ALTER TABLE refunds
    ADD CONSTRAINT refunds_cause_check CHECK (cause IN ('cancelled', 'requested', 'unapplied', 'external')),
    ADD CONSTRAINT refunds_stage_check CHECK (stage IN ('queued', 'pending', 'succeeded', 'failed', 'retried'));

-- Only this migration may change the audit trail: the entries stay, their terms change.
ALTER TABLE audit_log DISABLE TRIGGER audit_log_no_change;
UPDATE audit_log SET action = 'payment.unapplied' WHERE action = 'payment.surplus';
UPDATE audit_log SET action = 'schedule_exception.' || substr(action, 10) WHERE action LIKE 'time\_off.%';
UPDATE audit_log SET action = 'login_' || action WHERE action LIKE 'session.%';
UPDATE audit_log SET object_kind = 'login_session' WHERE object_kind = 'session';
ALTER TABLE audit_log ENABLE TRIGGER audit_log_no_change;

-- How many bookings there are in each state. With one row per state every transaction that changes a booking would wait
-- for the one before it. So each change inserts a delta, and every hundredth change merges the deltas into the totals.
DROP TRIGGER bookings_tally_delete ON bookings;
DROP TRIGGER bookings_tally_update ON bookings;
DROP TRIGGER bookings_tally_insert ON bookings;
DROP FUNCTION tally_bookings();
ALTER VIEW booking_tally RENAME TO booking_counts;
ALTER TABLE booking_sums RENAME TO booking_count_totals;
ALTER TABLE booking_count_totals RENAME CONSTRAINT booking_sums_pkey TO booking_count_totals_pkey;
ALTER TABLE booking_changes RENAME TO booking_count_deltas;
ALTER SEQUENCE booking_change_turns RENAME TO booking_count_merges;
CREATE FUNCTION count_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            INSERT INTO booking_count_deltas
                SELECT status, payment_status, count(*) FROM added GROUP BY status, payment_status;
        WHEN 'UPDATE' THEN
            INSERT INTO booking_count_deltas
                VALUES (OLD.status, OLD.payment_status, -1), (NEW.status, NEW.payment_status, 1);
        WHEN 'DELETE' THEN
            INSERT INTO booking_count_deltas
                SELECT status, payment_status, -count(*) FROM removed GROUP BY status, payment_status;
    END CASE;
    -- Only the holder of this lock updates or deletes rows of these tables, and no transaction waits for it. Deltas that
    -- are not committed yet stay for the next merge. A transaction with an older snapshot does not merge.
    IF nextval('booking_count_merges') % 100 = 0
        AND current_setting('transaction_isolation') = 'read committed'
        AND pg_try_advisory_xact_lock(hashtextextended('attune:booking_counts', 0))
    THEN
        WITH merged AS (DELETE FROM booking_count_deltas RETURNING status, payment_status, rows)
        INSERT INTO booking_count_totals AS totals
        SELECT status, payment_status, sum(rows) FROM merged GROUP BY status, payment_status
        ON CONFLICT (status, payment_status) DO UPDATE SET rows = totals.rows + EXCLUDED.rows;
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER bookings_count_insert AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_bookings();
CREATE TRIGGER bookings_count_update AFTER UPDATE OF status, payment_status ON bookings
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.payment_status <> NEW.payment_status)
    EXECUTE FUNCTION count_bookings();
CREATE TRIGGER bookings_count_delete AFTER DELETE ON bookings
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_bookings();
-- There is no trigger for TRUNCATE: other tables refer to this one, and the ledger refuses it.
