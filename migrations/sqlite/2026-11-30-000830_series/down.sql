-- The release before does not know these emails.
DELETE FROM outbox WHERE kind IN ('payment_instructions', 'payment_request', 'payment_reminder', 'hold_expired');
DROP INDEX outbox_by_lead;
ALTER TABLE outbox DROP COLUMN lead_id;
DROP INDEX bookings_by_series;
ALTER TABLE bookings DROP COLUMN series_id;
