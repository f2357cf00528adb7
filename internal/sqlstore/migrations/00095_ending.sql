-- Looks that lost their ground, and the turn of those who revoke.

-- +goose Up
-- What has been taken away and whose looks are yet to be revoked. A row commits
-- with what it tells of, and goes with the last of the looks.
CREATE TABLE endings (
    id    TEXT PRIMARY KEY,
    kind  TEXT NOT NULL, -- "user", "camera", "standing", "moved", "basis", "share", "shares"
    thing TEXT NOT NULL  -- id of the user, camera, share link or owner; the basis
);

-- One row, locked by whoever revokes until he commits: numbers appear in their order.
CREATE TABLE revocation_head (
    id   BIGINT PRIMARY KEY,
    last BIGINT NOT NULL -- the number that was given last
);
INSERT INTO revocation_head (id, last) SELECT 1, COALESCE(MAX(seq), 0) FROM revocations;
