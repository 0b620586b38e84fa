-- Mails to people who were invited go: the table before had no place for them.
DELETE FROM outbox WHERE recipient_id IS NULL OR kind NOT IN ('meeting_info', 'reminder');
ALTER TABLE outbox
    DROP CONSTRAINT outbox_one_reader,
    DROP COLUMN participant_id,
    ALTER COLUMN recipient_id SET NOT NULL;
DROP TABLE attendance;
DROP TABLE conferences;
DROP TABLE participants;
DROP INDEX bookings_by_therapist;
ALTER TABLE bookings DROP COLUMN link_version;
