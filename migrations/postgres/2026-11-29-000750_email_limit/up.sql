-- How many emails a recipient has been sent lately.
CREATE INDEX outbox_sent_to_user ON outbox (recipient_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_sent_to_participant ON outbox (participant_id, sent_at) WHERE sent_at IS NOT NULL;
