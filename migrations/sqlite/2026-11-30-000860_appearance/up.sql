-- Few readers of the practice need the image of its logo. The name changes with the image; SQLite has no hash function, so the
-- logo that is there gets a random name.
CREATE TABLE logos (
    name  TEXT NOT NULL PRIMARY KEY,
    image BLOB NOT NULL CHECK (length(image) BETWEEN 1 AND 200000)
) STRICT;
ALTER TABLE practice ADD COLUMN logo_name TEXT;
UPDATE practice SET logo_name = 'logo-' || lower(hex(randomblob(8)))
    || CASE substr(hex(logo), 1, 2) WHEN '89' THEN '.png' WHEN 'FF' THEN '.jpg' ELSE '.webp' END WHERE logo IS NOT NULL;
INSERT INTO logos (name, image) SELECT logo_name, logo FROM practice WHERE logo IS NOT NULL;
ALTER TABLE practice DROP COLUMN logo;

ALTER TABLE practice ADD COLUMN german_formality TEXT NOT NULL DEFAULT 'formal'
    CHECK (german_formality IN ('formal', 'informal'));

ALTER TABLE participants ADD COLUMN language TEXT;
