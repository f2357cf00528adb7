-- What is to be built, and the police's word on what was.

-- +goose Up
CREATE TABLE programmes (
    id              TEXT PRIMARY KEY,
    division        TEXT NOT NULL,
    year            BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    state           TEXT NOT NULL,
    reviewer        TEXT NOT NULL DEFAULT '',
    targets         TEXT NOT NULL, -- JSON
    sites           TEXT NOT NULL, -- JSON
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    created_by      TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    submitted_by    TEXT NOT NULL DEFAULT '',
    submitted_at    BIGINT,
    decided_by      TEXT NOT NULL DEFAULT '',
    decided_at      BIGINT,
    remark          TEXT NOT NULL DEFAULT '',
    UNIQUE (division, year, version)
);
CREATE UNIQUE INDEX programmes_open ON programmes (division, year) WHERE state IN ('draft', 'submitted', 'returned');
CREATE UNIQUE INDEX programmes_force ON programmes (division, year) WHERE state = 'approved';

CREATE TABLE signoffs (
    camera_id       TEXT NOT NULL REFERENCES cameras (id),
    at              BIGINT NOT NULL,
    user_id         TEXT NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    passed          BOOLEAN NOT NULL,
    remark          TEXT NOT NULL,
    PRIMARY KEY (camera_id, at)
);
