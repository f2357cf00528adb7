-- The ledger's Merkle tree, its keys, and looks. docs/design/ledger.md

-- +goose Up

-- seq is the number of an entry's leaf, NULL until it is integrated. seal is an
-- HMAC over the entry; 'before' marks those that are older than seals.
ALTER TABLE ledger ADD COLUMN seq BIGINT;
ALTER TABLE ledger ADD COLUMN seal TEXT NOT NULL DEFAULT '';
UPDATE ledger SET seal = 'before';
CREATE UNIQUE INDEX ledger_seq ON ledger (seq);
CREATE INDEX ledger_pending ON ledger (id) WHERE seq IS NULL;
CREATE INDEX ledger_organisation ON ledger (organisation_id, camera_id, id);

-- Secrets of the ledger, base64: 'sign' is the Ed25519 seed of checkpoints,
-- 'seal' the HMAC key of entries. Neither is ever replaced by itself.
CREATE TABLE ledger_keys (
    purpose    TEXT PRIMARY KEY,
    secret     TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The stored hashes of the tree (golang.org/x/mod/sumdb/tlog), base64.
CREATE TABLE ledger_hashes (
    idx  BIGINT PRIMARY KEY,
    hash TEXT NOT NULL
);

-- One row: how far the ledger is integrated. An integrator that finds another
-- size than it began with has lost the race.
CREATE TABLE ledger_head (
    name      TEXT PRIMARY KEY,
    size      BIGINT NOT NULL,
    note      TEXT NOT NULL,
    signed_at BIGINT NOT NULL,
    before    TEXT NOT NULL -- the newest entry that may be without a seal
);
INSERT INTO ledger_head (name, size, note, signed_at, before)
    SELECT 'ledger', 0, '', 0, COALESCE(MAX(id), '') FROM ledger;

-- Who watched, from when to when: kept by what shows pictures, and written into
-- the ledger at the end.
CREATE TABLE looks (
    id        TEXT PRIMARY KEY,
    grant_id  TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    node      TEXT NOT NULL,
    transport TEXT NOT NULL,
    start_at  BIGINT NOT NULL,
    end_at    BIGINT NOT NULL,
    bytes     BIGINT NOT NULL,
    seen_at   BIGINT NOT NULL, -- when the control plane last heard of it
    ended     BOOLEAN NOT NULL
);
CREATE INDEX looks_camera ON looks (camera_id, start_at);
CREATE INDEX looks_grant ON looks (grant_id);
CREATE INDEX looks_open ON looks (seen_at) WHERE NOT ended;
