-- Footage that was taken out as evidence, and the keys that it is signed with.

-- +goose Up
CREATE TABLE evidence (
    id              TEXT PRIMARY KEY,
    camera_id       TEXT NOT NULL REFERENCES cameras (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    user_id         TEXT NOT NULL,
    from_us         BIGINT NOT NULL,
    to_us           BIGINT NOT NULL,
    purpose         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    case_number     TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    state           TEXT NOT NULL,
    problem         TEXT NOT NULL DEFAULT '',
    attempts        BIGINT NOT NULL DEFAULT 0,
    lease_until     BIGINT NOT NULL DEFAULT 0,
    bytes           BIGINT NOT NULL DEFAULT 0,
    sha256          TEXT NOT NULL DEFAULT '',
    made_at         BIGINT,
    expires_at      BIGINT,
    purged          BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX evidence_organisation ON evidence (organisation_id, id);
CREATE INDEX evidence_camera ON evidence (camera_id, id);
CREATE INDEX evidence_work ON evidence (state, purged);

-- A key signs until it is retired and verifies for ever.
CREATE TABLE evidence_keys (
    kid        TEXT PRIMARY KEY,
    seed       TEXT NOT NULL, -- base64 of the 32-byte seed
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
