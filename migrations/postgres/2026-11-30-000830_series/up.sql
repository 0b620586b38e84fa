-- The bookings of a series, and the emails about them that are sent as one. A series has the id of its first booking.
ALTER TABLE bookings ADD COLUMN series_id BIGINT CHECK (series_id > 0);
CREATE INDEX bookings_by_series ON bookings (series_id, scheduled_at, id) WHERE series_id IS NOT NULL;
ALTER TABLE outbox ADD COLUMN lead_id BIGINT CHECK (lead_id <> id);
CREATE INDEX outbox_by_lead ON outbox (lead_id) WHERE lead_id IS NOT NULL;
