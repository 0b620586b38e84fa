-- Few readers of the practice need the image of its logo. The name changes with the image.
CREATE TABLE logos (
    name  TEXT  NOT NULL PRIMARY KEY,
    image BYTEA NOT NULL CHECK (length(image) BETWEEN 1 AND 200000)
);
ALTER TABLE practice ADD COLUMN logo_name TEXT;
UPDATE practice SET logo_name = 'logo-' || left(encode(sha256(logo), 'hex'), 16)
    || CASE get_byte(logo, 0) WHEN 137 THEN '.png' WHEN 255 THEN '.jpg' ELSE '.webp' END WHERE logo IS NOT NULL;
INSERT INTO logos (name, image) SELECT logo_name, logo FROM practice WHERE logo IS NOT NULL;
ALTER TABLE practice DROP COLUMN logo;

ALTER TABLE practice ADD COLUMN german_formality TEXT NOT NULL DEFAULT 'formal'
    CHECK (german_formality IN ('formal', 'informal'));

ALTER TABLE participants ADD COLUMN language TEXT;
