-- When therapists work, what the practice decided, the terms each session was booked on, and replies kept for a second try.

ALTER TABLE bookings ADD COLUMN free_minutes INTEGER NOT NULL DEFAULT 1440 CHECK (free_minutes BETWEEN 0 AND 43200);
ALTER TABLE bookings ADD COLUMN late_refund_percent INTEGER NOT NULL DEFAULT 0
    CHECK (late_refund_percent BETWEEN 0 AND 100);
ALTER TABLE bookings ADD COLUMN reschedule_minutes INTEGER NOT NULL DEFAULT 1440
    CHECK (reschedule_minutes BETWEEN 0 AND 43200);
CREATE INDEX bookings_agreed ON bookings (scheduled_at, id) WHERE status = 'scheduled';

CREATE TABLE schedules (
    therapist_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id),
    time_zone    TEXT    NOT NULL
) STRICT;
-- Weekdays count from Monday, 1, to Sunday, 7; minutes from midnight on the wall clock.
CREATE TABLE weekly_hours (
    therapist_id INTEGER NOT NULL REFERENCES schedules (therapist_id),
    weekday      INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    start_minute INTEGER NOT NULL CHECK (start_minute >= 0),
    end_minute   INTEGER NOT NULL CHECK (end_minute <= 1440),
    PRIMARY KEY (therapist_id, weekday, start_minute),
    CHECK (end_minute > start_minute)
) STRICT, WITHOUT ROWID;

-- 'dates': first_date to last_date; 'between': from_at to until_at; 'extra_hours': first_date, start_minute to end_minute.
CREATE TABLE time_off (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    therapist_id INTEGER NOT NULL REFERENCES users (id),
    kind         TEXT    NOT NULL,
    first_date   TEXT,
    last_date    TEXT,
    from_at      INTEGER,
    until_at     INTEGER,
    start_minute INTEGER,
    end_minute   INTEGER,
    created_at   INTEGER NOT NULL,
    CONSTRAINT time_off_kind CHECK (
        -- Dates before the year 0 begin with a minus and are not in the order of their text.
        (kind = 'dates' AND first_date IS NOT NULL AND last_date IS NOT NULL
            AND (last_date >= first_date OR first_date LIKE '-%'))
        OR (kind = 'between' AND from_at IS NOT NULL AND until_at IS NOT NULL AND until_at > from_at)
        OR (kind = 'extra_hours' AND first_date IS NOT NULL AND start_minute IS NOT NULL AND end_minute IS NOT NULL
            AND start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute)
    )
) STRICT;
CREATE INDEX time_off_therapist ON time_off (therapist_id, id);

-- One row, once somebody decided something.
CREATE TABLE practice_policy (
    id                  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    notice_minutes      INTEGER NOT NULL CHECK (notice_minutes >= 0),
    horizon_days        INTEGER NOT NULL CHECK (horizon_days BETWEEN 1 AND 366),
    daily_cap           INTEGER CHECK (daily_cap >= 1),
    step_minutes        INTEGER NOT NULL CHECK (step_minutes BETWEEN 5 AND 1440),
    free_minutes        INTEGER NOT NULL CHECK (free_minutes BETWEEN 0 AND 43200),
    late_refund_percent INTEGER NOT NULL CHECK (late_refund_percent BETWEEN 0 AND 100),
    reschedule_minutes  INTEGER NOT NULL CHECK (reschedule_minutes BETWEEN 0 AND 43200),
    completes_by_itself INTEGER NOT NULL CHECK (completes_by_itself IN (0, 1)),
    CONSTRAINT practice_policy_bookable CHECK (notice_minutes < horizon_days * 1440)
) STRICT;

CREATE TABLE kept_replies (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    route   TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    asked   BLOB    NOT NULL,
    status  INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (user_id, route, key)
) STRICT;
CREATE INDEX kept_replies_at ON kept_replies (at, id);
