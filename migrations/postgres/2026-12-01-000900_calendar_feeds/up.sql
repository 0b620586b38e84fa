-- The token in the URL of a feed is not here: it is an HMAC of user and nonce, and its key is not in the database.
CREATE TABLE calendar_feeds (
    user_id    BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),
    nonce      BYTEA  NOT NULL CHECK (length(nonce) = 16),
    created_at BIGINT NOT NULL
);
