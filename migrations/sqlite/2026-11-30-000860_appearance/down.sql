ALTER TABLE participants DROP COLUMN language;

-- SQLite adds columns at the end, so the table is created anew. The release before refuses larger logos.
CREATE TABLE practice_with_logo (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name            TEXT    NOT NULL,
    phone           TEXT,
    email           TEXT,
    website         TEXT,
    imprint         TEXT,
    privacy         TEXT,
    logo            BLOB,
    accent_color    TEXT,
    offline_payment TEXT,
    translations    TEXT    NOT NULL,
    time_zone       TEXT    NOT NULL
) STRICT;
INSERT INTO practice_with_logo SELECT
    id, practice.name, phone, email, website, imprint, privacy, image, accent_color, offline_payment, translations, time_zone
FROM practice LEFT JOIN logos ON logos.name = logo_name AND length(image) <= 32768;
DROP TABLE practice;
ALTER TABLE practice_with_logo RENAME TO practice;
DROP TABLE logos;
