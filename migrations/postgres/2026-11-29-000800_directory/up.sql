-- What a search looks through, folded by the program: what lower() does depends on the locale. Null until the program fills
-- it in.
ALTER TABLE users ADD COLUMN search_text TEXT COLLATE "C";

ALTER TABLE schedule_exceptions ADD COLUMN note TEXT;

-- The booking after a change: a JSON object.
ALTER TABLE audit_log ADD COLUMN booking TEXT;

-- Why a booking was changed into a version. Not in the audit trail, from which nothing can be deleted.
CREATE TABLE change_reasons (
    booking_id BIGINT NOT NULL REFERENCES bookings (id),
    version    BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    PRIMARY KEY (booking_id, version)
);
