DROP INDEX outbox_sent_to_participant;
DROP INDEX outbox_sent_to_user;
